/* SPDX-License-Identifier: Apache-2.0 */
/* daemon/notify: a watchdog hears of a server no longer than all of its threads live. These are this test's. */
#include "t/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/siphash.h"
#include "daemon/notify.h"

/* --- the others --- */

static uint64_t pongs[2], turns;

unsigned server_workers(const struct server *server)
{
	return 2;
}

void server_ping(struct server *server)
{
}

uint64_t server_pongs(const struct server *server, unsigned worker)
{
	return pongs[worker];
}

void follow_ping(struct follow *follow)
{
}

void follow_read_counters(struct follow *follow, struct follow_counters *out)
{
	*out = (struct follow_counters){.turns = turns};
}

/* --- the test --- */

static const struct zone_soa soa = {.mname = "ns1.mesos.", .rname = "root.mesos.", .ttl = 60};

static struct {
	int manager; /* its end */
	char dir[32], path[64];
	struct ev_loop *loop;
	struct zone_store *store;
	struct notify notify;
} f;

static int setup(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int one, other, err; /* the first two are never looked into */

	siphash_init();
	strcpy(f.dir, "/tmp/mesos-named-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.path, sizeof(f.path), "%s/notify", f.dir);
	strcpy(addr.sun_path, f.path);
	f.manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(f.manager >= 0);
	assert_int_equal(bind(f.manager, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", f.path, 1);
	setenv("WATCHDOG_USEC", "60000000", 1);
	f.loop = ev_loop_new(EVFLAG_NOENV);
	f.store = zone_store_new("mesos", &soa, &err);
	assert_non_null(f.store);
	assert_int_equal(
		notify_init(&f.notify, f.loop, f.store, (struct server *)&one, (struct follow *)&other), 0);
	return 0;
}

static int teardown(void **state)
{
	notify_fini(&f.notify);
	zone_store_free(f.store);
	ev_loop_destroy(f.loop);
	close(f.manager);
	unlink(f.path);
	rmdir(f.dir);
	return 0;
}

/* What the manager hears now. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t len;

	notify_tell(&f.notify);
	len = recv(f.manager, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* So many rounds of asking, in which the main thread is the only one to do something, or with these. */
static void rounds(unsigned count, bool first, bool second, bool mesos)
{
	for (unsigned i = 0; i < count; i++) {
		pongs[0] += first;
		pongs[1] += second;
		turns += mesos;
		alive_ask(f.notify.alive);
	}
}

static void all_threads_live(void **state)
{
	assert_string_equal(heard(), "STATUS=Waiting for the first state of the cluster\nWATCHDOG=1\n");
	rounds(ALIVE_MISSES, true, true, true);
	assert_string_equal(heard(), "WATCHDOG=1\n");
	/* a worker is stuck */
	rounds(ALIVE_MISSES, true, false, true);
	assert_string_equal(heard(), "");
	rounds(1, true, true, true);
	assert_string_equal(heard(), "WATCHDOG=1\n");
	/* the Mesos thread is */
	rounds(ALIVE_MISSES - 1, true, true, false);
	assert_string_equal(heard(), "WATCHDOG=1\n");
	rounds(1, true, true, false);
	assert_string_equal(heard(), "");
}

static void ready_without_a_state_in_the_end(void **state)
{
	heard();
	f.notify.since -= NOTIFY_PATIENCE - 1;
	assert_string_equal(heard(), "WATCHDOG=1\n");
	f.notify.since -= 2;
	assert_string_equal(heard(), "READY=1\nWATCHDOG=1\n");
	assert_string_equal(heard(), "WATCHDOG=1\n");
}

/* The manager is busy, or is being replaced. */
static void what_does_not_arrive_is_told_again(void **state)
{
	char away[80];

	snprintf(away, sizeof(away), "%s-away", f.path);
	assert_int_equal(rename(f.path, away), 0);
	f.notify.since -= NOTIFY_PATIENCE;
	assert_string_equal(heard(), "");
	assert_int_equal(rename(away, f.path), 0);
	assert_string_equal(heard(), "READY=1\nSTATUS=Waiting for the first state of the cluster\nWATCHDOG=1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_threads_live, setup, teardown),
		cmocka_unit_test_setup_teardown(ready_without_a_state_in_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_arrive_is_told_again, setup, teardown),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
