/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_grammar.h"

#define OBJECT(name, place)                                                                                            \
	{                                                                                                              \
		name, sizeof(name) - 1, STATE_OBJECT, place, FIELD_NONE                                                \
	}
#define ARRAY(name, place)                                                                                             \
	{                                                                                                              \
		name, sizeof(name) - 1, STATE_ARRAY, place, FIELD_NONE                                                 \
	}
#define STRING(name, field)                                                                                            \
	{                                                                                                              \
		name, sizeof(name) - 1, STATE_STRING, 0, field                                                         \
	}
#define NUMBER(name, field)                                                                                            \
	{                                                                                                              \
		name, sizeof(name) - 1, STATE_NUMBER, 0, field                                                         \
	}
#define BOOL(name, field)                                                                                              \
	{                                                                                                              \
		name, sizeof(name) - 1, STATE_BOOL, 0, field                                                           \
	}

static const struct state_key top[] = {
	STRING("id", FIELD_MASTER_ID),
	STRING("leader", FIELD_LEADER),
	OBJECT("flags", PLACE_FLAGS),
	ARRAY("slaves", PLACE_AGENTS),
	ARRAY("recovered_slaves", PLACE_RECOVERED_AGENTS),
	ARRAY("frameworks", PLACE_FRAMEWORKS),
	ARRAY("completed_frameworks", PLACE_COMPLETED_FRAMEWORKS),
	ARRAY("orphan_tasks", PLACE_TASKS), /* until 1.2: of frameworks that are not back after a failover */
};

static const struct state_key flags[] = {
	STRING("agent_reregister_timeout", FIELD_REREGISTER_TIMEOUT),
	STRING("slave_reregister_timeout", FIELD_REREGISTER_TIMEOUT), /* until 1.2 */
	STRING("registry", FIELD_REGISTRY),
};

static const struct state_key agent[] = {
	STRING("id", FIELD_AGENT_ID),
	STRING("pid", FIELD_AGENT_PID),
	STRING("hostname", FIELD_AGENT_HOSTNAME),
	BOOL("active", FIELD_AGENT_ACTIVE),
};

static const struct state_key recovered_agent[] = {
	STRING("id", FIELD_RECOVERED_ID),
};

static const struct state_key completed_framework[] = {
	STRING("id", FIELD_COMPLETED_ID),
};

static const struct state_key framework[] = {
	STRING("id", FIELD_FRAMEWORK_ID),
	STRING("name", FIELD_FRAMEWORK_NAME),
	STRING("pid", FIELD_FRAMEWORK_PID),
	STRING("hostname", FIELD_FRAMEWORK_HOSTNAME),
	BOOL("active", FIELD_FRAMEWORK_ACTIVE),
	ARRAY("tasks", PLACE_TASKS),
};

static const struct state_key task[] = {
	STRING("id", FIELD_TASK_ID),
	STRING("name", FIELD_TASK_NAME),
	STRING("state", FIELD_TASK_STATE),
	STRING("slave_id", FIELD_TASK_AGENT_ID),
	STRING("agent_id", FIELD_TASK_AGENT_ID),
	STRING("framework_id", FIELD_TASK_FRAMEWORK_ID),
	OBJECT("resources", PLACE_RESOURCES),
	OBJECT("discovery", PLACE_DISCOVERY),
	OBJECT("container", PLACE_CONTAINER),
	ARRAY("statuses", PLACE_STATUSES),
};

static const struct state_key resources[] = {
	STRING("ports", FIELD_TASK_PORTS),
};

static const struct state_key discovery[] = {
	STRING("name", FIELD_DISCOVERY_NAME),
	OBJECT("ports", PLACE_DISCOVERY_PORTS),
};

static const struct state_key discovery_ports[] = {
	ARRAY("ports", PLACE_PORTS),
};

static const struct state_key port[] = {
	STRING("name", FIELD_PORT_NAME),
	NUMBER("number", FIELD_PORT_NUMBER),
	STRING("protocol", FIELD_PORT_PROTOCOL),
};

static const struct state_key container[] = {
	OBJECT("docker", PLACE_DOCKER),
	ARRAY("network_infos", PLACE_NETWORK_INFOS),
};

static const struct state_key docker[] = {
	ARRAY("port_mappings", PLACE_MAPPINGS),
};

