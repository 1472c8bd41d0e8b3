/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings of real masters' event streams, played at full speed, byte by byte, and cut in the middle of every record
 * with a new connection: the zone is always the one of the state document of that moment. */
#include "t/unit/stream.h"

#include "t/unit/recordings.h"
#include "t/unit/same.h"

static const struct document *find_document(const char *name)
{
	for (size_t i = 0; i < document_count; i++)
		if (strstr(documents[i].name, name))
			return &documents[i];
	fail_msg("there is no document %s", name);
	return NULL;
}

/* Each recorded document against the stream up to the moment that it is from (actions.txt and the timelines of the
 * recordings say when that was). */
static void moments(void **state)
{
	static const struct {
		const char *document, *recording;
		size_t records;
	} cases[] = {
		{"A01-running.json", "real-A.recordio", 35}, {"A03-marathon.json", "real-A.recordio", 66},
		{"A05-framework-disconnected.json", "real-A.recordio", 73},
		{"A08-agent-unreachable.json", "real-A.recordio", 97},
		{"A10-framework-gone.json", "real-A.recordio", 132},
		{"C3-after-failover-5060.json", "real-C-5060.recordio", 3},
		{"C1-running-5050.json", "real-C-5070.recordio", 18}, /* the same tasks after a failover */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct document *d = find_document(cases[i].document);
		const struct recording *r = find_recording(cases[i].recording);
		struct rig *wanted = rig_new();
		struct player *p = player_new();

		assert_int_equal(rig_take(wanted, d->text, d->len), 0);
		play_connect(p);
		for (size_t k = 0; k < cases[i].records; k++) {
			assert_int_equal(play_record(p, r->records[k].json, r->records[k].len), 0);
			if (k % 3 == i % 3)
				assert_int_equal(apply_flush(p->apply), 0);
		}
		assert_int_equal(apply_flush(p->apply), 0);
		same_zone(p->rig, wanted, d->name);
		same_elements(p->rig, wanted, false, d->name);
		assert_int_equal(apply_counters(p->apply)->unknown_tasks, 0);
		player_free(p);
		rig_free(wanted);
	}
}

/* The v1 API's whole state and /master/state, of the same moment. */
static void snapshots(void **state)
{
	static const char *const names[] = {"A01-running", "A03-marathon", "A08-agent-unreachable"};
	const char *source = getenv("MN_SRCDIR") ? getenv("MN_SRCDIR") : ".";

	for (size_t i = 0; i < 3; i++) {
		char path[900], record[1 << 16];
		size_t len;

		snprintf(path, sizeof(path), "%s/t/data/stream/mesos-1.12.0-real-%s.GET_STATE.json", source, names[i]);
		char *text = read_file(path, &len);
		const char *from = strstr(text, "\"get_state\":");
		assert_non_null(from);
		int n = snprintf(record, sizeof(record), "{\"type\":\"SUBSCRIBED\",\"subscribed\":{%.*s}",
			(int)(len - (size_t)(from - text)), from);
		assert_true(n > 0 && (size_t)n < sizeof(record));
		const struct document *d = find_document(names[i]);
		struct rig *wanted = rig_new();
		struct player *p = player_new();
		assert_int_equal(rig_take(wanted, d->text, d->len), 0);
		play_connect(p);
		assert_int_equal(play_text(p, record), 0);
		assert_int_equal(p->snapshots, 1);
		same_zone(p->rig, wanted, d->name);
		same_elements(p->rig, wanted, true, d->name);
		player_free(p);
		rig_free(wanted);
		free(text);
	}
}

/* The zone of the master's document is the player's. */
static void same_as_master(const struct player *p, const struct master *m, const char *where)
{
	char *text = master_state(m);
	struct rig *wanted = rig_new();

	assert_int_equal(rig_take(wanted, text, strlen(text)), 0);
	same_zone(p->rig, wanted, where);
	rig_free(wanted);
	free(text);
}

static void byte_by_byte(void **state)
{
	for (size_t i = 0; i < recording_count; i++) {
		const struct recording *r = &recordings[i];
		struct player *whole = player_new(), *bytes = player_new();
		struct master *m = master_of(r, r->count);

		play_connect(whole);
		assert_int_equal(play(whole, r->text, r->len), 0);
		assert_int_equal(apply_flush(whole->apply), 0);
		assert_true(stream_parser_at_boundary(whole->parser));
		same_as_master(whole, m, r->name);
		play_connect(bytes);
		for (size_t k = 0; k < r->len; k++)
			assert_int_equal(play(bytes, r->text + k, 1), 0);
		assert_int_equal(apply_flush(bytes->apply), 0);
		same_zone(bytes->rig, whole->rig, r->name);
		same_elements(bytes->rig, whole->rig, true, r->name);
		assert_int_equal(stream_parser_counts(bytes->parser)->bytes, r->len);
		assert_int_equal(stream_parser_counts(bytes->parser)->bad, 0);
		player_free(whole);
		player_free(bytes);
		master_free(m);
	}
}

/* After each record, committed by itself. */
static void one_by_one(void **state)
{
	for (size_t i = 0; i < recording_count; i++) {
		const struct recording *r = &recordings[i];
		struct player *p = player_new();
		struct master *m = master_new("master@127.0.0.1:15050");
		char where[400];

		play_connect(p);
		for (size_t k = 0; k < r->count; k++) {
			json_t *event = json_loadb(r->records[k].json, r->records[k].len, 0, NULL);

			snprintf(where, sizeof(where), "%.300s record %zu", r->name, k);
			assert_int_equal(play_record(p, r->records[k].json, r->records[k].len), 0);
			assert_int_equal(apply_flush(p->apply), 0);
			master_take(m, event);
			json_decref(event);
			same_as_master(p, m, where);
		}
		player_free(p);
		master_free(m);
	}
}

/* The connection ends in the middle of a record, and another brings the state as it is by then. */
static void cut(void **state)
{
	for (size_t i = 0; i < recording_count; i++) {
		const struct recording *r = &recordings[i];
		struct player *p = player_new();

		for (size_t k = 0; k < r->count; k++) {
			const struct record *record = &r->records[k];
			struct master *m = master_of(r, k);
			char *snapshot = master_subscribed(m), where[400], head[24];
			uint32_t before = k ? rig_serial(p->rig) : 0;

			snprintf(where, sizeof(where), "%.300s record %zu", r->name, k);
			play_connect(p);
			if (k) { /* what is known is told again: nothing changes */
				assert_int_equal(play_text(p, snapshot), 0);
				same_as_master(p, m, where);
				if (k > 1)
					assert_int_equal(rig_serial(p->rig), before);
			}
			snprintf(head, sizeof(head), "%zu\n", record->len);
			assert_int_equal(play(p, head, strlen(head)), 0);
			assert_int_equal(play(p, record->json, record->len / 2), 0);
			assert_false(stream_parser_at_boundary(p->parser));
			play_disconnect(p);
			assert_int_equal(apply_flush(p->apply), 0);
			if (k)
				same_as_master(p, m, where);
			free(snapshot);
			master_free(m);
			/* and the event comes after all */
			play_connect(p);
			m = master_of(r, k + 1);
			snapshot = master_subscribed(m);
			assert_int_equal(play_text(p, snapshot), 0);
			same_as_master(p, m, where);
			play_disconnect(p);
			free(snapshot);
			master_free(m);
		}
		player_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments),
		cmocka_unit_test(snapshots),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests_name("stream_play", tests, read_recordings, free_recordings);
}
