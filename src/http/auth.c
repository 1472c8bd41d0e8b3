/* SPDX-License-Identifier: Apache-2.0 */
#include "http/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

/* Of equal length whatever the text's is, so that comparing two tells nothing of the length either. */
static int digest_of(unsigned char out[HTTP_AUTH_DIGEST], const char *text, size_t len)
{
	return EVP_Digest(text, len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : ERR_SYSTEM;
}

static int init_basic(struct http_auth *auth, const struct conf *conf)
{
	size_t len = strlen(conf->http_user) + 1 + strlen(conf->http_password);
	char *plain = malloc(len + 1);
	char *encoded = malloc((len + 2) / 3 * 4 + 1);
	int err = ERR_NOMEM;

	if (plain && encoded) {
		snprintf(plain, len + 1, "%s:%s", conf->http_user, conf->http_password);
		int encoded_len = EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)len);
		err = digest_of(auth->digest, encoded, (size_t)encoded_len);
	}
	free(plain);
	free(encoded);
	auth->scheme = "Basic";
	return err;
}

int http_auth_init(struct http_auth *auth, const struct conf *conf)
{
	*auth = (struct http_auth){0};
	if (*conf->http_token) {
		auth->scheme = "Bearer";
		return digest_of(auth->digest, conf->http_token, strlen(conf->http_token));
	}
	return *conf->http_user ? init_basic(auth, conf) : 0;
}

bool http_auth_check(const struct http_auth *auth, const char *authorization)
{
	unsigned char digest[HTTP_AUTH_DIGEST];

	if (!auth->scheme)
		return true;
	size_t scheme_len = strlen(auth->scheme);
	if (!authorization || strncasecmp(authorization, auth->scheme, scheme_len) != 0 ||
		authorization[scheme_len] != ' ')
		return false;
	authorization += scheme_len;
	authorization += strspn(authorization, " ");
	size_t len = strlen(authorization);
	while (len && (authorization[len - 1] == ' ' || authorization[len - 1] == '\t'))
		len--;
	return !digest_of(digest, authorization, len) && !CRYPTO_memcmp(digest, auth->digest, sizeof(digest));
}

const char *http_auth_challenge(const struct http_auth *auth)
{
	return !strcmp(auth->scheme, "Bearer") ? "Bearer realm=\"mesos-named\""
					       : "Basic realm=\"mesos-named\", charset=\"UTF-8\"";
}