static const struct state_key status[] = {
	STRING("state", FIELD_STATUS_STATE),
	NUMBER("timestamp", FIELD_STATUS_TIME),
	BOOL("healthy", FIELD_STATUS_HEALTHY),
	ARRAY("labels", PLACE_LABELS),
	OBJECT("container_status", PLACE_CONTAINER_STATUS),
};

static const struct state_key label[] = {
	STRING("key", FIELD_LABEL_KEY),
	STRING("value", FIELD_LABEL_VALUE),
};

static const struct state_key container_status[] = {
	ARRAY("network_infos", PLACE_NETWORK_INFOS),
};

static const struct state_key network_info[] = {
	ARRAY("ip_addresses", PLACE_ADDRESSES),
	STRING("ip_address", FIELD_NETWORK_INFO_ADDRESS), /* until 0.25 */
	ARRAY("port_mappings", PLACE_MAPPINGS),
};

static const struct state_key address[] = {
	STRING("ip_address", FIELD_ADDRESS),
};

static const struct state_key mapping[] = {
	NUMBER("host_port", FIELD_MAPPING_HOST_PORT),
};

#define RULE(keys)                                                                                                     \
	{                                                                                                              \
		keys, sizeof(keys) / sizeof(keys[0]), 0                                                                \
	}
#define ITEMS(item)                                                                                                    \
	{                                                                                                              \
		NULL, 0, item                                                                                          \
	}

/* What both have alike. */
#define SHARED_RULES                                                                                                   \
	[PLACE_AGENTS] = ITEMS(PLACE_AGENT), [PLACE_RECOVERED_AGENTS] = ITEMS(PLACE_RECOVERED_AGENT),                  \
	[PLACE_FRAMEWORKS] = ITEMS(PLACE_FRAMEWORK), [PLACE_TASKS] = ITEMS(PLACE_TASK),                                \
	[PLACE_COMPLETED_FRAMEWORKS] = ITEMS(PLACE_COMPLETED_FRAMEWORK), [PLACE_DISCOVERY] = RULE(discovery),          \
	[PLACE_DISCOVERY_PORTS] = RULE(discovery_ports), [PLACE_PORTS] = ITEMS(PLACE_PORT), [PLACE_PORT] = RULE(port), \
	[PLACE_CONTAINER] = RULE(container), [PLACE_DOCKER] = RULE(docker), [PLACE_STATUSES] = ITEMS(PLACE_STATUS),    \
	[PLACE_LABELS] = ITEMS(PLACE_LABEL), [PLACE_LABEL] = RULE(label),                                              \
	[PLACE_CONTAINER_STATUS] = RULE(container_status), [PLACE_NETWORK_INFOS] = ITEMS(PLACE_NETWORK_INFO),          \
	[PLACE_NETWORK_INFO] = RULE(network_info), [PLACE_ADDRESSES] = ITEMS(PLACE_ADDRESS),                           \
	[PLACE_ADDRESS] = RULE(address), [PLACE_MAPPINGS] = ITEMS(PLACE_MAPPING), [PLACE_MAPPING] = RULE(mapping)

const struct state_rule state_rules[PLACES] = {
	SHARED_RULES,
	[PLACE_TOP] = RULE(top),
	[PLACE_FLAGS] = RULE(flags),
	[PLACE_AGENT] = RULE(agent),
	[PLACE_RECOVERED_AGENT] = RULE(recovered_agent),
	[PLACE_COMPLETED_FRAMEWORK] = RULE(completed_framework),
	[PLACE_FRAMEWORK] = RULE(framework),
	[PLACE_TASK] = RULE(task),
	[PLACE_RESOURCES] = RULE(resources),
	[PLACE_STATUS] = RULE(status),
};

/* The v1 API. */

static const struct state_key event[] = {
	STRING("type", FIELD_EVENT_TYPE),
	OBJECT("task_updated", PLACE_TASK_UPDATED),
	OBJECT("task_added", PLACE_TASK_ADDED),
	OBJECT("agent_added", PLACE_AGENT_ADDED),
	OBJECT("agent_removed", PLACE_AGENT_REMOVED),
	OBJECT("framework_added", PLACE_FRAMEWORK_ADDED),
	OBJECT("framework_updated", PLACE_FRAMEWORK_UPDATED),
	OBJECT("framework_removed", PLACE_FRAMEWORK_REMOVED),
	OBJECT("subscribed", PLACE_SUBSCRIBED),
};

