/* SPDX-License-Identifier: Apache-2.0 */
/* zone/naming: each row of the tables of doc/records.md, from elements to lines. */
#include "t/unit/unit.h"

#include "t/unit/cluster.h"

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10
#define A63 A50 A10 "aaa"

struct fixture {
	struct naming_settings settings;
	struct naming *naming;
	struct cluster_builder agent, framework, task;
	struct told told;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	siphash_init();
	f->settings = (struct naming_settings){.domain = "mesos", .health_aware = true, .srv_weight = 1,
		.ip_sources = {CONF_IP_NETINFO, CONF_IP_MESOS, CONF_IP_HOST}, .ip_source_count = 3};
	build_agent(&f->agent, &(struct agent_spec){.id = "2015-c0-S12", .addrs = "10.0.0.1", .port = 5051});
	build_framework(&f->framework,
		&(struct framework_spec){.id = "F", .name = "marathon", .addrs = "10.0.0.9", .port = 9999});
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	naming_free(f->naming);
	cluster_builder_fini(&f->agent);
	cluster_builder_fini(&f->framework);
	cluster_builder_fini(&f->task);
	told_clear(&f->told);
	free(f);
	return 0;
}

/* The rules as the settings are now. */
static struct naming *rules(struct fixture *f)
{
	naming_free(f->naming);
	f->naming = naming_new(&f->settings);
	assert_non_null(f->naming);
	return f->naming;
}

static void name_task(struct fixture *f, struct task_spec spec)
{
	struct naming_sink sink = told_sink(&f->told);

	spec.id = spec.id ? spec.id : "web.ok.0001"; /* its hash is rqkg8 */
	spec.framework = "F";
	spec.agent = "2015-c0-S12";
	spec.name = spec.name ? spec.name : "web";
	build_task(&f->task, &spec);
	told_clear(&f->told);
	naming_task(rules(f), f->task.task, f->agent.agent, f->framework.framework, &sink);
}

#define TASK(f, ...) name_task(f, (struct task_spec){__VA_ARGS__})

