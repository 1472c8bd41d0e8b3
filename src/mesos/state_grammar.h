/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a master's documents count, of what type they must be, and what stands below them: one table for
 * `/master/state` and `/master/state-summary`, one for the events of the v1 API. Everything that is not here is
 * skipped. Read-only tables for state_walk.c. */
#ifndef MESOS_STATE_GRAMMAR_H
#define MESOS_STATE_GRAMMAR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The objects and arrays that are entered. Arrays hold objects of one kind. What has the same place in both grammars
 * means the same. */
enum state_place {
	PLACE_TOP,
	PLACE_FLAGS,
	PLACE_AGENTS,
	PLACE_AGENT,
	PLACE_RECOVERED_AGENTS,
	PLACE_RECOVERED_AGENT,
	PLACE_COMPLETED_FRAMEWORKS,
	PLACE_COMPLETED_FRAMEWORK,
	PLACE_FRAMEWORKS,
	PLACE_FRAMEWORK,
	PLACE_TASKS,
	PLACE_TASK,
	PLACE_RESOURCES,
	PLACE_DISCOVERY,
	PLACE_DISCOVERY_PORTS,
	PLACE_PORTS,
	PLACE_PORT,
	PLACE_CONTAINER,
	PLACE_DOCKER,
	PLACE_STATUSES,
	PLACE_STATUS,
	PLACE_LABELS,
	PLACE_LABEL,
	PLACE_CONTAINER_STATUS,
	PLACE_NETWORK_INFOS,
	PLACE_NETWORK_INFO,
	PLACE_ADDRESSES,
	PLACE_ADDRESS,
	PLACE_MAPPINGS,
	PLACE_MAPPING,

	/* of the v1 API alone: ids and other values in objects of their own */
	PLACE_AGENT_INFO,
	PLACE_FRAMEWORK_INFO,
	PLACE_AGENT_ID,
	PLACE_RECOVERED_AGENT_ID,
	PLACE_COMPLETED_FRAMEWORK_INFO,
	PLACE_COMPLETED_FRAMEWORK_ID,
	PLACE_FRAMEWORK_ID,
	PLACE_TASK_ID,
	PLACE_TASK_AGENT_ID,
	PLACE_TASK_FRAMEWORK_ID,
	PLACE_STATUS_TASK_ID,
	PLACE_STATUS_AGENT_ID,
	PLACE_STATUS_LABELS,
	PLACE_RESOURCE,
	PLACE_REVOCABLE,
	PLACE_RANGES,
	PLACE_RANGE_LIST,
	PLACE_RANGE,
	/* what stands around the elements there: for stream_parse.c */
	PLACE_STREAM,
	PLACE_SUBSCRIBED = PLACE_STREAM,
	PLACE_GET_STATE,
	PLACE_GET_AGENTS,
	PLACE_GET_FRAMEWORKS,
	PLACE_GET_TASKS,
	PLACE_TASK_ADDED,
	PLACE_TASK_UPDATED,
	PLACE_UPDATED_FRAMEWORK_ID,
	PLACE_AGENT_ADDED,
	PLACE_AGENT_REMOVED,
	PLACE_REMOVED_AGENT_ID,
	PLACE_FRAMEWORK_ADDED,
	PLACE_FRAMEWORK_UPDATED,
	PLACE_FRAMEWORK_REMOVED,
	PLACE_REMOVED_FRAMEWORK_INFO,
	PLACE_REMOVED_FRAMEWORK_ID,
	PLACES,
};

enum state_type { STATE_OBJECT, STATE_ARRAY, STATE_STRING, STATE_NUMBER, STATE_BOOL };

enum state_field { /* of the scalars */
	FIELD_NONE,
	FIELD_MASTER_ID,
	FIELD_LEADER,
	FIELD_REREGISTER_TIMEOUT,
	FIELD_REGISTRY,
	FIELD_RECOVERED_ID,
	FIELD_COMPLETED_ID,
	FIELD_AGENT_ID,
	FIELD_AGENT_PID,
	FIELD_AGENT_HOSTNAME,
	FIELD_AGENT_ACTIVE,
	FIELD_FRAMEWORK_ID,
	FIELD_FRAMEWORK_NAME,
	FIELD_FRAMEWORK_PID,
	FIELD_FRAMEWORK_HOSTNAME,
	FIELD_FRAMEWORK_ACTIVE,
	FIELD_TASK_ID,
	FIELD_TASK_NAME,
	FIELD_TASK_FRAMEWORK_ID,
	FIELD_TASK_AGENT_ID,
	FIELD_TASK_STATE,
	FIELD_TASK_PORTS,
	FIELD_DISCOVERY_NAME,
	FIELD_PORT_NUMBER,
	FIELD_PORT_NAME,
	FIELD_PORT_PROTOCOL,
	FIELD_STATUS_STATE,
	FIELD_STATUS_TIME,
	FIELD_STATUS_HEALTHY,
	FIELD_LABEL_KEY,
	FIELD_LABEL_VALUE,
	FIELD_NETWORK_INFO_ADDRESS,
	FIELD_ADDRESS,
	FIELD_MAPPING_HOST_PORT,
	FIELD_RESOURCE_NAME,
	FIELD_RANGE_BEGIN,
	FIELD_RANGE_END,
	FIELD_STREAM, /* from here on for stream_parse.c */
	FIELD_EVENT_TYPE = FIELD_STREAM,
	FIELD_HEARTBEAT,
	FIELD_EVENT_FRAMEWORK_ID,
	FIELD_EVENT_TASK_ID,
	FIELD_EVENT_AGENT_ID,
	FIELD_EVENT_STATE,
};

struct state_key {
	const char *name;
	uint8_t len;
	uint8_t type;  /* enum state_type */
	uint8_t place; /* of an object or array */
	uint8_t field; /* of a scalar */
};

struct state_rule {
	const struct state_key *keys; /* of an object; NULL: an array */
	uint8_t count;
	uint8_t item; /* of an array */
};

extern const struct state_rule state_rules[PLACES];  /* of /master/state */
extern const struct state_rule stream_rules[PLACES]; /* of the v1 API's events */

/* The key, or NULL if it is none that counts. */
static inline const struct state_key *state_key_find(const struct state_rule *rule, const void *name, size_t len)
{
	for (const struct state_key *key = rule->keys, *end = key + rule->count; key < end; key++)
		if (key->len == len && key->name[0] == *(const char *)name && !memcmp(key->name, name, len))
			return key;
	return NULL;
}

#endif
