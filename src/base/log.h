/* SPDX-License-Identifier: Apache-2.0 */
/* The program's log: one line a message on stderr, `tag: text key=value ...`. Under systemd (JOURNAL_STREAM is
 * set) a line starts with the journal's priority prefix and has no time stamp. Any thread may log; a line is
 * written with one write(2). Nothing that a packet can trigger is logged without a limit. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_NONE = -1, /* as a threshold: silence */
	LOG_LEVEL_ERROR, /* the operator must act */
	LOG_LEVEL_WARN,  /* something is wrong, the service goes on */
	LOG_LEVEL_INFO,  /* what an operator wants to see in a quiet log */
	LOG_LEVEL_DEBUG, /* -v=1 */
	LOG_LEVEL_TRACE, /* -v=2 */
};

/* A limit for one place that logs: at most one message a second; how many were held back is said by the next. */
struct log_limit {
	_Atomic int64_t next_ms;
	_Atomic uint64_t suppressed;
};

/* Set once at start: messages above `level` are dropped (default LOG_LEVEL_INFO). */
void log_set_level(enum log_level level);
int log_enabled(enum log_level level);

/* Hidden: libzookeeper_st has a function of this name, which ours must not take the place of. */
void log_message(enum log_level level, const char *tag, const char *format, ...)
	__attribute__((format(printf, 3, 4), visibility("hidden")));
void log_limited(struct log_limit *limit, enum log_level level, const char *tag, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* `tag` is the module: "conf", "mesos", "zone", "server", ... */
#define log_error(tag, ...) log_message(LOG_LEVEL_ERROR, (tag), __VA_ARGS__)
#define log_warn(tag, ...)  log_message(LOG_LEVEL_WARN, (tag), __VA_ARGS__)
#define log_info(tag, ...)  log_message(LOG_LEVEL_INFO, (tag), __VA_ARGS__)
#define log_debug(tag, ...) log_message(LOG_LEVEL_DEBUG, (tag), __VA_ARGS__)

#endif
