/* SPDX-License-Identifier: Apache-2.0 */
/* A client for tests of the server: blocking sockets on loopback that give up after a while. */
#ifndef T_UNIT_SERVER_CLIENT_H
#define T_UNIT_SERVER_CLIENT_H

#include "server/server.h"
#include "t/unit/answer_zone.h"

#define PATIENCE_MS 20000 /* after which a test that waits fails */

struct client_reply {
	size_t len;
	uint8_t bytes[65535];
};

/* A UDP or TCP socket, not connected yet. */
int client_socket(const char *address, int type);
/* Connects it; -1 if the peer refuses. */
int client_connect(int fd, const char *address, uint16_t port);
/* Both in one. */
int client_open(const char *address, int type, uint16_t port);
/* Writes a query with this id, over TCP with its length before it. Returns its size. */
size_t client_query(uint8_t *out, const char *name, uint16_t type, uint16_t id, bool tcp);
void client_send(int fd, const void *data, size_t len);
/* Receives one reply. 0; -1 at the end of the stream. Running out of patience fails the test. */
int client_receive(int fd, bool tcp, struct client_reply *reply);
/* Asks and checks that the reply is to this query. Returns the number of answers. */
unsigned client_ask(int fd, bool tcp, const char *name, uint16_t type, struct client_reply *reply);
/* Waits until the server has closed the connection. */
void client_expect_close(int fd);

#endif