static const struct state_key subscribed[] = {
	OBJECT("get_state", PLACE_GET_STATE),
	NUMBER("heartbeat_interval_seconds", FIELD_HEARTBEAT),
};

static const struct state_key get_state[] = {
	OBJECT("get_tasks", PLACE_GET_TASKS),
	OBJECT("get_frameworks", PLACE_GET_FRAMEWORKS),
	OBJECT("get_agents", PLACE_GET_AGENTS),
};

static const struct state_key get_agents[] = {
	ARRAY("agents", PLACE_AGENTS),
	ARRAY("recovered_agents", PLACE_RECOVERED_AGENTS),
};

static const struct state_key get_frameworks[] = {
	ARRAY("frameworks", PLACE_FRAMEWORKS),
	ARRAY("completed_frameworks", PLACE_COMPLETED_FRAMEWORKS),
};

static const struct state_key get_tasks[] = {
	ARRAY("tasks", PLACE_TASKS),
};

static const struct state_key task_added[] = {
	OBJECT("task", PLACE_TASK),
};

static const struct state_key task_updated[] = {
	OBJECT("framework_id", PLACE_UPDATED_FRAMEWORK_ID),
	OBJECT("status", PLACE_STATUS),
	STRING("state", FIELD_EVENT_STATE),
};

static const struct state_key agent_added[] = {
	OBJECT("agent", PLACE_AGENT),
};

static const struct state_key agent_removed[] = {
	OBJECT("agent_id", PLACE_REMOVED_AGENT_ID),
};

static const struct state_key framework_changed[] = {
	OBJECT("framework", PLACE_FRAMEWORK),
};

static const struct state_key framework_removed[] = {
	OBJECT("framework_info", PLACE_REMOVED_FRAMEWORK_INFO),
};

static const struct state_key removed_framework_info[] = {
	OBJECT("id", PLACE_REMOVED_FRAMEWORK_ID),
};

static const struct state_key v1_agent[] = {
	OBJECT("agent_info", PLACE_AGENT_INFO),
	STRING("pid", FIELD_AGENT_PID),
	BOOL("active", FIELD_AGENT_ACTIVE),
};

static const struct state_key agent_info[] = {
	OBJECT("id", PLACE_AGENT_ID),
	STRING("hostname", FIELD_AGENT_HOSTNAME),
};

static const struct state_key v1_recovered_agent[] = {
	OBJECT("id", PLACE_RECOVERED_AGENT_ID),
};

static const struct state_key v1_completed_framework[] = {
	OBJECT("framework_info", PLACE_COMPLETED_FRAMEWORK_INFO),
};

static const struct state_key completed_framework_info[] = {
	OBJECT("id", PLACE_COMPLETED_FRAMEWORK_ID),
};

static const struct state_key v1_framework[] = {
	OBJECT("framework_info", PLACE_FRAMEWORK_INFO),
	BOOL("active", FIELD_FRAMEWORK_ACTIVE),
};

static const struct state_key framework_info[] = {
	OBJECT("id", PLACE_FRAMEWORK_ID),
	STRING("name", FIELD_FRAMEWORK_NAME),
	STRING("hostname", FIELD_FRAMEWORK_HOSTNAME),
};

static const struct state_key v1_task[] = {
	OBJECT("task_id", PLACE_TASK_ID),
	STRING("name", FIELD_TASK_NAME),
	STRING("state", FIELD_TASK_STATE),
	OBJECT("agent_id", PLACE_TASK_AGENT_ID),
	OBJECT("framework_id", PLACE_TASK_FRAMEWORK_ID),
	ARRAY("resources", PLACE_RESOURCES),
	OBJECT("discovery", PLACE_DISCOVERY),
	OBJECT("container", PLACE_CONTAINER),
	ARRAY("statuses", PLACE_STATUSES),
};

static const struct state_key resource[] = {
	STRING("name", FIELD_RESOURCE_NAME),
	OBJECT("ranges", PLACE_RANGES),
	OBJECT("revocable", PLACE_REVOCABLE),
};

static const struct state_key ranges[] = {
	ARRAY("range", PLACE_RANGE_LIST),
};

static const struct state_key range[] = {
	NUMBER("begin", FIELD_RANGE_BEGIN),
	NUMBER("end", FIELD_RANGE_END),
};

