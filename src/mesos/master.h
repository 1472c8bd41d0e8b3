/* SPDX-License-Identifier: Apache-2.0 */
/* A Mesos master as ZooKeeper announces it. A plain value. */
#ifndef MESOS_MASTER_H
#define MESOS_MASTER_H

#include <stdint.h>

#include "base/addr.h"
#include "base/dname.h"

struct mesos_master {
	char host[DNAME_MAX + 1]; /* a name, or a literal without brackets; never empty */
	struct addr addr;         /* where it listens; len 0: only the name is known */
	uint16_t port;
};

#endif
