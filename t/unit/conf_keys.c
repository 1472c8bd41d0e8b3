/* SPDX-License-Identifier: Apache-2.0 */
/* conf/: the rules of single keys and between keys, each with good and bad values. */
#include "t/unit/conf_helper.h"

#include <stdio.h>

#include "base/err.h"
#include "conf/table.h"

static void masters_are_normalised(void **state)
{
	shows("\"masters\": [\"LocalHost\", \"10.0.0.1:1\", \"[FD01:0::1]:5051\", \"fd01::2\", \"a_b.c.\"]",
		"Masters",
		"[\"localhost:5050\",\"10.0.0.1:1\",\"[fd01::1]:5051\",\"[fd01::2]:5050\",\"a_b.c:5050\"]");
	bad("\"masters\": [\"a\", \"A:5050\"]", "masters[1]", "is there twice");
	bad("\"masters\": [\"fd01::1\", \"[FD01:0:0::1]:5050\"]", "masters[1]", "is there twice");
	bad("\"masters\": [\"a:70000\"]", "masters[0]", "must be from 1 to 65535");
	bad("\"masters\": [\"a:\"]", "masters[0]", "must be from 1 to 65535");
	bad("\"masters\": [\"\"]", "masters[0]", "must be HOST:PORT");
	bad("\"masters\": [\"http://a:5050\"]", "masters[0]", "without a scheme");
	bad("\"masters\": [\"10.0.0.256\"]", "masters[0]", "neither an IP address nor a host name");
	bad("\"masters\": [\"a b\"]", "masters[0]", "neither an IP address nor a host name");
	bad("\"masters\": [\"a..b\"]", "masters[0]", "neither");
	bad("\"masters\": [\"0.0.0.0\"]", "masters[0]", "no address to connect to");
	bad("\"masters\": \"a:1\"", "masters", "must be a list of HOST:PORT");
	bad("\"masters\": []", "masters", "zk or masters is needed");
}

static void masters_are_needed_unless_the_state_comes_from_a_file(void **state)
{
	struct conf_options options = {
		.without_masters = true, .without_files = true, .system = &test_machine};
	struct loaded l = load("{}");

	assert_true(says(&l.report, CONF_ERROR, "masters", "zk or masters is needed"));
	unload(&l);
	l = load_options("{}", &options);
	assert_int_equal(l.err, 0);
	unload(&l);
	l = load_options("{\"zk\": \"zk://a/b\"}", &options);
	assert_int_equal(l.err, 0);
	assert_int_equal(l.report.warnings, 0);
	unload(&l);
}

static void zk_is_taken_apart(void **state)
{
	struct loaded l = good("\"masters\": [\"a\"], \"zk\": \"zk://me:p@ss:w@H1:99,[::1],h3/a/b/\"");
	const struct conf *c = l.conf;

	assert_string_equal(c->zk_user, "me");
	assert_string_equal(c->zk_password, "p@ss:w");
	assert_string_equal(c->zk_path, "/a/b");
	assert_int_equal(c->zk_servers.count, 3);
	assert_string_equal(c->zk_servers.items[0].host, "h1");
	assert_int_equal(c->zk_servers.items[0].port, 99);
	assert_string_equal(c->zk_servers.items[1].host, "::1");
	assert_int_equal(c->zk_servers.items[1].port, 2181);
	unload(&l);
	shows("\"masters\": [\"a\"], \"zk\": \"zk://me:p@ss@h1,[::1]:5/m\"", "Zk",
		"\"zk://me:******@h1:2181,[::1]:5/m\"");
	shows("\"masters\": [\"a\"], \"zk\": \"zk://h1/m\"", "Zk", "\"zk://h1:2181/m\"");
	shows("\"masters\": [\"a\"], \"zk\": \"\"", "Zk", "\"\"");

	quiet("\"zk\": \"zk://a/b\"");
	quiet("\"zk\": \"zk://h:1/.a/..b/c./...\"");
	bad("\"zk\": \"zk://h:1/a/./b\"", "zk", "ZooKeeper does not allow");
	bad("\"zk\": \"zk://h:1/..\"", "zk", "ZooKeeper does not allow");
	bad("\"zk\": \"zk://h:1/a\\u0001b\"", "zk", "ZooKeeper does not allow");
	quiet("\"zk\": \"zk://a/b\", \"exitOnZkTimeout\": true");
	warns("\"zk\": \"zk://a/b\", \"exitOnZkTimeout\": true, \"zkDetectionTimeout\": 0", "exitOnZkTimeout",
		"has no effect, as zkDetectionTimeout is 0");
	warns("\"exitOnZkTimeout\": true", "exitOnZkTimeout", "has no effect, as zk is not set");
	bad("\"masters\": [\"a\"], \"zk\": \"file:///x\"", "zk", "must begin with zk://");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h:1\"", "zk", "must end with the masters' path");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h:1/\"", "zk", "must end with the masters' path");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h:1//x\"", "zk", "empty part");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h:1,,g/x\"", "zk", "must be HOST:PORT");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h,H:2181/x\"", "zk", "is there twice");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://h:x/x\"", "zk", "from 1 to 65535");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://joe@h/x\"", "zk", "must be USER:PASSWORD");
	bad("\"masters\": [\"a\"], \"zk\": \"zk://u:hunt/er2@h/x\"", "zk",
		"neither user nor password may have one");
}

