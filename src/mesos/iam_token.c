/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/iam_token.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define HEADER         "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define SIGNATURE_MAX  2048
#define CLAIMS_MAX     (64 * 1024)
#define ENCODED(bytes) (((bytes) + 2) / 3 * 4)

/* Base64 for URLs, without padding (RFC 4648, section 5). Returns the end, where it writes a 0. */
static char *encode(char *out, const void *bytes, size_t len)
{
	char *end = out + EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);

	while (end > out && end[-1] == '=')
		end--;
	*end = '\0';
	for (char *c = out; c < end; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return end;
}

/* The other way round; `text` is changed. The length of what goes to `out`, or negative. */
static int decode(unsigned char *out, char *text, size_t len)
{
	size_t padding = (4 - len % 4) % 4;

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	memset(text + len, '=', padding);
	int decoded = EVP_DecodeBlock(out, (unsigned char *)text, (int)(len + padding));
	return decoded < 0 ? decoded : decoded - (int)padding;
}

static int sign(EVP_PKEY *key, const char *text, size_t len, unsigned char *out, size_t *out_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = ERR_NOMEM;

	*out_len = SIGNATURE_MAX;
	if (ctx)
		err = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
				      EVP_DigestSign(ctx, out, out_len, (const unsigned char *)text, len) == 1
			      ? 0
			      : ERR_SYSTEM;
	EVP_MD_CTX_free(ctx);
	return err;
}

char *iam_token_make(EVP_PKEY *key, const char *uid, time_t expires, int *err)
{
	unsigned char signature[SIGNATURE_MAX];
	json_t *document = json_pack("{s:s, s:I}", "uid", uid, "exp", (json_int_t)expires);
	char *claims = document ? json_dumps(document, JSON_COMPACT) : NULL, *token = NULL;
	size_t len = 0;

	*err = ERR_NOMEM;
	if (claims)
		token = malloc(ENCODED(strlen(HEADER)) + ENCODED(strlen(claims)) + ENCODED(SIGNATURE_MAX) + 3);
	if (token) {
		char *end = encode(token, HEADER, strlen(HEADER));

		*end++ = '.';
		end = encode(end, claims, strlen(claims));
		*err = sign(key, token, (size_t)(end - token), signature, &len);
		*end++ = '.';
		encode(end, signature, len);
	}
	if (token && *err) {
		free(token);
		token = NULL;
	}
	free(claims);
	json_decref(document);
	return token;
}

time_t iam_token_expires(const char *token)
{
	const char *claims = strchr(token, '.'), *end = claims ? strchr(claims + 1, '.') : NULL;
	size_t len = end ? (size_t)(end - claims) - 1 : 0;
	time_t expires = 0;

	if (!len || len > CLAIMS_MAX)
		return 0;
	char *text = malloc(len + 4);
	unsigned char *decoded = malloc(len + 4);
	if (text && decoded) {
		memcpy(text, claims + 1, len);
		int size = decode(decoded, text, len);
		json_t *document = size > 0 ? json_loadb((const char *)decoded, (size_t)size, 0, NULL) : NULL;
		const json_t *value = json_object_get(document, "exp");

		if (json_is_number(value) && json_number_value(value) > 0 && json_number_value(value) < 1e15)
			expires = (time_t)json_number_value(value);
		json_decref(document);
	}
	free(text);
	free(decoded);
	return expires;
}
