/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of this process. Any thread. */
#ifndef HTTP_PROCESS_H
#define HTTP_PROCESS_H

#include <stdint.h>

struct process_figures { /* what cannot be read is 0 */
	double cpu_seconds;
	uint64_t open_fds, max_fds;
	uint64_t resident_bytes, virtual_bytes;
};

void process_read(struct process_figures *out);

/* When the process started, since 1970; 0: not known. To be asked once: the clocks that it is worked out from drift. */
double process_start_time(void);

#endif
