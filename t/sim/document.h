/* SPDX-License-Identifier: Apache-2.0 */
/* A rendered body that is kept as long as it is true, or as long as a slow client still reads it. Counted;
 * the content never changes once it is there, any thread may read it. */
#ifndef T_SIM_DOCUMENT_H
#define T_SIM_DOCUMENT_H

#include <stdatomic.h>
#include <stdint.h>

#include "t/sim/text.h"

struct document {
	atomic_uint refs;
	uint64_t version; /* of the cluster */
	struct text plain;
	struct text gzip; /* empty until document_compress() */
};

/* Takes `plain` over (also when it fails); one reference. NULL if memory is exhausted. */
struct document *document_new(struct text *plain, uint64_t version);
/* Makes the compressed form, once. Not for two threads at the same time. ERR_NOMEM. */
int document_compress(struct document *d);
struct document *document_get(struct document *d);
/* NULL is ignored. */
void document_put(struct document *d);

#endif
