/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is compared with the model while events go on changing it: what differs at its end, and no event has
 * touched meanwhile, is put right as one batch. Memory is in proportion to what differs, and some 40 bytes for each
 * element of the document. One thread. */
#ifndef MESOS_RECONCILE_H
#define MESOS_RECONCILE_H

#include "mesos/feed.h"
#include "mesos/keyset.h"

struct reconcile { /* all zero: none is going on */
	struct feed *feed;
	bool open;
	bool tasks;                      /* the document has tasks */
	size_t limit;                    /* of differences */
	int err;                         /* sticky */
	struct keyset touched;           /* by events since it began */
	struct keyset seen;              /* in the document */
	struct cluster_element **differ; /* as the document has them; ours */
	size_t differ_count, differ_room;
	struct cluster_builder builder;
};

void reconcile_fini(struct reconcile *r);
/* Begins; one that is still open is given up. */
void reconcile_begin(struct reconcile *r, struct feed *feed, bool tasks, size_t limit);
void reconcile_abort(struct reconcile *r);
/* An event has changed the element, or taken it out. */
void reconcile_touch(struct reconcile *r, enum cluster_kind kind, const char *framework_id, size_t framework_len,
	const char *id, size_t id_len);
/* An element of the document; the builder is changed. What goes wrong shows at the end. */
void reconcile_element(struct reconcile *r, struct cluster_builder *builder);
/* The document has ended. Puts right what differs and returns how many elements that were, or ERR_LIMIT: it is too much
 * of it to be true, and nothing was changed; ERR_NOMEM. */
int reconcile_end(struct reconcile *r);

#endif
