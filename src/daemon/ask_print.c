/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ask_print.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

static const json_t *get(const json_t *value, const char *key)
{
	return json_object_get(value, key);
}

/* A member that is a text, or "". */
static const char *text_of(const json_t *value, const char *key)
{
	const char *text = json_string_value(get(value, key));

	return text ? text : "";
}

static json_int_t number_of(const json_t *value, const char *key)
{
	return json_integer_value(get(value, key));
}

/* What comes from the cluster must not steer the terminal. */
__attribute__((format(printf, 2, 3))) static void say(FILE *out, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	bool line = len && text[len - 1] == '\n';
	if (line)
		text[len - 1] = '\0';
	printable_make(text);
	fputs(text, out);
	if (line)
		fputc('\n', out);
	free(text);
}

/* The texts of a list, with a comma between them. */
static void say_list(FILE *out, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		say(out, "%s%s", i ? ", " : "", json_is_string(item) ? json_string_value(item) : "?");
}

static void say_addresses(FILE *out, const json_t *origin)
{
	const json_t *addresses = get(origin, "addresses"), *list = get(addresses, "list");
	const char *source = text_of(addresses, "source");

	if (!json_array_size(list))
		return;
	say(out, ", ");
	say_list(out, list);
	if (*source)
		say(out, " from IP source %s", source);
}

static void say_task(FILE *out, const json_t *task)
{
	const json_t *framework = get(task, "framework"), *agent = get(task, "agent");
	const char *framework_name = text_of(framework, "name"), *host = text_of(agent, "hostname");

	say(out, "task %s \"%s\"", text_of(task, "id"), text_of(task, "name"));
	if (*text_of(task, "discovery_name"))
		say(out, " with discovery.name \"%s\"", text_of(task, "discovery_name"));
	say(out, ", %s", text_of(task, "state"));
	if (strcmp(text_of(task, "health"), "unknown") != 0)
		say(out, ", %s", text_of(task, "health"));
	say(out, ", framework %s", *framework_name ? framework_name : text_of(framework, "id"));
	say(out, ", agent %s", text_of(agent, "id"));
	if (*host)
		say(out, " (%s)", host);
	say_addresses(out, task);
}

static void say_origin(FILE *out, const json_t *origin)
{
	const char *kind = text_of(origin, "kind");

	say(out, "    ");
	if (!strcmp(kind, "task")) {
		say_task(out, origin);
	} else if (!strcmp(kind, "master")) {
		if (json_is_true(get(origin, "leader")))
			say(out, "the leading master, port %" JSON_INTEGER_FORMAT, number_of(origin, "port"));
		else
			say(out, "master %" JSON_INTEGER_FORMAT ", port %" JSON_INTEGER_FORMAT,
				number_of(origin, "number"), number_of(origin, "port"));
		say_addresses(out, origin);
	} else {
		const char *name = *text_of(origin, "name") ? text_of(origin, "name") : text_of(origin, "hostname");

		say(out, "%s %s", kind, text_of(origin, "id"));
		if (*name)
			say(out, " \"%s\"", name);
		if (*text_of(origin, "host"))
			say(out, ", host %s", text_of(origin, "host"));
		say_addresses(out, origin);
	}
	say(out, "\n");
}

static void say_labels(FILE *out, const json_t *origin)
{
	size_t i;
	json_t *label;

	json_array_foreach(get(origin, "labels"), i, label) {
		say(out, "        %s \"%s\" is \"%s\" in DNS: ", text_of(label, "of"), text_of(label, "text"),
			text_of(label, "label"));
		say_list(out, get(label, "changes"));
		say(out, "\n");
	}
}

static void say_reasons(FILE *out, const json_t *origin)
{
	size_t i;
	json_t *reason;

	json_array_foreach(get(origin, "left_out"), i, reason)
		say(out, "        %s\n", text_of(reason, "text"));
}

