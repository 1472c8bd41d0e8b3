/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rcu.h"

/* In every build, so that this is a translation unit in every build. */
extern char rcu_tsan_point;
char rcu_tsan_point;
