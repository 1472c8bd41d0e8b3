/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/check.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "conf/account.h"
#include "conf/type_resolver.h"

static size_t index_of(const char *name)
{
	const struct conf_key *key = conf_key_find(name);
	size_t count;

	assert(key);
	return (size_t)(key - conf_keys(&count));
}

/* Does the key have a value that can be relied on? */
static bool sound(const struct conf_check *check, const char *name)
{
	return !check->wrong[index_of(name)];
}

static bool given(const struct conf_check *check, const char *name)
{
	return check->given[index_of(name)] && sound(check, name);
}

#define error(check, ...) conf_report_add((check)->report, CONF_ERROR, __VA_ARGS__)
#define warn(check, ...)  conf_report_add((check)->report, CONF_WARNING, __VA_ARGS__)

static void check_masters(const struct conf_check *check)
{
	const struct conf *conf = check->conf;

	if (!sound(check, "zk") || !sound(check, "masters"))
		return;
	if (!*conf->zk && !conf->masters.count && !check->options->without_masters)
		error(check, "masters", "zk or masters is needed");
	if (conf->exit_on_zk_timeout && sound(check, "zkDetectionTimeout") && (!*conf->zk || !conf->zk_detection_timeout))
		warn(check, "exitOnZkTimeout", "has no effect, as %s", *conf->zk ? "zkDetectionTimeout is 0" : "zk is not set");
}

static void check_mesos(const struct conf_check *check)
{
	const struct conf *conf = check->conf;
	static const char *const tls_keys[] = {"caCertFile", "certFile", "keyFile"};
	const char *const tls_files[] = {conf->ca_cert_file, conf->cert_file, conf->key_file};

	if (sound(check, "certFile") && sound(check, "keyFile")) {
		if (*conf->cert_file && !*conf->key_file)
			error(check, "keyFile", "is missing: certFile and keyFile come together");
		if (!*conf->cert_file && *conf->key_file)
			error(check, "certFile", "is missing: certFile and keyFile come together");
	}
	for (size_t i = 0; i < 3; i++)
		if (sound(check, "mesosHTTPSOn") && !conf->mesos_https_on && *tls_files[i] &&
			conf->mesos_authentication != CONF_AUTH_IAM)
			warn(check, tls_keys[i], "has no effect, as mesosHTTPSOn is false");

	if (!sound(check, "mesosAuthentication") || !sound(check, "mesosCredentials"))
		return;
	if (conf->mesos_authentication == CONF_AUTH_BASIC) {
		if (!*conf->mesos_principal)
			error(check, "mesosCredentials.principal",
				"must be set for mesosAuthentication \"basic\"");
		if (!*conf->mesos_secret)
			error(check, "mesosCredentials.secret",
				"must be set for mesosAuthentication \"basic\"");
		if (strchr(conf->mesos_principal, ':'))
			error(check, "mesosCredentials.principal", "must not have a colon (RFC 7617)");
	} else if (*conf->mesos_principal || *conf->mesos_secret) {
		warn(check, "mesosCredentials", "has no effect, as mesosAuthentication is not \"basic\"");
	}
	if (*conf->iam_config_file && conf->mesos_authentication != CONF_AUTH_IAM)
		warn(check, "iamConfigFile", "has no effect, as mesosAuthentication is not \"iam\"");
	if (!*conf->iam_config_file && conf->mesos_authentication == CONF_AUTH_IAM && sound(check, "iamConfigFile"))
		error(check, "iamConfigFile", "must be set for mesosAuthentication \"iam\"");
}

static void check_services(const struct conf_check *check)
{
	const struct conf *conf = check->conf;
	struct addr http;

	if (sound(check, "dnson") && sound(check, "httpon") && !conf->dns_on && !conf->http_on)
		error(check, "dnson", "dnson or httpon must be true: nothing else is served");
	if (!given(check, "port") || !sound(check, "httpport") || conf->port != conf->http_port ||
		!conf->dns_on || !conf->http_on ||
		addr_parse(&http, conf->http_listener, strlen(conf->http_listener)))
		return;
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct addr *dns = &conf->listeners[i];

		if (dns->len == http.len &&
			(addr_equal(dns, &http) || addr_is_any(dns) || addr_is_any(&http))) {
			error(check, "httpport", "port and httpport are both %u, on the same address",
				conf->port);
			return;
		}
	}
}

static void check_http_credentials(const struct conf_check *check)
{
	const struct conf *conf = check->conf;

	if (!given(check, "httpCredentials"))
		return;
	if (*conf->http_token && (*conf->http_user || *conf->http_password))
		error(check, "httpCredentials", "must have either \"user\" and \"password\" or \"token\"");
	else if (!*conf->http_user != !*conf->http_password)
		error(check, "httpCredentials", "\"user\" and \"password\" come together");
}

/* Would a query to this server come back to us? */
static bool is_ourselves(const struct conf_check *check, const struct conf_server *server)
{
	const struct conf *conf = check->conf;

	if (!conf->dns_on || server->port != conf->port)
		return false;
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct addr *listener = &conf->listeners[i];

		if (addr_equal(listener, &server->addr))
			return true;
		if (listener->len == server->addr.len && addr_is_any(listener) &&
			conf_system_owns(check->system, &server->addr))
			return true;
	}
	return false;
}

static void check_servers(const struct conf_check *check, const char *key, const struct conf_servers *servers)
{
	char text[CONF_SERVER_TEXT_MAX];

	for (size_t i = 0; i < servers->count; i++)
		if (is_ourselves(check, &servers->items[i]))
			error(check, key, "\"%s\" is this server itself: queries would go round in circles",
				conf_server_format(&servers->items[i], text));
}

