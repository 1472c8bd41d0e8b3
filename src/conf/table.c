/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/table.h"

#include <assert.h>
#include <stdint.h>
#include <strings.h>

#include "conf/type_name.h"
#include "conf/type_net.h"
#include "conf/type_plain.h"
#include "conf/type_resolver.h"

#define FIELD(member) .offset = offsetof(struct conf, member), .size = sizeof(((struct conf *)NULL)->member)

#define PORT_MAX 65535
#define TTL_MAX  INT32_MAX /* RFC 2181, section 8 */
#define DAY      86400
#define YEAR     (365 * DAY)

static const struct conf_word authentications[] = {
	{"", CONF_AUTH_NONE},
	{"basic", CONF_AUTH_BASIC},
	{"iam", CONF_AUTH_IAM},
	{NULL, 0},
};

static const struct conf_word state_sources[] = {
	{"auto", CONF_SOURCE_AUTO},
	{"stream", CONF_SOURCE_STREAM},
	{"poll", CONF_SOURCE_POLL},
	{NULL, 0},
};

static const struct conf_member mesos_credentials[] = {
	{"principal", "Principal", offsetof(struct conf, mesos_principal), false},
	{"secret", "Secret", offsetof(struct conf, mesos_secret), true},
	{NULL, NULL, 0, false},
};

static const struct conf_member http_credentials[] = {
	{"user", "User", offsetof(struct conf, http_user), false},
	{"password", "Password", offsetof(struct conf, http_password), true},
	{"token", "Token", offsetof(struct conf, http_token), true},
	{NULL, NULL, 0, false},
};

