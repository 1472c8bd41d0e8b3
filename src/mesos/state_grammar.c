/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_grammar.h"

#define OBJECT(name, place)                                                                                  \
	{                                                                                                    \
		name, sizeof(name) - 1, STATE_OBJECT, place, FIELD_NONE                                      \
	}
#define ARRAY(name, place)                                                                                   \
	{                                                                                                    \
		name, sizeof(name) - 1, STATE_ARRAY, place, FIELD_NONE                                       \
	}
#define STRING(name, field)                                                                                  \
	{                                                                                                    \
		name, sizeof(name) - 1, STATE_STRING, 0, field                                               \
	}
#define NUMBER(name, field)                                                                                  \
	{                                                                                                    \
		name, sizeof(name) - 1, STATE_NUMBER, 0, field                                               \
	}
#define BOOL(name, field)                                                                                    \
	{                                                                                                    \
		name, sizeof(name) - 1, STATE_BOOL, 0, field                                                 \
	}

static const struct state_key top[] = {
	STRING("id", FIELD_MASTER_ID),
	STRING("leader", FIELD_LEADER),
	OBJECT("flags", PLACE_FLAGS),
	ARRAY("slaves", PLACE_AGENTS),
	ARRAY("recovered_slaves", PLACE_RECOVERED_AGENTS),
	ARRAY("frameworks", PLACE_FRAMEWORKS),
	ARRAY("completed_frameworks", PLACE_COMPLETED_FRAMEWORKS),
};

static const struct state_key flags[] = {
	STRING("agent_reregister_timeout", FIELD_REREGISTER_TIMEOUT),
	STRING("slave_reregister_timeout", FIELD_REREGISTER_TIMEOUT), /* until 1.2 */
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

#define RULE(keys)                                                                                           \
	{                                                                                                    \
		keys, sizeof(keys) / sizeof(keys[0]), 0                                                      \
	}
#define ITEMS(item)                                                                                          \
	{                                                                                                    \
		NULL, 0, item                                                                                \
	}

const struct state_rule state_rules[PLACES] = {
	[PLACE_TOP] = RULE(top),
	[PLACE_FLAGS] = RULE(flags),
	[PLACE_AGENTS] = ITEMS(PLACE_AGENT),
	[PLACE_AGENT] = RULE(agent),
	[PLACE_RECOVERED_AGENTS] = ITEMS(PLACE_RECOVERED_AGENT),
	[PLACE_RECOVERED_AGENT] = RULE(recovered_agent),
	[PLACE_COMPLETED_FRAMEWORKS] = ITEMS(PLACE_COMPLETED_FRAMEWORK),
	[PLACE_COMPLETED_FRAMEWORK] = RULE(completed_framework),
	[PLACE_FRAMEWORKS] = ITEMS(PLACE_FRAMEWORK),
	[PLACE_FRAMEWORK] = RULE(framework),
	[PLACE_TASKS] = ITEMS(PLACE_TASK),
	[PLACE_TASK] = RULE(task),
	[PLACE_RESOURCES] = RULE(resources),
	[PLACE_DISCOVERY] = RULE(discovery),
	[PLACE_DISCOVERY_PORTS] = RULE(discovery_ports),
	[PLACE_PORTS] = ITEMS(PLACE_PORT),
	[PLACE_PORT] = RULE(port),
	[PLACE_CONTAINER] = RULE(container),
	[PLACE_DOCKER] = RULE(docker),
	[PLACE_STATUSES] = ITEMS(PLACE_STATUS),
	[PLACE_STATUS] = RULE(status),
	[PLACE_LABELS] = ITEMS(PLACE_LABEL),
	[PLACE_LABEL] = RULE(label),
	[PLACE_CONTAINER_STATUS] = RULE(container_status),
	[PLACE_NETWORK_INFOS] = ITEMS(PLACE_NETWORK_INFO),
	[PLACE_NETWORK_INFO] = RULE(network_info),
	[PLACE_ADDRESSES] = ITEMS(PLACE_ADDRESS),
	[PLACE_ADDRESS] = RULE(address),
	[PLACE_MAPPINGS] = ITEMS(PLACE_MAPPING),
	[PLACE_MAPPING] = RULE(mapping),
};