static int check_resolvers(const struct conf_check *check)
{
	struct conf *conf = check->conf;
	bool own = sound(check, "listener") && sound(check, "port") && sound(check, "dnson");
	struct conf_servers *resolvers = &conf->resolvers;
	size_t kept = 0;
	int err;

	for (size_t i = 0; own && i < conf->zone_resolver_count; i++) {
		char key[120];

		snprintf(key, sizeof(key), "zoneResolvers.%.80s", conf->zone_resolvers[i].zone);
		check_servers(check, key, &conf->zone_resolvers[i].servers);
	}
	if (resolvers->count) {
		if (own)
			check_servers(check, "resolvers", resolvers);
		return 0;
	}
	free(resolvers->items);
	err = conf_system_resolvers(check->system, resolvers);
	for (size_t i = 0; i < resolvers->count; i++)
		if (!is_ourselves(check, &resolvers->items[i]))
			resolvers->items[kept++] = resolvers->items[i];
	resolvers->count = kept;
	if (!kept && conf->external_on && sound(check, "resolvers") && sound(check, "externalon"))
		warn(check, "resolvers",
			"none is set, and %s names none but this host: nothing can be forwarded",
			check->system->resolv_conf);
	return err;
}

/* Is `name` the zone or below it? Both in normal form. */
static bool is_under(const char *name, const char *zone)
{
	size_t len = strlen(name), zone_len = strlen(zone);

	return len >= zone_len && !strcmp(name + len - zone_len, zone) &&
	       (len == zone_len || name[len - zone_len - 1] == '.');
}

static void check_zone_resolvers(const struct conf_check *check)
{
	const struct conf *conf = check->conf;

	for (size_t i = 0; i < conf->zone_resolver_count; i++) {
		const char *zone = conf->zone_resolvers[i].zone;
		char key[120];

		snprintf(key, sizeof(key), "zoneResolvers.%.80s", zone);
		if (sound(check, "domain")) {
			if (!strcmp(zone, conf->domain))
				error(check, key, "is the cluster's domain, which is answered here");
			else if (is_under(zone, conf->domain))
				error(check, key, "lies in the cluster's domain, which is answered here");
			else if (is_under(conf->domain, zone))
				error(check, key, "masks the cluster's domain \"%s\"", conf->domain);
		}
		for (size_t j = 0; j < conf->zone_count; j++)
			if (conf->zones[j].name && is_under(zone, conf->zones[j].name))
				warn(check, key, "has no effect: \"%s\" is served from a file",
					conf->zones[j].name);
	}
}

static bool covers(const struct conf_prefix *outer, const struct conf_prefix *inner)
{
	struct conf_prefix cut = {inner->addr, outer->bits};

	conf_prefix_mask(&cut);
	return outer->bits <= inner->bits && addr_equal(&outer->addr, &cut.addr);
}

/* The default of recursionAllow has the host's own networks as well. */
static int add_own_networks(const struct conf_check *check)
{
	struct conf *conf = check->conf;
	struct conf_prefix *list;

	if (given(check, "recursionAllow"))
		return 0;
	list = reallocarray(conf->recursion_allow,
		conf->recursion_allow_count + check->system->interface_count + 1, sizeof(*list));
	if (!list)
		return ERR_NOMEM;
	conf->recursion_allow = list;
	for (size_t i = 0; i < check->system->interface_count; i++) {
		struct conf_prefix network = check->system->interfaces[i];
		bool known = !network.bits;

		conf_prefix_mask(&network);
		for (size_t j = 0; j < conf->recursion_allow_count; j++)
			known = known || covers(&list[j], &network);
		if (!known)
			list[conf->recursion_allow_count++] = network;
	}
	return 0;
}

/* Is there a file of that name to be read? "" names none. */
static bool check_file(const struct conf_check *check, const char *key, const char *path)
{
	bool good = false;
	struct stat st;

	if (!path || !*path)
		return false;
	/* Not access(): that asks for the real user, and a FIFO must not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		error(check, key, "cannot read \"%s\": %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		error(check, key, "\"%s\" is not a regular file", path);
	else
		good = true;
	if (fd >= 0)
		close(fd);
	return good;
}

static void check_files(const struct conf_check *check)
{
	struct conf *conf = check->conf;
	char key[40];

	if (check->options->without_files)
		return;
	check_file(check, "caCertFile", conf->ca_cert_file);
	check_file(check, "certFile", conf->cert_file);
	check_file(check, "keyFile", conf->key_file);
	if (check_file(check, "iamConfigFile", conf->iam_config_file) && conf->mesos_authentication == CONF_AUTH_IAM)
		conf->iam_account = conf_account_read(conf->iam_config_file, "iamConfigFile", check->report);
	for (size_t i = 0; i < conf->zone_count; i++) {
		snprintf(key, sizeof(key), "zones[%zu].file", i);
		check_file(check, key, conf->zones[i].file);
	}
	if (*conf->user && !getpwnam(conf->user))
		error(check, "user", "there is no user \"%s\"", conf->user);
}

int conf_check(struct conf_check *check)
{
	int err;

	check_masters(check);
	check_mesos(check);
	check_services(check);
	check_http_credentials(check);
	check_zone_resolvers(check);
	check_files(check);
	err = check_resolvers(check);
	return err ? err : add_own_networks(check);
}
