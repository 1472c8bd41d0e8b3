/* SPDX-License-Identifier: Apache-2.0 */
/* The event stream without memory: each allocation on the way of a snapshot, of events and of a check fails in turn.
 * The zone is then the one before or the one after, who is responsible is told, and a new connection brings all. Linked
 * with
 * --wrap for the allocator. */
#include "t/unit/stream.h"

#include <fcntl.h>
#include <unistd.h>

#include "t/unit/alloc.h"
#include "t/unit/recordings.h"

#define RECORDING "real-A.recordio"

/* Moments of the recording with much in the records between them. */
static const struct {
	size_t from, to;
} spans[] = {{2, 8}, {91, 97}, {97, 104}};

static int logs; /* where the log goes; hundreds of lines about memory would only hide others */

static int quiet(void **state)
{
	int nowhere = open("/dev/null", O_WRONLY);

	logs = dup(2);
	dup2(nowhere, 2);
	close(nowhere);
	return 0;
}

static int loud(void **state)
{
	dup2(logs, 2);
	close(logs);
	return 0;
}

/* The whole state, with all the memory that it wants. */
static void subscribe(struct player *p, const char *snapshot)
{
	play_disconnect(p);
	play_connect(p);
	assert_int_equal(play_text(p, snapshot), 0);
}

/* As play_record(), without an allocation of its own. */
static int feed_record(struct player *p, const char *json, size_t len)
{
	char head[24];
	int head_len = snprintf(head, sizeof(head), "%zu\n", len);
	int rc = stream_parser_feed(p->parser, head, (size_t)head_len);

	return rc ? rc : stream_parser_feed(p->parser, json, len);
}

/* What a step does that lacks memory. */
typedef int step(struct player *p, const struct recording *r, size_t from, size_t to, const char *after);

static int play_snapshot(struct player *p, const struct recording *r, size_t from, size_t to, const char *after)
{
	int rc = feed_record(p, after, strlen(after));

	if (rc)
		play_disconnect(p);
	return rc;
}

static int play_events(struct player *p, const struct recording *r, size_t from, size_t to, const char *after)
{
	int rc = 0;

	for (size_t k = from; k < to && !rc; k++)
		rc = feed_record(p, r->records[k].json, r->records[k].len);
	if (rc)
		play_disconnect(p);
	int flush = apply_flush(p->apply);
	return rc ? rc : flush;
}

static int play_state(struct player *p, const struct recording *r, size_t from, size_t to, const char *after)
{
	const struct state_sink sink = apply_check_sink(p->apply);
	struct state_parser *parser;
	int rc;

	apply_check_begin(p->apply, APPLY_STATE);
	parser = state_parser_new(&sink);
	rc = parser ? state_parser_feed(parser, after, strlen(after)) : ERR_NOMEM;
	if (!rc)
		rc = state_parser_finish(parser);
	state_parser_free(parser);
	int end = apply_check_end(p->apply, !rc);
	return rc ? rc : end;
}

/* The zone is one that the master had between these records: those of a batch that was lost, and no others, are
 * missing. */
static void is_a_moment(const struct player *p, const struct recording *r, size_t from, size_t to)
{
	char *now = rig_dump(p->rig);
	bool found = false;

	for (size_t k = from; k <= to && !found; k++) {
		struct master *m = master_of(r, k);
		char *state = master_state(m);
		struct rig *rig = rig_new();

		assert_int_equal(rig_take(rig, state, strlen(state)), 0);
		char *then = rig_dump(rig);
		found = !strcmp(now, then);
		free(then);
		rig_free(rig);
		free(state);
		master_free(m);
	}
	assert_true(found);
	free(now);
}

static void fail_in_turn(step *way, bool state, bool new_connection, enum alloc_calls calls, bool for_good)
{
	const struct recording *r = find_recording(RECORDING);

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct master *before = master_of(r, spans[i].from), *after = master_of(r, spans[i].to);
		char *snapshot = master_subscribed(before);
		char *target = state ? master_state(after) : master_subscribed(after);
		struct player *p = player_new();
		unsigned refused = 0, failures = 1;

		for (unsigned n = 0; failures; n++) {
			subscribe(p, snapshot);
			char *dump = rig_dump(p->rig);
			unsigned wants = p->wants[APPLY_WANT_SUBSCRIBE];
			if (new_connection) {
				play_disconnect(p);
				play_connect(p);
			}
			alloc_fail_after(n, calls, for_good);
			int rc = way(p, r, spans[i].from, spans[i].to, target);
			failures = alloc_fail_end();
			assert_true(failures ? !rc || rc == ERR_NOMEM : !rc);
			refused += rc != 0;
			if (rc && way == play_events) {
				/* the parser tells by its error, apply asks for it */
				assert_true(!p->parser || p->wants[APPLY_WANT_SUBSCRIBE] > wants);
				is_a_moment(p, r, spans[i].from, spans[i].to);
			} else if (rc) { /* as it was */
				char *now = rig_dump(p->rig);

				assert_string_equal(now, dump);
				free(now);
			}
			free(dump);
		}
		assert_true(refused > (calls == ALLOC_RESIZE ? 0 : 5));
		player_free(p);
		master_free(before);
		master_free(after);
		free(snapshot);
		free(target);
	}
}

static void a_snapshot_without_memory(void **state)
{
	fail_in_turn(play_snapshot, false, true, ALLOC_NEW, false);
	fail_in_turn(play_snapshot, false, true, ALLOC_NEW, true);
	fail_in_turn(play_snapshot, false, true, ALLOC_RESIZE, false);
}

static void events_without_memory(void **state)
{
	fail_in_turn(play_events, false, false, ALLOC_NEW, false);
	fail_in_turn(play_events, false, false, ALLOC_NEW, true);
	fail_in_turn(play_events, false, false, ALLOC_RESIZE, false);
}

static void a_check_without_memory(void **state)
{
	fail_in_turn(play_state, true, false, ALLOC_NEW, false);
	fail_in_turn(play_state, true, false, ALLOC_NEW, true);
	fail_in_turn(play_state, true, false, ALLOC_RESIZE, false);
}

static void nothing_can_be_made(void **state)
{
	const struct stream_sink sink = {.event = play_event};
	const struct apply_settings settings = {0};

	alloc_fail_after(0, ALLOC_NEW, false);
	assert_null(stream_parser_new(&sink));
	assert_int_equal(alloc_fail_end(), 1);
	alloc_fail_after(0, ALLOC_NEW, false);
	assert_null(apply_new(&settings));
	assert_int_equal(alloc_fail_end(), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, quiet, loud)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_snapshot_without_memory),
		T(events_without_memory),
		T(a_check_without_memory),
		cmocka_unit_test(nothing_can_be_made),
	};

	return cmocka_run_group_tests_name("stream_memory", tests, read_recordings, free_recordings);
}
