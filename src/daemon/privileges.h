/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up root once the ports are bound. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

/* From now on no program that is started gives this process more rights (PR_SET_NO_NEW_PRIVS). That holds for a thread
 * and those that it starts: to be called before there is a second one. */
void privileges_seal(void);
/* Becomes `user` ("": stays who it is) with its groups, for good. ERR_NOTFOUND, ERR_SYSTEM: logged. A process that is
 * that user already has nothing to do. The C library sees to it that every thread does. */
int privileges_drop(const char *user);

#endif
