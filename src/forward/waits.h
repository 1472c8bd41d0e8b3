/* SPDX-License-Identifier: Apache-2.0 */
/* How many queries of each address wait for a reply. Inside forward/; one thread. */
#ifndef FORWARD_WAITS_H
#define FORWARD_WAITS_H

#include "base/addr.h"

struct waits;

/* No address may have more than `max`. NULL: out of memory. */
struct waits *waits_new(unsigned max);
void waits_free(struct waits *w);
/* One more; ERR_LIMIT, ERR_NOMEM: it was not counted. */
int waits_add(struct waits *w, const struct addr *addr);
/* One less, of those that were added. Returns how many there were. */
unsigned waits_remove(struct waits *w, const struct addr *addr);

#endif
