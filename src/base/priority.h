/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that work in the background. */
#ifndef BASE_PRIORITY_H
#define BASE_PRIORITY_H

/* Lets the answering threads go first where they share a core with the calling one. A third of their weight is left to
 * it, so that a flood of queries does not keep it from its work. Threads that it starts from then on inherit that. */
void priority_make_way(void);

#endif
