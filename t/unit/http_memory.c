/* SPDX-License-Identifier: Apache-2.0 */
/* http/: no memory. For each path every allocation of ours fails in turn: the request gets an answer or a closed
 * connection, the next one is served, and nothing is lost. */
#include "t/unit/http_world.h"

#include <sys/socket.h>
#include <unistd.h>

#include "t/unit/alloc.h"

#define TASKS 12
#define MOST  3000 /* allocations of a request */

static int begin_group(void **state)
{
	static struct world world;

	*state = &world;
	return make_world(&world, TASKS);
}

static int end_group(void **state)
{
	return free_world(*state);
}

/* Asks without memory from the `n`th allocation on, or for that one alone. Returns how many failed. */
static unsigned ask_without(struct world *w, const char *request, unsigned n, bool for_good)
{
	int fd = client(w);

	alloc_fail_after(n, ALLOC_ANY, for_good);
	ask(fd, request);
	read_to_end(w, fd, 65536);
	unsigned failures = alloc_fail_end();
	close(fd);
	return failures;
}

static void any_allocation_may_fail(void **state)
{
	static const char *const requests[] = {
		"GET /v1/version HTTP/1.0\r\n\r\n",
		"GET /v1/config HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /v1/hosts/application-1.marathon.mesos HTTP/1.0\r\n\r\n",
		"GET /v1/services/_application-1._tcp.marathon.mesos HTTP/1.0\r\n\r\n",
		"GET /v1/hosts/application-1.marathon.mesos/ports HTTP/1.0\r\n\r\n",
		"GET /v1/axfr HTTP/1.0\r\n\r\n",
		"GET /v1/enumerate HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /v1/explain/application-1.marathon HTTP/1.0\r\n\r\n",
		"GET /v1/watch?serial=1 HTTP/1.0\r\n\r\n",
		"GET /v1/status HTTP/1.0\r\n\r\n",
		"GET /metrics HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n",
		"GET /nothing HTTP/1.0\r\n\r\n",
	};
	struct world *w = *state;

	serve(w, 0, patient);
	memset(&w->http->quota, 0, sizeof(w->http->quota));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		unsigned failed = 0;

		for (unsigned n = 0; ask_without(w, requests[i], n, n % 2); n++) {
			is_served(w);
			assert_true(++failed < MOST);
			memset(&w->http->quota, 0, sizeof(w->http->quota)); /* it is no client like others */
		}
		assert_true(failed > 1); /* the connection's and the request's at the least */
		assert_int_equal(w->http->streams, 0);
		assert_null(w->http->census);
	}
	end_service(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("http_memory", tests, begin_group, end_group);
}
