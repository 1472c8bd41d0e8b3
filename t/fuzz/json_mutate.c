/* SPDX-License-Identifier: Apache-2.0 */
/* A mutator for libFuzzer that knows where JSON values begin and end, so that what it makes is often still
 * JSON: it drops, doubles, swaps and replaces values and members; every other time libFuzzer's own mutations
 * apply. The first JSON_HEAD bytes of an input choose the harness's settings and are left to the latter. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "t/fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static const char *const odd_values[] = {"null", "true", "false", "0", "-1", "1e400", "1.5", "65535", "65536",
	"4294967296", "99999999999999999999", "\"\"", "\".\"", "\"a\"", "\"\xff\xfe\"", "\"\\u0000\"",
	"\"\\ud800\"", "\"-\"", "\"10.0.0.1\"", "\"::1\"", "\"999.0.0.1\"", "\"[1-65535]\"",
	"\"[31000-31001, 31005-31005]\"", "\"slave(1)@10.0.0.2:5051\"", "\"a@h.example:1\"",
	"\"a@[::2]:65536\"", "\"TASK_RUNNING\"", "\"TASK_LOST\"", "\"tcp,udp\"", "\"a.b.c\"", "\"*\"",
	"\"slave\"", "\"leader\"",
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "{}", "[]", "[[]]",
	"{\"\":{}}"};

struct span {
	size_t at, len;
};

static uint32_t next(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 8;
}

static size_t string_end(const uint8_t *text, size_t size, size_t at)
{
	for (at++; at < size && text[at] != '"'; at++)
		at += text[at] == '\\';
	return at < size ? at + 1 : size;
}

/* The value that begins at `at`, as far as it can be told. */
static struct span value_at(const uint8_t *text, size_t size, size_t at)
{
	size_t end = at, depth = 0;

	do {
		switch (text[end]) {
		case '"':
			end = string_end(text, size, end);
			break;
		case '{':
		case '[':
			depth++;
			end++;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			end++;
			break;
		default:
			end++;
			while (!depth && end < size && !strchr(",:{}[]\" \t\r\n\x1e", text[end]))
				end++;
		}
	} while (depth && end < size);
	return (struct span){at, end - at};
}

/* Some value or key behind the head, chosen by chance; empty if there is none. */
static struct span any_value(const uint8_t *text, size_t size, uint32_t *random)
{
	for (int tries = 0; tries < 32 && size > JSON_HEAD; tries++) {
		size_t at = JSON_HEAD + next(random) % (size - JSON_HEAD);

		if (strchr("{[\"", text[at]) ||
			(at > JSON_HEAD && strchr(":,[", text[at - 1]) && !strchr("]}", text[at])))
			return value_at(text, size, at);
	}
	return (struct span){size, 0};
}

/* With the comma beside it, if there is one. */
static struct span whole_item(const uint8_t *text, size_t size, struct span value)
{
	size_t end = value.at + value.len;

	if (end < size && text[end] == ':')
		value.len = value_at(text, size, end + 1 < size ? end + 1 : end).at + 1 - value.at;
	if (value.at + value.len < size && text[value.at + value.len] == ',')
		value.len++;
	else if (value.at > JSON_HEAD && text[value.at - 1] == ',')
		value.at--, value.len++;
	return value;
}

/* `by` in the place of a span. Returns the new size, or the old one if there is no room. */
static size_t replace(
	uint8_t *data, size_t size, size_t max_size, struct span span, const void *by, size_t len)
{
	if (size - span.len + len > max_size)
		return size;
	memmove(data + span.at + len, data + span.at + span.len, size - span.at - span.len);
	memcpy(data + span.at, by, len);
	return size - span.len + len;
}

static size_t mutate_value(uint8_t *data, size_t size, size_t max_size, uint32_t *random)
{
	struct span to = any_value(data, size, random), from = any_value(data, size, random);
	const char *odd = odd_values[next(random) % (sizeof(odd_values) / sizeof(odd_values[0]))];
	uint8_t *copy = malloc(from.len + 3);

	if (!copy)
		abort();
	memcpy(copy + 1, data + from.at, from.len);
	switch (next(random) % 6) {
	case 0:
		size = replace(data, size, max_size, to, odd, strlen(odd));
		break;
	case 1:
		size = replace(data, size, max_size, to, copy + 1, from.len);
		break;
	case 2: /* a copy of it behind itself, or of another */
		copy[0] = ',';
		to = (struct span){to.at + to.len, 0};
		size = replace(data, size, max_size, to, copy, from.len + 1);
		break;
	case 3:
		copy[0] = '[';
		copy[from.len + 1] = ']';
		size = replace(data, size, max_size, to, copy, from.len + 2);
		break;
	case 4: /* inside a text, or between other things */
		to.len = to.len ? LLVMFuzzerMutate(data + to.at, to.len, to.len) : 0;
		break;
	default:
		to = whole_item(data, size, to);
		size = replace(data, size, max_size, to, "", 0);
	}
	free(copy);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	uint32_t random = seed;

	if (size <= JSON_HEAD || next(&random) % 2)
		return LLVMFuzzerMutate(data, size, max_size);
	for (unsigned n = 1 + next(&random) % 3; n; n--)
		size = mutate_value(data, size, max_size, &random);
	return size;
}