static const struct state_key v1_status[] = {
	STRING("state", FIELD_STATUS_STATE),
	NUMBER("timestamp", FIELD_STATUS_TIME),
	BOOL("healthy", FIELD_STATUS_HEALTHY),
	OBJECT("task_id", PLACE_STATUS_TASK_ID),
	OBJECT("agent_id", PLACE_STATUS_AGENT_ID),
	OBJECT("labels", PLACE_STATUS_LABELS),
	OBJECT("container_status", PLACE_CONTAINER_STATUS),
};

static const struct state_key status_labels[] = {
	ARRAY("labels", PLACE_LABELS),
};

/* {"value": "..."} */
#define VALUE_OF(field)                                                                                                \
	{                                                                                                              \
		(const struct state_key[]){STRING("value", field)}, 1, 0                                               \
	}

const struct state_rule stream_rules[PLACES] = {
	SHARED_RULES,
	[PLACE_TOP] = RULE(event),
	[PLACE_SUBSCRIBED] = RULE(subscribed),
	[PLACE_GET_STATE] = RULE(get_state),
	[PLACE_GET_AGENTS] = RULE(get_agents),
	[PLACE_GET_FRAMEWORKS] = RULE(get_frameworks),
	[PLACE_GET_TASKS] = RULE(get_tasks),
	[PLACE_TASK_ADDED] = RULE(task_added),
	[PLACE_TASK_UPDATED] = RULE(task_updated),
	[PLACE_UPDATED_FRAMEWORK_ID] = VALUE_OF(FIELD_EVENT_FRAMEWORK_ID),
	[PLACE_AGENT_ADDED] = RULE(agent_added),
	[PLACE_AGENT_REMOVED] = RULE(agent_removed),
	[PLACE_REMOVED_AGENT_ID] = VALUE_OF(FIELD_EVENT_AGENT_ID),
	[PLACE_FRAMEWORK_ADDED] = RULE(framework_changed),
	[PLACE_FRAMEWORK_UPDATED] = RULE(framework_changed),
	[PLACE_FRAMEWORK_REMOVED] = RULE(framework_removed),
	[PLACE_REMOVED_FRAMEWORK_INFO] = RULE(removed_framework_info),
	[PLACE_REMOVED_FRAMEWORK_ID] = VALUE_OF(FIELD_EVENT_FRAMEWORK_ID),
	[PLACE_AGENT] = RULE(v1_agent),
	[PLACE_AGENT_INFO] = RULE(agent_info),
	[PLACE_AGENT_ID] = VALUE_OF(FIELD_AGENT_ID),
	[PLACE_RECOVERED_AGENT] = RULE(v1_recovered_agent),
	[PLACE_RECOVERED_AGENT_ID] = VALUE_OF(FIELD_RECOVERED_ID),
	[PLACE_COMPLETED_FRAMEWORK] = RULE(v1_completed_framework),
	[PLACE_COMPLETED_FRAMEWORK_INFO] = RULE(completed_framework_info),
	[PLACE_COMPLETED_FRAMEWORK_ID] = VALUE_OF(FIELD_COMPLETED_ID),
	[PLACE_FRAMEWORK] = RULE(v1_framework),
	[PLACE_FRAMEWORK_INFO] = RULE(framework_info),
	[PLACE_FRAMEWORK_ID] = VALUE_OF(FIELD_FRAMEWORK_ID),
	[PLACE_TASK] = RULE(v1_task),
	[PLACE_TASK_ID] = VALUE_OF(FIELD_TASK_ID),
	[PLACE_TASK_AGENT_ID] = VALUE_OF(FIELD_TASK_AGENT_ID),
	[PLACE_TASK_FRAMEWORK_ID] = VALUE_OF(FIELD_TASK_FRAMEWORK_ID),
	[PLACE_RESOURCES] = ITEMS(PLACE_RESOURCE),
	[PLACE_RESOURCE] = RULE(resource),
	[PLACE_REVOCABLE] = {resource, 0, 0}, /* that it is there is enough */
	[PLACE_RANGES] = RULE(ranges),
	[PLACE_RANGE_LIST] = ITEMS(PLACE_RANGE),
	[PLACE_RANGE] = RULE(range),
	[PLACE_STATUS] = RULE(v1_status),
	[PLACE_STATUS_TASK_ID] = VALUE_OF(FIELD_EVENT_TASK_ID),
	[PLACE_STATUS_AGENT_ID] = VALUE_OF(FIELD_EVENT_AGENT_ID),
	[PLACE_STATUS_LABELS] = RULE(status_labels),
};
