/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/static_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldns/buffer.h>
#include <ldns/error.h>
#include <ldns/rbtree.h>
#include <ldns/host2wire.h>
#include <ldns/rdata.h>
#include <ldns/rr.h>

#include "base/err.h"
#include "base/wire.h"
#include "zone/snapshot.h"

#define FILE_SIZE_MAX ((size_t)256 << 20)
#define ENTRY_MAX     ((size_t)320 << 10) /* the longest record, each byte of its data as \DDD */
#define TTL_MAX       0x7fffffffU         /* RFC 2181, section 8 */
#define TTL_NONE      UINT32_MAX
#define EXCERPT       48 /* bytes of an entry that a message quotes */

/* What stands before an entry's type when ldns gets it: owner, TTL and class are read here, so that only what
 * can be right comes that far (ldns takes a relative $ORIGIN for an absolute one, a $TTL of 0 for none, and
 * so on). */
#define LDNS_HEAD ". 0 IN "

struct reader {
	struct static_file *file;
	const char *text;
	size_t len;
	size_t at;           /* the line to be read next */
	uint32_t line;       /* its number */
	size_t start;        /* of the entry at hand */
	uint32_t start_line; /* ... its line */
	char *entry;      /* ... on one line, blanks single, without comments and parentheses; LDNS_HEAD fits
			     before */
	ldns_rdf *origin; /* owned */
	uint8_t owner[DNAME_MAX];
	size_t owner_len;     /* 0: there is none, or it could not be read */
	uint32_t default_ttl; /* of $TTL, or TTL_NONE */
	uint32_t last_ttl;    /* the last one written out, or TTL_NONE */
	ldns_buffer *wire;
};

struct token {
	const char *text;
	size_t len;
};

void static_file_init(struct static_file *file, const char *path, const uint8_t *apex, size_t apex_len,
	const struct static_report *report)
{
	*file = (struct static_file){.path = path, .report = report, .apex_len = apex_len};
	memcpy(file->apex, apex, apex_len);
}

void static_file_fini(struct static_file *file)
{
	free(file->records);
	arena_fini(&file->arena);
}

void static_file_say(struct static_file *file, enum log_level level, uint32_t line, const char *format, ...)
{
	char what[DNAME_TEXT_MAX + 256], text[sizeof(what) + 512];
	va_list args;

	if (level == LOG_LEVEL_ERROR)
		file->errors++;
	else if (level == LOG_LEVEL_WARN)
		file->warnings++;
	if (!file->report)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (line)
		snprintf(text, sizeof(text), "%s:%u: %s", file->path, line, what);
	else
		snprintf(text, sizeof(text), "%s: %s", file->path, what);
	file->report->say(file->report->arg, level, text);
}

