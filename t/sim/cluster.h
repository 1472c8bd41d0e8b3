/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated cluster: agents, frameworks, their apps and tasks, and everything that can happen to them. It
 * knows nothing of HTTP or JSON; what is told of it is rendered elsewhere. One thread at a time (the caller
 * holds a lock). Its clock is logical: it moves on with every change, so that the same commands give the same
 * document. */
#ifndef T_SIM_CLUSTER_H
#define T_SIM_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "t/sim/rng.h"

#define CLUSTER_APP_PORTS  4     /* ports of a task */
#define CLUSTER_STATUSES   7     /* statuses of a task: one for each state that it can have had */
#define CLUSTER_FIRST_PORT 31000 /* what an agent offers */
#define CLUSTER_LAST_PORT  32000
#define CLUSTER_PORTS      (CLUSTER_LAST_PORT - CLUSTER_FIRST_PORT + 1)

/* Name and whether a task in that state is at its end. */
#define CLUSTER_TASK_STATES(X)                                                                                         \
	X(STAGING, false)                                                                                              \
	X(STARTING, false)                                                                                             \
	X(RUNNING, false)                                                                                              \
	X(KILLING, false)                                                                                              \
	X(FINISHED, true)                                                                                              \
	X(KILLED, true)                                                                                                \
	X(FAILED, true)                                                                                                \
	X(LOST, true)                                                                                                  \
	X(ERROR, true)                                                                                                 \
	X(UNREACHABLE, false)                                                                                          \
	X(DROPPED, true)                                                                                               \
	X(GONE, true)

enum task_state {
#define X(name, terminal) TASK_##name,
	CLUSTER_TASK_STATES(X)
#undef X
		TASK_STATES
};

enum health { HEALTH_NONE, HEALTH_GOOD, HEALTH_BAD };

enum network {
	NETWORK_HOST,
	NETWORK_BRIDGE,  /* Docker's: the container's address is the agent's own affair, ports are mapped */
	NETWORK_OVERLAY, /* an address of its own, no host ports */
	NETWORK_DUAL,    /* the same with an IPv6 address */
};

enum id_style { ID_MARATHON, ID_CHRONOS, ID_SDK, ID_PLAIN, ID_NUMBER };

/* Who said it, and why. */
enum cause {
	CAUSE_EXECUTOR,
	CAUSE_HEALTH,    /* the executor: a health check's result */
	CAUSE_AGENT,     /* the master: the agent is gone, or unreachable */
	CAUSE_FRAMEWORK, /* the master: the framework was removed */
};

enum check { CHECK_NONE, CHECK_HTTP, CHECK_TCP, CHECK_COMMAND };

enum agent_state {
	AGENT_REGISTERED,
	AGENT_RECOVERED,   /* known from the registry, not back yet since the failover */
	AGENT_UNREACHABLE, /* given up: its tasks are unreachable */
	AGENT_GONE,        /* removed; kept because completed tasks name it */
};

struct amount {                         /* of resources */
	uint64_t cpus_milli, mem, disk; /* memory and disk in MB */
};

struct agent {
	char id[56];
	char hostname[64];
	unsigned number;
	uint32_t ip;     /* host order */
	uint32_t bridge; /* first address of its Docker network */
	uint16_t port;
	enum agent_state state;
	bool active;                       /* false: the master lost touch, and has not given it up yet */
	uint64_t registered, reregistered; /* microseconds; 0: never */
	struct amount total, used;
	unsigned next_port, next_container;
	uint8_t ports[CLUSTER_PORTS / 8 + 1]; /* bits of those in use */
	TAILQ_HEAD(, task) tasks;             /* those that are not completed */
};

struct app_port {
	char name[24];     /* empty: none is sent */
	char protocol[16]; /* empty: none is sent */
	uint16_t container;
};

/* What tasks are made from: a Marathon app, a Chronos job, a kind of node. */
struct app {
	TAILQ_ENTRY(app) of_framework;
	struct framework *framework;
	char *name;      /* of its tasks; `#` becomes the instance's number if `numbered` */
	char *path;      /* Marathon's id */
	char *discovery; /* DiscoveryInfo's name, `#` as above; NULL: no DiscoveryInfo */
	bool numbered;
	bool scattered; /* ports as single ranges, the highest first */
	bool executor;  /* an executor of its own for each task */
	enum id_style id_style;
	enum network network;
	enum check check;
	struct amount need;
	unsigned port_count;
	struct app_port ports[CLUSTER_APP_PORTS];
	unsigned count, launched; /* tasks now, tasks ever */
	TAILQ_HEAD(task_list, task) tasks;
};

struct status {
	uint64_t time; /* microseconds */
	enum task_state state;
	enum health health;
	enum cause cause;
};

struct task {
	TAILQ_ENTRY(task) of_app; /* or of the framework's completed ones */
	TAILQ_ENTRY(task) of_agent;
	struct app *app;
	struct agent *agent;
	struct task *next_by_id;
	unsigned number; /* instance */
	enum task_state state;
	uint64_t uuid[2];      /* of the container */
	uint32_t container_ip; /* 0: the agent's */
	uint32_t serial;       /* makes its IPv6 address */
	uint16_t ports[CLUSTER_APP_PORTS];
	unsigned status_count;
	struct status statuses[CLUSTER_STATUSES];
	char id[];
};

