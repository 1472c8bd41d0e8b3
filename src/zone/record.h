/* SPDX-License-Identifier: Apache-2.0 */
/* Single records in a node of a snapshot, as the naming rules tell of them. Any thread that may read the snapshot. */
#ifndef ZONE_RECORD_H
#define ZONE_RECORD_H

#include "zone/naming.h"
#include "zone/snapshot.h"
#include "zone/store.h"

/* How often the record is counted at the node, over all ranks; 0: it is not there, or held back by better ones. */
uint32_t zone_record_count(const struct zone_node *node, const struct naming_record *record);

#endif
