/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "t/sim/document.h"
#include "t/sim/render_v1.h"
#include "t/sim/rng.h"
#include "t/sim/sim.h"

#define SLOW_STEPS   20 /* a second */
#define MAX_DEFAULT  1000
#define BEAT_DEFAULT 15000000U

struct item { /* of a queue: a piece of a document */
	STAILQ_ENTRY(item) entry;
	struct document *document; /* counted */
	size_t from, to;
	uint64_t due; /* microseconds; not to be sent before */
};

struct subscriber {
	TAILQ_ENTRY(subscriber) entry;
	struct sim *sim;
	const struct sim_master *master;
	STAILQ_HEAD(, item) queue;
	uint64_t queued; /* bytes */
	uint64_t next_beat;
	enum stream_end end; /* once the queue is empty */
	int wake;            /* an eventfd */
	struct rng rng;
	bool faulty;
	struct fault fault;
	uint64_t cleared; /* the fault ends when the simulation's differs */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_nsec / 1000U;
}

void streams_init(struct streams *st)
{
	*st = (struct streams){.max = MAX_DEFAULT, .heartbeat = BEAT_DEFAULT, .beating = true};
	TAILQ_INIT(&st->list);
}

int stream_parse_end(const char *name, enum stream_end *out)
{
	static const char *const names[] = {"", "eof", "last", "reset", "middle"};

	for (unsigned i = STREAM_EOF; i <= STREAM_MIDDLE; i++)
		if (!strcmp(names[i], name)) {
			*out = (enum stream_end)i;
			return 0;
		}
	return ERR_NOTFOUND;
}

int stream_parse_chunks(const char *name, enum stream_chunks *out)
{
	static const char *const names[] = {"record", "byte", "random", "buffer"};

	for (unsigned i = STREAM_BY_RECORD; i <= STREAM_BY_BUFFER; i++)
		if (!strcmp(names[i], name)) {
			*out = (enum stream_chunks)i;
			return 0;
		}
	return ERR_NOTFOUND;
}

static void wake(struct subscriber *sub)
{
	const uint64_t one = 1;
	ssize_t n = write(sub->wake, &one, sizeof(one));

	(void)n; /* it cannot be full: nobody counts that far */
}

void streams_wake(struct sim *s)
{
	struct subscriber *sub;

	TAILQ_FOREACH (sub, &s->streams.list, entry)
		wake(sub);
}

/* Takes a reference of its own. */
static void queue_piece(struct subscriber *sub, struct document *d, size_t from, size_t to, uint64_t due)
{
	struct item *i = to > from ? calloc(1, sizeof(*i)) : NULL;

	if (!i)
		return;
	i->document = document_get(d);
	i->from = from;
	i->to = to;
	i->due = due;
	STAILQ_INSERT_TAIL(&sub->queue, i, entry);
	sub->queued += to - from;
}

static void drop_first(struct subscriber *sub)
{
	struct item *i = STAILQ_FIRST(&sub->queue);

	STAILQ_REMOVE_HEAD(&sub->queue, entry);
	sub->queued -= i->to - i->from;
	document_put(i->document);
	free(i);
}

/* Nothing more is told to it; what is in its queue still goes out before the end. */
static void leave(struct subscriber *sub, enum stream_end how)
{
	sub->sim->streams.count--;
	sub->end = how;
	wake(sub);
}

static struct subscriber *find_oldest(const struct streams *st)
{
	struct subscriber *sub;

	TAILQ_FOREACH (sub, &st->list, entry)
		if (!sub->end)
			return sub;
	return NULL;
}

/* With its length before it. Takes the text over; NULL if memory is exhausted. */
static struct document *make_record(struct text *json)
{
	struct text framed = {0};

	text_printf(&framed, "%zu\n", json->len);
	text_put(&framed, json->data, json->len);
	framed.failed |= json->failed;
	text_fini(json);
	return document_new(&framed, 0);
}

