/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

#include <sys/random.h>

#include "base/err.h"
#include "base/namehash.h"

struct siphash_key siphash_process_key;
struct namehash_key namehash_process_key;

/* A whole key, or nothing: 256 bytes and less come at once (getrandom(2)). */
static int draw(void *key, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t part = size - at < 256 ? size - at : 256;

		if (getrandom((char *)key + at, part, 0) != (ssize_t)part)
			return ERR_SYSTEM;
		at += part;
	}
	return 0;
}

int siphash_init(void)
{
	int err = draw(&siphash_process_key, sizeof(siphash_process_key));

	return err ? err : draw(&namehash_process_key, sizeof(namehash_process_key));
}
