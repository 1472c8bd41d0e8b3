/* SPDX-License-Identifier: Apache-2.0 */
/* What the types of keys read values with: where they are in the document, and how they report. */
#ifndef CONF_READER_H
#define CONF_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "conf/report.h"
#include "conf/system.h"
#include "conf/table.h"

struct conf_reader {
	struct conf *conf;
	struct conf_report *report;
	const struct conf_system *system;
	const struct conf_key *key; /* the key being read; NULL: the document itself */
	char path[160];             /* where the value stands, as messages name it: "zones[1].file" */
	bool oom;                   /* memory ran out: the whole load fails */
};

/* Sets where the following messages are about. */
void conf_reader_at(struct conf_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Both return false. */
bool conf_reader_error(struct conf_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool conf_reader_nomem(struct conf_reader *reader);
void conf_reader_warn(struct conf_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The error for a value that is not what it must be: "must be WHAT, not VALUE". Returns false. */
bool conf_reader_wrong(struct conf_reader *reader, const char *what, const json_t *value);
/* The text of a string value; NULL if it is none, which is reported as above. */
const char *conf_reader_string(struct conf_reader *reader, const char *what, const json_t *value);

/* How many of `len` bytes of a value or a key a message repeats, for "%.*s". */
int conf_reader_echo(size_t len);

/* Finds the members of an object by `names`, without case: values[i] is that of names[i] or NULL, borrowed.
 * Members that are there twice in different case are errors, unknown ones warnings. False: there were errors.
 */
bool conf_reader_members(
	struct conf_reader *reader, json_t *object, const char *const *names, size_t count, json_t **values);

#endif
