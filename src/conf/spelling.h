/* SPDX-License-Identifier: Apache-2.0 */
/* Help for keys that are not known. */
#ifndef CONF_SPELLING_H
#define CONF_SPELLING_H

#include <stddef.h>

/* Index of the name that is nearest to `word`: fewest letters changed, added, left out or swapped with their
 * neighbour, without case; the first of several. `count` is at least 1. */
size_t conf_spelling_nearest(const char *word, const char *const *names, size_t count);
/* What to do instead, if `name` is a key that Mesos-DNS once had; NULL otherwise. */
const char *conf_spelling_obsolete(const char *name);

#endif
