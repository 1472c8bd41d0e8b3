/* SPDX-License-Identifier: Apache-2.0 */
/* From elements of the cluster to the records that Mesos-DNS' users expect: the naming rules, and nothing else. Pure:
 * the same elements and settings give the same records in the same order, so that what an element brought can be told
 * again when it goes, or when somebody asks. doc/records.md is the long form. Mesos thread, or any with its own. */
#ifndef ZONE_NAMING_H
#define ZONE_NAMING_H

#include "cluster/element.h"
#include "conf/conf.h"
#include "zone/store.h"

#define NAMING_PROTOCOLS_MAX 8 /* of one discovery port */

struct naming_settings {
	const char *domain; /* lower case, no last dot */
	bool rfc952;
	bool health_aware;
	uint16_t srv_weight;
	enum conf_ip_source ip_sources[CONF_IP_SOURCES_MAX];
	size_t ip_source_count;
};

/* Why a task, or a part of what it would have brought, is left out. */
enum naming_left_out {
	NAMING_NOT_RUNNING,
	NAMING_NO_AGENT,       /* its agent is not known */
	NAMING_NO_FRAMEWORK,
	NAMING_NO_LABEL,       /* nothing of the task's or framework's name can stand in a label */
	NAMING_TOO_LONG,       /* the name would pass 255 bytes */
	NAMING_NOT_A_HOSTNAME, /* discovery.name as it stands is no host name: its second set is left out */
	NAMING_TOO_MANY_PORTS, /* ports beyond CLUSTER_PORTS_MAX, or a port's protocols beyond NAMING_PROTOCOLS_MAX */
	NAMING_LEFT_OUT_COUNT,
};
const char *naming_left_out_text(enum naming_left_out why);
const char *naming_left_out_name(enum naming_left_out why); /* for programs: "not_running", ... */

struct naming_record {
	const uint8_t *owner; /* lower-case wire form, valid during the call */
	const uint8_t *target; /* SRV */
	const struct addr *addr; /* A, AAAA */
	uint16_t owner_len, target_len;
	uint16_t type;
	uint16_t port, weight;
	enum zone_rank rank;
};

struct naming_sink {
	void *arg;
	void (*record)(void *arg, const struct naming_record *record);
	void (*left_out)(void *arg, enum naming_left_out why); /* may be NULL */
	/* The element has a part in addresses that SRV records of another element may point to: those of `owner`, if
	 * there are any. Whoever keeps addresses with SRV records has to look at them again. May be NULL. */
	void (*pointed_to)(void *arg, const uint8_t *owner, size_t owner_len);
};

struct naming;

struct naming_settings naming_settings_of(const struct conf *conf);
/* NULL: no memory, or the domain is no name. Settings are copied, the domain's text too. */
struct naming *naming_new(const struct naming_settings *settings);
void naming_free(struct naming *naming);
/* The domain in wire form. */
const uint8_t *naming_domain(const struct naming *naming, size_t *len);

/* The addresses of a task: of the first source that has any, which goes to `*source` (never CONF_IP_AUTO). `agent` may be
 * NULL. They live as long as the elements. */
const struct addr *naming_task_addrs(const struct naming *naming, const struct cluster_task *task,
	const struct cluster_agent *agent, enum conf_ip_source *source, size_t *count);

/* The records of one element. `agent` and `framework` are the task's, NULL if not known. */
void naming_task(struct naming *naming, const struct cluster_task *task, const struct cluster_agent *agent,
	const struct cluster_framework *framework, const struct naming_sink *sink);
void naming_agent(struct naming *naming, const struct cluster_agent *agent, const struct naming_sink *sink);
void naming_framework(struct naming *naming, const struct cluster_framework *framework, const struct naming_sink *sink);
/* `masters` in the order that numbers them; `leader` may have no address. */
void naming_masters(struct naming *naming, const struct cluster_master *leader, const struct cluster_master *masters,
	size_t count, const struct naming_sink *sink);
/* The address records of a name server `mname` (with or without last dot), if it lies in the domain. */
void naming_name_server(struct naming *naming, const char *mname, const struct addr *addrs, size_t count,
	const struct naming_sink *sink);

#endif
