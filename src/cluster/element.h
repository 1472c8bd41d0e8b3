/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of the cluster model: agents, frameworks and tasks as the master tells of them, normalised.
 *
 * An element is one malloc block without pointers: a header, then what its offsets name. Two elements that say the
 * same are the same bytes from `size` on, so that a refresh finds what changed by memcmp(). Elements are immutable
 * once they are in the model and reach other threads with a snapshot (RCU); only struct cluster_link is the Mesos
 * thread's own and is read by nobody else.
 *
 * Elements are made by the builders of cluster/build.h. */
#ifndef CLUSTER_ELEMENT_H
#define CLUSTER_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <urcu/list.h>

#include "base/addr.h"

enum cluster_kind { CLUSTER_AGENT, CLUSTER_FRAMEWORK, CLUSTER_TASK };

/* Limits on what one element may hold; what is beyond is left out and counted. */
#define CLUSTER_TEXT_MAX   1024  /* bytes of an id, a name or a host */
#define CLUSTER_ADDRS_MAX  256   /* addresses of one source */
#define CLUSTER_RANGES_MAX 1024  /* port ranges of a task */
#define CLUSTER_PORTS_MAX  1024  /* discovery ports of a task, and ports that its ranges make SRV records of */

struct cluster_text {
	uint32_t at; /* offset from the element's start; NUL-terminated there */
	uint32_t len;
};

struct cluster_list {
	uint32_t at; /* offset from the element's start, aligned for the item's type */
	uint32_t count;
};

struct cluster_link { /* all zero outside the model */
	union {
		struct { /* of a task: its place among those of its agent, of its framework */
			struct cds_list_head by_agent, by_framework;
		};
		struct cds_list_head tasks; /* of an agent or framework: its tasks */
	};
	uint64_t seen; /* the last update that named the element */
	uint64_t kept; /* the last complete update that left it alone unnamed */
	uint64_t told; /* the last telling of changes that told of it */
	size_t staged; /* its place among the update's changes, from 1; 0: none */
};

/* What every element begins with. */
struct cluster_element {
	uint64_t hash; /* of kind and key; first, as pmap wants it */
	struct cluster_link link;
	uint32_t size; /* of the block; content that is compared starts here */
	uint32_t kind; /* enum cluster_kind */
	struct cluster_text id;
};

struct cluster_agent {
	struct cluster_element e;
	struct cluster_text hostname;
	struct cluster_text host; /* of the pid */
	struct cluster_list addrs; /* struct addr: the pid's host, resolved if it is a name; may be empty */
	uint16_t port;
	uint16_t active; /* 0: the master has lost touch with it, and not yet given it up */
};

struct cluster_framework {
	struct cluster_element e;
	struct cluster_text name;
	struct cluster_text host;  /* of the pid, else the hostname; may be empty */
	struct cluster_list addrs; /* struct addr: that host, resolved; may be empty */
	uint16_t port;             /* of the pid; 0: there is none */
	uint16_t active;
};

struct cluster_port_range {
	uint16_t first, last;
};

struct cluster_port { /* a port of DiscoveryInfo */
	struct cluster_text name;
	struct cluster_text protocol; /* as sent */
	uint32_t number;              /* 0-65535 */
};

enum cluster_task_state { /* Mesos' TaskState; what DNS must tell apart */
	CLUSTER_TASK_OTHER,
	CLUSTER_TASK_STAGING,
	CLUSTER_TASK_STARTING,
	CLUSTER_TASK_RUNNING,
	CLUSTER_TASK_KILLING,
	CLUSTER_TASK_UNREACHABLE,
	CLUSTER_TASK_TERMINAL, /* finished, failed, killed, error, lost, dropped, gone */
};

enum cluster_health { CLUSTER_HEALTH_UNKNOWN, CLUSTER_HEALTH_GOOD, CLUSTER_HEALTH_BAD };

/* What gives a task a port of the host: a bit each. */
enum cluster_mapped { CLUSTER_MAPPED_CONTAINER = 1, CLUSTER_MAPPED_STATUS = 2 };

struct cluster_task {
	struct cluster_element e; /* the key is framework id and task id */
	struct cluster_text framework_id;
	struct cluster_text agent_id;
	struct cluster_text name;
	struct cluster_text discovery_name;  /* empty: the task has no discovery info that counts */
	struct cluster_list discovery_ports; /* struct cluster_port, in the order sent */
	struct cluster_list port_ranges;     /* struct cluster_port_range, of resources.ports, in the order sent */
	struct cluster_list netinfo;         /* struct addr, of the newest TASK_RUNNING status that has any */
	struct cluster_list mesos_label;     /* struct addr, of the newest TASK_RUNNING status's labels */
	struct cluster_list docker_label;
	uint32_t state;                      /* enum cluster_task_state */
	uint16_t health;                     /* enum cluster_health, of the newest TASK_RUNNING status */
	uint16_t host_port_mapped;           /* enum cluster_mapped bits: port mappings of its container, of a status */
	uint64_t status_time;                /* of that status, microseconds since 1970; 0 if there is none */
};

static inline const char *cluster_text(const void *element, struct cluster_text text)
{
	return (const char *)element + text.at;
}

static inline const void *cluster_list(const void *element, struct cluster_list list)
{
	return (const char *)element + list.at;
}

/* A master, for the master and leader records. */
#define CLUSTER_MASTER_ADDRS 8
struct cluster_master {
	struct addr addrs[CLUSTER_MASTER_ADDRS];
	uint16_t addr_count; /* 0: not known (yet) */
	uint16_t port;
};

#endif
