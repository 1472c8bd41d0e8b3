/* SPDX-License-Identifier: Apache-2.0 */
/* A master as the tests know it: keeps what the v1 API's events say as a real one does, and tells it as a SUBSCRIBED
 * event, as /master/state and as /master/state-summary. Independent of the code under test: jansson, and no element of
 * the cluster model. Whatever is wrong with what it is given ends the test. */
#ifndef T_UNIT_MASTER_H
#define T_UNIT_MASTER_H

#include <jansson.h>
#include <stddef.h>

struct master {
	json_t *agents;     /* by id: v1 Agent */
	json_t *frameworks; /* by id: v1 Framework */
	json_t *completed;  /* by id: v1 FrameworkInfo of those that are gone */
	json_t *tasks;      /* by "framework id\ntask id": v1 Task */
	json_t *pids;       /* by framework id: what the v1 API does not tell */
	char leader[64];
};

struct master *master_new(const char *leader);
void master_free(struct master *m);
/* Takes an event over into what it knows; also SUBSCRIBED. */
void master_take(struct master *m, const json_t *event);
/* The agent has left silently, or with the events for its tasks that the caller makes. */
void master_drop_agent(struct master *m, const char *id);

/* Texts to be freed. */
char *master_subscribed(const struct master *m);
char *master_state(const struct master *m);
char *master_summary(const struct master *m);

/* {"value": id} */
const char *master_id(const json_t *object, const char *key);
/* The task, or NULL. */
json_t *master_task(const struct master *m, const char *framework_id, const char *id);

#endif
