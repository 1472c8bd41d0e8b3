/* SPDX-License-Identifier: Apache-2.0 */
/* Undoes gzip (RFC 1952) as it comes, cut anywhere: one member, or several, which become one text. Checksums and
 * lengths are checked. With ISA-L, if the program was built with it, else with zlib; to the same effect, save that ISA-L
 * 2.30 takes a header that has a checksum of its own (FHCRC, which no server writes) only in one piece. One thread. */
#ifndef BASE_GUNZIP_H
#define BASE_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

struct gunzip;

struct gunzip *gunzip_new(void); /* NULL: out of memory */
void gunzip_free(struct gunzip *g);
/* The next bytes, less than 4 GiB; `take` gets what they become, in pieces of some KiB, and is borrowed for the call. ERR_FORMAT: they
 * are no gzip, or a damaged one. ERR_NOMEM, or the negative value that `take` returned. After an error it must only be
 * freed. */
int gunzip_feed(struct gunzip *g, const void *data, size_t len, int (*take)(void *ctx, const void *data, size_t len),
	void *ctx);
/* Has everything that began ended as well? */
bool gunzip_is_whole(const struct gunzip *g);

#endif
