/* SPDX-License-Identifier: Apache-2.0 */
#include "http/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static void read_stat(struct process_figures *out)
{
	FILE *file = fopen("/proc/self/stat", "re");
	char line[LINE_MAX_LEN];
	uint64_t user, system, start;
	int64_t resident_pages;
	double tick = (double)sysconf(_SC_CLK_TCK);

	if (!file)
		return;
	char *got = fgets(line, sizeof(line), file);
	fclose(file);
	char *after_name = got ? strrchr(line, ')') : NULL; /* proc(5): the name may hold anything */
	if (!after_name ||
		sscanf(after_name + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %" SCNu64
			" %*d %" SCNu64 " %" SCNu64 " %" SCNd64,
			&user, &system, &out->threads, &start, &out->virtual_bytes, &resident_pages) != 6)
		return;
	out->cpu_seconds = (double)(user + system) / tick;
	out->start_time = (double)start / tick; /* since the host started */
	out->resident_bytes = (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double host_start(void)
{
	FILE *file = fopen("/proc/stat", "re");
	char line[LINE_MAX_LEN];
	double start = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "btime %lf", &start) == 1)
			break;
	fclose(file);
	return start;
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

	*out = (struct process_figures){0};
	read_stat(out);
	if (out->start_time > 0)
		out->start_time += host_start();
	out->open_fds = count_fds();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		out->max_fds = limit.rlim_cur;
}
