/* SPDX-License-Identifier: Apache-2.0 */
/* A session with ZooKeeper for tests and the demo: zkctl [-k] [-t MILLISECONDS] [-a USER:PASSWORD] HOST:PORT,... [COMMAND]...
 *
 * The commands are obeyed, then those on standard input, one a line; each is answered by a line that begins with `ok` or
 * `error`. The first `ok` says that the session is there. It ends with standard input, with -k on SIGTERM or SIGINT, and
 * its ephemeral nodes with it; a process that is killed leaves them until the session expires.
 *
 *   register PATH BYTES    an ephemeral node; the answer has its path, a sequence number behind PATH
 *   create PATH [BYTES]    a node that stays; `ok` if it is there already
 *   delete PATH | set PATH BYTES | list PATH
 *   protect PATH           all rights to whoever authenticated as we did, and to nobody else
 *   open PATH              all rights to everybody
 *   expire ID PASSWORD     end the session of that number and password, both in hex
 *   quit                   as if standard input ended
 *
 * BYTES go on to the end of the line; \xHH is the byte HH. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define LINE_SIZE 65536
#define PATIENCE  30 /* seconds for anything */

static const char *servers, *credentials;
static int session_ms = 10000;
static bool keep;
static volatile sig_atomic_t ended;

static void on_signal(int signal)
{
	ended = 1;
}

/* Waits for the session's socket, and for standard input if `input` says so, and lets the client work. False: there is
 * something on standard input. */
static bool turn(zhandle_t *zh, bool input)
{
	int fd = -1, interest = 0;
	struct timeval tv = {0};

	zookeeper_interest(zh, &fd, &interest, &tv);
	struct pollfd polled[2] = {
		{fd, (short)((interest & ZOOKEEPER_READ ? POLLIN : 0) | (interest & ZOOKEEPER_WRITE ? POLLOUT : 0)), 0},
		{input ? STDIN_FILENO : -1, POLLIN, 0}};
	int wait = (int)(tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);

	poll(polled, 2, wait < 100 ? wait : 100);
	int events = (polled[0].revents & (POLLIN | POLLHUP | POLLERR) ? ZOOKEEPER_READ : 0) |
		     (polled[0].revents & POLLOUT ? ZOOKEEPER_WRITE : 0);
	zookeeper_process(zh, events);
	return !polled[1].revents;
}

static void watch(zhandle_t *zh, int type, int state, const char *path, void *ctx)
{
}

/* What the client logs is of no use to a test. */
static void no_log(const char *message)
{
}

static bool is_connected(zhandle_t *zh)
{
	return zoo_state(zh) == ZOO_CONNECTED_STATE;
}

static zhandle_t *connect_session(const clientid_t *id)
{
	time_t end = time(NULL) + PATIENCE;
	zhandle_t *zh = zookeeper_init2(servers, watch, session_ms, id, NULL, ZOO_NO_LOG_CLIENTENV, no_log);

	if (zh && credentials)
		zoo_add_auth(zh, "digest", credentials, (int)strlen(credentials), NULL, NULL);
	while (zh && !is_connected(zh) && zoo_state(zh) >= 0 && time(NULL) < end)
		turn(zh, false);
	return zh;
}

/* What a request came to. */
struct result {
	bool done;
	int rc;
	char text[LINE_SIZE];
};

static struct result result;

static void on_text(int rc, const char *text, const void *data)
{
	result.done = true;
	result.rc = rc;
	snprintf(result.text, sizeof(result.text), "%s", rc == ZOK && text ? text : "");
}

static void on_void(int rc, const void *data)
{
	on_text(rc, NULL, data);
}

static void on_stat(int rc, const struct Stat *stat, const void *data)
{
	on_text(rc, NULL, data);
}

static void on_list(int rc, const struct String_vector *names, const void *data)
{
	size_t len = 0;

	on_text(rc, NULL, data);
	for (int i = 0; rc == ZOK && i < names->count; i++)
		len += (size_t)snprintf(
			result.text + len, sizeof(result.text) - len, "%s%s", i ? " " : "", names->data[i]);
}

/* "a\x00b" to bytes, in place. Returns how many. */
static int unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		unsigned byte;

		if (sscanf(in, "\\x%2x", &byte) == 1) {
			*out = (char)byte;
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
	return (int)(out - text);
}

