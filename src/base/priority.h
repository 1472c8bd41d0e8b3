/* SPDX-License-Identifier: Apache-2.0 */
/* Who goes first where threads share a core. What the system does not allow is left as it is. */
#ifndef BASE_PRIORITY_H
#define BASE_PRIORITY_H

/* Lets the answering threads go first where they share a core with the calling one. A third of their weight is left to
 * it, so that a flood of queries does not keep it from its work. Threads that it starts from then on inherit that. */
void priority_make_way(void);
/* The calling thread answers: it asks for slices of 0.1 ms, so that it runs when it wakes, and not once the slice of some
 * milliseconds is over that a thread in the background has just begun (Linux 6.12; others ignore it). Threads that it
 * starts inherit that. */
void priority_answer_soon(void);

#endif