static bool says(const struct fixture *f, const char *line)
{
	const char *at = f->told.text ? strstr(f->told.text, line) : NULL;

	return at && (at == f->told.text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static void expect(struct fixture *f, const char *lines)
{
	told_equal(&f->told, lines);
}

/* The address records of a task `web` and the same again below `slave`. */
#define WEB_ADDRS(address)                                                                                   \
	"web.marathon.mesos. A " address "\n"                                                                \
	"web-rqkg8-s12.marathon.mesos. A " address "\n"                                                      \
	"web.marathon.slave.mesos. A 10.0.0.1\n"                                                             \
	"web-rqkg8-s12.marathon.slave.mesos. A 10.0.0.1\n"

static void a_task_without_discovery_info(void **state)
{
	struct fixture *f = *state;

	TASK(f, .ports = "[31000-31001, 31005-31005]", .netinfo = "172.17.0.2");
	expect(f, WEB_ADDRS("172.17.0.2")
		"_web._tcp.marathon.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.mesos. SRV 1 31001 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.mesos. SRV 1 31005 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 31001 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 31005 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 31001 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 31005 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 31001 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 31005 web-rqkg8-s12.marathon.slave.mesos.\n");
}

static void a_task_without_ports(void **state)
{
	struct fixture *f = *state;

	TASK(f, .netinfo = "172.17.0.2");
	expect(f, WEB_ADDRS("172.17.0.2"));
	TASK(f, .ports = "[]");
	expect(f, WEB_ADDRS("10.0.0.1"));
	/* discovery ports without a discovery name do not count */
	TASK(f, .discovery_ports = {{"http", "tcp", 80}}, .discovery_port_count = 1);
	expect(f, WEB_ADDRS("10.0.0.1"));
}

static void a_task_with_discovery_info(void **state)
{
	struct fixture *f = *state;

	TASK(f, .name = "other", .discovery = "web", .ports = "[31000-31000]", .netinfo = "172.17.0.2",
		.discovery_ports = {{NULL, "tcp", 80}, {"Ad min", "udp", 81}, {"!", NULL, 0}}, .discovery_port_count = 3);
	expect(f, WEB_ADDRS("172.17.0.2")
		"_web._tcp.marathon.slave.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 31000 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 81 web-rqkg8-s12.marathon.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 81 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_admin._web._udp.marathon.mesos. SRV 1 81 web-rqkg8-s12.marathon.mesos.\n"
		"_admin._web._udp.marathon.slave.mesos. SRV 1 81 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.mesos. SRV 1 0 web-rqkg8-s12.marathon.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 0 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 0 web-rqkg8-s12.marathon.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 0 web-rqkg8-s12.marathon.slave.mesos.\n");
}

static void protocols(void **state)
{
	static const struct {
		const char *protocol, *names;
	} vectors[] = {
		{"tcp", "tcp"},
		{"TCP", "tcp"},
		{"udp", "udp"},
		{"", "tcp udp"},
		{"tcp,udp", "tcp udp"},
		{"udp,tcp", "udp tcp"},
		{"tcp, UDP ", "tcp udp"},
		{",tcp,,", "tcp"},
		{",", "tcp udp"},
		{"!,?", "tcp udp"},
		{"h2c", "h2c"},
		{"client", "client"},
		{"a.b_c", "a-b-c"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char lines[1024] = WEB_ADDRS("10.0.0.1"), names[32], *rest;

		strcpy(names, vectors[i].names);
		for (char *p = strtok_r(names, " ", &rest); p; p = strtok_r(NULL, " ", &rest)) {
			size_t used = strlen(lines);

			snprintf(lines + used, sizeof(lines) - used,
				"_web._%s.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.mesos.\n"
				"_web._%s.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n", p, p);
		}
		TASK(f, .discovery = "web", .discovery_ports = {{NULL, vectors[i].protocol, 80}}, .discovery_port_count = 1);
		expect(f, lines);
	}
}

static void a_list_of_protocols_has_a_bound(void **state)
{
	struct fixture *f = *state;
	char list[512] = "";

	for (int i = 0; i < 100; i++)
		sprintf(list + strlen(list), "p%d,", i);
	TASK(f, .discovery = "web", .discovery_ports = {{NULL, list, 80}}, .discovery_port_count = 1);
	assert_true(says(f, "_web._p0.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.mesos."));
	assert_true(f->told.records < 40);
	assert_int_equal(f->told.left_out[NAMING_TOO_MANY_PORTS], 1);
}

static void resource_ports_have_a_bound(void **state)
{
	struct fixture *f = *state;

	TASK(f, .ports = "[1-1000, 2001-2024]");
	assert_int_equal(f->told.records, 4 + 4 * CLUSTER_PORTS_MAX);
	assert_int_equal(f->told.left_out[NAMING_TOO_MANY_PORTS], 0);
	TASK(f, .ports = "[1-1000, 2001-2024, 65535-65535]");
	assert_int_equal(f->told.records, 4 + 4 * CLUSTER_PORTS_MAX);
	assert_int_equal(f->told.left_out[NAMING_TOO_MANY_PORTS], 1);
	TASK(f, .ports = "[65535-65535]");
	assert_true(says(f, "_web._udp.marathon.mesos. SRV 1 65535 web-rqkg8-s12.marathon.slave.mesos."));
	assert_int_equal(f->told.records, 8);
	TASK(f, .ports = "[0-65535, 0-65535]");
	assert_int_equal(f->told.records, 4 + 4 * CLUSTER_PORTS_MAX);
	assert_int_equal(f->told.left_out[NAMING_TOO_MANY_PORTS], 1);
}

static void the_second_set(void **state)
{
	struct fixture *f = *state;

	TASK(f, .discovery = "Server.temp.test", .discovery_ports = {{"http", "tcp", 80}}, .discovery_port_count = 1,
		.ports = "[8080-8080]");
	expect(f, "server-temp-test.marathon.mesos. A 10.0.0.1\n"
		"server-temp-test-rqkg8-s12.marathon.mesos. A 10.0.0.1\n"
		"server-temp-test.marathon.slave.mesos. A 10.0.0.1\n"
		"server-temp-test-rqkg8-s12.marathon.slave.mesos. A 10.0.0.1\n"
		"_server-temp-test._tcp.marathon.slave.mesos. SRV 1 8080 server-temp-test-rqkg8-s12.marathon.slave.mesos.\n"
		"_server-temp-test._udp.marathon.slave.mesos. SRV 1 8080 server-temp-test-rqkg8-s12.marathon.slave.mesos.\n"
		"_server-temp-test._tcp.marathon.mesos. SRV 1 80 server-temp-test-rqkg8-s12.marathon.mesos.\n"
		"_server-temp-test._tcp.marathon.slave.mesos. SRV 1 80 server-temp-test-rqkg8-s12.marathon.slave.mesos.\n"
		"_http._server-temp-test._tcp.marathon.mesos. SRV 1 80 server-temp-test-rqkg8-s12.marathon.mesos.\n"
		"_http._server-temp-test._tcp.marathon.slave.mesos. SRV 1 80 "
		"server-temp-test-rqkg8-s12.marathon.slave.mesos.\n"
		"server.temp.test.marathon.mesos. A 10.0.0.1\n"
		"server.temp.test-rqkg8-s12.marathon.mesos. A 10.0.0.1\n"
		"server.temp.test.marathon.slave.mesos. A 10.0.0.1\n"
		"server.temp.test-rqkg8-s12.marathon.slave.mesos. A 10.0.0.1\n"
		"_server.temp.test._tcp.marathon.slave.mesos. SRV 1 8080 server.temp.test-rqkg8-s12.marathon.slave.mesos.\n"
		"_server.temp.test._udp.marathon.slave.mesos. SRV 1 8080 server.temp.test-rqkg8-s12.marathon.slave.mesos.\n"
		"_server.temp.test._tcp.marathon.mesos. SRV 1 80 server.temp.test-rqkg8-s12.marathon.mesos.\n"
		"_server.temp.test._tcp.marathon.slave.mesos. SRV 1 80 server.temp.test-rqkg8-s12.marathon.slave.mesos.\n"
		"_http._server.temp.test._tcp.marathon.mesos. SRV 1 80 server.temp.test-rqkg8-s12.marathon.mesos.\n"
		"_http._server.temp.test._tcp.marathon.slave.mesos. SRV 1 80 "
		"server.temp.test-rqkg8-s12.marathon.slave.mesos.\n");
}

static void the_second_set_is_left_out(void **state)
{
	static const char *const same[] = {"web", "WEB"};
	static const char *const bad[] = {"we_b", "w eb", "web.", ".web", "we..b", "-web", "web.-a", A63 "a.b", "w\xc3\xa9"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		TASK(f, .discovery = same[i]);
		assert_int_equal(f->told.left_out[NAMING_NOT_A_HOSTNAME], 0);
		expect(f, WEB_ADDRS("10.0.0.1"));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TASK(f, .discovery = bad[i]);
		assert_int_equal(f->told.left_out[NAMING_NOT_A_HOSTNAME], 1);
		assert_int_equal(f->told.records, 4);
	}
	TASK(f, .discovery = "!!!");
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 1);
	expect(f, "");
}

static void long_names(void **state)
{
	static const char discovery[] = A63 "." A50 "aaa----bbbbbb";
	char name[CLUSTER_TEXT_MAX + 1];
	struct fixture *f = *state;

	/* 63 for T, 63 for the canonical label, 63 for _T */
	TASK(f, .name = A63, .ports = "[80-80]");
	assert_true(says(f, A63 ".marathon.mesos. A 10.0.0.1"));
	assert_true(says(f, A50 "aaa-rqkg8-s12.marathon.mesos. A 10.0.0.1"));
	assert_true(says(f, "_" A50 A10 "aa._tcp.marathon.mesos. SRV 1 80 " A50 "aaa-rqkg8-s12.marathon.slave.mesos."));
	assert_int_equal(f->told.records, 8);
	/* no `-` before the one that follows the cut */
	TASK(f, .name = A50 "a--" A10 A10);
	assert_true(says(f, A50 "a-rqkg8-s12.marathon.mesos. A 10.0.0.1"));
	TASK(f, .name = A50 A10 "a-a", .ports = "[80-80]");
	assert_true(says(f, "_" A50 A10 "a._tcp.marathon.mesos. SRV 1 80 " A50 "aaa-rqkg8-s12.marathon.slave.mesos."));
	/* each label of the second set is bound by itself */
	TASK(f, .discovery = discovery, .discovery_ports = {{NULL, "tcp", 80}}, .discovery_port_count = 1);
	assert_int_equal(f->told.records, 2 * 6);
	assert_true(says(f, A63 "." A50 "aaa-rqkg8-s12.marathon.mesos. A 10.0.0.1"));
	assert_true(says(f, "_" A50 A10 "aa." A50 "aaa----bbbbbb._tcp.marathon.mesos. SRV 1 80 "
		A63 "." A50 "aaa-rqkg8-s12.marathon.mesos."));
	/* the longest texts that there can be */
	memset(name, 'a', CLUSTER_TEXT_MAX);
	name[CLUSTER_TEXT_MAX] = '\0';
	TASK(f, .name = name, .discovery = name);
	assert_int_equal(f->told.records, 4);
	assert_int_equal(f->told.left_out[NAMING_NOT_A_HOSTNAME], 1);
	for (size_t i = 1; i < CLUSTER_TEXT_MAX; i += 2)
		name[i] = '.';
	TASK(f, .name = name, .discovery = name);
	assert_int_equal(f->told.records, 4); /* the other set passes 255 bytes */
	assert_int_equal(f->told.left_out[NAMING_NOT_A_HOSTNAME] + f->told.left_out[NAMING_TOO_LONG], 1);
}

/* 255 bytes and not one more; what fits stays when its neighbour does not. */
static void names_of_255_bytes(void **state)
{
	struct fixture *f = *state;

	/* F.D: 64 + 64 + 64 + 50 + 7 = 249; F.slave.D: 255; names of tasks do not fit */
	build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = A63 "." A63 "." A63 "." A50,
		.addrs = "10.0.0.9", .port = 1});
	struct naming_sink sink = told_sink(&f->told);
	naming_framework(rules(f), f->framework.framework, &sink);
	assert_int_equal(f->told.left_out[NAMING_TOO_LONG], 1); /* _framework._tcp.F.D */
	expect(f, A63 "." A63 "." A63 "." A50 ".mesos. A 10.0.0.9\n");
	TASK(f, .name = "aaa", .ports = "[1-1]");
	/* aaa.F.D is 4 more: 253 + 7 - 5; the canonical one is not to be had */
	assert_true(f->told.left_out[NAMING_TOO_LONG] > 0);
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 0);
	for (unsigned extra = 0; extra < 12; extra++) {
		char name[300], owner[400];

		sprintf(name, A63 "." A63 "." A63 "." A50 "%.*s", (int)extra, A10 A10);
		build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = name, .addrs = "10.0.0.9"});
		told_clear(&f->told);
		naming_framework(f->naming, f->framework.framework, &sink);
		/* each label and its length byte, `mesos`, the root */
		bool fits = 3 * 64 + 51 + extra + 6 + 1 <= 255;
		sprintf(owner, "%s.mesos. A 10.0.0.9", name);
		assert_int_equal(says(f, owner), fits);
		assert_int_equal(f->told.left_out[NAMING_TOO_LONG], !fits);
	}
	/* more than a fragment can hold is too long as well, and nothing of it is told */
	build_framework(&f->framework, &(struct framework_spec){.id = "F", .addrs = "10.0.0.9",
		.name = A63 "." A63 "." A63 "." A63 "." A63});
	told_clear(&f->told);
	naming_framework(f->naming, f->framework.framework, &sink);
	assert_int_equal(f->told.left_out[NAMING_TOO_LONG], 1);
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 0);
	expect(f, "");
	TASK(f, .ports = "[1-1]");
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 0);
	assert_true(f->told.left_out[NAMING_TOO_LONG] > 0);
	expect(f, "");
}

