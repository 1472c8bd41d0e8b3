/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/zk_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

int zk_members_init(struct zk_members *m, const struct conf_endpoints *servers, struct resolver *resolver)
{
	*m = (struct zk_members){.servers = servers, .resolver = resolver};
	m->items = calloc(servers->count * ZK_MEMBER_ADDRS + 1, sizeof(m->items[0]));
	return m->items ? 0 : ERR_NOMEM;
}

void zk_members_fini(struct zk_members *m)
{
	free(m->items);
}

static bool same(const struct zk_member *a, const struct zk_member *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static void add(struct zk_members *m, const struct zk_member *member)
{
	for (size_t i = 0; i < m->count; i++)
		if (same(&m->items[i], member))
			return;
	m->items[m->count++] = *member;
}

static void shuffle(struct zk_members *m)
{
	for (size_t i = m->count; i > 1; i--) {
		uint32_t random = 0;

		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
			return;
		struct zk_member *a = &m->items[i - 1], *b = &m->items[random % i], swapped = *a;
		*a = *b;
		*b = swapped;
	}
}

size_t zk_members_begin(struct zk_members *m, const struct zk_member *last)
{
	m->count = m->next = 0;
	m->unknown = NULL;
	for (size_t i = 0; i < m->servers->count; i++) {
		const struct conf_endpoint *server = &m->servers->items[i];
		size_t len = strlen(server->host);
		struct addr addrs[ZK_MEMBER_ADDRS];
		uint32_t count;

		resolve_get(m->resolver, server->host, len, addrs, ZK_MEMBER_ADDRS, &count);
		if (!count) {
			m->unknown = server->host;
			resolve_hurry(m->resolver, server->host, len);
		}
		for (uint32_t j = 0; j < count; j++)
			add(m, &(struct zk_member){addrs[j], server->port});
	}
	shuffle(m);
	if (last && m->count > 1 && same(&m->items[0], last)) {
		m->items[0] = m->items[m->count - 1];
		m->items[m->count - 1] = *last;
	}
	return m->count;
}

const struct zk_member *zk_members_next(struct zk_members *m)
{
	return m->next < m->count ? &m->items[m->next++] : NULL;
}

const char *zk_member_format(const struct zk_member *member, char text[ZK_MEMBER_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];

	snprintf(text, ZK_MEMBER_TEXT_MAX, "%s:%u", addr_format(&member->addr, addr), member->port);
	return text;
}
