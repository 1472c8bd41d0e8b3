/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/label.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define RFC952_MAX 24
#define TEXT_MAX   1024 /* no label needs more of a name than this */

/* What stays of a byte; 0: nothing. */
static char keep(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return c == '-' || c == '.' || c == '_' ? '-' : 0;
}

static bool trimmed_left(char c, bool rfc952)
{
	return c == '-' || (rfc952 && c >= '0' && c <= '9');
}

static size_t trim_right(const char *text, size_t len)
{
	while (len && text[len - 1] == '-')
		len--;
	return len;
}

size_t label_make(char out[DLABEL_MAX], const char *text, size_t len, bool rfc952)
{
	size_t max = rfc952 ? RFC952_MAX : DLABEL_MAX;
	char kept[TEXT_MAX];
	size_t n = 0, start = 0;

	for (size_t i = 0; i < len && n < sizeof(kept); i++) {
		char c = keep(text[i]);

		if (c)
			kept[n++] = c;
	}
	while (start < n && trimmed_left(kept[start], rfc952))
		start++;
	size_t size = n - start < max ? n - start : max;
	size_t head = trim_right(kept + start, size);
	memcpy(out, kept + start, head);
	if (head == size)
		return head;
	/* what the cut's right end lost is filled up from the remainder, which thus can end in `-` */
	size_t rest = start + size;
	while (rest < n && kept[rest] == '-')
		rest++;
	size_t fill = n - rest < size - head ? n - rest : size - head;
	memcpy(out + head, kept + rest, fill);
	return head + fill;
}

unsigned label_changes(const char *text, size_t len, bool rfc952)
{
	size_t kept = 0, last = 0; /* bytes that stay, up to the last that is no `-` */
	bool started = false;
	unsigned changes = 0;

	for (size_t i = 0; i < len; i++) {
		char c = keep(text[i]);

		if (!c) {
			changes |= LABEL_DROPPED;
			continue;
		}
		if (c != text[i])
			changes |= c == '-' ? LABEL_REPLACED : LABEL_LOWERED;
		if (!started && trimmed_left(c, rfc952)) {
			changes |= LABEL_TRIMMED;
			continue;
		}
		started = true;
		kept++;
		if (c != '-')
			last = kept;
	}
	if (last < kept)
		changes |= LABEL_TRIMMED;
	if (last > (rfc952 ? RFC952_MAX : DLABEL_MAX))
		changes |= LABEL_CUT;
	return changes;
}

size_t label_make_fragment(uint8_t *out, size_t room, const char *text, size_t len, bool rfc952)
{
	const char *end = text + len;
	size_t used = 0;

	while (text < end) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		size_t part = (size_t)((dot ? dot : end) - text);
		char label[DLABEL_MAX];
		size_t n = label_make(label, text, part, rfc952);

		if (n) {
			if (used + 1 + n > room)
				return room + 1;
			out[used++] = (uint8_t)n;
			memcpy(out + used, label, n);
			used += n;
		}
		text += part + 1;
	}
	return used;
}

bool label_is_ldh(const char *text, size_t len)
{
	if (!len || len > DLABEL_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-'))
			return false;
	return true;
}

struct label_hasher { /* kept, since looking up a digest costs OpenSSL 3 more than a short one does */
	EVP_MD *sha1;
	EVP_MD_CTX *ctx;
};

struct label_hasher *label_hasher_new(void)
{
	struct label_hasher *hasher = calloc(1, sizeof(*hasher));

	if (!hasher)
		return NULL;
	hasher->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	hasher->ctx = EVP_MD_CTX_new();
	if (!hasher->sha1 || !hasher->ctx) {
		label_hasher_free(hasher);
		return NULL;
	}
	return hasher;
}

void label_hasher_free(struct label_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->sha1);
	free(hasher);
}

void label_hash(struct label_hasher *hasher, char out[LABEL_HASH], const char *id, size_t len)
{
	static const char alphabet[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
	uint8_t digest[EVP_MAX_MD_SIZE];

	int ok = EVP_DigestInit_ex(hasher->ctx, hasher->sha1, NULL) && EVP_DigestUpdate(hasher->ctx, id, len) &&
		EVP_DigestFinal_ex(hasher->ctx, digest, NULL);
	assert(ok);
	uint32_t bits = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
	for (int i = 0; i < LABEL_HASH; i++)
		out[i] = alphabet[bits >> (27 - 5 * i) & 31];
}