static void sources_of_addresses(void **state)
{
	enum { NONE = -1, HOST = CONF_IP_HOST, DOCKER = CONF_IP_DOCKER, MESOS = CONF_IP_MESOS, NETINFO = CONF_IP_NETINFO };
	static const enum conf_ip_source all[] = {CONF_IP_HOST, CONF_IP_DOCKER, CONF_IP_MESOS, CONF_IP_NETINFO};
	static const char *const address[] = {[HOST] = "10.0.0.1", [DOCKER] = "172.17.0.3", [MESOS] = "172.17.0.4",
		[NETINFO] = "172.17.0.2"};
	struct fixture *f = *state;

	/* every order of every choice of sources, and every choice of what the task has */
	for (unsigned order = 0; order < 625; order++) {
		f->settings.ip_source_count = 0;
		for (unsigned rest = order, i = 0; i < 4; i++, rest /= 5)
			if (rest % 5 < 4)
				f->settings.ip_sources[f->settings.ip_source_count++] = all[rest % 5];
		for (unsigned has = 0; has < 8; has++) {
			int want = NONE;
			char line[64];

			for (size_t i = 0; i < f->settings.ip_source_count && want == NONE; i++) {
				enum conf_ip_source source = f->settings.ip_sources[i];

				if (source == CONF_IP_HOST || (source == CONF_IP_DOCKER && has & 1) ||
					(source == CONF_IP_MESOS && has & 2) || (source == CONF_IP_NETINFO && has & 4))
					want = (int)source;
			}
			TASK(f, .docker = has & 1 ? address[DOCKER] : NULL, .mesos = has & 2 ? address[MESOS] : NULL,
				.netinfo = has & 4 ? address[NETINFO] : NULL);
			assert_int_equal(f->told.records, want == NONE ? 2 : 4);
			if (want == NONE)
				continue;
			snprintf(line, sizeof(line), "web.marathon.mesos. A %s", address[want]);
			assert_true(says(f, line));
			snprintf(line, sizeof(line), "web-rqkg8-s12.marathon.mesos. A %s", address[want]);
			assert_true(says(f, line));
		}
	}
}

