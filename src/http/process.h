/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of this process. Any thread. */
#ifndef HTTP_PROCESS_H
#define HTTP_PROCESS_H

#include <stdint.h>

struct process_figures { /* what cannot be read is 0 */
	double cpu_seconds;
	double start_time; /* since 1970 */
	uint64_t open_fds, max_fds;
	uint64_t resident_bytes, virtual_bytes;
	uint64_t threads;
};

void process_read(struct process_figures *out);

#endif