static void tls_files_come_together(void **state)
{
	quiet("\"mesosHTTPSOn\": true, \"caCertFile\": \"~/ca\", \"certFile\": \"/c\", \"keyFile\": \"k\"");
	shows("\"mesosHTTPSOn\": true, \"caCertFile\": \"~/ca\"", "CACertFile", "\"/home/u/ca\"");
	shows("\"mesosHTTPSOn\": true, \"caCertFile\": \"a/~/ca\"", "CACertFile", "\"a/~/ca\"");
	bad("\"mesosHTTPSOn\": true, \"certFile\": \"c\"", "keyFile", "come together");
	bad("\"mesosHTTPSOn\": true, \"keyFile\": \"c\"", "certFile", "come together");
	warns("\"caCertFile\": \"c\"", "caCertFile", "mesosHTTPSOn is false");

	const struct conf_system homeless = {test_resolv_conf, NULL, test_interfaces, 4};
	struct conf_options options = {.without_files = true, .system = &homeless};
	struct loaded l = load_options("{\"masters\": [\"a\"], \"caCertFile\": \"~/ca\"}", &options);
	assert_true(says(&l.report, CONF_ERROR, "caCertFile", "home"));
	unload(&l);
}

static void credentials_and_authentication_agree(void **state)
{
	quiet("\"mesosAuthentication\": \"basic\", \"mesosCredentials\": {\"principal\": \"a\", \"secret\": "
	      "\"b\"}");
	quiet("\"mesosAuthentication\": \"\", \"mesosCredentials\": {}");
	warns("\"mesosCredentials\": {\"principal\": \"a\", \"secret\": \"b\"}", "mesosCredentials",
		"has no effect");
	bad("\"mesosAuthentication\": \"basic\", \"mesosCredentials\": {\"principal\": \"a\"}",
		"mesosCredentials.secret", "must be set");
	bad("\"mesosAuthentication\": \"basic\", \"mesosCredentials\": {\"secret\": \"a\"}",
		"mesosCredentials.principal", "must be set");
	bad("\"mesosAuthentication\": \"basic\", \"mesosCredentials\": {\"principal\": \"a:b\", \"secret\": "
	    "\"a\"}",
		"mesosCredentials.principal", "colon");
	quiet("\"mesosAuthentication\": \"iam\", \"iamConfigFile\": \"a\"");
	bad("\"mesosAuthentication\": \"iam\"", "iamConfigFile", "must be set");
	warns("\"iamConfigFile\": \"a\"", "iamConfigFile", "has no effect");
	bad("\"mesosAuthentication\": \"digest\"", "mesosAuthentication",
		"must be \"\", \"basic\" or \"iam\", not \"digest\"");
	bad("\"mesosCredentials\": {\"principal\": \"a\", \"secret\": 8675309}", "mesosCredentials.secret",
		"must be a string, not a number");
	shows("\"mesosCredentials\": {\"principal\": \"a\", \"secret\": \"b\"}", "MesosCredentials",
		"{\"Principal\":\"a\",\"Secret\":\"******\"}");
	shows("", "MesosCredentials", "{\"Principal\":\"\",\"Secret\":\"\"}");

	bad("\"httpCredentials\": {\"user\": \"a\"}", "httpCredentials", "come together");
	bad("\"httpCredentials\": {\"token\": \"a\", \"password\": \"b\"}", "httpCredentials", "either");
	shows("\"httpCredentials\": {\"user\": \"u\", \"password\": \"p\"}", "HttpCredentials",
		"{\"User\":\"u\",\"Password\":\"******\",\"Token\":\"\"}");
	shows("\"httpCredentials\": {\"token\": \"t\"}", "HttpCredentials",
		"{\"User\":\"\",\"Password\":\"\",\"Token\":\"******\"}");
}