static void source_auto(void **state)
{
	struct fixture *f = *state;

	f->settings.ip_sources[0] = CONF_IP_AUTO;
	f->settings.ip_source_count = 1;
	TASK(f, .netinfo = "172.17.0.2");
	expect(f, WEB_ADDRS("172.17.0.2"));
	TASK(f, .netinfo = "172.17.0.2", .mapped = true);
	expect(f, WEB_ADDRS("10.0.0.1"));
	TASK(f, .mesos = "172.17.0.3", .docker = "172.17.0.4");
	expect(f, WEB_ADDRS("10.0.0.1"));
	/* `auto` yields nothing without an address of the agent, and the next source counts */
	build_agent(&f->agent, &(struct agent_spec){.id = "2015-c0-S12"});
	f->settings.ip_sources[1] = CONF_IP_NETINFO;
	f->settings.ip_source_count = 2;
	TASK(f, .netinfo = "172.17.0.2", .mapped = true);
	expect(f, "web.marathon.mesos. A 172.17.0.2\nweb-rqkg8-s12.marathon.mesos. A 172.17.0.2\n");
}

static void several_addresses_of_both_families(void **state)
{
	struct fixture *f = *state;

	build_agent(&f->agent, &(struct agent_spec){.id = "2015-c0-S12", .addrs = "10.0.0.1,fd00::1", .port = 5051});
	TASK(f, .netinfo = "172.17.0.2,fd00::2,172.17.0.3", .ports = "[80-80]");
	expect(f, "web.marathon.mesos. A 172.17.0.2\n"
		"web.marathon.mesos. A 172.17.0.3\n"
		"web.marathon.mesos. AAAA fd00::2\n"
		"web-rqkg8-s12.marathon.mesos. A 172.17.0.2\n"
		"web-rqkg8-s12.marathon.mesos. A 172.17.0.3\n"
		"web-rqkg8-s12.marathon.mesos. AAAA fd00::2\n"
		"web.marathon.slave.mesos. A 10.0.0.1\n"
		"web.marathon.slave.mesos. AAAA fd00::1\n"
		"web-rqkg8-s12.marathon.slave.mesos. A 10.0.0.1\n"
		"web-rqkg8-s12.marathon.slave.mesos. AAAA fd00::1\n"
		"_web._tcp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n"
		"_web._udp.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.\n");
}

