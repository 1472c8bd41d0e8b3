/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

void privileges_seal(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int privileges_drop(const char *user)
{
	if (!*user) {
		if (!geteuid())
			log_warn("daemon",
				"running as root: set the key `user` to give it up once the ports are bound");
		return 0;
	}
	errno = 0;
	const struct passwd *entry = getpwnam(user);
	if (!entry) {
		log_error("daemon", "no such user name=%s error=\"%s\"", user, errno ? strerror(errno) : "not found");
		return ERR_NOTFOUND;
	}
	uid_t uid = entry->pw_uid;
	gid_t gid = entry->pw_gid;
	if (getuid() == uid && geteuid() == uid)
		return 0;
	if (initgroups(user, gid) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) {
		log_error("daemon", "cannot become user name=%s error=\"%s\"", user, strerror(errno));
		return ERR_SYSTEM;
	}
	if (uid && !setuid(0)) {
		log_error("daemon", "root could be taken back after becoming user name=%s", user);
		return ERR_SYSTEM;
	}
	log_info("daemon", "gave up root user=%s", user);
	return 0;
}
