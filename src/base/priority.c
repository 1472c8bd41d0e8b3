/* SPDX-License-Identifier: Apache-2.0 */
#include "base/priority.h"

#include <sys/resource.h>
#include <unistd.h>

#define NICER 5

void priority_make_way(void)
{
	id_t tid = (id_t)gettid(); /* on Linux each thread has its own nice value */

	setpriority(PRIO_PROCESS, tid, getpriority(PRIO_PROCESS, tid) + NICER);
}