static void ids_of_agents(void **state)
{
	static const struct {
		const char *id, *canonical;
	} vectors[] = {
		{"20140703-154529-16777343-5050-1234-0", "web-rqkg8-0"},
		{"abc-S12", "web-rqkg8-s12"},
		{"S7", "web-rqkg8-s7"},
		{"abc-", "web-rqkg8"},
		{"-", "web-rqkg8"},
	};
	struct fixture *f = *state;
	char line[128];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		build_agent(&f->agent, &(struct agent_spec){.id = vectors[i].id, .addrs = "10.0.0.1"});
		TASK(f, .name = "web");
		snprintf(line, sizeof(line), "%s.marathon.mesos. A 10.0.0.1", vectors[i].canonical);
		assert_true(says(f, line));
	}
	/* a tail that leaves the task's name one byte, and a cut of it that would end in `-` */
	build_agent(&f->agent, &(struct agent_spec){.id = "x-" A50 "aaa____bbbb", .addrs = "10.0.0.1"});
	TASK(f, .name = "web");
	assert_true(says(f, "web-rqkg8-" A50 "aaa.marathon.mesos. A 10.0.0.1"));
	build_agent(&f->agent, &(struct agent_spec){.id = "x-" A63, .addrs = "10.0.0.1"});
	TASK(f, .name = "web");
	assert_true(says(f, "w-rqkg8-" A50 "aaaaa.marathon.mesos. A 10.0.0.1"));
}

static void names_of_frameworks(void **state)
{
	static const struct {
		const char *name, *fragment;
	} vectors[] = {
		{"marathon.prod", "marathon.prod"},
		{"Chronos 2.0", "chronos2.0"},
		{"a/b (c)", "abc"},
		{"..x..y..", "x.y"},
		{"!!!", NULL},
		{"", NULL},
		{". .", NULL},
	};
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char lines[512] = "";

		build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = vectors[i].name,
			.addrs = "10.0.0.9", .port = 9999});
		if (vectors[i].fragment)
			snprintf(lines, sizeof(lines), "%s.mesos. A 10.0.0.9\n_framework._tcp.%s.mesos. SRV 1 9999 %s.mesos.\n",
				vectors[i].fragment, vectors[i].fragment, vectors[i].fragment);
		naming_framework(rules(f), f->framework.framework, &sink);
		assert_int_equal(f->told.left_out[NAMING_NO_LABEL], !vectors[i].fragment);
		expect(f, lines);
		TASK(f, .name = "web");
		assert_int_equal(f->told.left_out[NAMING_NO_LABEL], !vectors[i].fragment);
		snprintf(lines, sizeof(lines), "web.%s.slave.mesos. A 10.0.0.1", vectors[i].fragment);
		assert_int_equal(says(f, lines), vectors[i].fragment != NULL);
		assert_int_equal(f->told.records, vectors[i].fragment ? 4 : 0);
		told_clear(&f->told);
	}
}

static void frameworks_without_pid_or_address(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);

	build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = "m", .addrs = "10.0.0.9,fd00::9"});
	naming_framework(rules(f), f->framework.framework, &sink);
	expect(f, "m.mesos. A 10.0.0.9\nm.mesos. AAAA fd00::9\n");
	build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = "m", .port = 8080});
	naming_framework(f->naming, f->framework.framework, &sink);
	expect(f, "");
	/* its tasks do not need it */
	TASK(f, .name = "web");
	assert_true(says(f, "web.m.mesos. A 10.0.0.1"));
}

