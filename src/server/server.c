/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "server/listen.h"
#include "server/tcp.h"
#include "server/udp.h"
#include "server/worker.h"

#define PORT_TRIES 20 /* for a port that is free for UDP and TCP on all addresses */

struct server {
	struct server_settings settings;
	unsigned inited; /* workers that are to be ended by worker_fini() */
	struct worker *workers;
};

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static void set_defaults(struct server_settings *settings)
{
	settings->workers = or_default(settings->workers, 1);
	settings->tcp_connections = or_default(settings->tcp_connections, SERVER_TCP_CONNECTIONS);
	settings->tcp_connections_per_address = or_default(settings->tcp_connections_per_address, 256);
	settings->tcp_idle_ms = or_default(settings->tcp_idle_ms, 10000);
	settings->tcp_message_ms = or_default(settings->tcp_message_ms, 5000);
	settings->tcp_write_ms = or_default(settings->tcp_write_ms, 10000);
}

static void say_failure(
	char error[SERVER_ERROR_MAX], const char *transport, const struct addr *addr, uint16_t port)
{
	char text[ADDR_TEXT_MAX];

	snprintf(error, SERVER_ERROR_MAX, "cannot listen on %s %s port %u: %s", addr_format(addr, text),
		transport, port, strerror(errno));
}

/* Gives the worker its sockets on one address. With port 0 the first one decides. */
static int open_address(
	struct worker *worker, const struct addr *addr, uint16_t *port, char error[SERVER_ERROR_MAX])
{
	int fd = listen_udp(addr, *port);

	if (fd < 0) {
		say_failure(error, "UDP", addr, *port);
		return ERR_SYSTEM;
	}
	if (!*port)
		*port = listen_port(fd);
	if (worker->settings->workers > 1)
		(void)listen_spread(fd, worker->settings->workers); /* a kernel without it spreads senders */
	if (udp_add_socket(worker->udp, fd, addr, *port)) {
		close(fd);
		return ERR_NOMEM;
	}
	fd = listen_tcp(addr, *port);
	if (fd < 0) {
		say_failure(error, "TCP", addr, *port);
		return ERR_SYSTEM;
	}
	if (tcp_add_socket(worker->tcp, fd)) {
		close(fd);
		return ERR_NOMEM;
	}
	return 0;
}

static int open_workers(struct server *server, uint16_t *port, char error[SERVER_ERROR_MAX])
{
	const struct server_settings *settings = &server->settings;

	for (unsigned w = 0; w < settings->workers; w++) {
		int err = worker_init(&server->workers[w], settings);

		server->inited++;
		for (size_t a = 0; !err && a < settings->address_count; a++)
			err = open_address(&server->workers[w], &settings->addresses[a], port, error);
		if (err)
			return err;
	}
	return 0;
}

static void close_workers(struct server *server)
{
	while (server->inited)
		worker_fini(&server->workers[--server->inited]);
}

static int probe(const struct server_settings *settings, char error[SERVER_ERROR_MAX])
{
	for (size_t a = 0; a < settings->address_count; a++) {
		if (listen_probe(&settings->addresses[a], settings->port)) {
			say_failure(error, "UDP", &settings->addresses[a], settings->port);
			return ERR_SYSTEM;
		}
	}
	return 0;
}

/* With a given port once; a free port may turn out to be taken for TCP or on another address. */
static int open_all(struct server *server, char error[SERVER_ERROR_MAX])
{
	uint16_t *port = &server->settings.port;
	int err;

	if (*port) {
		err = probe(&server->settings, error);
		return err ? err : open_workers(server, port, error);
	}
	for (unsigned tries = 0; tries < PORT_TRIES; tries++) {
		err = open_workers(server, port, error);
		if (!err)
			return 0;
		close_workers(server);
		*port = 0;
	}
	return err;
}

struct server *server_new(const struct server_settings *settings, char error[SERVER_ERROR_MAX])
{
	struct server *server = calloc(1, sizeof(*server));

	snprintf(error, SERVER_ERROR_MAX, "%s", err_text(ERR_NOMEM));
	if (!server)
		return NULL;
	server->settings = *settings;
	set_defaults(&server->settings);
	server->workers =
		aligned_alloc(_Alignof(struct worker), server->settings.workers * sizeof(*server->workers));
	if (!server->workers || open_all(server, error)) {
		server_free(server);
		return NULL;
	}
	*error = '\0';
	return server;
}

uint16_t server_port(const struct server *server)
{
	return server->settings.port;
}

int server_start(struct server *server)
{
	for (unsigned w = 0; w < server->inited; w++) {
		if (worker_start(&server->workers[w])) {
			server_stop(server);
			return ERR_SYSTEM;
		}
	}
	return 0;
}

void server_stop(struct server *server)
{
	for (unsigned w = 0; w < server->inited; w++)
		worker_stop(&server->workers[w]);
	for (unsigned w = 0; w < server->inited; w++)
		worker_join(&server->workers[w]);
}

void server_free(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	close_workers(server);
	free(server->workers);
	free(server);
}

void server_read_counters(const struct server *server, struct server_counters *out)
{
	*out = (struct server_counters){0};
	for (unsigned w = 0; w < server->inited; w++)
		counters_add(out, &server->workers[w].counters, sizeof(*out));
}

uint64_t server_socket_drops(const struct server *server)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < server->inited; w++)
		sum += udp_socket_drops(server->workers[w].udp);
	return sum;
}

void server_read_forward_counters(const struct server *server, struct forward_counters *out)
{
	*out = (struct forward_counters){0};
	for (unsigned w = 0; w < server->inited; w++)
		if (server->workers[w].forwarder)
			counters_add(out, forward_counters(server->workers[w].forwarder), sizeof(*out));
}

void server_read_cache_counters(const struct server *server, struct cache_counters *out)
{
	*out = (struct cache_counters){0};
	for (unsigned w = 0; w < server->inited; w++) {
		struct cache_counters of_worker;

		if (!server->workers[w].forwarder)
			continue;
		forward_read_cache(server->workers[w].forwarder, &of_worker);
		counters_add(out, &of_worker, sizeof(*out));
	}
}

size_t server_upstream_count(const struct server *server)
{
	const struct forwarder *first = server->workers[0].forwarder;

	return first ? forward_upstream_count(first) : 0;
}

void server_read_upstream(
	const struct server *server, size_t i, struct conf_server *which, struct upstream_counters *out)
{
	*out = (struct upstream_counters){0};
	for (unsigned w = 0; w < server->inited; w++)
		counters_add(out, forward_upstream(server->workers[w].forwarder, i, which), sizeof(*out));
}

void server_ping(struct server *server)
{
	for (unsigned w = 0; w < server->inited; w++)
		ev_async_send(server->workers[w].loop, &server->workers[w].ping);
}

uint64_t server_pongs(const struct server *server, unsigned worker)
{
	return counter_read(&server->workers[worker].pongs);
}

unsigned server_workers(const struct server *server)
{
	return server->inited;
}
