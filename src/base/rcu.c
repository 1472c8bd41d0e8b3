/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rcu.h"

/* In every build, so that this is a translation unit in every build. */
extern char rcu_tsan_point;
char rcu_tsan_point;

#ifdef BASE_RCU_TSAN
/* The library's own barrier hands memory between its threads in ways that only it knows to be sound. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:urcu_qsbr_barrier\n";
}
#endif
