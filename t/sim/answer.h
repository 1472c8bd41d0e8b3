/* SPDX-License-Identifier: Apache-2.0 */
/* What a master answers, faults apart: endpoints, standbys, authentication. No sockets here. */
#ifndef T_SIM_ANSWER_H
#define T_SIM_ANSWER_H

#include "t/sim/sim.h"

#define ANSWER_LOCATION_MAX 1024

struct answer {
	unsigned status;
	const char *type;                   /* Content-Type; NULL: none */
	const char *authenticate;           /* WWW-Authenticate; NULL: none */
	char location[ANSWER_LOCATION_MAX]; /* empty: none */
	struct document *document;          /* the body, counted, for answer_fini(); NULL: `body` is it */
	bool gzip;                          /* the document's compressed form */
	const char *body;
	size_t len;
	bool is_state;
	const char *allow; /* Allow; NULL: none */
	bool subscribe;    /* the body is a stream of events */
};

struct answer_request {
	const char *path, *query;    /* without `?`; NULL: none */
	const char *user, *password; /* as the client gave them; NULL: none */
	const char *authorization;
	bool gzip;                   /* the client understands it */
	const char *method;
	const char *content_type, *accept; /* NULL: none */
	const char *body;                  /* NULL: none */
	size_t body_len;
};

/* How many endpoints there are; the last stands for all other paths. */
unsigned answer_endpoints(void);
const char *answer_endpoint_name(unsigned i);
/* Under the simulation's lock. Counts the request. */
void answer_make(struct sim *s, const struct sim_master *m, const struct answer_request *q, struct answer *a);
/* 200 and that document, whose reference it takes, compressed if the client wants that and it pays; 500 for NULL. */
void answer_set_document(struct answer *a, struct document *d, bool gzip);
/* What faults call it: the API has one name there. */
const char *answer_fault_path(const char *path);
/* Is it one that takes POST? */
bool answer_is_api(const char *path);
/* An error in Mesos' form. */
void answer_set_text(struct answer *a, unsigned status, const char *text);
void answer_set_redirect(struct answer *a, const char *location);
/* 307 as a standby sends it: scheme-relative, under the full path. */
void answer_set_standby(struct answer *a, const char *leader, const struct answer_request *q);
void answer_fini(struct answer *a);

#endif
