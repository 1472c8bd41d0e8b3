/* SPDX-License-Identifier: Apache-2.0 */
/* What masters leave in ZooKeeper: nodes `json.info_0000000010` (MasterInfo as JSON, since Mesos 0.24) and
 * `info_0000000008` (as a protocol buffer, before), of which only the address matters. Pure functions of names and
 * bytes that come from outside. Any thread. */
#ifndef MESOS_MASTERINFO_H
#define MESOS_MASTERINFO_H

#include <stddef.h>

#include "mesos/master.h"

#define MASTERINFO_MAX 65536 /* bytes of a node; real ones have some 300 */

enum masterinfo_form { MASTERINFO_NONE, MASTERINFO_JSON, MASTERINFO_PROTOBUF };

/* Whether a node of this name is a master's, and its sequence number: the lowest leads. ZooKeeper counts in 32 bits
 * and goes on below zero. */
enum masterinfo_form masterinfo_parse_name(const char *name, int32_t *sequence);

/* The node's bytes to the master's address: `address` counts, then `pid`, then the integer `ip`, then `hostname`. The
 * host is the name that the master goes by, or its address. ERR_FORMAT, ERR_LIMIT: `*out` is as it was. */
int masterinfo_parse(enum masterinfo_form form, const void *data, size_t len, struct mesos_master *out);

#endif
