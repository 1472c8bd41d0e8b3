/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/load.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/account.h"
#include "conf/check.h"
#include "conf/reader.h"
#include "conf/table.h"

void conf_free(struct conf *conf)
{
	size_t count;
	const struct conf_key *keys = conf_keys(&count);

	if (!conf)
		return;
	for (size_t i = 0; i < count; i++)
		if (keys[i].type->clear)
			keys[i].type->clear(conf, &keys[i]);
	conf_account_free(conf->iam_account);
	free(conf->file);
	free(conf);
}

/* jansson's message may repeat the text that it stumbled over, which may be a secret; a key that is there
 * twice is none. */
static void report_syntax(struct conf_report *report, const json_error_t *error)
{
	const char *near = strstr(error->text, " near ");
	int len = (int)strlen(error->text);

	if (near && json_error_code(error) != json_error_duplicate_key)
		len = (int)(near - error->text);
	conf_report_add(report, CONF_ERROR, "", "line %d, column %d: not JSON: %.*s", error->line,
		error->column, len, error->text);
}

static void set_default(struct conf_reader *reader, const struct conf_key *key)
{
	json_t *value = json_loads(key->preset, JSON_DECODE_ANY, NULL);
	size_t errors = reader->report->errors;

	reader->key = key;
	conf_reader_at(reader, "%s", key->name);
	if (!value || !key->type->set(reader, key, value))
		reader->oom = true;
	assert(reader->report->errors == errors); /* every default of the table is good */
	json_decref(value);
}

static int read_keys(struct conf_reader *reader, json_t *document, const struct conf_options *options)
{
	size_t count;
	const struct conf_key *keys = conf_keys(&count);
	struct conf_check check = {
		.conf = reader->conf, .report = reader->report, .system = reader->system, .options = options};
	const char *names[CONF_KEYS_MAX];
	json_t *values[CONF_KEYS_MAX];

	for (size_t i = 0; i < count; i++) {
		set_default(reader, &keys[i]);
		names[i] = keys[i].name;
	}
	reader->key = NULL;
	conf_reader_at(reader, "%s", "");
	conf_reader_members(reader, document, names, count, values);
	for (size_t i = 0; i < count && !reader->oom; i++) {
		if (!values[i])
			continue;
		reader->key = &keys[i];
		conf_reader_at(reader, "%s", keys[i].name);
		check.given[i] = values[i];
		check.wrong[i] = !keys[i].type->set(reader, &keys[i], values[i]);
	}
	return reader->oom ? ERR_NOMEM : conf_check(&check);
}

static int load_document(json_t *document, const char *file, const struct conf_options *options,
	struct conf_report *report, struct conf **out)
{
	struct conf_system machine = {0};
	struct conf_reader reader = {.report = report, .system = options->system};
	size_t errors = report->errors;
	int err = ERR_NOMEM;

	reader.conf = calloc(1, sizeof(*reader.conf));
	if (!reader.conf || !(reader.conf->file = strdup(file)))
		goto out;
	if (!reader.system) {
		err = conf_system_init(&machine);
		if (err)
			goto out;
		reader.system = &machine;
	}
	err = read_keys(&reader, document, options);
	if (!err && report->errors > errors)
		err = ERR_FORMAT;
out:
	conf_system_fini(&machine);
	if (err) {
		conf_free(reader.conf);
		return err;
	}
	*out = reader.conf;
	return 0;
}

int conf_load_text(const char *text, size_t len, const char *file, const struct conf_options *options,
	struct conf_report *report, struct conf **out)
{
	static const struct conf_options usual;
	json_error_t error;
	json_t *document;
	int err = ERR_FORMAT;

	*out = NULL;
	document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!document && json_error_code(&error) == json_error_out_of_memory)
		err = ERR_NOMEM;
	else if (!document)
		report_syntax(report, &error);
	else if (!json_is_object(document))
		conf_report_add(report, CONF_ERROR, "", "must be one JSON object of keys and values");
	else
		err = load_document(document, file, options ? options : &usual, report, out);
	json_decref(document);
	if (err && err != ERR_FORMAT)
		conf_report_add(report, CONF_ERROR, "", "cannot be read: %s",
			err == ERR_SYSTEM ? strerror(errno) : err_text(err));
	return err;
}

/* Reads the file into `text`, which has room for CONF_FILE_MAX + 1 bytes. */
static int read_file(const char *path, char *text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	*len = 0;
	if (fd < 0)
		return ERR_SYSTEM;
	while (n > 0 && *len <= CONF_FILE_MAX) {
		n = read(fd, text + *len, CONF_FILE_MAX + 1 - *len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*len += (size_t)n;
	}
	int saved = errno;
	close(fd);
	errno = saved;
	if (n < 0)
		return ERR_SYSTEM;
	return *len > CONF_FILE_MAX ? ERR_LIMIT : 0;
}

int conf_load(
	const char *file, const struct conf_options *options, struct conf_report *report, struct conf **out)
{
	struct conf_system machine = {0};
	char *text = NULL, *path = NULL;
	size_t len;
	int err;

	*out = NULL;
	err = options && options->system ? 0 : conf_system_init(&machine);
	if (err)
		goto out;
	path = conf_system_expand(options && options->system ? options->system : &machine, file);
	text = malloc(CONF_FILE_MAX + 1);
	if (!text || (!path && errno != ENOENT))
		err = ERR_NOMEM;
	else
		err = path ? read_file(path, text, &len) : ERR_SYSTEM;
out:
	conf_system_fini(&machine);
	if (!err)
		err = conf_load_text(text, len, path, options, report, out);
	else if (err == ERR_LIMIT)
		conf_report_add(report, CONF_ERROR, "", "is larger than %d bytes", CONF_FILE_MAX);
	else
		conf_report_add(report, CONF_ERROR, "", "cannot be read: %s",
			err == ERR_SYSTEM ? strerror(errno) : err_text(err));
	free(text);
	free(path);
	return err;
}
