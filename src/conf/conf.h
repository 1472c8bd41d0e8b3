/* SPDX-License-Identifier: Apache-2.0 */
/* The effective configuration: every key of the configuration file, parsed, checked and normalised.
 * Made once by conf_load() (see conf/load.h), then read-only for all threads until conf_free(). */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct conf_endpoint {
	char *host; /* a name or an address literal without brackets */
	uint16_t port;
};

struct conf_endpoints {
	struct conf_endpoint *items;
	size_t count;
};

struct conf_server { /* an upstream DNS server */
	struct addr addr;
	uint16_t port;
};

struct conf_servers {
	struct conf_server *items;
	size_t count;
};

struct conf_zone_resolver {
	char *zone; /* lower case, no last dot */
	struct conf_servers servers;
};

struct conf_prefix { /* CIDR */
	struct addr addr;
	uint8_t bits;
};

struct conf_static_zone {
	char *name; /* lower case, no last dot */
	char *file;
};

enum conf_auth { CONF_AUTH_NONE, CONF_AUTH_BASIC, CONF_AUTH_IAM };
enum conf_state_source { CONF_SOURCE_AUTO, CONF_SOURCE_STREAM, CONF_SOURCE_POLL };
enum conf_ip_source { CONF_IP_HOST, CONF_IP_DOCKER, CONF_IP_MESOS, CONF_IP_NETINFO, CONF_IP_AUTO };
#define CONF_IP_SOURCES_MAX 5

/* Strings are never NULL: "" where nothing is set. */
struct conf {
	char *file; /* where it was read from */

	/* zk: "" or the URL as given, and its parts */
	char *zk;
	struct conf_endpoints zk_servers;
	char *zk_path; /* "/mesos" */
	char *zk_user, *zk_password;
	int zk_detection_timeout; /* seconds */
	bool exit_on_zk_timeout;
	struct conf_endpoints masters; /* normalised, default port 5050 */

	bool mesos_https_on;
	char *ca_cert_file, *cert_file, *key_file;
	enum conf_auth mesos_authentication;
	char *mesos_principal, *mesos_secret;
	char *iam_config_file;
	struct conf_account *iam_account; /* what that file has; NULL: not wanted, or without files */
	int refresh_seconds;
	int state_timeout_seconds;
	int state_max_age_seconds; /* 0: derived from refresh_seconds */
	enum conf_state_source state_source;

	uint32_t ttl;
	char *domain; /* lower case, no last dot */
	uint16_t port;
	struct addr *listeners;
	size_t listener_count;
	char *http_listener; /* an address, or a unix socket's path */
	uint16_t http_port;
	bool http_on, dns_on;

	struct conf_servers resolvers; /* of the file, else of the system */
	struct conf_zone_resolver *zone_resolvers;
	size_t zone_resolver_count;
	int timeout; /* seconds, per upstream */
	bool external_on, recurse_on;
	struct conf_prefix *recursion_allow;
	size_t recursion_allow_count;
	unsigned cache_size; /* entries */
	unsigned stale_max;  /* seconds */

	char *soa_mname, *soa_rname; /* lower case, with the last dot */
	uint32_t soa_refresh, soa_retry, soa_expire, soa_minttl;

	uint16_t srv_record_default_weight;
	enum conf_ip_source ip_sources[CONF_IP_SOURCES_MAX];
	size_t ip_source_count;
	bool enforce_rfc952, set_truncate_bit, enumeration_on, health_aware;
	unsigned mass_removal_guard; /* per cent, 0 off */

	char *user;
	unsigned workers; /* 0: one per core */
	uint16_t edns_udp_size;
	struct conf_static_zone *zones;
	size_t zone_count;
	bool local_zones;

	char *http_user, *http_password, *http_token;
};

#endif
