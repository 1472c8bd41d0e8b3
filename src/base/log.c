/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/printable.h"

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

int log_enabled(enum log_level level)
{
	return level <= threshold;
}

static void write_line(enum log_level level, const char *tag, const char *format, va_list args, uint64_t suppressed)
{
	static const char *const names[] = {"error", "warning", "info", "debug", "trace"};
	static const int priorities[] = {3, 4, 6, 7, 7};
	char line[2048];
	size_t used;

	if (getenv("JOURNAL_STREAM")) {
		used = (size_t)snprintf(line, sizeof(line), "<%d>%s: ", priorities[level], tag);
	} else {
		struct timespec now;
		struct tm parts;

		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &parts);
		used = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &parts);
		used += (size_t)snprintf(line + used, sizeof(line) - used, ".%03ldZ %s %s: ",
			now.tv_nsec / 1000000, names[level], tag);
	}
	size_t text = used;
	int n = vsnprintf(line + used, sizeof(line) - used, format, args);
	if (n > 0)
		used += (size_t)n;
	if (suppressed && used < sizeof(line))
		used += (size_t)snprintf(
			line + used, sizeof(line) - used, " suppressed=%lu", (unsigned long)suppressed);
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used] = '\0';
	printable_make(line + text);
	line[used++] = '\n';
	(void)!write(STDERR_FILENO, line, used);
}

void log_message(enum log_level level, const char *tag, const char *format, ...)
{
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	write_line(level, tag, format, args, 0);
	va_end(args);
}

void log_limited(struct log_limit *limit, enum log_level level, const char *tag, const char *format, ...)
{
	struct timespec now;
	va_list args;

	if (!log_enabled(level))
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	int64_t next = atomic_load_explicit(&limit->next_ms, memory_order_relaxed);
	if (now_ms < next || !atomic_compare_exchange_strong(&limit->next_ms, &next, now_ms + 1000)) {
		atomic_fetch_add_explicit(&limit->suppressed, 1, memory_order_relaxed);
		return;
	}
	va_start(args, format);
	write_line(level, tag, format, args, atomic_exchange(&limit->suppressed, 0));
	va_end(args);
}
