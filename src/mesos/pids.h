/* SPDX-License-Identifier: Apache-2.0 */
/* Where the schedulers are, as the last document said that tells: the event stream does not. One thread. */
#ifndef MESOS_PIDS_H
#define MESOS_PIDS_H

#include "cluster/build.h"
#include "mesos/keyset.h"

struct pids_list {
	struct keyset set; /* of frameworks to places in `items` */
	struct pids_item {
		char *host;
		size_t host_len;
		uint16_t port; /* 0: it has no pid */
	} * items;
	size_t count, room;
};

struct pids { /* all zero: empty */
	struct pids_list now, next;
};

void pids_fini(struct pids *pids);
/* A document begins: */
void pids_begin(struct pids *pids);
/* each of its frameworks, with port and host from its pid if it has one. ERR_NOMEM. */
int pids_add(struct pids *pids, const struct cluster_framework *framework);
/* It has ended, and if it was whole it counts from now on. */
void pids_end(struct pids *pids, bool ok);
/* Gives a framework of the stream the host and port of its pid: what the last document said, else that of `known`, the
 * one that the model has (NULL: none). ERR_NOMEM. */
int pids_complete(const struct pids *pids, struct cluster_builder *framework, const struct cluster_framework *known);

#endif