static void agents(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);

	naming_agent(rules(f), f->agent.agent, &sink);
	expect(f, "slave.mesos. A 10.0.0.1\n_slave._tcp.mesos. SRV 1 5051 slave.mesos.\n");
	build_agent(&f->agent, &(struct agent_spec){.id = "S1", .addrs = "10.0.0.1,fd00::1", .port = 1});
	naming_agent(f->naming, f->agent.agent, &sink);
	expect(f, "slave.mesos. A 10.0.0.1\nslave.mesos. AAAA fd00::1\n_slave._tcp.mesos. SRV 1 1 slave.mesos.\n");
	build_agent(&f->agent, &(struct agent_spec){.id = "S1", .port = 5051});
	naming_agent(f->naming, f->agent.agent, &sink);
	expect(f, "");
	/* of a task on it, what has another address stays */
	TASK(f, .netinfo = "172.17.0.2", .ports = "[80-80]");
	assert_true(says(f, "web.marathon.mesos. A 172.17.0.2"));
	assert_true(says(f, "_web._tcp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos.") ||
		says(f, "_web._tcp.marathon.mesos. SRV 1 80 web-rqkg8-s1.marathon.slave.mesos."));
	TASK(f, .name = "web");
	assert_int_equal(f->told.records, 0);
}

static void tasks_that_do_not_count(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);

	for (enum cluster_task_state s = CLUSTER_TASK_STAGING; s <= CLUSTER_TASK_TERMINAL; s++) {
		if (s == CLUSTER_TASK_RUNNING)
			continue;
		TASK(f, .state = s);
		assert_int_equal(f->told.left_out[NAMING_NOT_RUNNING], 1);
		expect(f, "");
	}
	TASK(f, .name = "web");
	told_clear(&f->told);
	naming_task(f->naming, f->task.task, NULL, f->framework.framework, &sink);
	assert_int_equal(f->told.left_out[NAMING_NO_AGENT], 1);
	expect(f, "");
	naming_task(f->naming, f->task.task, f->agent.agent, NULL, &sink);
	assert_int_equal(f->told.left_out[NAMING_NO_FRAMEWORK], 1);
	expect(f, "");
	TASK(f, .name = "!");
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 1);
	expect(f, "");
	for (int why = 0; why < NAMING_LEFT_OUT_COUNT; why++)
		assert_true(strlen(naming_left_out_text((enum naming_left_out)why)) > 0);
}

static void rfc952(void **state)
{
	struct fixture *f = *state;

	f->settings.rfc952 = true;
	build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = "0marathon.1.2b"});
	TASK(f, .name = "1abcdefghijklmnopqrstuvwxyz", .ports = "[80-80]");
	assert_true(says(f, "abcdefghijklmnopqrstuvwx.marathon.b.mesos. A 10.0.0.1"));
	/* the tail of the agent's id is no label of the rule, and the canonical one may pass 24 bytes */
	assert_true(says(f, "abcdefghijklmnopqrstuvwx-rqkg8-s12.marathon.b.mesos. A 10.0.0.1"));
	assert_true(says(f, "_abcdefghijklmnopqrstuvwx._udp.marathon.b.mesos. SRV 1 80 "
		"abcdefghijklmnopqrstuvwx-rqkg8-s12.marathon.b.slave.mesos."));
	TASK(f, .discovery = "9web.9", .discovery_ports = {{"1st", "2tcp", 80}}, .discovery_port_count = 1);
	assert_true(says(f, "_st._web-9._tcp.marathon.b.mesos. SRV 1 80 web-9-rqkg8-s12.marathon.b.mesos."));
	/* the second set stays as discovery.name has it */
	assert_true(says(f, "9web.9.marathon.b.mesos. A 10.0.0.1"));
	/* what the cutting rule leaves at the end stays wherever there is room */
	TASK(f, .name = "abcdefghijklmnopqrstuv----1-2", .ports = "[80-80]");
	assert_true(says(f, "abcdefghijklmnopqrstuv1-.marathon.b.mesos. A 10.0.0.1"));
	assert_true(says(f, "_abcdefghijklmnopqrstuv1-._tcp.marathon.b.mesos. SRV 1 80 "
		"abcdefghijklmnopqrstuv1--rqkg8-s12.marathon.b.slave.mesos."));
	TASK(f, .name = "123");
	assert_int_equal(f->told.left_out[NAMING_NO_LABEL], 1);
}

static void the_weight_of_srv_records(void **state)
{
	struct fixture *f = *state;

	f->settings.srv_weight = 65535;
	TASK(f, .ports = "[80-80]");
	assert_true(says(f, "_web._tcp.marathon.mesos. SRV 65535 80 web-rqkg8-s12.marathon.slave.mesos."));
	f->settings.srv_weight = 0;
	TASK(f, .ports = "[80-80]");
	assert_true(says(f, "_web._tcp.marathon.mesos. SRV 0 80 web-rqkg8-s12.marathon.slave.mesos."));
}

