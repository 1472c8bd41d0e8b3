/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming parser for `/master/state` of Mesos 0.19 to 1.12: bytes in as they arrive, elements out as they
 * end. Memory is in proportion to one element, whatever the document's size. What does not count is skipped
 * unseen, also where it is not UTF-8 (Mesos does not check its texts).
 *
 * What a malformed thing costs; each is counted and told to the sink with its reason:
 *   the document      JSON that is malformed, cut, deeper than STATE_DEPTH_MAX or with a token above STATE_TOKEN_MAX; a
 *                     top level that is no object; `slaves` or `frameworks` missing or not arrays (a reply of
 *                     something that is no master would otherwise empty the zone)
 *   the element       an agent, framework or task without an id; a task without its framework's; an item of `slaves`,
 *                     `frameworks` or `tasks` that is no object
 *   the address       a pid: the agent or framework stays, without host and port, and so do its tasks; an IP text
 *                     among others: the others stay
 *   the port          a discovery port with any field that is malformed: the others stay
 *   the status        one whose state is missing or malformed is none that runs
 *   the field alone   everything else, `resources.ports` included: it is then as if missing
 * A null is as if missing, and not counted. Texts and lists beyond the limits of cluster/element.h are left out or cut
 * off. Of a key that occurs twice the last counts; arrays add up.
 *
 * One thread; the sink is called from inside state_parser_feed(). */
#ifndef MESOS_STATE_PARSE_H
#define MESOS_STATE_PARSE_H

#include "base/json_reader.h"
#include "cluster/build.h"

#define STATE_DEPTH_MAX    JSON_READER_DEPTH
#define STATE_TOKEN_MAX    JSON_READER_TOKEN
#define STATE_ELEMENTS_MAX 4000000u   /* of a document */
#define STATE_QUEUE_MAX    (16u << 20)

enum state_skip {
	STATE_SKIP_ID,         /* an element without its id */
	STATE_SKIP_PID,        /* a pid that is malformed, or an agent's that is missing */
	STATE_SKIP_ADDRESS,    /* an IP address that is none */
	STATE_SKIP_PORT_RANGE, /* resources.ports */
	STATE_SKIP_PORT,       /* a discovery port */
	STATE_SKIP_TYPE,       /* a value of another type than it must have */
	STATE_SKIP_NUMBER,     /* a number outside its range */
	STATE_SKIP_LIMIT,      /* too long or too many */
	STATE_SKIPS,
};

/* A short name for logs and metrics: "id", "pid", "address", ... */
const char *state_skip_name(enum state_skip reason);

/* Every callback but element() may be NULL. Texts are borrowed for the call and need not end with a NUL
 * unless said. A negative return value ends the parse: state_parser_feed() returns it. */
struct state_sink {
	void *ctx;
	/* `leader` of the document: "master@10.0.0.1:5050". */
	int (*leader)(void *ctx, const char *text, size_t len);
	/* An element with all that the document says of it, in no promised order (a framework comes after its
	 * tasks). It has no addrs yet and is not finished: the sink adds them for the host and calls
	 * cluster_build_finish(), which cannot fail for want of an id. The builder is the parser's and is
	 * reused after the call. */
	int (*element)(void *ctx, struct cluster_builder *builder);
	/* The id that the master gave itself when it started. */
	int (*master_id)(void *ctx, const char *text, size_t len);
	/* The document has a list of recovered agents, empty or not; masters before 1.1 have none. */
	int (*recovered_list)(void *ctx);
	/* The id of an agent that the master knows from its log and has not heard of yet. */
	int (*recovered_agent)(void *ctx, const char *id, size_t len);
	/* The id of a framework that is gone for good. */
	int (*completed_framework)(void *ctx, const char *id, size_t len);
	/* flags.agent_reregister_timeout: "10mins". */
	int (*reregister_timeout)(void *ctx, const char *text, size_t len);
	/* flags.registry: "replicated_log" or "in_memory". */
	int (*registry)(void *ctx, const char *text, size_t len);
	/* Something was left out. `text` says where, NUL-terminated and printable. */
	void (*skipped)(void *ctx, enum state_skip reason, const char *text);
};

struct state_counts {
	uint32_t agents, frameworks, tasks; /* that went to the sink */
	uint32_t skipped[STATE_SKIPS];
	uint64_t bytes;
};

struct state_parser;

/* A parser for one document; the sink is copied. NULL: out of memory. */
struct state_parser *state_parser_new(const struct state_sink *sink);
void state_parser_free(struct state_parser *p);
/* The next bytes, cut anywhere. ERR_FORMAT, ERR_LIMIT, ERR_NOMEM, or what the sink returned; then for ever
 * the same. */
int state_parser_feed(struct state_parser *p, const void *data, size_t len);
/* No more bytes come: 0 if the document was complete and a state. */
int state_parser_finish(struct state_parser *p);
/* What went wrong, in words; "" if nothing did. Valid as long as the parser. */
const char *state_parser_error(const struct state_parser *p);
const struct state_counts *state_parser_counts(const struct state_parser *p);

#endif
