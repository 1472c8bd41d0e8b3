/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/text.h"

#include <string.h>

#include "base/dname.h"
#include "base/err.h"

struct cursor {
	const char *at, *end;
};

static void skip_spaces(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	skip_spaces(c);
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static int take_port(struct cursor *c, uint16_t *port)
{
	uint32_t value = 0;

	skip_spaces(c);
	const char *first = c->at;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		value = value * 10 + (uint32_t)(*c->at - '0');
		if (value > UINT16_MAX)
			return ERR_RANGE;
	}
	*port = (uint16_t)value;
	return c->at == first ? ERR_FORMAT : 0;
}

int cluster_parse_port_ranges(const char *text, size_t len, struct cluster_port_range *out, uint32_t room)
{
	struct cursor c = {text, text + len};
	uint32_t count = 0;

	if (!take(&c, '['))
		return ERR_FORMAT;
	if (!take(&c, ']')) {
		bool more;

		do {
			struct cluster_port_range range;
			int rc = take_port(&c, &range.first);

			if (!rc && !take(&c, '-'))
				rc = ERR_FORMAT;
			if (!rc)
				rc = take_port(&c, &range.last);
			if (rc)
				return rc;
			if (range.last < range.first)
				return ERR_RANGE;
			if (count < room)
				out[count] = range;
			count++;
			more = take(&c, ',');
		} while (more);
		if (!take(&c, ']'))
			return ERR_FORMAT;
	}
	skip_spaces(&c);
	if (c.at != c.end)
		return ERR_FORMAT;
	return count > room ? ERR_LIMIT : (int)count;
}

/* Can it be the name of a host? A name whose last label is a number cannot (RFC 1123, section 2.1): such a
 * thing is an address that went wrong, and nobody is to be asked for it. */
static bool host_is_name(const char *host, size_t len)
{
	bool digits = true;

	if (len > DNAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = host[i];

		if (c <= ' ' || c >= 0x7f || strchr("/:@[]%?#\\\"'", c))
			return false;
		if (c == '.' && i + 1 < len)
			digits = true;
		else if (c != '.' && (c < '0' || c > '9'))
			digits = false;
	}
	return !digits;
}

int cluster_parse_pid(const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port)
{
	const char *sign = memchr(text, '@', len);
	const char *h;
	size_t h_len;
	struct addr addr;
	uint16_t p = 0;

	if (!sign)
		return ERR_FORMAT;
	size_t rest = len - (size_t)(sign + 1 - text);
	int rc = addr_split_hostport(sign + 1, rest, &h, &h_len, &p);
	if (rc)
		return rc;
	if (!p)
		return ERR_FORMAT;
	bool literal = !addr_parse(&addr, h, h_len);
	bool brackets = sign[1] == '[';
	if (brackets ? !literal || addr.len != 16 : !literal && !host_is_name(h, h_len))
		return ERR_FORMAT;
	*host = h;
	*host_len = h_len;
	*port = p;
	return 0;
}

int cluster_parse_duration(const char *text, size_t len, double *seconds)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"secs", 1}, {"mins", 60}, {"hrs", 3600},
		{"days", 86400}, {"weeks", 7 * 86400}};
	double value = 0, scale = 1;
	size_t i = 0;
	bool point = false;

	for (; i < len && i < 32 && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
		if (text[i] == '.') {
			if (point)
				return ERR_FORMAT;
			point = true;
			continue;
		}
		scale *= point ? 0.1 : 1;
		value = point ? value + (text[i] - '0') * scale : value * 10 + (text[i] - '0');
	}
	if (!i || text[0] == '.')
		return ERR_FORMAT;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		if (strlen(units[u].name) == len - i && !memcmp(units[u].name, text + i, len - i)) {
			*seconds = value * units[u].seconds;
			return 0;
		}
	}
	return ERR_FORMAT;
}

enum cluster_task_state cluster_parse_task_state(const char *text, size_t len)
{
	static const struct {
		const char *name;
		enum cluster_task_state state;
	} states[] = {
		{"RUNNING", CLUSTER_TASK_RUNNING},
		{"STAGING", CLUSTER_TASK_STAGING},
		{"STARTING", CLUSTER_TASK_STARTING},
		{"KILLING", CLUSTER_TASK_KILLING},
		{"UNREACHABLE", CLUSTER_TASK_UNREACHABLE},
		{"FINISHED", CLUSTER_TASK_TERMINAL},
		{"FAILED", CLUSTER_TASK_TERMINAL},
		{"KILLED", CLUSTER_TASK_TERMINAL},
		{"ERROR", CLUSTER_TASK_TERMINAL},
		{"LOST", CLUSTER_TASK_TERMINAL},
		{"DROPPED", CLUSTER_TASK_TERMINAL},
		{"GONE", CLUSTER_TASK_TERMINAL},
		{"GONE_BY_OPERATOR", CLUSTER_TASK_TERMINAL},
	};

	if (len < 5 || memcmp(text, "TASK_", 5) != 0)
		return CLUSTER_TASK_OTHER;
	text += 5;
	len -= 5;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strlen(states[i].name) == len && !memcmp(states[i].name, text, len))
			return states[i].state;
	return CLUSTER_TASK_OTHER;
}

const char *cluster_task_state_text(enum cluster_task_state state)
{
	switch (state) {
	case CLUSTER_TASK_STAGING:
		return "TASK_STAGING";
	case CLUSTER_TASK_STARTING:
		return "TASK_STARTING";
	case CLUSTER_TASK_RUNNING:
		return "TASK_RUNNING";
	case CLUSTER_TASK_KILLING:
		return "TASK_KILLING";
	case CLUSTER_TASK_UNREACHABLE:
		return "TASK_UNREACHABLE";
	case CLUSTER_TASK_TERMINAL:
		return "terminal";
	default:
		return "unknown";
	}
}