static void say_record(FILE *out, const json_t *answer, const json_t *record)
{
	size_t i;
	json_t *place;
	json_int_t total = number_of(record, "from_total"), shown = 0;

	fputc('\n', out);
	say(out, "  %s %s, TTL %" JSON_INTEGER_FORMAT, text_of(record, "type"), text_of(record, "value"),
		number_of(record, "ttl"));
	if (!json_is_true(get(record, "served")))
		say(out, " - held back: %s", text_of(record, "held_back"));
	if (!total)
		say(out, " - from the %s", text_of(record, "source"));
	say(out, "\n");
	json_array_foreach(get(record, "from"), i, place) {
		const json_t *origin = json_array_get(get(answer, "origins"), (size_t)json_integer_value(place));

		if (!origin)
			continue;
		say_origin(out, origin);
		say_labels(out, origin);
		say_reasons(out, origin);
		shown++;
	}
	if (total > shown)
		say(out, "    and %" JSON_INTEGER_FORMAT " more\n", total - shown);
}

static void say_records(FILE *out, const json_t *answer)
{
	const json_t *records = get(answer, "records");
	json_int_t more = number_of(answer, "records_total") - (json_int_t)json_array_size(records);
	size_t i;
	json_t *record;

	json_array_foreach(records, i, record)
		say_record(out, answer, record);
	if (more > 0)
		say(out, "  and %" JSON_INTEGER_FORMAT " more records\n", more);
}

static void say_left_out(FILE *out, const json_t *answer)
{
	const json_t *list = get(answer, "left_out");
	json_int_t more = number_of(answer, "left_out_total") - (json_int_t)json_array_size(list);
	size_t i;
	json_t *origin;

	if (!json_array_size(list))
		return;
	fputs("\nLeft out:\n", out);
	json_array_foreach(list, i, origin) {
		say_origin(out, origin);
		say_reasons(out, origin);
		say_labels(out, origin);
		if (json_array_size(get(origin, "names"))) {
			say(out, "        its names are ");
			say_list(out, get(origin, "names"));
			say(out, "\n");
		}
	}
	if (more > 0)
		say(out, "    and %" JSON_INTEGER_FORMAT " more\n", more);
}

static void say_near(FILE *out, const json_t *answer)
{
	const json_t *list = get(answer, "near");
	size_t i;
	json_t *near;

	if (*text_of(answer, "closest"))
		say(out, "The closest name above it that there is: %s\n", text_of(answer, "closest"));
	if (json_array_size(list))
		fputs("\nThere is:\n", out);
	json_array_foreach(list, i, near) {
		say(out, "    %s", text_of(near, "name"));
		if (json_array_size(get(near, "types"))) {
			say(out, " (");
			say_list(out, get(near, "types"));
			say(out, ")");
		}
		say(out, " - %s\n", text_of(near, "why"));
	}
}

static void say_elsewhere(FILE *out, const json_t *answer)
{
	const json_t *forwarding = get(answer, "forwarding");

	if (*text_of(answer, "wildcard"))
		say(out, "  the wildcard is %s\n", text_of(answer, "wildcard"));
	if (json_array_size(get(forwarding, "servers"))) {
		say(out, "  asked of ");
		say_list(out, get(forwarding, "servers"));
		if (*text_of(forwarding, "zone"))
			say(out, ", for the zone %s", text_of(forwarding, "zone"));
		say(out, "\n");
	}
}

static void say_skipped(FILE *out, const json_t *answer)
{
	const json_t *skipped = get(answer, "skipped");
	void *it = json_object_iter((json_t *)(uintptr_t)skipped);

	if (!it || ask_has_records(answer))
		return;
	fputs("\nOf the last state could not be read (the log says more):", out);
	for (const char *between = " "; it;
		it = json_object_iter_next((json_t *)(uintptr_t)skipped, it), between = ", ")
		say(out, "%s%s %" JSON_INTEGER_FORMAT, between, json_object_iter_key(it),
			json_integer_value(json_object_iter_value(it)));
	fputc('\n', out);
}

bool ask_has_records(const json_t *answer)
{
	const char *found = text_of(answer, "answer");

	return !strcmp(found, "records") || !strcmp(found, "wildcard");
}

void ask_print(const json_t *answer, FILE *out)
{
	say(out, "%s\n", text_of(answer, "summary"));
	say_elsewhere(out, answer);
	say_records(out, answer);
	say_left_out(out, answer);
	say_near(out, answer);
	say_skipped(out, answer);
}