static void domain_is_made_of_labels(void **state)
{
	char members[400], label[65];

	memset(label, 'a', 64);
	label[64] = '\0';
	shows("\"domain\": \"Mesos.Example-1.COM.\"", "Domain", "\"mesos.example-1.com\"");
	snprintf(members, sizeof(members), "\"domain\": \"%s\"", label + 1);
	quiet(members);
	snprintf(members, sizeof(members), "\"domain\": \"%s\"", label);
	bad(members, "domain", "longer than 63");
	snprintf(members, sizeof(members), "\"domain\": \"%s.%s.%s.%s\"", label + 1, label + 1, label + 1,
		label + 1);
	bad(members, "domain", "longer than a domain name may be");
	bad("\"domain\": \"\"", "domain", "empty");
	bad("\"domain\": \".\"", "domain", "empty");
	bad("\"domain\": \"a..b\"", "domain", "empty");
	bad("\"domain\": \"-a\"", "domain", "starts with");
	bad("\"domain\": \"a-.b\"", "domain", "ends with");
	bad("\"domain\": \"a_b\"", "domain", "other than");
	bad("\"domain\": \"m\\u00e4sos\"", "domain", "other than");
}

static void soa_names_get_dots(void **state)
{
	shows("\"SOARname\": \"Root@Example.com\"", "SOARname", "\"root.example.com.\"");
	shows("\"SOAMname\": \"ns.example.com.\"", "SOAMname", "\"ns.example.com.\"");
	bad("\"SOARname\": \"@example\"", "SOARname", "must be a domain name");
	bad("\"SOAMname\": \"\"", "SOAMname", "must be a domain name, not \"\"");
	bad("\"SOAMname\": \"a..b\"", "SOAMname", "must be a domain name");
}

static void ip_sources_are_a_set(void **state)
{
	shows("\"IPSources\": [\"auto\", \"docker\"]", "IPSources", "[\"auto\",\"docker\"]");
	quiet("\"IPSources\": [\"host\", \"docker\", \"mesos\", \"netinfo\", \"auto\"]");
	bad("\"IPSources\": []", "IPSources", "not an empty list");
	bad("\"IPSources\": [\"host\", \"host\"]", "IPSources[1]", "is there twice");
	bad("\"IPSources\": [\"label\"]", "IPSources[0]", "\"netinfo\" or \"auto\", not \"label\"");
	bad("\"IPSources\": \"host\"", "IPSources", "must be a list");
}

static void listener_is_one_address_or_several(void **state)
{
	shows("\"listener\": \"192.0.2.7\"", "Listener", "\"192.0.2.7\"");
	shows("\"listener\": [\"127.0.0.1\", \"::1\"]", "Listener", "[\"127.0.0.1\",\"::1\"]");
	bad("\"listener\": []", "listener", "not an empty list");
	bad("\"listener\": \"localhost\"", "listener", "must be an IP address");
	bad("\"listener\": \"127.0.0.1:53\"", "listener", "must be an IP address");
	bad("\"listener\": [\"::1\", \"0::1\"]", "listener[1]", "is there twice");
	shows("\"httplistener\": \"0::1\"", "HTTPListener", "\"::1\"");
	shows("\"httplistener\": \"/run/x.sock\"", "HTTPListener", "\"/run/x.sock\"");
	bad("\"httplistener\": \"run/x.sock\"", "httplistener", "an IP address, or the absolute path");
	quiet("\"dnson\": false");
	bad("\"dnson\": false, \"httpon\": false", "dnson", "dnson or httpon must be true");
}

/* --- other zones --- */