struct framework {
	char id[56];
	char *name, *hostname, *webui_url, *principal, *role; /* principal may be NULL */
	char *pid;                                            /* NULL: an HTTP scheduler */
	bool multi_role;                                      /* then `roles` is sent in place of `role` */
	bool active, connected, recovered, completed;
	bool known; /* to the leader: after a failover not before one of its tasks or its scheduler is back */
	uint64_t registered, reregistered, unregistered;
	uint64_t failover_timeout; /* seconds */
	TAILQ_HEAD(, app) apps;
	struct task_list completed_tasks;
	unsigned completed_count;
};

/* What happened, in the order and with the content in which a master tells its subscribers. */
enum cluster_change {
	CHANGE_FRAMEWORK_ADDED,
	CHANGE_FRAMEWORK_UPDATED,
	CHANGE_FRAMEWORK_REMOVED,
	CHANGE_AGENT_ADDED,
	CHANGE_AGENT_REMOVED,
	CHANGE_TASK_ADDED,
	CHANGE_TASK_UPDATED, /* `status` is what is new */
};

struct cluster_news {
	enum cluster_change change;
	const struct framework *framework; /* that it is about, else NULL; likewise below */
	const struct agent *agent;
	const struct task *task;
	const struct status *status;
};

/* Called with each piece of news, on the thread that changes the cluster. Nothing may be kept. */
typedef void cluster_listener(void *cls, const struct cluster_news *news);

struct cluster {
	cluster_listener *listener; /* NULL: nobody listens */
	void *listener_cls;
	uint64_t version; /* changes with every change */
	uint64_t now;     /* microseconds since 1970 */
	struct rng rng;
	char master_id[40]; /* of the leader that gives out ids */
	bool loopback;
	unsigned bridge_size; /* addresses of an agent's Docker network */
	struct agent **agents;
	size_t agent_count, cursor;
	unsigned next_overlay;
	struct framework **frameworks;
	size_t framework_count;
	size_t task_count; /* in apps, that is not completed */
	struct task **by_id; /* these, by a hash of their id; chains by next_by_id */
	size_t by_id_room;   /* a power of two, or 0 */
};

/* `expected` agents decide how large their Docker networks are. NULL: memory is exhausted, here and below. */
struct cluster *cluster_new(uint64_t seed, size_t expected, bool loopback);
void cluster_free(struct cluster *c);
/* Something that a document shows has changed. */
void cluster_touch(struct cluster *c);
void cluster_tell(struct cluster *c, const struct cluster_news *news);
/* A random UUID's text. */
void cluster_make_uuid(struct cluster *c, char out[37]);

struct agent *cluster_add_agent(struct cluster *c);
/* By number, id, host name or address. */
struct agent *cluster_find_agent(const struct cluster *c, const char *what);
/* Its tasks become TASK_LOST and completed. Told, like everything below, unless the leader does not know it. */
void cluster_remove_agent(struct cluster *c, struct agent *a);
/* Given up by the master: it leaves, its tasks are unreachable. Nothing is told of the agent itself. */
void cluster_lose_agent(struct cluster *c, struct agent *a);
/* Reregisters after either of the above or a failover. ERR_NOTFOUND if it is there or was removed. */
int cluster_return_agent(struct cluster *c, struct agent *a);
/* A failover: every agent that is registered is only known from the registry, frameworks are `recovered`. */
void cluster_fail_over(struct cluster *c);
/* The first `n` agents that are still recovered return; with the last one the schedulers do. Returns how many
 * did. */
size_t cluster_recover(struct cluster *c, size_t n);

/* Copies its arguments; `pid`, `principal` may be NULL. */
struct framework *cluster_add_framework(struct cluster *c, const char *name, const char *pid, const char *hostname,
	const char *webui_url, const char *principal);
/* By id or name; completed ones are not found. */
struct framework *cluster_find_framework(const struct cluster *c, const char *what);
/* Its tasks are killed, it becomes completed. */
void cluster_remove_framework(struct cluster *c, struct framework *f);
/* Its scheduler is another process from now on, at other addresses; NULL: the same, or none. ERR_NOMEM. */
int cluster_move_framework(struct framework *f, const char *pid, const char *hostname);
/* Nothing is told of a scheduler that disconnects. */
void cluster_connect_framework(struct cluster *c, struct framework *f, bool connected);
/* Does the master know of it now? While it recovers, only if one of its tasks came back. */
bool cluster_framework_visible(const struct framework *f);

/* A new app with one task's needs set and no ports; the caller fills the rest before the first launch. `path`
 * and `discovery` may be NULL. */
struct app *cluster_add_app(
	struct cluster *c, struct framework *f, const char *name, const char *path, const char *discovery);
/* By the tasks' name or Marathon's id, in `f` if that is not NULL. */
struct app *cluster_find_app(const struct cluster *c, const struct framework *f, const char *what);
#endif
