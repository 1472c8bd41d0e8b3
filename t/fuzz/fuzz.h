/* SPDX-License-Identifier: Apache-2.0 */
/* What every harness has: libFuzzer calls it, and so does t/fuzz/replay.c with the files of the corpus. */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; a broken rule ends in abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
