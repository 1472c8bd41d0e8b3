/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up root once the ports are bound. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

/* Becomes `user` ("": stays who it is) with its groups, for good. ERR_NOTFOUND, ERR_SYSTEM: logged. A process that is
 * that user already has nothing to do. Before any thread is started. */
int privileges_drop(const char *user);

#endif
