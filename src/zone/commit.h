/* SPDX-License-Identifier: Apache-2.0 */
/* From the touches of a transaction to a new version of the map. Inside zone/.
 *
 * A fold works in this order: build what has changed records (SRV last, since it copies addresses), carry births and
 * deaths of names upwards, put it all into the map. The last fold also builds the cluster's apex with its serial. */
#ifndef ZONE_COMMIT_H
#define ZONE_COMMIT_H

#include "zone/txn.h"

struct commit;

/* Folds the touches into the version under construction and forgets them. On an error the transaction has failed. */
int commit_fold(struct zone_txn *txn);
/* The last fold: the snapshot is ready. On an error nothing has changed. */
int commit_prepare(struct zone_txn *txn);
/* Publishes it, with the cluster's part (see zone_txn_publish()). */
void commit_publish(struct zone_txn *txn, const struct cluster_view *cluster, struct retired *elements,
	struct zone_commit *result);
/* As zone_txn_counts(). */
void commit_counts(const struct commit *commit, uint32_t *added, uint32_t *removed);
/* Frees what the folds and the preparation have made so far. */
void commit_abort(struct zone_txn *txn);
/* The map under construction, NULL before the first fold. */
const struct pmap *commit_nodes(const struct commit *commit);

#endif
