/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations that fail, for programs linked with ALLOC_WRAP (t/Makefile.inc): those that our own code asks for, not
 * those of the libraries. */
#ifndef T_UNIT_ALLOC_H
#define T_UNIT_ALLOC_H

#include <stdbool.h>

enum alloc_calls { ALLOC_NEW = 1, ALLOC_RESIZE = 2, ALLOC_ANY = 3 };

/* From now on the call of these kinds that comes after `n` others fails, or all from that on. */
void alloc_fail_after(unsigned n, enum alloc_calls calls, bool for_good);
/* No more: returns how many failed. */
unsigned alloc_fail_end(void);

#endif
