/* SPDX-License-Identifier: Apache-2.0 */
#include "mesos/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define BLOCK (64u * 1024)

static int feed_all(struct state_parser *p, int fd, char *block)
{
	for (;;) {
		ssize_t n = read(fd, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		if (!n)
			return state_parser_finish(p);
		int rc = state_parser_feed(p, block, (size_t)n);
		if (rc)
			return rc;
	}
}

int state_file_read(const char *path, const struct state_sink *sink, struct state_counts *counts, char *error,
	size_t error_size)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct state_parser *p = NULL;
	char *block = NULL;
	int rc = ERR_SYSTEM;

	if (fd < 0)
		goto out;
	rc = ERR_NOMEM;
	p = state_parser_new(sink);
	block = malloc(BLOCK);
	if (p && block)
		rc = feed_all(p, fd, block);
	if (p && counts)
		*counts = *state_parser_counts(p);
out:
	if (rc == ERR_SYSTEM)
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	else if (rc)
		snprintf(error, error_size, "%s: %s", path,
			p && *state_parser_error(p) ? state_parser_error(p) : err_text(rc));
	if (fd >= 0 && !standard)
		close(fd);
	state_parser_free(p);
	free(block);
	return rc;
}
