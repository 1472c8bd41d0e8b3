/* SPDX-License-Identifier: Apache-2.0 */
#include "http/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 1024

/* Of proc(5)'s stat. False: it cannot be read. */
static bool read_stat(struct process_figures *out, double *started)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char line[LINE_SIZE];
	uint64_t user, system, start;
	int64_t resident_pages;
	double tick = (double)sysconf(_SC_CLK_TCK);

	if (!file)
		return false;
	const char *got = fgets(line, sizeof(line), file);
	fclose(file);
	const char *after_name = got ? strrchr(line, ')') : NULL; /* which may hold anything itself */
	if (!after_name ||
		sscanf(after_name + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64
			" %" SCNu64 " %" SCNd64,
			&user, &system, &start, &out->virtual_bytes, &resident_pages) != 5)
		return false;
	out->cpu_seconds = (double)(user + system) / tick;
	out->resident_bytes = (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	*started = (double)start / tick;
	return true;
}

static double clock_seconds(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* /proc/stat says when the host started, but a unit may be kept from all of /proc that is not about processes. */
double process_start_time(void)
{
	struct process_figures figures;
	double started;

	if (!read_stat(&figures, &started))
		return 0;
	return clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME) + started;
}

static uint64_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count - 1; /* without the folder itself */
}

void process_read(struct process_figures *out)
{
	struct rlimit limit;
	double started;

	*out = (struct process_figures){0};
	read_stat(out, &started);
	out->open_fds = count_fds();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		out->max_fds = limit.rlim_cur;
}
