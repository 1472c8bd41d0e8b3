/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ask.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/printable.h"
#include "daemon/ask_print.h"

#define SERVER_DEFAULT  "http://127.0.0.1:8123"
#define PATH            "/v1/explain/"
#define ANSWER_MAX      ((size_t)64 << 20)
#define TIMEOUT         60L
#define CONNECT_TIMEOUT 10L
#define SERVER_MAX      512

struct answer {
	char *text;
	size_t len, room;
};

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t len = size * count;

	if (len > answer->room - answer->len) {
		size_t room = (answer->len + len) * 2;
		char *text = room <= ANSWER_MAX ? realloc(answer->text, room) : NULL;

		if (!text)
			return 0;
		answer->text = text;
		answer->room = room;
	}
	memcpy(answer->text + answer->len, bytes, len);
	answer->len += len;
	return len;
}

static void complain(const char *what, const char *why)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s", why);
	printable_make(text);
	fprintf(stderr, "mesos-named: %s: %s\n", what, text);
}

/* Where the configuration has HTTP served, for a client on this host: a URL or a path. */
static const char *server_of(const struct conf *conf, char out[SERVER_MAX])
{
	struct addr addr;
	const char *host = conf->http_listener;

	if (*host == '/')
		return host;
	bool literal = !addr_parse(&addr, host, strlen(host));
	if (literal && addr_is_any(&addr))
		host = addr.len == 16 ? "::1" : "127.0.0.1";
	snprintf(out, SERVER_MAX, literal && addr.len == 16 ? "http://[%s]:%u" : "http://%s:%u", host, conf->http_port);
	return out;
}

/* The whole URL, from malloc. */
static char *make_url(CURL *curl, const char *server, const char *name)
{
	char *escaped = curl_easy_escape(curl, name, 0), *url = NULL;
	bool scheme = strstr(server, "://") != NULL;
	size_t len = strlen(server);

	while (len && server[len - 1] == '/')
		len--;
	if (escaped && asprintf(&url, "%s%.*s" PATH "%s", scheme ? "" : "http://", (int)len, server, escaped) < 0)
		url = NULL;
	curl_free(escaped);
	return url;
}

static CURLcode set_credentials(CURL *curl, const struct conf *conf)
{
	CURLcode rc = CURLE_OK;

	if (conf && *conf->http_token) {
		rc = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		if (!rc)
			rc = curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, conf->http_token);
	} else if (conf && *conf->http_user) {
		rc = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		if (!rc)
			rc = curl_easy_setopt(curl, CURLOPT_USERNAME, conf->http_user);
		if (!rc)
			rc = curl_easy_setopt(curl, CURLOPT_PASSWORD, conf->http_password);
	}
	return rc;
}

static CURLcode fetch(CURL *curl, const struct ask *ask, struct answer *answer, char error[CURL_ERROR_SIZE])
{
	char text[SERVER_MAX];
	const char *server = ask->server ? ask->server : ask->conf ? server_of(ask->conf, text) : SERVER_DEFAULT;
	const char *path = !strncmp(server, "unix:", 5) ? server + 5 : *server == '/' ? server : NULL;
	char *url = make_url(curl, path ? "localhost" : server, ask->name);

	if (!url)
		return CURLE_OUT_OF_MEMORY;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, url);
	if (!rc)
		rc = curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (!rc)
		rc = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (!rc && path)
		rc = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path);
	if (!rc)
		rc = set_credentials(curl, ask->conf);
	if (!rc)
		rc = curl_easy_perform(curl);
	free(url);
	return rc;
}

static int print(const struct ask *ask, const struct answer *answer, long status)
{
	json_t *value = json_loadb(answer->text ? answer->text : "", answer->len, 0, NULL);
	const char *error = json_string_value(json_object_get(value, "error"));
	int result = ASK_FAILED;

	if (status != 200 && error) {
		complain("the server says", error);
	} else if (status != 200 || !json_is_object(value)) {
		char text[32];

		snprintf(text, sizeof(text), "HTTP status %ld", status);
		complain("that is no answer of mesos-named", text);
	} else {
		result = ask_has_records(value) ? ASK_RECORDS : ASK_NONE;
		if (ask->json)
			printf("%.*s\n", (int)answer->len, answer->text);
		else
			ask_print(value, stdout);
		if (fflush(stdout)) {
			perror("mesos-named");
			result = ASK_FAILED;
		}
	}
	json_decref(value);
	return result;
}

int ask_run(const struct ask *ask)
{
	struct answer answer = {0};
	char error[CURL_ERROR_SIZE] = "";
	long status = 0;
	int result = ASK_FAILED;
	CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
	CURLcode rc = curl ? fetch(curl, ask, &answer, error) : CURLE_OUT_OF_MEMORY;

	if (rc) {
		complain("the server cannot be asked", *error ? error : curl_easy_strerror(rc));
	} else {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		result = print(ask, &answer, status);
	}
	free(answer.text);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return result;
}
