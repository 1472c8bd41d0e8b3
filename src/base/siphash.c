/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

#include <sys/random.h>

#include "base/err.h"

struct siphash_key siphash_process_key;

int siphash_init(void)
{
	ssize_t n = getrandom(&siphash_process_key, sizeof(siphash_process_key), 0);

	return n == (ssize_t)sizeof(siphash_process_key) ? 0 : ERR_SYSTEM;
}
