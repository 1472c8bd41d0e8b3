/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys: the single source for parser, defaults, checks, /v1/config and (by t/10-conf.t) for the
 * manual page and the samples. */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/conf.h"

#define CONF_KEYS_MAX 64

struct conf_key;
struct conf_reader;

/* How the values of a type are read, shown and freed. A key's field is at `key->offset`; types of which there
 * is only one key may know their fields by name. */
struct conf_type {
	/* Writes what a value must be: "true or false". */
	void (*rule)(const struct conf_key *key, char *text, size_t size);
	/* Puts the value into the configuration. False: what is wrong was reported; the field is as it was,
	 * or holds the good parts of a list for the rules between keys (a static zone without name or file,
	 * then). */
	bool (*set)(struct conf_reader *reader, const struct conf_key *key, json_t *value);
	/* The value as /v1/config shows it, secrets masked; a new reference, NULL without memory. */
	json_t *(*show)(const struct conf *conf, const struct conf_key *key);
	/* Frees what the field holds; NULL: nothing. */
	void (*clear)(struct conf *conf, const struct conf_key *key);
};

enum conf_group {
	CONF_GROUP_CLUSTER,
	CONF_GROUP_ZONE,
	CONF_GROUP_SERVICE,
	CONF_GROUP_FORWARD,
	CONF_GROUP_HTTP,
	CONF_GROUP_PROCESS,
	CONF_GROUPS
};

struct conf_word { /* a value of a key that takes one of a few words */
	const char *word;
	int value;
};

#define CONF_MEMBERS_MAX 4

struct conf_member {              /* a string in an object */
	const char *name, *shown; /* in the file, in /v1/config */
	size_t offset;            /* of a char * in struct conf */
	bool secret;
};

struct conf_key {
	const char *name;  /* in the file, where case does not matter */
	const char *shown; /* in /v1/config */
	enum conf_group group;
	const struct conf_type *type;
	size_t offset, size;               /* of the field in struct conf */
	long long min, max;                /* of numbers */
	const struct conf_word *words;     /* ended by one without a word */
	const struct conf_member *members; /* ended by one without a name */
	const char *rule;                  /* what a value must be, where the type cannot say */
	bool secret;                       /* values must not appear in messages */
	const char *preset;                /* the default, as JSON */
	const char *help;                  /* what it is, in one line */
};

/* All keys, in the order of the manual. */
const struct conf_key *conf_keys(size_t *count);
/* The key of that name, in any case, or NULL. */
const struct conf_key *conf_key_find(const char *name);
/* "cluster", ... */
const char *conf_group_name(enum conf_group group);
/* One line a key: name, shown name, group, default, help and rule, with tabs between. */
void conf_dump_table(FILE *out);

#endif