static void resolvers_are_addresses_and_not_us(void **state)
{
	shows("\"resolvers\": [\"8.8.8.8\", \"8.8.8.8:54\", \"::2\", \"[::2]:99\"]", "Resolvers",
		"[\"8.8.8.8\",\"8.8.8.8:54\",\"::2\",\"[::2]:99\"]");
	bad("\"resolvers\": [\"8.8.8.8\", \"8.8.8.8:53\"]", "resolvers[1]", "is there twice");
	bad("\"resolvers\": [\"dns.example\"]", "resolvers[0]", "must be IP or IP:PORT");
	bad("\"resolvers\": [\"8.8.8.8:0\"]", "resolvers[0]", "must be IP or IP:PORT");
	bad("\"resolvers\": [\"0.0.0.0:54\"]", "resolvers[0]", "no address to send queries to");
	bad("\"resolvers\": [\"127.0.0.1\"]", "resolvers", "is this server itself");
	bad("\"resolvers\": [\"127.0.0.53\"]", "resolvers", "is this server itself");
	bad("\"resolvers\": [\"192.0.2.7\"]", "resolvers", "is this server itself");
	bad("\"resolvers\": [\"192.0.2.8\"], \"listener\": \"192.0.2.8\"", "resolvers",
		"is this server itself");
	bad("\"resolvers\": [\"[2001:db8::7]:54\"], \"listener\": \"::\", \"port\": 54", "resolvers",
		"\"[2001:db8::7]:54\" is this server itself");
	bad("\"zoneResolvers\": {\"a\": [\"127.0.0.1\"]}", "zoneResolvers.a", "is this server itself");
	shows("\"resolvers\": [\"127.0.0.1\"], \"port\": 54", "Resolvers", "[\"127.0.0.1\"]");
	shows("\"resolvers\": [\"127.0.0.1\"], \"listener\": \"192.0.2.7\"", "Resolvers", "[\"127.0.0.1\"]");
	shows("\"resolvers\": [\"::1\"]", "Resolvers", "[\"::1\"]");
}

static void system_resolvers_are_the_default(void **state)
{
	/* Not: itself by its interface, 127.0.0.53 where 0.0.0.0:53 is ours, what is no address, what is
	 * there twice. */
	shows("", "Resolvers", "[\"192.0.2.53\",\"2001:db8::53\"]");
	shows("\"resolvers\": []", "Resolvers", "[\"192.0.2.53\",\"2001:db8::53\"]");
	shows("\"port\": 8053", "Resolvers", "[\"192.0.2.53\",\"127.0.0.53\",\"2001:db8::53\"]");

	const struct conf_system silent = {"/nonexistent/resolv.conf", "/", test_interfaces, 4};
	struct conf_options options = {.without_files = true, .system = &silent};
	struct loaded l = load_options("{\"masters\": [\"a\"]}", &options);
	assert_int_equal(l.err, 0);
	assert_int_equal(l.conf->resolvers.count, 0);
	assert_true(says(&l.report, CONF_WARNING, "resolvers", "nothing can be forwarded"));
	unload(&l);
	l = load_options("{\"masters\": [\"a\"], \"externalon\": false}", &options);
	assert_int_equal(l.report.count, 0);
	unload(&l);
}

static void zone_resolvers_leave_the_domain_alone(void **state)
{
	shows("\"zoneResolvers\": {\"Example.COM.\": [\"192.0.2.1\", \"192.0.2.2:54\"], \"notmesos\": "
	      "[\"::2\"]}",
		"ZoneResolvers", "{\"example.com\":[\"192.0.2.1\",\"192.0.2.2:54\"],\"notmesos\":[\"::2\"]}");
	bad("\"zoneResolvers\": {\"MESOS.\": [\"192.0.2.1\"]}", "zoneResolvers.mesos",
		"is the cluster's domain");
	bad("\"zoneResolvers\": {\"a.mesos\": [\"192.0.2.1\"]}", "zoneResolvers.a.mesos",
		"lies in the cluster's domain");
	bad("\"domain\": \"mesos.example.com\", \"zoneResolvers\": {\"example.com\": [\"192.0.2.1\"]}",
		"zoneResolvers.example.com", "masks the cluster's domain");
	bad("\"zoneResolvers\": {\"a.b\": [\"192.0.2.1\"], \"A.b.\": [\"192.0.2.1\"]}", "zoneResolvers.A.b.",
		"is there twice");
	bad("\"zoneResolvers\": {\"a\": []}", "zoneResolvers.a", "at least one server");
	bad("\"zoneResolvers\": {\".\": [\"192.0.2.1\"]}", "zoneResolvers..", "root");
	bad("\"zoneResolvers\": {\"\": [\"192.0.2.1\"]}", "zoneResolvers.", "no domain name");
	bad("\"zoneResolvers\": {\"a\": [\"192.0.2.1\", \"192.0.2.1\"]}", "zoneResolvers.a[1]",
		"is there twice");
	bad("\"zoneResolvers\": {\"a\": \"192.0.2.1\"}", "zoneResolvers.a", "must be a list");
	warns("\"zoneResolvers\": {\"x.a\": [\"192.0.2.1\"]}, \"zones\": [{\"name\": \"a\", \"file\": "
	      "\"f\"}]",
		"zoneResolvers.x.a", "is served from a file");
}

