/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/printable.h"

void conf_report_fini(struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->items[i].key);
		free(report->items[i].text);
	}
	free(report->items);
	memset(report, 0, sizeof(*report));
}

void conf_report_add(
	struct conf_report *report, enum conf_severity severity, const char *key, const char *format, ...)
{
	struct conf_message message = {.severity = severity, .key = strdup(key)};
	va_list args;

	if (severity == CONF_ERROR)
		report->errors++;
	else
		report->warnings++;

	va_start(args, format);
	if (vasprintf(&message.text, format, args) < 0)
		message.text = NULL;
	va_end(args);
	if (!message.key || !message.text || report->count == CONF_REPORT_MAX)
		goto drop;
	if (report->count == report->room) {
		size_t room = report->room ? report->room * 2 : 16;
		struct conf_message *items = reallocarray(report->items, room, sizeof(*items));

		if (!items)
			goto drop;
		report->items = items;
		report->room = room;
	}
	printable_make(message.key);
	printable_make(message.text);
	report->items[report->count++] = message;
	return;
drop:
	free(message.key);
	free(message.text);
}

static size_t left_out(const struct conf_report *report)
{
	return report->errors + report->warnings - report->count;
}

void conf_report_print(const struct conf_report *report, const char *file, FILE *out)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *m = &report->items[i];

		fprintf(out, "%s: %s: %s%s%s\n", file, m->severity == CONF_ERROR ? "error" : "warning",
			m->key, *m->key ? ": " : "", m->text);
	}
	if (left_out(report))
		fprintf(out, "%s: %zu more errors and warnings are not shown\n", file, left_out(report));
}

void conf_report_log(const struct conf_report *report, const char *file)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_message *m = &report->items[i];

		log_message(m->severity == CONF_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "conf", "%s: %s%s%s",
			file, m->key, *m->key ? ": " : "", m->text);
	}
	if (left_out(report))
		log_warn("conf", "%s: %zu more errors and warnings are not shown", file, left_out(report));
}