static void queue_heartbeat(struct subscriber *sub)
{
	struct text json = {0};

	text_lit(&json, "{\"type\":\"HEARTBEAT\"}");
	struct document *d = make_record(&json);
	if (d)
		queue_piece(sub, d, 0, d->plain.len, 0);
	document_put(d);
	sub->sim->counters.heartbeats++;
}

/* The whole state, its length as a piece of its own. */
static int queue_snapshot(struct subscriber *sub)
{
	struct text length = {0};
	struct document *d = sim_document(sub->sim, sub->master, SIM_SUBSCRIBED);

	if (!d)
		return ERR_NOMEM;
	text_printf(&length, "%zu\n", d->plain.len);
	struct document *head = document_new(&length, 0);
	if (head) {
		queue_piece(sub, head, 0, head->plain.len, 0);
		queue_piece(sub, d, 0, d->plain.len, 0);
	}
	document_put(head);
	document_put(d);
	return head ? 0 : ERR_NOMEM;
}

/* The recording, up to where it is cut. */
static void queue_play(struct subscriber *sub)
{
	struct play *p = &sub->sim->play;
	bool cut = p->cut < p->count && p->cuts;
	size_t whole = cut ? p->cut : p->count;
	uint64_t now = now_us();

	for (size_t i = 0; i < whole + (cut && p->middle); i++) {
		const struct play_piece *piece = &p->pieces[i];
		uint64_t due = p->pace > 0 ? now + (uint64_t)((double)piece->time / p->pace) : 0;
		size_t to = i < whole ? piece->to : piece->from + (piece->to - piece->from) / 2;
		queue_piece(sub, p->document, piece->from, to, due);
	}
	if (cut)
		p->cuts -= p->cuts != UINT64_MAX;
	if (cut || p->end)
		leave(sub, cut ? STREAM_EOF : p->end);
}

static void release(struct subscriber *sub)
{
	while (!STAILQ_EMPTY(&sub->queue))
		drop_first(sub);
	if (sub->wake >= 0)
		close(sub->wake);
	free(sub);
}

struct subscriber *stream_new(struct sim *s, const struct sim_master *m, const struct fault *fault)
{
	struct streams *st = &s->streams;
	struct subscriber *sub = calloc(1, sizeof(*sub));

	if (!sub)
		return NULL;
	sub->sim = s;
	sub->master = m;
	sub->rng.state = st->seed++;
	sub->cleared = s->faults.cleared;
	STAILQ_INIT(&sub->queue);
	if (fault) {
		sub->faulty = true;
		sub->fault = *fault;
	}
	sub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool playing = s->play.document != NULL;
	if (sub->wake < 0 || (!playing && queue_snapshot(sub))) {
		release(sub);
		return NULL;
	}
	if (!playing)
		queue_heartbeat(sub);
	sub->next_beat = now_us() + st->heartbeat;
	if (st->max && st->count >= st->max) {
		leave(find_oldest(st), STREAM_LAST);
		s->counters.pushed_out++;
	}
	TAILQ_INSERT_TAIL(&st->list, sub, entry);
	st->count++;
	s->counters.snapshots++;
	if (playing)
		queue_play(sub);
	return sub;
}

void stream_free(struct subscriber *sub)
{
	struct streams *st = &sub->sim->streams;

	sim_lock(sub->sim);
	TAILQ_REMOVE(&st->list, sub, entry);
	st->count -= !sub->end;
	sim_unlock(sub->sim);
	release(sub);
}

/* Linux resets a connection that is dissolved. */
static void reset_connection(int fd)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	connect(fd, &nobody, sizeof(nobody));
}

/* Waits without the lock until something may be different, or the time has come (UINT64_MAX: none). False: the
 * client is gone. */