static void health_in_the_rank_of_shared_names(void **state)
{
	struct fixture *f = *state;

	TASK(f, .health = CLUSTER_HEALTH_BAD, .ports = "[80-80]");
	expect(f, "web.marathon.mesos. A 10.0.0.1 unwell\n"
		"web-rqkg8-s12.marathon.mesos. A 10.0.0.1\n"
		"web.marathon.slave.mesos. A 10.0.0.1 unwell\n"
		"web-rqkg8-s12.marathon.slave.mesos. A 10.0.0.1\n"
		"_web._tcp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos. unwell\n"
		"_web._udp.marathon.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos. unwell\n"
		"_web._tcp.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos. unwell\n"
		"_web._udp.marathon.slave.mesos. SRV 1 80 web-rqkg8-s12.marathon.slave.mesos. unwell\n");
	TASK(f, .health = CLUSTER_HEALTH_GOOD);
	expect(f, WEB_ADDRS("10.0.0.1"));
	TASK(f, .health = CLUSTER_HEALTH_UNKNOWN);
	expect(f, WEB_ADDRS("10.0.0.1"));
	f->settings.health_aware = false;
	TASK(f, .health = CLUSTER_HEALTH_BAD);
	expect(f, WEB_ADDRS("10.0.0.1"));
}

static struct cluster_master master(const char *addrs, uint16_t port)
{
	struct cluster_master m = {.port = port};

	while (*addrs) {
		size_t len = strcspn(addrs, ",");

		assert_int_equal(addr_parse(&m.addrs[m.addr_count++], addrs, len), 0);
		addrs += len + (addrs[len] == ',');
	}
	return m;
}

static void masters(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);
	struct cluster_master list[] = {master("10.0.0.3", 5050), master("10.0.0.1", 5050), master("10.0.0.2", 5051)};
	struct cluster_master none = {0};
	static const char all_three[] = "master.mesos. A 10.0.0.3\nmaster.mesos. A 10.0.0.1\nmaster.mesos. A 10.0.0.2\n"
		"master0.mesos. A 10.0.0.3\nmaster1.mesos. A 10.0.0.1\nmaster2.mesos. A 10.0.0.2\n"
		"_master._tcp.mesos. SRV 1 5050 master0.mesos.\n_master._udp.mesos. SRV 1 5050 master0.mesos.\n"
		"_master._tcp.mesos. SRV 1 5050 master1.mesos.\n_master._udp.mesos. SRV 1 5050 master1.mesos.\n"
		"_master._tcp.mesos. SRV 1 5051 master2.mesos.\n_master._udp.mesos. SRV 1 5051 master2.mesos.\n";
	char lines[2048];

	rules(f);
	naming_masters(f->naming, &none, list, 3, &sink);
	expect(f, all_three);
	/* a leader in the list keeps its place */
	snprintf(lines, sizeof(lines), "%s%s", all_three, "leader.mesos. A 10.0.0.1\n"
		"_leader._tcp.mesos. SRV 1 5050 leader.mesos.\n_leader._udp.mesos. SRV 1 5050 leader.mesos.\n");
	naming_masters(f->naming, &list[1], list, 3, &sink);
	expect(f, lines);
	/* one that is not comes last; another port is another master */
	struct cluster_master other = master("10.0.0.1", 5051);
	snprintf(lines, sizeof(lines), "%s%s", all_three, "leader.mesos. A 10.0.0.1\n"
		"_leader._tcp.mesos. SRV 1 5051 leader.mesos.\n_leader._udp.mesos. SRV 1 5051 leader.mesos.\n"
		"master.mesos. A 10.0.0.1\nmaster3.mesos. A 10.0.0.1\n"
		"_master._tcp.mesos. SRV 1 5051 master3.mesos.\n_master._udp.mesos. SRV 1 5051 master3.mesos.\n");
	naming_masters(f->naming, &other, list, 3, &sink);
	expect(f, lines);
	naming_masters(f->naming, &none, NULL, 0, &sink);
	expect(f, "");
}

static void masters_with_several_or_no_addresses(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);
	struct cluster_master list[] = {master("", 5050), master("10.0.0.1,fd00::1", 5050)};
	struct cluster_master leader = master("fd00::1", 5050);

	/* one that is not known keeps its number; one address in common makes it the leader */
	naming_masters(rules(f), &leader, list, 2, &sink);
	expect(f, "master.mesos. A 10.0.0.1\nmaster.mesos. AAAA fd00::1\n"
		"master1.mesos. A 10.0.0.1\nmaster1.mesos. AAAA fd00::1\n"
		"_master._tcp.mesos. SRV 1 5050 master1.mesos.\n_master._udp.mesos. SRV 1 5050 master1.mesos.\n"
		"leader.mesos. AAAA fd00::1\n"
		"_leader._tcp.mesos. SRV 1 5050 leader.mesos.\n_leader._udp.mesos. SRV 1 5050 leader.mesos.\n");
}

