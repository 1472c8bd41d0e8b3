/* SPDX-License-Identifier: Apache-2.0 */
/* Why a name is as it is: from which tasks, agents, frameworks and masters each of its records comes, what would have
 * made more of them and was left out, and what there is instead of a name that does not exist. Knows nothing of HTTP.
 *
 * The answer is worked out in steps, so that whoever has other things to do can do them between: a name's origins are
 * not stored anywhere, they are found by running the naming rules on the elements of a pinned snapshot again.
 * One thread at a time; any thread. */
#ifndef HTTP_EXPLAIN_H
#define HTTP_EXPLAIN_H

#include <jansson.h>

#include "conf/conf.h"
#include "zone/store.h"

struct explain;

/* Pins the current snapshot. `name` is as people write it: without the domain it is completed, unless it ends with a
 * dot. NULL and `*err`: ERR_NOMEM, or ERR_FORMAT for what is no domain name. `conf` and `store` are borrowed. */
struct explain *explain_new(const struct conf *conf, struct zone_store *store, const char *name, int *err);
void explain_free(struct explain *explain);

/* A step's size for somebody who serves others beside: about a millisecond. */
#define EXPLAIN_STEP 4000
/* Does as much work as it is to look at so many elements; fewer, if naming has to be run for them. Returns whether the
 * answer is ready. */
bool explain_step(struct explain *explain, size_t looks);
/* The answer, once it is ready: a new reference, NULL without memory. doc/explain.md says what is in it. */
json_t *explain_result(struct explain *explain);

#endif
