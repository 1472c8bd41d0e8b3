/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/account.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define KEY_BITS_MIN 2048

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = pem ? BIO_new_mem_buf(pem, -1) : NULL;
	static char no_password[] = "";
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password) : NULL;

	BIO_free(bio);
	if (key && (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < KEY_BITS_MIN)) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static const char *string_of(json_t *document, const char *member, const char *name, struct conf_report *report)
{
	const char *text = json_string_value(json_object_get(document, member));

	if (text && *text)
		return text;
	conf_report_add(report, CONF_ERROR, name, "the file must have a string \"%s\"", member);
	return NULL;
}

static struct conf_account *account_of(json_t *document, const char *name, struct conf_report *report)
{
	struct conf_account *account = calloc(1, sizeof(*account));
	const char *uid = string_of(document, "uid", name, report);
	const char *url = string_of(document, "login_endpoint", name, report);
	const char *scheme = string_of(document, "scheme", name, report);
	const char *pem = string_of(document, "private_key", name, report);
	bool good = account && uid && url && scheme && pem;

	if (scheme && strcmp(scheme, "RS256") != 0) {
		conf_report_add(report, CONF_ERROR, name, "the file's scheme must be \"RS256\"");
		good = false;
	}
	if (url && strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) {
		conf_report_add(report, CONF_ERROR, name, "the file's login_endpoint must be an http or https URL");
		good = false;
	}
	if (account && pem && !(account->key = read_key(pem))) {
		conf_report_add(report, CONF_ERROR, name,
			"the file's private_key must be an RSA key of %d bits at least, in PEM, without a password",
			KEY_BITS_MIN);
		good = false;
	}
	if (good) {
		account->uid = strdup(uid);
		account->login_endpoint = strdup(url);
		good = account->uid && account->login_endpoint;
	}
	if (good)
		return account;
	conf_account_free(account);
	return NULL;
}

struct conf_account *conf_account_read(const char *file, const char *name, struct conf_report *report)
{
	json_error_t error;
	json_t *document = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	struct conf_account *account = NULL;
	size_t errors = report->errors;

	/* jansson's words may repeat those of the file. */
	if (!json_is_object(document))
		conf_report_add(
			report, CONF_ERROR, name, "the file is no JSON object%s", document ? "" : ": bad syntax");
	else
		account = account_of(document, name, report);
	if (!account && report->errors == errors)
		conf_report_add(report, CONF_ERROR, name, "cannot be read: %s", err_text(ERR_NOMEM));
	json_decref(document);
	return account;
}

void conf_account_free(struct conf_account *account)
{
	if (!account)
		return;
	free(account->uid);
	free(account->login_endpoint);
	EVP_PKEY_free(account->key);
	free(account);
}