/* The beginning of the entry at hand, on one line and printable. */
static const char *excerpt(const struct reader *r, char out[EXCERPT + 4])
{
	size_t n = 0, at = r->start;

	while (at < r->len && (r->text[at] == ' ' || r->text[at] == '\t'))
		at++;
	for (; at < r->len && r->text[at] != '\n' && n < EXCERPT; at++) {
		unsigned char c = (unsigned char)r->text[at];

		out[n++] = c == '\t' ? ' ' : c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	strcpy(out + n, n == EXCERPT ? "..." : "");
	return out;
}

static void say_wrong(struct reader *r, const char *what)
{
	char quote[EXCERPT + 4];

	static_file_say(r->file, LOG_LEVEL_ERROR, r->start_line, "%s, in `%s`", what, excerpt(r, quote));
}

static int add_record(struct reader *r, uint16_t type, uint32_t ttl)
{
	struct static_file *file = r->file;
	size_t rdlen = ldns_buffer_position(r->wire);
	uint8_t *bytes;

	if (file->count == file->room) {
		size_t room = file->room ? file->room * 2 : 64;
		struct static_record *grown = realloc(file->records, room * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		file->records = grown;
		file->room = room;
	}
	bytes = arena_alloc(&file->arena, r->owner_len + rdlen);
	if (!bytes)
		return ERR_NOMEM;
	memcpy(bytes, r->owner, r->owner_len);
	if (rdlen)
		memcpy(bytes + r->owner_len, ldns_buffer_begin(r->wire), rdlen);
	file->records[file->count++] = (struct static_record){.owner = bytes,
		.owner_len = (uint8_t)r->owner_len,
		.rdata = bytes + r->owner_len,
		.rdlen = (uint16_t)rdlen,
		.type = type,
		.ttl = ttl,
		.line = r->start_line};
	return 0;
}

/* Types that stand for no data of a zone: OPT, and the query and meta types of RFC 6895, section 3.1. */
static bool is_meta_type(unsigned type)
{
	return !type || type == RR_OPT || (type >= 128 && type <= 255);
}

/* Is the rdata of a type whose parts we use later of the right form? It may have come in as `\# LENGTH HEX`.
 */
static bool rdata_is_sound(unsigned type, const uint8_t *rdata, size_t len)
{
	size_t name;

	switch (type) {
	case RR_A:
		return len == 4;
	case RR_AAAA:
		return len == 16;
	case RR_NS:
	case RR_CNAME:
	case RR_PTR:
	case RR_DNAME:
		return len && dname_len(rdata, len) == len;
	case RR_MX:
		return len > 2 && dname_len(rdata + 2, len - 2) == len - 2;
	case RR_SRV:
		return len > 6 && dname_len(rdata + 6, len - 6) == len - 6;
	case RR_SOA:
		name = dname_len(rdata, len);
		if (!name || len < name + 21)
			return false;
		return dname_len(rdata + name, len - name) == len - name - 20;
	default:
		return true;
	}
}

/* The next token of a normalised entry, quotes and all; empty at the end. */
static struct token next_token(const char **at)
{
	const char *p = *at + strspn(*at, " ");
	struct token token = {p, 0};
	bool quoted = false;

	for (; *p && (quoted || *p != ' '); p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	token.len = (size_t)(p - token.text);
	*at = p;
	return token;
}

static bool token_is(struct token token, const char *text)
{
	return token.len == strlen(text) && !strncasecmp(token.text, text, token.len);
}

/* A short token as a string; "" if it is none. */
static const char *token_text(struct token token, char out[32])
{
	if (token.len > 31)
		token.len = 0;
	memcpy(out, token.text, token.len);
	out[token.len] = '\0';
	return out;
}

/* Digits only, up to `max`? */
static bool token_is_number(struct token token, uint64_t max)
{
	uint64_t value = 0;

	for (size_t i = 0; i < token.len; i++) {
		if (token.text[i] < '0' || token.text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(token.text[i] - '0');
		if (value > max)
			return false;
	}
	return token.len > 0;
}

/* `3600` or `1h30m`. False if it is no time; one that is too long is TTL_NONE. */
static bool token_ttl(struct token token, uint32_t *ttl)
{
	static const char units[] = "sSmMhHdDwW";
	static const uint32_t seconds[] = {1, 60, 3600, 86400, 604800};
	uint64_t total = 0, value = 0;
	size_t digits = 0;

	for (size_t i = 0; i < token.len; i++) {
		char c = token.text[i];

		if (c >= '0' && c <= '9') {
			value = value * 10 + (uint64_t)(c - '0');
			value = value > TTL_MAX ? TTL_NONE : value;
			digits++;
			continue;
		}
		const char *unit = strchr(units, c);

		if (!digits || !unit)
			return false;
		total += value * seconds[(unit - units) / 2];
		total = total > TTL_MAX ? TTL_NONE : total;
		value = digits = 0;
	}
	if (!token.len || token.text[0] < '0' || token.text[0] > '9')
		return false;
	total += value;
	*ttl = total > TTL_MAX ? TTL_NONE : (uint32_t)total;
	return true;
}

/* A domain name, relative to the origin if it has no last dot. Returns its length, 0 if it is none. */
static size_t token_name(const struct reader *r, struct token token, uint8_t out[DNAME_MAX])
{
	size_t base = ldns_rdf_size(r->origin), len, backslashes = 0;
	uint8_t name[2 * DNAME_MAX];

	if (token_is(token, "@")) {
		memcpy(out, ldns_rdf_data(r->origin), base);
		return base;
	}
	len = dname_from_text(name, token.text, token.len);
	while (backslashes + 1 < token.len && token.text[token.len - 2 - backslashes] == '\\')
		backslashes++;
	if (len && (token.text[token.len - 1] != '.' || backslashes % 2)) {
		memcpy(name + len - 1, ldns_rdf_data(r->origin), base);
		len += base - 1;
	}
	if (len > DNAME_MAX)
		return 0;
	memcpy(out, name, len);
	return len;
}

static uint16_t token_type(struct token token)
{
	char text[32];

	if (token.len > 4 && !strncasecmp(token.text, "TYPE", 4) &&
		!token_is_number((struct token){token.text + 4, token.len - 4}, UINT16_MAX))
		return 0;
	return (uint16_t)ldns_get_rr_type_by_name(token_text(token, text));
}

/* ldns cuts numbers to the size of their field without a word. */
static bool numbers_are_in_range(uint16_t type, const char *rdata)
{
	const ldns_rr_descriptor *descriptor = ldns_rr_descript(type);
	struct token token = next_token(&rdata);

	if (token_is(token, "\\#"))
		return true;
	for (size_t i = 0; i < ldns_rr_descriptor_minimum(descriptor) && token.len; i++) {
		ldns_rdf_type field = ldns_rr_descriptor_field_type(descriptor, i);
		bool number = field == LDNS_RDF_TYPE_INT8 || field == LDNS_RDF_TYPE_INT16 ||
			      field == LDNS_RDF_TYPE_INT32;
		uint64_t max = field == LDNS_RDF_TYPE_INT8    ? UINT8_MAX
			       : field == LDNS_RDF_TYPE_INT16 ? UINT16_MAX
							      : UINT32_MAX;
		uint32_t period;

		if (number && !token_is_number(token, max))
			return false;
		if (field == LDNS_RDF_TYPE_PERIOD && !token_is_number(token, max) &&
			(!token_ttl(token, &period) || period == TTL_NONE))
			return false;
		token = next_token(&rdata);
	}
	return true;
}

/* A record's data, by ldns, into the wire buffer. `type_at` is where the type stands in the entry. */
static int read_rdata(struct reader *r, size_t type_at, const char **wrong)
{
	char *line = r->entry + type_at - strlen(LDNS_HEAD);
	ldns_rdf *none = NULL;
	ldns_rr *rr = NULL;
	ldns_status status;

	memcpy(line, LDNS_HEAD, strlen(LDNS_HEAD));
	status = ldns_rr_new_frm_str(&rr, line, 0, r->origin, &none);
	ldns_rdf_deep_free(none);
	if (status == LDNS_STATUS_MEM_ERR)
		return ERR_NOMEM;
	if (status != LDNS_STATUS_OK) {
		*wrong = ldns_get_errorstr_by_id(status);
		return 0;
	}
	ldns_rr2canonical(rr);
	ldns_buffer_clear(r->wire);
	status = ldns_rr_rdata2buffer_wire(r->wire, rr);
	if (status != LDNS_STATUS_OK || ldns_buffer_position(r->wire) > UINT16_MAX)
		*wrong = "data are too long";
	else if (!rdata_is_sound(
			 ldns_rr_get_type(rr), ldns_buffer_begin(r->wire), ldns_buffer_position(r->wire)))
		*wrong = "data do not have the form of their type";
	ldns_rr_free(rr);
	return 0;
}

/* Owner, TTL and class, the latter two in any order. Returns the type's place in the entry; 0 and `*wrong`
 * without. */
static size_t read_head(struct reader *r, uint32_t *ttl, uint16_t *type, const char **wrong)
{
	const char *at = r->entry;
	struct token token;
	bool class_seen = false, ttl_seen = false;

	if (*at != ' ') {
		r->owner_len = token_name(r, next_token(&at), r->owner);
		if (!r->owner_len) {
			*wrong = "the owner is no domain name";
			return 0;
		}
	}
	for (;;) {
		token = next_token(&at);
		if (!class_seen && token_is(token, "IN")) {
			class_seen = true;
		} else if (!ttl_seen && token_ttl(token, ttl)) {
			ttl_seen = true;
		} else {
			break;
		}
	}
	*type = token_type(token);
	if (!r->owner_len)
		*wrong = "no owner: there is none before, or it could not be read";
	else if (ttl_seen && *ttl == TTL_NONE)
		*wrong = "TTL is over 2147483647";
	else if (token_is(token, "CH") || token_is(token, "HS") || token_is(token, "CS"))
		*wrong = "class is not IN";
	else if (!*type && !token_is(token, "TYPE0"))
		*wrong = token.len ? "unknown type" : "no type";
	else if (is_meta_type(*type))
		*wrong = "type cannot stand in a zone";
	else if (!numbers_are_in_range(*type, at))
		*wrong = "number is out of range, or none";
	return (size_t)(token.text - r->entry);
}

static int read_entry(struct reader *r)
{
	const char *wrong = NULL;
	uint32_t ttl = TTL_NONE;
	uint16_t type = 0;
	size_t type_at = read_head(r, &ttl, &type, &wrong);
	int err = wrong ? 0 : read_rdata(r, type_at, &wrong);

	if (ttl != TTL_NONE)
		r->last_ttl = ttl;
	if (err || wrong) {
		if (!err)
			say_wrong(r, wrong);
		return err;
	}
	if (ttl == TTL_NONE)
		ttl = r->default_ttl != TTL_NONE ? r->default_ttl : r->last_ttl;
	if (ttl == TTL_NONE && type == RR_SOA) /* without any, the minimum stands in for all of the zone */
		ttl = r->last_ttl = wire_get_u32(ldns_buffer_current(r->wire) - 4);
	if (ttl > TTL_MAX) {
		say_wrong(r, "no TTL, neither here nor by $TTL");
		return 0;
	}
	return add_record(r, type, ttl);
}

static int read_directive(struct reader *r)
{
	const char *at = r->entry;
	struct token name = next_token(&at), argument = next_token(&at);
	uint8_t origin[DNAME_MAX];
	ldns_rdf *rdf;
	size_t len;
	uint32_t ttl;

	if (token_is(name, "$INCLUDE") || token_is(name, "$GENERATE")) {
		say_wrong(r, "this directive is not supported");
	} else if (!token_is(name, "$ORIGIN") && !token_is(name, "$TTL")) {
		say_wrong(r, "unknown directive");
	} else if (!argument.len || next_token(&at).len) {
		say_wrong(r, "one value is needed");
	} else if (token_is(name, "$TTL")) {
		if (token_ttl(argument, &ttl) && ttl != TTL_NONE)
			r->default_ttl = ttl;
		else
			say_wrong(r, "not a TTL");
	} else if (!(len = token_name(r, argument, origin))) {
		say_wrong(r, "not a domain name");
	} else {
		rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len, origin);
		if (!rdf)
			return ERR_NOMEM;
		ldns_rdf_deep_free(r->origin);
		r->origin = rdf;
	}
	return 0;
}

static void put(struct reader *r, size_t *used, char c)
{
	if (*used < ENTRY_MAX)
		r->entry[(*used)++] = c;
}

/* Puts the next entry, which may go over lines by parentheses, on one line. Returns what is wrong with it, or
 * NULL. */
static const char *join_lines(struct reader *r)
{
	const char *text = r->text, *wrong = NULL;
	size_t used = 0, at = r->at, first_end = 0;
	uint32_t lines = 0;
	unsigned depth = 0;
	bool quoted = false;

	for (; at < r->len && used < ENTRY_MAX; at++) {
		char c = text[at];

		if (!c) {
			wrong = "zero byte";
		} else if (c == '\n') {
			lines++;
			first_end = first_end ? first_end : at + 1;
			if (quoted || !depth)
				break;
			put(r, &used, ' ');
		} else if (c == '\\' && at + 1 < r->len && text[at + 1] && text[at + 1] != '\n') {
			put(r, &used, c);
			put(r, &used, text[++at]);
		} else if (c == '"') {
			put(r, &used, c);
			if (quoted)
				put(r, &used, ' ');
			quoted = !quoted;
		} else if (quoted) {
			put(r, &used, c);
		} else if (c == ';') {
			while (at + 1 < r->len && text[at + 1] != '\n')
				at++;
		} else if (c == ')' && !depth) {
			wrong = "parenthesis was not opened";
		} else if (c == '(' || c == ')') {
			depth += c == '(' ? 1 : -1U;
			put(r, &used, ' ');
		} else {
			put(r, &used, strchr("\t\r\f\v", c) ? ' ' : c);
		}
	}
	if (used == ENTRY_MAX)
		wrong = "entry is too long";
	else if (quoted)
		wrong = "quotes are not closed";
	else if (depth)
		wrong = "parenthesis is not closed";
	r->entry[used] = '\0';
	r->start = r->at;
	r->start_line = r->line;
	if (wrong &&
		first_end) { /* what follows is more likely entries of their own than parts of this one */
		r->at = first_end;
		r->line++;
	} else {
		r->at = at + 1;
		r->line += lines;
	}
	return wrong;
}

static int read_next(struct reader *r)
{
	const char *wrong = join_lines(r), *at = r->entry;

	if (wrong) {
		say_wrong(r, wrong);
		if (*r->entry != ' ' && *r->entry != '$')
			r->owner_len = token_name(r, next_token(&at), r->owner);
		return 0;
	}
	if (*r->entry == '$')
		return read_directive(r);
	return r->entry[strspn(r->entry, " ")] ? read_entry(r) : 0;
}

int static_file_parse(struct static_file *file, const char *text, size_t len)
{
	struct reader r = {.file = file,
		.text = text,
		.len = len,
		.line = 1,
		.default_ttl = TTL_NONE,
		.last_ttl = TTL_NONE};
	char *memory = malloc(strlen(LDNS_HEAD) + ENTRY_MAX + 1);
	int err = 0;

	r.origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, file->apex_len, file->apex);
	r.wire = ldns_buffer_new(UINT16_MAX + 1);
	if (!memory || !r.origin || !r.wire) {
		err = ERR_NOMEM;
		goto out;
	}
	r.entry = memory + strlen(LDNS_HEAD);
	while (!err && r.at < len)
		err = read_next(&r);
out:
	ldns_buffer_free(r.wire);
	ldns_rdf_deep_free(r.origin);
	free(memory);
	return err;
}

/* The whole of `stream` in memory from malloc, or NULL and an error. */
static char *slurp(FILE *stream, size_t *len, int *err)
{
	size_t room = 64 << 10, got;
	char *text = malloc(room);

	*len = 0;
	*err = ERR_NOMEM;
	while (text && (got = fread(text + *len, 1, room - *len, stream))) {
		*len += got;
		if (*len < room)
			continue;
		room *= 2;
		*err = room > FILE_SIZE_MAX ? ERR_LIMIT : ERR_NOMEM;
		char *grown = room > FILE_SIZE_MAX ? NULL : realloc(text, room);
		if (!grown)
			free(text);
		text = grown;
	}
	if (text && ferror(stream)) {
		*err = ERR_SYSTEM;
		free(text);
		return NULL;
	}
	return text;
}

int static_file_read(struct static_file *file)
{
	FILE *stream = fopen(file->path, "re");
	char *text;
	size_t len;
	int err;

	if (!stream) {
		static_file_say(file, LOG_LEVEL_ERROR, 0, "cannot be opened: %s", strerror(errno));
		return ERR_SYSTEM;
	}
	text = slurp(stream, &len, &err);
	if (text)
		err = static_file_parse(file, text, len);
	else if (err == ERR_SYSTEM)
		static_file_say(file, LOG_LEVEL_ERROR, 0, "cannot be read: %s", strerror(errno));
	else if (err == ERR_LIMIT)
		static_file_say(file, LOG_LEVEL_ERROR, 0, "larger than %zu MiB", FILE_SIZE_MAX >> 20);
	free(text);
	fclose(stream);
	return err;
}
