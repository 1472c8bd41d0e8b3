/* SPDX-License-Identifier: Apache-2.0 */
#include "base/priority.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICER    5
#define SLICE_NS 100000

void priority_make_way(void)
{
	id_t tid = (id_t)gettid(); /* on Linux each thread has its own nice value */

	setpriority(PRIO_PROCESS, tid, getpriority(PRIO_PROCESS, tid) + NICER);
}

void priority_answer_soon(void)
{
	struct sched_attr attr = {.size = sizeof(attr),
		.sched_flags = SCHED_FLAG_KEEP_POLICY,
		.sched_nice = getpriority(PRIO_PROCESS, (id_t)gettid()),
		.sched_runtime = SLICE_NS};

	syscall(SYS_sched_setattr, 0, &attr, 0);
}