static void networks_are_prefixes(void **state)
{
	/* The private ranges, and this host's networks that are not in them. */
	shows("", "RecursionAllow",
		"[\"127.0.0.0/8\",\"::1/128\",\"169.254.0.0/16\",\"fe80::/10\",\"10.0.0.0/8\",\"172.16.0.0/"
		"12\","
		"\"192.168.0.0/16\",\"fc00::/7\",\"100.64.0.0/10\",\"192.0.2.0/24\",\"2001:db8::/64\"]");
	shows("\"recursionAllow\": [\"192.0.2.1\", \"::/0\", \"10.128.0.0/9\"]", "RecursionAllow",
		"[\"192.0.2.1/32\",\"::/0\",\"10.128.0.0/9\"]");
	shows("\"recursionAllow\": []", "RecursionAllow", "[]");
	bad("\"recursionAllow\": [\"10.1.2.3/8\"]", "recursionAllow[0]", "the network is 10.0.0.0/8");
	bad("\"recursionAllow\": [\"10.0.0.0/33\"]", "recursionAllow[0]", "more than 32 bits");
	bad("\"recursionAllow\": [\"10.0.0.0/\"]", "recursionAllow[0]", "must be ADDRESS/BITS");
	bad("\"recursionAllow\": [\"10.0.0.0/8x\"]", "recursionAllow[0]", "must be ADDRESS/BITS");
	bad("\"recursionAllow\": [\"10.0.0.0/4294967304\"]", "recursionAllow[0]", "must be ADDRESS/BITS");
	bad("\"recursionAllow\": [\"localnets\"]", "recursionAllow[0]", "must be ADDRESS/BITS");
}

static void static_zones_have_name_and_file(void **state)
{
	shows("\"zones\": [{\"Name\": \"A.Mesos.\", \"file\": \"~/a\"}, {\"file\": \"b\", \"name\": "
	      "\"mesos\"}]",
		"Zones",
		"[{\"Name\":\"a.mesos\",\"File\":\"/home/u/a\"},{\"Name\":\"mesos\",\"File\":\"b\"}]");
	quiet("\"zones\": [{\"name\": \"0/25.2.0.192.in-addr.arpa\", \"file\": \"a\"}]");
	bad("\"zones\": [{\"name\": \"a\"}]", "zones[0].file", "is missing");
	bad("\"zones\": [{\"file\": \"a\"}]", "zones[0].name", "is missing");
	bad("\"zones\": [{\"name\": \"a\", \"file\": \"\"}]", "zones[0].file", "the path of a file");
	bad("\"zones\": [{\"name\": \"a..b\", \"file\": \"f\"}]", "zones[0].name", "no domain name");
	bad("\"zones\": [{\"name\": \".\", \"file\": \"f\"}]", "zones[0].name", "root");
	bad("\"zones\": [{\"name\": \"a\", \"file\": \"f\"}, {\"name\": \"A.\", \"file\": \"g\"}]",
		"zones[1].name", "is there twice");
	bad("\"zones\": [7]", "zones[0]", "must be an object");
	warns("\"zones\": [{\"name\": \"a\", \"file\": \"f\", \"fille\": 1}]", "zones[0].fille", "\"file\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masters_are_normalised),
		cmocka_unit_test(masters_are_needed_unless_the_state_comes_from_a_file),
		cmocka_unit_test(zk_is_taken_apart),
		cmocka_unit_test(tls_files_come_together),
		cmocka_unit_test(credentials_and_authentication_agree),
		cmocka_unit_test(domain_is_made_of_labels),
		cmocka_unit_test(soa_names_get_dots),
		cmocka_unit_test(ip_sources_are_a_set),
		cmocka_unit_test(listener_is_one_address_or_several),
		cmocka_unit_test(resolvers_are_addresses_and_not_us),
		cmocka_unit_test(system_resolvers_are_the_default),
		cmocka_unit_test(zone_resolvers_leave_the_domain_alone),
		cmocka_unit_test(networks_are_prefixes),
		cmocka_unit_test(static_zones_have_name_and_file),
	};

	return cmocka_run_group_tests_name("conf_keys", tests, make_resolv_conf, remove_resolv_conf);
}
