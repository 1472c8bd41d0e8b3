/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the configuration file: one JSON object, keys matched without case, everything wrong with it
 * reported at once. Only for the start of the program: it may block on files and on the user database. */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf/conf.h"
#include "conf/report.h"
#include "conf/system.h"

#define CONF_FILE_MAX (1024 * 1024) /* bytes of a configuration file */

struct conf_options {
	bool without_masters; /* the state comes from a file: neither zk nor masters is needed */
	bool without_files;   /* do not ask whether the files and the user that keys name are there */
	const struct conf_system *system; /* NULL: ask the machine */
};

/* Reads and checks `file` (a leading `~/` is expanded); `options` may be NULL. All messages go to `report`,
 * which is initialised by the caller. On success `*out` is the configuration, to be freed by conf_free();
 * there may be warnings. Otherwise it is NULL, with ERR_SYSTEM (the file cannot be read), ERR_FORMAT (it has
 * errors) or ERR_NOMEM; the report has at least one error then. */
int conf_load(
	const char *file, const struct conf_options *options, struct conf_report *report, struct conf **out);
/* The same for a text in memory; `file` is only a name. */
int conf_load_text(const char *text, size_t len, const char *file, const struct conf_options *options,
	struct conf_report *report, struct conf **out);
void conf_free(struct conf *conf);

#endif
