/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/siphash.h"
#include "conf/load.h"
#include "daemon/ask.h"
#include "daemon/daemon.h"

struct options {
	const char *config, *state, *server;
	const char *explain; /* the name; "": the command without one */
	int verbosity;
	bool check, dump_zone, json, version, help;
};

static const char usage[] =
	"usage: mesos-named -config=FILE [options]\n"
	"       mesos-named explain NAME [-config=FILE] [--server SERVER] [--json]\n"
	"\n"
	"DNS-based service discovery for Apache Mesos.\n"
	"\n"
	"  -config=FILE, -c FILE   the configuration file, see mesos-named.json(5)\n"
	"  -t                      check the configuration and its files, and exit\n"
	"  --dump-zone             read the state once, print the zone as a master file, and exit\n"
	"  --state FILE            read the state from FILE (\"-\": standard input) instead of a master\n"
	"  -v=0|1|2                verbosity: 0 quiet (default), 1 debugging, 2 everything\n"
	"  -version                print the version, and exit\n"
	"  -help                   print this, and exit\n"
	"\n"
	"`explain` asks a running server why a name is as it is:\n"
	"  --server SERVER         its URL, or the path of its unix socket; as FILE has it, or http://127.0.0.1:8123\n"
	"  --json                  print the answer as it came\n"
	"\n"
	"Options may begin with one dash or two, and take their value after `=` or as the next argument.\n";

/* Is `arg` the option `name`, with one dash or two? `*value` is what follows `=`, or NULL. */
static bool is_option(const char *arg, const char *name, const char **value)
{
	size_t len = strlen(name);

	arg += arg[1] == '-' ? 2 : 1;
	if (strncmp(arg, name, len) != 0 || (arg[len] && arg[len] != '='))
		return false;
	*value = arg[len] ? arg + len + 1 : NULL;
	return true;
}

static bool parse_verbosity(const char *text, int *verbosity)
{
	if (strlen(text) != 1 || *text < '0' || *text > '2')
		return false;
	*verbosity = *text - '0';
	return true;
}

/* The command, then its name. */
static bool take_word(struct options *o, const char *word)
{
	if (!o->explain && !strcmp(word, "explain"))
		o->explain = "";
	else if (o->explain && !*o->explain && *word)
		o->explain = word;
	else
		return false;
	return true;
}

/* false: the arguments are wrong, and it has been said how. */
static bool parse_arguments(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *value;
		const char **text = NULL;
		bool *flag = NULL, verbosity = false;

		if (arg[0] != '-' && take_word(o, arg))
			continue;
		if (arg[0] != '-' || !arg[1]) {
			fprintf(stderr, "mesos-named: unexpected argument %s\n", arg);
			return false;
		}
		if (is_option(arg, "config", &value) || is_option(arg, "c", &value))
			text = &o->config;
		else if (is_option(arg, "state", &value))
			text = &o->state;
		else if (is_option(arg, "server", &value))
			text = &o->server;
		else if (is_option(arg, "json", &value))
			flag = &o->json;
		else if (is_option(arg, "v", &value))
			verbosity = true;
		else if (is_option(arg, "t", &value))
			flag = &o->check;
		else if (is_option(arg, "dump-zone", &value))
			flag = &o->dump_zone;
		else if (is_option(arg, "version", &value))
			flag = &o->version;
		else if (is_option(arg, "help", &value) || is_option(arg, "h", &value))
			flag = &o->help;
		else {
			fprintf(stderr, "mesos-named: unknown option %s (see -help)\n", arg);
			return false;
		}
		if (flag) {
			if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
				fprintf(stderr, "mesos-named: %s: it is true or false\n", arg);
				return false;
			}
			*flag = !value || !strcmp(value, "true");
			continue;
		}
		if (!value)
			value = ++i < argc ? argv[i] : "";
		if (!*value) {
			fprintf(stderr, "mesos-named: %s needs a value\n", arg);
			return false;
		}
		if (text)
			*text = value;
		if (verbosity && !parse_verbosity(value, &o->verbosity)) {
			fprintf(stderr, "mesos-named: the verbosity is 0, 1 or 2, not %s\n", value);
			return false;
		}
	}
	return true;
}

/* One heap that grows in large steps. The Mesos thread makes nearly all allocations, so arenas a thread would only
 * spread them, and glibc grows those a few pages at a time: a twentieth of a first load went into mprotect(2). */
static void set_up_malloc(void)
{
#ifdef __GLIBC__
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 4 << 20);
#endif
}

/* The configuration is for where the server is: it need not be one that could be run here. */
static int explain(const struct options *o)
{
	const struct conf_options conf_options = {.without_masters = true, .without_files = true};
	struct ask ask = {.name = o->explain, .server = o->server, .json = o->json};
	struct conf_report report = {0};
	struct conf *conf = NULL;
	int status = ASK_FAILED;

	if (o->config && conf_load(o->config, &conf_options, &report, &conf)) {
		conf_report_print(&report, o->config, stderr);
	} else {
		ask.conf = conf;
		status = ask_run(&ask);
	}
	conf_report_fini(&report);
	conf_free(conf);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct conf_report report = {0};
	struct conf *conf = NULL;
	int status = EXIT_FAILURE;

	set_up_malloc();
	if (!parse_arguments(argc, argv, &o))
		return 2;
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (o.version) {
		puts("mesos-named " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (o.explain && !*o.explain) {
		fputs("mesos-named: explain needs a name (see -help)\n", stderr);
		return 2;
	}
	if (o.explain)
		return explain(&o);
	if (o.server || o.json) {
		fputs("mesos-named: --server and --json are for explain (see -help)\n", stderr);
		return 2;
	}
	if (!o.config) {
		fputs("mesos-named: -config=FILE is missing (see -help)\n", stderr);
		return 2;
	}
	log_set_level(o.verbosity == 0 ? LOG_LEVEL_INFO : o.verbosity == 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_TRACE);
	if (siphash_init()) {
		fputs("mesos-named: the kernel has no random bytes to give\n", stderr);
		return EXIT_FAILURE;
	}
	struct conf_options conf_options = {.without_masters = o.state != NULL};
	int err = conf_load(o.config, &conf_options, &report, &conf);
	if (o.check) {
		conf_report_print(&report, o.config, stdout);
		status = daemon_check(conf);
	} else {
		conf_report_log(&report, o.config);
		if (!err && o.dump_zone)
			status = daemon_dump_zone(conf, o.state);
		else if (!err)
			status = daemon_run(conf, o.state);
	}
	conf_report_fini(&report);
	conf_free(conf);
	return status;
}
