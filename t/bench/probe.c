/* SPDX-License-Identifier: Apache-2.0 */
#include "t/bench/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "t/bench/relay.h"

#define IDLE  1000000000U /* nanoseconds */
#define LOST  50000000U   /* an answer that did not come until then */
#define AHEAD 32          /* of the oldest that are waited for are asked for */

static uint64_t hash_of(const char *task, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)task[i]) * 0x100000001b3ULL;
	return hash;
}

/* An A query for it; false if it is no name. */
static bool make_query(struct probe *p, const char *name)
{
	uint8_t *at = p->query + 12, *end = p->query + sizeof(p->query) - 5;

	memset(p->query, 0, 12);
	p->query[5] = 1;
	while (*name) {
		size_t len = strcspn(name, ".");
		if (!len || len > 63 || at + len + 1 > end)
			return false;
		*at++ = (uint8_t)len;
		memcpy(at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	memcpy(at, "\0\0\1\0\1", 5);
	p->query_len = (uint16_t)(at + 5 - p->query);
	return true;
}

static int load_line(struct probe *p, char *line)
{
	char *rest = NULL, *words[3 + 2 * PROBE_KINDS];

	for (unsigned i = 0; i < 3 + 2 * PROBE_KINDS; i++) {
		words[i] = strtok_r(i ? NULL : line, " \n", &rest);
		if (!words[i])
			return -1;
	}
	p->full = (unsigned)atoi(words[1]);
	p->task = strdup(words[2]);
	for (unsigned i = 0; i < PROBE_KINDS; i++) {
		p->down[i] = strdup(words[3 + 2 * i]);
		p->up[i] = strdup(words[4 + 2 * i]);
	}
	return make_query(p, words[0]) && p->task ? 0 : -1;
}

int probes_load(struct probes *p, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	int err = f ? 0 : -1;

	*p = (struct probes){.fd = -1};
	while (!err && getline(&line, &size, f) > 0) {
		if (p->count == UINT16_MAX)
			break; /* the query's id says which it is */
		if (!(p->count & (p->count + 1)))
			p->list = realloc(p->list, (2 * p->count + 2) * sizeof(*p->list));
		if (!p->list)
			return -1;
		p->list[p->count] = (struct probe){0};
		err = load_line(&p->list[p->count++], line);
	}
	free(line);
	if (f)
		fclose(f);
	p->room = p->count | 1;
	p->by_task = calloc(p->room, sizeof(struct probe *));
	p->waiting = calloc(p->room, sizeof(*p->waiting));
	if (err || !p->by_task || !p->waiting)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		struct probe **slot = &p->by_task[hash_of(p->list[i].task, strlen(p->list[i].task)) % p->room];
		p->list[i].next_by_task = *slot;
		*slot = &p->list[i];
	}
	return 0;
}

int probes_open(struct probes *p, uint16_t port, unsigned rate)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	p->pace = 1000000000U / rate;
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return p->fd < 0 ? -1 : connect(p->fd, (struct sockaddr *)&in, sizeof(in));
}

struct probe *probes_find(const struct probes *p, const char *task, size_t len)
{
	struct probe *probe = p->by_task[hash_of(task, len) % p->room];

	while (probe && (strlen(probe->task) != len || memcmp(probe->task, task, len)))
		probe = probe->next_by_task;
	return probe;
}

void probes_wait(struct probes *p, struct probe *probe, unsigned wanted)
{
	probe->wanted = wanted;
	probe->waits = true;
	probe->asked = probe->shown = 0;
	p->waiting[p->waiting_count++] = (size_t)(probe - p->list);
}

static void forget(struct probes *p, struct probe *probe)
{
	size_t index = (size_t)(probe - p->list), i = 0;

	probe->waits = false;
	while (i < p->waiting_count && p->waiting[i] != index)
		i++;
	memmove(&p->waiting[i], &p->waiting[i + 1], (--p->waiting_count - i) * sizeof(*p->waiting));
}

static void take_answers(struct probes *p, void (*shown)(void *cls, struct probe *probe), void *cls)
{
	uint8_t answer[4096];
	ssize_t n;

	while ((n = recv(p->fd, answer, sizeof(answer), 0)) > 0) {
		size_t index = (size_t)answer[0] << 8 | answer[1];
		unsigned addresses = (unsigned)answer[6] << 8 | answer[7];
		if (n < 12 || index >= p->count || !p->list[index].waits)
			continue;
		struct probe *probe = &p->list[index];
		probe->asked = 0;
		if (addresses != probe->wanted)
			continue;
		probe->shown = relay_now();
		forget(p, probe);
		shown(cls, probe);
	}
}

/* The next of the oldest that has no query on its way. */
static struct probe *next_probe(struct probes *p, uint64_t now)
{
	size_t some = p->waiting_count < AHEAD ? p->waiting_count : AHEAD;

	for (size_t i = 0; i < some; i++) {
		struct probe *probe = &p->list[p->waiting[p->turn++ % some]];
		if (probe->asked && now - probe->asked > LOST) {
			probe->asked = 0;
			p->lost++;
		}
		if (!probe->asked)
			return probe;
	}
	return NULL;
}

uint64_t probes_run(struct probes *p, uint64_t now, void (*shown)(void *cls, struct probe *probe), void *cls)
{
	struct probe *probe;

	take_answers(p, shown, cls);
	if (!p->waiting_count)
		return IDLE;
	if (now < p->next)
		return p->next - now;
	while ((probe = next_probe(p, now)) && p->next <= now) {
		size_t index = (size_t)(probe - p->list);
		probe->query[0] = (uint8_t)(index >> 8);
		probe->query[1] = (uint8_t)index;
		if (send(p->fd, probe->query, probe->query_len, 0) < 0)
			break;
		probe->asked = now;
		p->queries++;
		p->next = (p->next + 4 * p->pace < now ? now : p->next) + p->pace;
	}
	return probe ? p->pace : LOST;
}