static void name_servers(void **state)
{
	struct fixture *f = *state;
	struct naming_sink sink = told_sink(&f->told);
	struct cluster_master addrs = master("10.0.0.1,fd00::1", 53);

	rules(f);
	naming_name_server(f->naming, "ns1.mesos.", addrs.addrs, 2, &sink);
	expect(f, "ns1.mesos. A 10.0.0.1\nns1.mesos. AAAA fd00::1\n");
	naming_name_server(f->naming, "NS1.Mesos", addrs.addrs, 1, &sink);
	expect(f, "ns1.mesos. A 10.0.0.1\n");
	naming_name_server(f->naming, "mesos.", addrs.addrs, 1, &sink);
	expect(f, "mesos. A 10.0.0.1\n");
	naming_name_server(f->naming, "ns1.example.com.", addrs.addrs, 2, &sink);
	naming_name_server(f->naming, "ns1.notmesos.", addrs.addrs, 2, &sink);
	naming_name_server(f->naming, "a..b.mesos.", addrs.addrs, 2, &sink);
	expect(f, "");
}

static uint64_t rng_state = 11;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(rng_state >> 33) % n;
}

/* Up to `max` bytes, of few kinds so that ends, cuts and dots meet. */
static char *random_text(char *out, unsigned max)
{
	static const char bytes[] = "aaaaabZ09--__...  !\xc3\xff\1,";
	unsigned len = rng(rng(4) ? 80 : max + 1), run = 1 + rng(70);

	for (unsigned i = 0; i < len; i++)
		out[i] = rng(run) ? 'a' : bytes[rng(sizeof(bytes) - 1)];
	out[len] = '\0';
	return out;
}

/* told_record() holds every name to its wire form; here each must be below the domain, and come a second time alike. */
static void any_bytes_make_names(void **state)
{
	static char name[1025], discovery[1025], framework[1025], id[1025], port[1025], protocol[1025];
	struct fixture *f = *state;
	size_t records = 0;

	for (int i = 0; i < 4000; i++) {
		struct task_spec spec = {.id = "x", .discovery_ports = {{random_text(port, 1024), random_text(protocol, 1024), 1}},
			.discovery_port_count = 1, .ports = "[7-7]", .name = random_text(name, 1024),
			.discovery = rng(2) ? random_text(discovery, 1024) : NULL};

		random_text(id, 1023);
		build_agent(&f->agent, &(struct agent_spec){.id = strcat(id, "x"), .addrs = "10.0.0.1", .port = 1});
		build_framework(&f->framework, &(struct framework_spec){.id = "F", .name = random_text(framework, 1024),
			.addrs = "10.0.0.9", .port = 9});
		f->settings.rfc952 = rng(2);
		name_task(f, spec);
		struct naming_sink sink = told_sink(&f->told);
		naming_framework(f->naming, f->framework.framework, &sink);
		size_t used = f->told.used;
		for (char *line = f->told.text, *end; line && line < f->told.text + used; line = end + 1) {
			char *space = strchr(line, ' ');

			end = strchr(line, '\n');
			assert_memory_equal(space - 7, ".mesos.", 7);
		}
		naming_task(f->naming, f->task.task, f->agent.agent, f->framework.framework, &sink);
		naming_framework(f->naming, f->framework.framework, &sink);
		assert_int_equal(f->told.used, 2 * used);
		assert_memory_equal(f->told.text, f->told.text + used, used);
		records += f->told.records;
	}
	assert_true(records > 10000);
}

static void domains(void **state)
{
	struct fixture *f = *state;
	size_t len;

	f->settings.domain = "Dc1.mesos.example";
	TASK(f, .name = "web");
	assert_true(says(f, "web.marathon.slave.dc1.mesos.example. A 10.0.0.1"));
	assert_string_equal(naming_domain(f->naming, &len), "\3dc1\5mesos\7example");
	assert_int_equal(len, 19);
	f->settings.domain = "a..b";
	assert_null(naming_new(&f->settings));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_task_without_discovery_info),
		T(a_task_without_ports),
		T(a_task_with_discovery_info),
		T(protocols),
		T(a_list_of_protocols_has_a_bound),
		T(resource_ports_have_a_bound),
		T(the_second_set),
		T(the_second_set_is_left_out),
		T(long_names),
		T(names_of_255_bytes),
		T(sources_of_addresses),
		T(source_auto),
		T(several_addresses_of_both_families),
		T(ids_of_agents),
		T(names_of_frameworks),
		T(frameworks_without_pid_or_address),
		T(agents),
		T(tasks_that_do_not_count),
		T(rfc952),
		T(the_weight_of_srv_records),
		T(health_in_the_rank_of_shared_names),
		T(masters),
		T(masters_with_several_or_no_addresses),
		T(name_servers),
		T(any_bytes_make_names),
		T(domains),
	};

	return cmocka_run_group_tests_name("naming", tests, NULL, NULL);
}
