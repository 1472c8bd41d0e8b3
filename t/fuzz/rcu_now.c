/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of liburcu's deferred calls: a harness has one thread and no reader, so every grace period is
 * over at once. What a snapshot still uses and should not is then seen in the run that has the fault. */
#include "base/rcu.h"

void urcu_qsbr_call_rcu(struct rcu_head *head, void (*call)(struct rcu_head *head))
{
	call(head);
}

void urcu_qsbr_barrier(void)
{
}
