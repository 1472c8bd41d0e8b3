/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/type_plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/reader.h"

bool conf_set_text(struct conf_reader *reader, char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return conf_reader_nomem(reader);
	free(*field);
	*field = copy;
	return true;
}

void conf_clear_text(char **field)
{
	free(*field);
	*field = NULL;
}

/* --- flags --- */

static void flag_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "true or false");
}

static bool flag_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	if (!json_is_boolean(value))
		return conf_reader_wrong(reader, "true or false", value);
	*(bool *)conf_field(reader->conf, key) = json_is_true(value);
	return true;
}

static json_t *flag_show(const struct conf *conf, const struct conf_key *key)
{
	return json_boolean(*(const bool *)conf_field_of(conf, key));
}

const struct conf_type conf_type_flag = {flag_rule, flag_set, flag_show, NULL};

/* --- numbers --- */

static void number_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a whole number from %lld to %lld", key->min, key->max);
}

static bool number_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	void *field = conf_field(reader->conf, key);
	json_int_t n = json_integer_value(value);
	char rule[80];

	if (!json_is_integer(value) || n < key->min || n > key->max) {
		number_rule(key, rule, sizeof(rule));
		return conf_reader_wrong(reader, rule, value);
	}
	if (key->size == sizeof(uint16_t))
		*(uint16_t *)field = (uint16_t)n;
	else
		*(uint32_t *)field = (uint32_t)n;
	return true;
}

static json_t *number_show(const struct conf *conf, const struct conf_key *key)
{
	const void *field = conf_field_of(conf, key);

	return json_integer(
		key->size == sizeof(uint16_t) ? *(const uint16_t *)field : *(const uint32_t *)field);
}

const struct conf_type conf_type_number = {number_rule, number_set, number_show, NULL};

/* --- texts --- */

static void text_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "a string");
}

static bool text_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *text = conf_reader_string(reader, "a string", value);

	return text && conf_set_text(reader, conf_field(reader->conf, key), text);
}

static json_t *text_show(const struct conf *conf, const struct conf_key *key)
{
	return json_string(*(char *const *)conf_field_of(conf, key));
}

static void text_clear(struct conf *conf, const struct conf_key *key)
{
	conf_clear_text(conf_field(conf, key));
}

const struct conf_type conf_type_text = {text_rule, text_set, text_show, text_clear};

bool conf_set_path(struct conf_reader *reader, char **field, const char *path)
{
	char *expanded = conf_system_expand(reader->system, path);

	if (!expanded && errno == ENOENT)
		return conf_reader_error(reader, "nobody knows the home directory that ~/ stands for");
	if (!expanded)
		return conf_reader_nomem(reader);
	free(*field);
	*field = expanded;
	return true;
}

static void path_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "the path of a file");
}

static bool path_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *path = conf_reader_string(reader, "the path of a file", value);

	return path && conf_set_path(reader, conf_field(reader->conf, key), path);
}

const struct conf_type conf_type_path = {path_rule, path_set, text_show, text_clear};

/* --- words --- */

static void word_rule(const struct conf_key *key, char *text, size_t size)
{
	size_t at = 0;

	for (const struct conf_word *w = key->words; w->word && at < size; w++) {
		const char *before = w == key->words ? "" : w[1].word ? ", " : " or ";

		at += (size_t)snprintf(text + at, size - at, "%s\"%s\"", before, w->word);
	}
}

static bool word_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *text = json_string_value(value);
	char rule[160];

	for (const struct conf_word *w = key->words; text && w->word; w++) {
		if (strcmp(text, w->word) != 0)
			continue;
		*(int *)conf_field(reader->conf, key) = w->value;
		return true;
	}
	word_rule(key, rule, sizeof(rule));
	return conf_reader_wrong(reader, rule, value);
}

static json_t *word_show(const struct conf *conf, const struct conf_key *key)
{
	const struct conf_word *w = key->words;

	while (w[1].word && w->value != *(const int *)conf_field_of(conf, key))
		w++;
	return json_string(w->word);
}

const struct conf_type conf_type_word = {word_rule, word_set, word_show, NULL};

/* --- credentials --- */

static void credentials_rule(const struct conf_key *key, char *text, size_t size)
{
	snprintf(text, size, "%s", key->rule);
}

static bool credentials_set(struct conf_reader *reader, const struct conf_key *key, json_t *value)
{
	const char *names[CONF_MEMBERS_MAX] = {NULL}, *texts[CONF_MEMBERS_MAX];
	json_t *values[CONF_MEMBERS_MAX];
	size_t count = 0;

	if (!json_is_object(value))
		return conf_reader_wrong(reader, key->rule, value);
	for (const struct conf_member *m = key->members; m->name; m++)
		names[count++] = m->name;
	bool good = conf_reader_members(reader, value, names, count, values);
	for (size_t i = 0; i < count; i++) {
		texts[i] = "";
		if (!values[i])
			continue;
		conf_reader_at(reader, "%s.%s", key->name, names[i]);
		texts[i] = conf_reader_string(reader, "a string", values[i]);
		good = good && texts[i];
	}
	for (size_t i = 0; good && i < count; i++)
		good = conf_set_text(
			reader, (char **)(void *)((char *)reader->conf + key->members[i].offset), texts[i]);
	return good;
}

static json_t *credentials_show(const struct conf *conf, const struct conf_key *key)
{
	json_t *object = json_object();

	for (const struct conf_member *m = key->members; m->name; m++) {
		const char *text = *(char *const *)(const void *)((const char *)conf + m->offset);

		json_object_set_new(object, m->shown, json_string(m->secret && *text ? CONF_MASK : text));
	}
	return object;
}

static void credentials_clear(struct conf *conf, const struct conf_key *key)
{
	for (const struct conf_member *m = key->members; m->name; m++)
		conf_clear_text((char **)(void *)((char *)conf + m->offset));
}

const struct conf_type conf_type_credentials = {
	credentials_rule, credentials_set, credentials_show, credentials_clear};
