/* SPDX-License-Identifier: Apache-2.0 */
/* Do threads that answer hold each other up? */
#ifndef T_BENCH_ANSWER_THREADS_H
#define T_BENCH_ANSWER_THREADS_H

/* CPU time of an answer, one thread beside two that answer from the same zone, while new versions of it are published and
 * pinned. Prints lines as answer_cost does. */
void answer_threads_measure(void);

#endif
