/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/pids.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void clear(struct pids_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].host);
	list->count = 0;
	keyset_clear(&list->set);
}

static void fini(struct pids_list *list)
{
	clear(list);
	keyset_fini(&list->set);
	free(list->items);
	*list = (struct pids_list){0};
}

void pids_fini(struct pids *pids)
{
	fini(&pids->now);
	fini(&pids->next);
}

void pids_begin(struct pids *pids)
{
	clear(&pids->next);
}

static uint64_t key_of(const struct cluster_framework *f)
{
	return cluster_key_hash(CLUSTER_FRAMEWORK, "", 0, cluster_text(f, f->e.id), f->e.id.len);
}

int pids_add(struct pids *pids, const struct cluster_framework *f)
{
	struct pids_list *list = &pids->next;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct pids_item *grown = realloc(list->items, room * sizeof(*grown));

		if (!grown)
			return ERR_NOMEM;
		list->items = grown;
		list->room = room;
	}
	if (keyset_put(&list->set, key_of(f), (uint32_t)list->count))
		return ERR_NOMEM;
	struct pids_item *item = &list->items[list->count];
	*item = (struct pids_item){.host_len = f->port ? f->host.len : 0, .port = f->port};
	item->host = malloc(item->host_len + 1);
	if (!item->host)
		return ERR_NOMEM;
	memcpy(item->host, cluster_text(f, f->host), item->host_len);
	list->count++;
	return 0;
}

void pids_end(struct pids *pids, bool ok)
{
	struct pids_list done = ok ? pids->next : (struct pids_list){0};

	if (!ok)
		return;
	pids->next = pids->now;
	pids->now = done;
	clear(&pids->next);
}

int pids_complete(const struct pids *pids, struct cluster_builder *b, const struct cluster_framework *known)
{
	const uint32_t *at = keyset_get(&pids->now.set, key_of(b->framework));
	const struct pids_item *item = at ? &pids->now.items[*at] : NULL;
	const char *host = item ? item->host : known ? cluster_text(known, known->host) : NULL;
	size_t host_len = item ? item->host_len : known ? known->host.len : 0;
	uint16_t port = item ? item->port : known ? known->port : 0;

	if (!port)
		return 0;
	int rc = cluster_build_text(b, CLUSTER_FIELD(framework, host), host, host_len);
	if (!rc)
		b->framework->port = port;
	return rc;
}