static bool wait_for_news(struct subscriber *sub, int fd, uint64_t until)
{
	struct pollfd fds[2] = {{fd, POLLRDHUP, 0}, {sub->wake, POLLIN, 0}};
	uint64_t now = now_us(), count;
	struct timespec left = {0};

	sim_unlock(sub->sim);
	if (until > now)
		left = (struct timespec){(time_t)((until - now) / 1000000U), (long)((until - now) % 1000000U) * 1000};
	int n = ppoll(fds, 2, until == UINT64_MAX ? NULL : &left, NULL);
	if (n > 0 && fds[1].revents) {
		ssize_t got = read(sub->wake, &count, sizeof(count));
		(void)got;
	}
	sim_lock(sub->sim);
	return n < 0 ? errno == EINTR : !fds[0].revents;
}

/* A fault's hold on what goes out next: how many bytes may, or a negative return for libmicrohttpd. */
static ssize_t apply_fault(struct subscriber *sub, int fd, uint64_t pos, size_t max)
{
	const struct fault *f = &sub->fault;

	if (!sub->faulty || sub->cleared != sub->sim->faults.cleared)
		return (ssize_t)max;
	if (f->kind == FAULT_SLOW)
		return (ssize_t)(f->rate < SLOW_STEPS ? 1 : f->rate / SLOW_STEPS);
	if (f->kind != FAULT_CUT && f->kind != FAULT_STALL && f->kind != FAULT_TRUNCATE)
		return (ssize_t)max;
	if (pos < f->after)
		return (ssize_t)(f->after - pos < max ? f->after - pos : max);
	while (f->kind == FAULT_STALL && sub->cleared == sub->sim->faults.cleared && !sub->sim->stopping)
		if (!wait_for_news(sub, fd, UINT64_MAX))
			break;
	return f->kind == FAULT_TRUNCATE ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* How long the next chunk may be. */
static size_t cut_chunk(struct subscriber *sub, size_t max)
{
	const struct streams *st = &sub->sim->streams;
	size_t n = max;

	if (st->chunks == STREAM_BY_BYTE) {
		n = 1;
	} else if (st->chunks == STREAM_BY_CHANCE) {
		static const size_t sizes[] = {4, 50, 700, 20000};
		n = 1 + rng_below(&sub->rng, sizes[rng_below(&sub->rng, 4)]);
	}
	if (st->rate && n > st->rate / SLOW_STEPS)
		n = st->rate < SLOW_STEPS ? 1 : st->rate / SLOW_STEPS;
	return n < max ? n : max;
}

/* Moves up to `max` bytes from the queue. */
static size_t take_bytes(struct subscriber *sub, uint64_t now, char *buf, size_t max)
{
	enum stream_chunks chunks = sub->sim->streams.chunks;
	bool join = chunks == STREAM_BY_CHANCE || chunks == STREAM_BY_BUFFER;
	struct item *i;
	size_t n = 0;

	while (n < max && (i = STAILQ_FIRST(&sub->queue)) && i->due <= now) {
		size_t part = i->to - i->from < max - n ? i->to - i->from : max - n;
		memcpy(buf + n, i->document->plain.data + i->from, part);
		n += part;
		i->from += part;
		sub->queued -= part;
		if (i->from < i->to)
			break;
		bool record_ends = i->document->plain.data[i->to - 1] != '\n';
		drop_first(sub);
		if (record_ends && !join)
			break;
	}
	if (sub->faulty && sub->fault.kind == FAULT_GARBAGE && sub->cleared == sub->sim->faults.cleared)
		for (size_t k = 0; k < n; k++)
			buf[k] = (char)rng_next(&sub->rng);
	return n;
}

static ssize_t finish(struct subscriber *sub, int fd)
{
	if (sub->end == STREAM_RESET)
		reset_connection(fd);
	return sub->end == STREAM_LAST ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* stream_read() under the lock. */
static ssize_t read_locked(struct subscriber *sub, int fd, uint64_t pos, char *buf, size_t max)
{
	struct sim *s = sub->sim;
	uint64_t paced = s->streams.rate || (sub->faulty && sub->fault.kind == FAULT_SLOW)
				 ? now_us() + 1000000U / SLOW_STEPS
				 : 0;

	for (;;) {
		const struct item *first = STAILQ_FIRST(&sub->queue);
		bool more = first && !sub->master->silent;
		uint64_t now = now_us(), until = UINT64_MAX, due = first && first->due > paced ? first->due : paced;
		if (s->stopping || (sub->end && !first))
			return finish(sub, fd);
		if (s->streams.beating && !sub->end && !sub->master->silent) {
			if (now >= sub->next_beat) {
				sub->next_beat += s->streams.heartbeat;
				queue_heartbeat(sub);
				continue;
			}
			until = sub->next_beat;
		}
		if (more && now >= due)
			break;
		if (more && due < until)
			until = due;
		if (!wait_for_news(sub, fd, until))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	ssize_t room = apply_fault(sub, fd, pos, max);
	if (room < 0)
		return room;
	size_t n = take_bytes(sub, now_us(), buf, cut_chunk(sub, (size_t)room));
	s->counters.stream_bytes += n;
	return (ssize_t)n;
}

ssize_t stream_read(struct subscriber *sub, int fd, uint64_t pos, char *buf, size_t max)
{
	sim_lock(sub->sim);
	ssize_t n = read_locked(sub, fd, pos, buf, max);
	sim_unlock(sub->sim);
	return n;
}

static bool is_for(const struct subscriber *sub, unsigned master)
{
	return !sub->end && (!master || sub->master->number == master);
}

static void send_document(struct sim *s, unsigned master, struct document *d)
{
	struct subscriber *sub;

	if (!d)
		return;
	TAILQ_FOREACH (sub, &s->streams.list, entry)
		if (is_for(sub, master)) {
			queue_piece(sub, d, 0, d->plain.len, 0);
			wake(sub);
			s->counters.events_sent++;
		}
	document_put(d);
}

void streams_send(struct sim *s, unsigned master, struct text *json)
{
	send_document(s, master, make_record(json));
}

void streams_send_raw(struct sim *s, unsigned master, struct text *bytes)
{
	send_document(s, master, document_new(bytes, 0));
}

/* Half of what is on its way, or of a heartbeat, is the last that goes out. */
static void halve(struct subscriber *sub)
{
	if (STAILQ_EMPTY(&sub->queue))
		queue_heartbeat(sub);
	struct item *i = STAILQ_FIRST(&sub->queue);
	if (!i)
		return;
	STAILQ_REMOVE_HEAD(&sub->queue, entry);
	while (!STAILQ_EMPTY(&sub->queue))
		drop_first(sub);
	STAILQ_INSERT_HEAD(&sub->queue, i, entry);
	i->to -= (i->to - i->from) / 2;
	sub->queued = i->to - i->from;
}

static void end_one(struct subscriber *sub, enum stream_end how)
{
	if (how == STREAM_MIDDLE)
		halve(sub);
	else if (how != STREAM_LAST)
		while (!STAILQ_EMPTY(&sub->queue))
			drop_first(sub);
	leave(sub, how);
}

size_t streams_end(struct sim *s, unsigned master, enum stream_end how, bool oldest)
{
	struct subscriber *sub, *next;
	size_t n = 0;

	for (sub = TAILQ_FIRST(&s->streams.list); sub && !(oldest && n); sub = next) {
		next = TAILQ_NEXT(sub, entry);
		if (!is_for(sub, master))
			continue;
		end_one(sub, how);
		n++;
	}
	s->counters.pushed_out += how == STREAM_LAST ? n : 0;
	return n;
}

void streams_tell(void *cls, const struct cluster_news *news)
{
	struct sim *s = cls;
	struct text json = {0};

	s->counters.events++;
	if (!s->streams.count || !s->leader || s->play.document)
		return;
	render_v1_event(&json, news);
	streams_send(s, s->leader, &json);
}

uint64_t streams_queued(const struct sim *s)
{
	const struct subscriber *sub;
	uint64_t sum = 0;

	TAILQ_FOREACH (sub, &s->streams.list, entry)
		sum += sub->queued;
	return sum;
}
