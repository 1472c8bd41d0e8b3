/* SPDX-License-Identifier: Apache-2.0 */
/* A service account of DC/OS, as its command line writes it to a file: {"scheme": "RS256", "uid": ...,
 * "login_endpoint": a URL, "private_key": PEM}. Read at the start only. */
#ifndef CONF_ACCOUNT_H
#define CONF_ACCOUNT_H

#include <openssl/evp.h>

#include "conf/report.h"

struct conf_account {
	char *uid, *login_endpoint;
	EVP_PKEY *key; /* RSA */
};

/* What is wrong goes to the report under `name`, never with a value. NULL then. */
struct conf_account *conf_account_read(const char *file, const char *name, struct conf_report *report);
/* `account` may be NULL. */
void conf_account_free(struct conf_account *account);

#endif
