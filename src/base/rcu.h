/* SPDX-License-Identifier: Apache-2.0 */
/* liburcu's QSBR flavour, and the words that ThreadSanitizer needs beside it: the library's barriers are invisible to
 * it, so a TSan build also tells it where a reader lets go and where memory is taken back. */
#ifndef BASE_RCU_H
#define BASE_RCU_H

#define URCU_INLINE_SMALL_FUNCTIONS
#include <urcu/urcu-qsbr.h>

#if defined(__SANITIZE_THREAD__)
#define BASE_RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BASE_RCU_TSAN 1
#endif
#endif

#ifdef BASE_RCU_TSAN
extern char rcu_tsan_point;
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define RCU_TSAN_LET_GO()    __tsan_release(&rcu_tsan_point)
#define RCU_TSAN_TAKE_BACK() __tsan_acquire(&rcu_tsan_point)
#else
#define RCU_TSAN_LET_GO()    ((void)0)
#define RCU_TSAN_TAKE_BACK() ((void)0)
#endif

/* A reader thread: registered once; holds nothing it read before at each quiescent point; offline while it waits. */
static inline void rcu_reader_register(void)
{
	urcu_qsbr_register_thread();
}

static inline void rcu_reader_unregister(void)
{
	RCU_TSAN_LET_GO();
	urcu_qsbr_unregister_thread();
}

static inline void rcu_reader_quiescent(void)
{
	RCU_TSAN_LET_GO();
	urcu_qsbr_quiescent_state();
}

static inline void rcu_reader_offline(void)
{
	RCU_TSAN_LET_GO();
	urcu_qsbr_thread_offline();
}

static inline void rcu_reader_online(void)
{
	urcu_qsbr_thread_online();
}

#endif