static const struct conf_key keys[] = {
	/* clang-format off */
	{ .name = "zk", .shown = "Zk", .group = CONF_GROUP_CLUSTER, .type = &conf_type_zk, .preset = "\"\"",
	  .help = "where ZooKeeper knows the leading master" },
	{ .name = "zkDetectionTimeout", .shown = "ZkDetectionTimeout", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_number, FIELD(zk_detection_timeout), .min = 0, .max = DAY, .preset = "30",
	  .help = "seconds without a leader until the server reports that it is not ready; 0 is never" },
	{ .name = "exitOnZkTimeout", .shown = "ExitOnZkTimeout", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_flag, FIELD(exit_on_zk_timeout), .preset = "false",
	  .help = "whether the server exits then" },
	{ .name = "masters", .shown = "Masters", .group = CONF_GROUP_CLUSTER, .type = &conf_type_masters,
	  .preset = "[]", .help = "the Mesos masters, in the order in which they are asked and numbered" },
	{ .name = "mesosHTTPSOn", .shown = "MesosHTTPSOn", .group = CONF_GROUP_CLUSTER, .type = &conf_type_flag,
	  FIELD(mesos_https_on), .preset = "false", .help = "whether the masters are asked over HTTPS" },
	{ .name = "caCertFile", .shown = "CACertFile", .group = CONF_GROUP_CLUSTER, .type = &conf_type_path,
	  FIELD(ca_cert_file), .preset = "\"\"",
	  .help = "certificates (PEM) of the authorities that the masters' certificates come from" },
	{ .name = "certFile", .shown = "CertFile", .group = CONF_GROUP_CLUSTER, .type = &conf_type_path,
	  FIELD(cert_file), .preset = "\"\"", .help = "the certificate (PEM) that is shown to the masters" },
	{ .name = "keyFile", .shown = "KeyFile", .group = CONF_GROUP_CLUSTER, .type = &conf_type_path,
	  FIELD(key_file), .preset = "\"\"", .help = "the private key (PEM) of that certificate" },
	{ .name = "mesosAuthentication", .shown = "MesosAuthentication", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_word, FIELD(mesos_authentication), .words = authentications, .preset = "\"\"",
	  .help = "how the server proves to the masters who it is" },
	{ .name = "mesosCredentials", .shown = "MesosCredentials", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_credentials, .members = mesos_credentials, .secret = true, .preset = "{}",
	  .rule = "an object with \"principal\" and \"secret\"", .help = "name and password for basic authentication" },
	{ .name = "iamConfigFile", .shown = "IAMConfigFile", .group = CONF_GROUP_CLUSTER, .type = &conf_type_path,
	  FIELD(iam_config_file), .preset = "\"\"",
	  .help = "the service account (JSON) for authentication by IAM" },
	{ .name = "refreshSeconds", .shown = "RefreshSeconds", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_number, FIELD(refresh_seconds), .min = 1, .max = YEAR, .preset = "60",
	  .help = "seconds from one poll of the state to the next" },
	{ .name = "stateTimeoutSeconds", .shown = "StateTimeoutSeconds", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_number, FIELD(state_timeout_seconds), .min = 1, .max = DAY, .preset = "300",
	  .help = "seconds that fetching the state from a master may take" },
	{ .name = "stateMaxAgeSeconds", .shown = "StateMaxAgeSeconds", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_number, FIELD(state_max_age_seconds), .min = 0, .max = YEAR, .preset = "0",
	  .help = "age of the state from which on the server is not ready; 0 is ten times refreshSeconds, and at least 300" },
	{ .name = "stateSource", .shown = "StateSource", .group = CONF_GROUP_CLUSTER, .type = &conf_type_word,
	  FIELD(state_source), .words = state_sources, .preset = "\"auto\"",
	  .help = "how the state comes: polled, as a stream of events, or as well as the master can" },
	{ .name = "massRemovalGuard", .shown = "MassRemovalGuard", .group = CONF_GROUP_CLUSTER,
	  .type = &conf_type_number, FIELD(mass_removal_guard), .min = 0, .max = 100,
	  .preset = "50", .help = "per cent of the records that one update may take away unconfirmed; 0 is no limit" },

	{ .name = "domain", .shown = "Domain", .group = CONF_GROUP_ZONE, .type = &conf_type_domain,
	  FIELD(domain), .preset = "\"mesos\"", .help = "the domain of the cluster" },
	{ .name = "ttl", .shown = "TTL", .group = CONF_GROUP_ZONE, .type = &conf_type_number, FIELD(ttl), .min = 0,
	  .max = TTL_MAX, .preset = "60", .help = "seconds that the cluster's records may be kept by caches" },
	{ .name = "IPSources", .shown = "IPSources", .group = CONF_GROUP_ZONE, .type = &conf_type_ip_sources,
	  .preset = "[\"netinfo\", \"mesos\", \"host\"]",
	  .help = "where a task's addresses are looked for; the first source that has any is taken" },
	{ .name = "healthAware", .shown = "HealthAware", .group = CONF_GROUP_ZONE, .type = &conf_type_flag,
	  FIELD(health_aware), .preset = "true",
	  .help = "whether tasks that fail their health check are left out of the names they share with others" },
	{ .name = "enforceRFC952", .shown = "EnforceRFC952", .group = CONF_GROUP_ZONE, .type = &conf_type_flag,
	  FIELD(enforce_rfc952), .preset = "false",
	  .help = "whether labels are made after RFC 952 (no digit first, at most 24 letters) and not RFC 1123" },
	{ .name = "srvRecordDefaultWeight", .shown = "SRVRecordDefaultWeight", .group = CONF_GROUP_ZONE,
	  .type = &conf_type_number, FIELD(srv_record_default_weight), .min = 0, .max = UINT16_MAX, .preset = "1",
	  .help = "the weight in SRV records" },
	{ .name = "SOAMname", .shown = "SOAMname", .group = CONF_GROUP_ZONE, .type = &conf_type_soa_name,
	  FIELD(soa_mname), .preset = "\"ns1.mesos\"", .help = "the name of the zone's name server; \"@\" becomes a dot" },
	{ .name = "SOARname", .shown = "SOARname", .group = CONF_GROUP_ZONE, .type = &conf_type_soa_name,
	  FIELD(soa_rname), .preset = "\"root.ns1.mesos\"",
	  .help = "the mailbox of whoever is responsible for the zone; \"@\" becomes a dot" },
	{ .name = "SOARefresh", .shown = "SOARefresh", .group = CONF_GROUP_ZONE, .type = &conf_type_number,
	  FIELD(soa_refresh), .min = 0, .max = TTL_MAX, .preset = "60",
	  .help = "seconds until a secondary server asks for changes" },
	{ .name = "SOARetry", .shown = "SOARetry", .group = CONF_GROUP_ZONE, .type = &conf_type_number,
	  FIELD(soa_retry), .min = 0, .max = TTL_MAX, .preset = "600", .help = "seconds until it asks again when that failed" },
	{ .name = "SOAExpire", .shown = "SOAExpire", .group = CONF_GROUP_ZONE, .type = &conf_type_number,
	  FIELD(soa_expire), .min = 0, .max = TTL_MAX, .preset = "86400", .help = "seconds until it gives the zone up" },
	{ .name = "SOAMinttl", .shown = "SOAMinttl", .group = CONF_GROUP_ZONE, .type = &conf_type_number,
	  FIELD(soa_minttl), .min = 0, .max = TTL_MAX, .preset = "60",
	  .help = "seconds that caches may keep the answer that there is no such name or record" },
	{ .name = "zones", .shown = "Zones", .group = CONF_GROUP_ZONE, .type = &conf_type_static_zones,
	  .preset = "[]", .help = "zones that are served from master files" },
	{ .name = "localZones", .shown = "LocalZones", .group = CONF_GROUP_ZONE, .type = &conf_type_flag,
	  FIELD(local_zones), .preset = "true",
	  .help = "whether localhost and the empty reverse zones of RFC 6303 are answered here" },

	{ .name = "dnson", .shown = "DnsOn", .group = CONF_GROUP_SERVICE, .type = &conf_type_flag, FIELD(dns_on),
	  .preset = "true", .help = "whether DNS is served" },
	{ .name = "listener", .shown = "Listener", .group = CONF_GROUP_SERVICE, .type = &conf_type_listener,
	  .preset = "\"0.0.0.0\"", .help = "the addresses that DNS is served on" },
	{ .name = "port", .shown = "Port", .group = CONF_GROUP_SERVICE, .type = &conf_type_number, FIELD(port),
	  .min = 1, .max = PORT_MAX, .preset = "53", .help = "the UDP and TCP port that DNS is served on" },
	{ .name = "setTruncateBit", .shown = "SetTruncateBit", .group = CONF_GROUP_SERVICE, .type = &conf_type_flag,
	  FIELD(set_truncate_bit), .preset = "true",
	  .help = "whether an answer that had to be cut says so, which makes the client ask again over TCP" },
	{ .name = "recurseon", .shown = "RecurseOn", .group = CONF_GROUP_SERVICE, .type = &conf_type_flag,
	  FIELD(recurse_on), .preset = "true", .help = "whether answers say that recursion is available" },
	{ .name = "ednsUdpSize", .shown = "EdnsUdpSize", .group = CONF_GROUP_SERVICE, .type = &conf_type_number,
	  FIELD(edns_udp_size), .min = 512, .max = 4096, .preset = "1232", .help = "bytes of the largest answer over UDP" },

	{ .name = "externalon", .shown = "ExternalOn", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_flag, FIELD(external_on), .preset = "true",
	  .help = "whether queries for other zones are forwarded" },
	{ .name = "resolvers", .shown = "Resolvers", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_resolvers, .preset = "[]",
	  .help = "the name servers that they are forwarded to, in this order" },
	{ .name = "zoneResolvers", .shown = "ZoneResolvers", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_zone_resolvers, .preset = "{}", .help = "the same for single zones; the longest suffix wins" },
	{ .name = "timeout", .shown = "Timeout", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_number, FIELD(timeout), .min = 1, .max = 3600, .preset = "5",
	  .help = "seconds that one of them has for its answer" },
	{ .name = "recursionAllow", .shown = "RecursionAllow", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_networks,
	  .preset = "[\"127.0.0.0/8\", \"::1/128\", \"169.254.0.0/16\", \"fe80::/10\", \"10.0.0.0/8\", "
		    "\"172.16.0.0/12\", \"192.168.0.0/16\", \"fc00::/7\", \"100.64.0.0/10\"]",
	  .help = "the networks whose queries are forwarded" },
	{ .name = "cacheSize", .shown = "CacheSize", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_number, FIELD(cache_size), .min = 0, .max = 100000000, .preset = "10000",
	  .help = "entries of the cache of forwarded answers" },
	{ .name = "staleMax", .shown = "StaleMax", .group = CONF_GROUP_FORWARD,
	  .type = &conf_type_number, FIELD(stale_max), .min = 0, .max = 7 * DAY, .preset = "3600",
	  .help = "seconds that an expired entry may still be served while its name server does not answer" },

	{ .name = "httpon", .shown = "HttpOn", .group = CONF_GROUP_HTTP,
	  .type = &conf_type_flag, FIELD(http_on), .preset = "true", .help = "whether the HTTP interface is served" },
	{ .name = "httplistener", .shown = "HTTPListener", .group = CONF_GROUP_HTTP,
	  .type = &conf_type_http_listener, .preset = "\"0.0.0.0\"", .help = "where the HTTP interface is served" },
	{ .name = "httpport", .shown = "HttpPort", .group = CONF_GROUP_HTTP,
	  .type = &conf_type_number, FIELD(http_port), .min = 1, .max = PORT_MAX, .preset = "8123",
	  .help = "the TCP port that it is served on" },
	{ .name = "enumerationOn", .shown = "EnumerationOn", .group = CONF_GROUP_HTTP,
	  .type = &conf_type_flag, FIELD(enumeration_on), .preset = "true",
	  .help = "whether it hands out all records at once" },
	{ .name = "httpCredentials", .shown = "HttpCredentials", .group = CONF_GROUP_HTTP,
	  .type = &conf_type_credentials, .members = http_credentials, .secret = true, .preset = "{}",
	  .rule = "an object with \"user\" and \"password\", or with \"token\"", .help = "who may use it" },

	{ .name = "user", .shown = "User", .group = CONF_GROUP_PROCESS, .type = &conf_type_text, FIELD(user),
	  .preset = "\"\"", .help = "the user to become once the ports are bound" },
	{ .name = "workers", .shown = "Workers", .group = CONF_GROUP_PROCESS, .type = &conf_type_number,
	  FIELD(workers), .min = 0, .max = 1024, .preset = "0", .help = "threads that answer; 0 is one for each core" },
	/* clang-format on */
};

#define KEY_COUNT (sizeof(keys) / sizeof(*keys))
static_assert(KEY_COUNT <= CONF_KEYS_MAX, "arrays over keys have room for all");

const struct conf_key *conf_keys(size_t *count)
{
	*count = KEY_COUNT;
	return keys;
}

const struct conf_key *conf_key_find(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!strcasecmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

const char *conf_group_name(enum conf_group group)
{
	static const char *const names[CONF_GROUPS] = {
		[CONF_GROUP_CLUSTER] = "cluster",
		[CONF_GROUP_ZONE] = "zone",
		[CONF_GROUP_SERVICE] = "service",
		[CONF_GROUP_FORWARD] = "forward",
		[CONF_GROUP_HTTP] = "http",
		[CONF_GROUP_PROCESS] = "process",
	};

	return names[group];
}

void conf_dump_table(FILE *out)
{
	char rule[256];

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct conf_key *key = &keys[i];

		key->type->rule(key, rule, sizeof(rule));
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", key->name, key->shown, conf_group_name(key->group),
			key->preset, key->help, rule);
	}
}
