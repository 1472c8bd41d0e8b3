/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Web Tokens (RFC 7519) as DC/OS has them: signed by RS256 (RFC 7518, section 3.3), with the claims `uid` and
 * `exp`. */
#ifndef MESOS_IAM_TOKEN_H
#define MESOS_IAM_TOKEN_H

#include <openssl/evp.h>
#include <time.h>

/* The token that a service account logs in with, in memory of its own. NULL and `*err`: ERR_NOMEM, ERR_SYSTEM (the key
 * does not sign). */
char *iam_token_make(EVP_PKEY *key, const char *uid, time_t expires, int *err);
/* When a token says that it expires; 0 if it does not say, or is none of this form. The signature is not looked at. */
time_t iam_token_expires(const char *token);

#endif
