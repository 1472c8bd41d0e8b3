/* SPDX-License-Identifier: Apache-2.0 */
/* Types of keys whose values stand for themselves: flags, numbers, texts, words, file names, credentials. */
#ifndef CONF_TYPE_PLAIN_H
#define CONF_TYPE_PLAIN_H

#include "conf/table.h"

extern const struct conf_type conf_type_flag;        /* bool */
extern const struct conf_type conf_type_number;      /* integers of 2 or 4 bytes, key->min to key->max */
extern const struct conf_type conf_type_text;        /* char * */
extern const struct conf_type conf_type_path;        /* char *, a leading `~/` expanded */
extern const struct conf_type conf_type_word;        /* an enum, one of key->words */
extern const struct conf_type conf_type_credentials; /* an object of strings: key->members, key->rule */

/* The field of a key. */
static inline void *conf_field(struct conf *conf, const struct conf_key *key)
{
	return (char *)conf + key->offset;
}

static inline const void *conf_field_of(const struct conf *conf, const struct conf_key *key)
{
	return (const char *)conf + key->offset;
}

/* Puts a copy of `value` in the place of the text at `field`. */
bool conf_set_text(struct conf_reader *reader, char **field, const char *value);
/* The same for a path, expanded. */
bool conf_set_path(struct conf_reader *reader, char **field, const char *path);
/* Frees a text and forgets it. */
void conf_clear_text(char **field);
#define CONF_MASK "******" /* stands for a secret */

#endif
