/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of conf/: loading texts on a machine that is always the same, and what they say. */
#ifndef T_UNIT_CONF_HELPER_H
#define T_UNIT_CONF_HELPER_H

#include "t/unit/unit.h"

#include "conf/load.h"

/* 127.0.0.1/8, 192.0.2.7/24, 2001:db8::7/64, 10.1.2.3/16; home is /home/u. */
extern const struct conf_system test_machine;
extern struct conf_prefix test_interfaces[4];
extern char test_resolv_conf[];

struct loaded {
	struct conf_report report;
	struct conf *conf;
	int err;
};

struct loaded load_options(const char *text, const struct conf_options *options);
struct loaded load(const char *text);
void unload(struct loaded *l);

bool says(const struct conf_report *report, enum conf_severity severity, const char *key, const char *text);
/* Writes a report to the test's output. */
void show(const char *text, const struct conf_report *report);

/* The following take the members of an object that is good but for them: masters is added where it is
 * missing. */
char *with_masters(const char *members);
/* Loads without errors. */
struct loaded good(const char *members);
/* Loads without any message. */
void quiet(const char *members);
void warns(const char *members, const char *key, const char *text);
/* Does not load, with exactly one error, which is this one. */
void bad(const char *members, const char *key, const char *text);
/* conf_print_json() gives `expected` (JSON) for the key that it calls `shown`. */
void shows(const char *members, const char *shown, const char *expected);

void write_file(const char *path, const char *text, size_t len);
/* Fixtures of a test program. */
int make_resolv_conf(void **state);
int remove_resolv_conf(void **state);

#endif