static int expire(const char *id, const char *password)
{
	clientid_t session = {.client_id = (int64_t)strtoull(id, NULL, 16)};

	for (size_t i = 0; i < sizeof(session.passwd); i++) {
		unsigned byte = 0;

		if (sscanf(password + 2 * i, "%2x", &byte) != 1)
			return ZBADARGUMENTS;
		session.passwd[i] = (char)byte;
	}
	zhandle_t *zh = connect_session(&session);
	int rc = zh && is_connected(zh) ? ZOK : ZSESSIONEXPIRED;
	if (zh)
		zookeeper_close(zh);
	return rc;
}

/* Asks for what the line says; the answer comes to `result` unless this is an error. */
static int ask(zhandle_t *zh, char *line)
{
	char *command = strtok(line, " "), *path = strtok(NULL, " "), *bytes = strtok(NULL, "");

	if (!command || !path)
		return ZBADARGUMENTS;
	int len = bytes ? unescape(bytes) : 0;
	if (!strcmp(command, "register"))
		return zoo_acreate(zh, path, bytes, len, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, on_text, NULL);
	if (!strcmp(command, "create"))
		return zoo_acreate(zh, path, bytes, len, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, on_text, NULL);
	if (!strcmp(command, "delete"))
		return zoo_adelete(zh, path, -1, on_void, NULL);
	if (!strcmp(command, "set"))
		return zoo_aset(zh, path, bytes, len, -1, on_stat, NULL);
	if (!strcmp(command, "list"))
		return zoo_aget_children(zh, path, 0, on_list, NULL);
	if (!strcmp(command, "protect"))
		return zoo_aset_acl(zh, path, -1, &ZOO_CREATOR_ALL_ACL, on_void, NULL);
	if (!strcmp(command, "open"))
		return zoo_aset_acl(zh, path, -1, &ZOO_OPEN_ACL_UNSAFE, on_void, NULL);
	if (!strcmp(command, "expire") && bytes) {
		on_void(expire(path, bytes), NULL);
		return ZOK;
	}
	return ZBADARGUMENTS;
}

static void obey(zhandle_t *zh, char *line)
{
	time_t end = time(NULL) + PATIENCE;
	bool create = !strncmp(line, "create ", 7);

	result.done = false;
	int rc = ask(zh, line);
	while (rc == ZOK && !result.done && time(NULL) < end)
		turn(zh, false);
	if (rc == ZOK)
		rc = result.done ? result.rc : ZOPERATIONTIMEOUT;
	if (rc == ZOK || (create && rc == ZNODEEXISTS))
		printf("ok %s\n", result.text);
	else
		printf("error %s\n", zerror(rc));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char line[LINE_SIZE];
	int option;

	while ((option = getopt(argc, argv, "kt:a:")) != -1)
		switch (option) {
		case 'k':
			keep = true;
			break;
		case 't':
			session_ms = atoi(optarg);
			break;
		case 'a':
			credentials = optarg;
			break;
		default:
			return 2;
		}
	servers = argv[optind++];
	if (!servers)
		return 2;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	zoo_set_debug_level((ZooLogLevel)0);
	zhandle_t *zh = connect_session(NULL);
	if (!zh || !is_connected(zh)) {
		puts("error no session");
		return 1;
	}
	puts("ok");
	fflush(stdout);
	while (argv[optind])
		obey(zh, argv[optind++]);
	bool quit = false;
	for (size_t len = 0; !quit && !ended;) {
		if (zoo_state(zh) < 0) { /* expired: who owns it wants to know */
			puts("error session expired");
			zookeeper_close(zh);
			return 1;
		}
		if (turn(zh, !keep) || keep)
			continue;
		ssize_t n = read(STDIN_FILENO, line + len, sizeof(line) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		line[len] = '\0';
		for (char *end; (end = strchr(line, '\n'));) {
			*end++ = '\0';
			size_t rest = len - (size_t)(end - line);

			char *command = strdup(line);
			quit = !command || !strcmp(command, "quit");
			if (!quit)
				obey(zh, command);
			free(command);
			memmove(line, end, rest + 1);
			len = rest;
		}
	}
	zookeeper_close(zh);
	return 0;
}
