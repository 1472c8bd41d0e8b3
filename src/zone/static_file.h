/* SPDX-License-Identifier: Apache-2.0 */
/* One master file (RFC 1035, section 5; $TTL of RFC 2308, section 4; unknown types of RFC 3597), read by ldns
 * into records as the zone store wants them. What an entry has wrong is reported with its line, costs that
 * entry, and reading goes on behind it. $ORIGIN and $TTL are understood; $INCLUDE and $GENERATE are refused
 * by name.
 *
 * A struct static_file belongs to one thread; the records live in it until static_file_fini(). */
#ifndef ZONE_STATIC_FILE_H
#define ZONE_STATIC_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dname.h"
#include "base/log.h"

/* Where findings go: `text` is `FILE:LINE: what is wrong`, or `FILE: ...` for the file as a whole. */
struct static_report {
	void (*say)(void *arg, enum log_level level, const char *text);
	void *arg;
};

struct static_record {
	const uint8_t *owner; /* wire form, lower case */
	const uint8_t *rdata; /* uncompressed, names in it in lower case (RFC 4034, section 6.2) */
	uint32_t ttl;
	uint32_t line; /* where its entry begins, from 1 */
	uint16_t type;
	uint16_t rdlen;
	uint8_t owner_len;
};

struct static_file {
	const char *path; /* for the messages; borrowed */
	const struct static_report *report;
	uint8_t apex[DNAME_MAX];
	size_t apex_len;
	struct static_record *records; /* in the order of the file */
	size_t count, room;
	struct arena arena;
	unsigned errors, warnings;
};

/* Starts an empty file for the zone `apex` (wire form, lower case). */
void static_file_init(struct static_file *file, const char *path, const uint8_t *apex, size_t apex_len,
	const struct static_report *report);
void static_file_fini(struct static_file *file);

/* Reads the file at `path`. ERR_SYSTEM if that fails (reported), ERR_LIMIT for one that is too large
 * (reported), ERR_NOMEM; 0 otherwise, with or without errors in the entries. */
int static_file_read(struct static_file *file);
/* The same for a text in memory. */
int static_file_parse(struct static_file *file, const char *text, size_t len);

/* Reports something about an entry (`line` 0: about the file) and counts it. */
void static_file_say(struct static_file *file, enum log_level level, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
