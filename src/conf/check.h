/* SPDX-License-Identifier: Apache-2.0 */
/* Rules between keys, defaults that come from the machine, and whether what keys name is there. */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/load.h"
#include "conf/table.h"

struct conf_check {
	struct conf *conf; /* complete: a key that is not given, or wrong, has its default */
	struct conf_report *report;
	const struct conf_system *system;
	const struct conf_options *options;
	const json_t *given[CONF_KEYS_MAX]; /* the value in the file, or NULL; in the table's order */
	bool wrong[CONF_KEYS_MAX];          /* that value was refused: rules about the key say nothing */
};

/* Checks and completes. Findings go to the report. ERR_NOMEM. */
int conf_check(struct conf_check *check);

#endif
