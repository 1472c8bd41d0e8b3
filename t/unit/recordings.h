/* SPDX-License-Identifier: Apache-2.0 */
/* The recorded event streams: those in t/data, and where the captures are, all. */
#ifndef T_UNIT_RECORDINGS_H
#define T_UNIT_RECORDINGS_H

#include "t/unit/feed.h"

#include "t/unit/master.h"

struct recording {
	char name[300];
	char *text;
	size_t len;
	struct record {
		const char *json;
		size_t len;
	} records[400];
	size_t count;
};

static struct recording recordings[16];
static size_t recording_count;

static void split(struct recording *r)
{
	for (const char *at = r->text, *end = r->text + r->len; at < end; r->count++) {
		char *json;
		size_t len = strtoul(at, &json, 10);

		assert_true(r->count < 400 && *json == '\n' && (size_t)(end - json - 1) >= len);
		r->records[r->count] = (struct record){json + 1, len};
		at = json + 1 + len;
	}
}

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = malloc(1 << 20);

	assert_non_null(f);
	*len = fread(text, 1, 1 << 20, f);
	assert_true(*len > 0 && *len < 1 << 20);
	fclose(f);
	return text;
}

static int read_recordings_of(const char *path)
{
	DIR *dir = opendir(path);
	char file[1400];

	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct recording *r = &recordings[recording_count];

		if (!strstr(entry->d_name, ".recordio"))
			continue;
		assert_true(recording_count < 16);
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		snprintf(r->name, sizeof(r->name), "%s", entry->d_name);
		r->text = read_file(file, &r->len);
		split(r);
		recording_count++;
	}
	closedir(dir);
	return 0;
}

static inline int read_recordings(void **state)
{
	const char *source = getenv("MN_SRCDIR") ? getenv("MN_SRCDIR") : ".";
	char path[900];

	assert_int_equal(read_documents(state), 0);
	snprintf(path, sizeof(path), "%s/t/data/stream", source);
	assert_int_equal(read_recordings_of(path), 0);
	snprintf(path, sizeof(path), "%s/../shared/captures/stream", source);
	if (read_recordings_of(path))
		print_message("# skipped: the recordings of ../shared/captures/stream, which is not there\n");
	return 0;
}

static inline int free_recordings(void **state)
{
	while (recording_count)
		free(recordings[--recording_count].text);
	return free_documents(state);
}

static inline const struct recording *find_recording(const char *name)
{
	for (size_t i = 0; i < recording_count; i++)
		if (strstr(recordings[i].name, name))
			return &recordings[i];
	fail_msg("there is no recording %s", name);
	return NULL;
}

/* A master after so many records. */
static inline struct master *master_of(const struct recording *r, size_t records)
{
	struct master *m = master_new("master@127.0.0.1:15050");

	for (size_t k = 0; k < records; k++) {
		json_t *event = json_loadb(r->records[k].json, r->records[k].len, 0, NULL);

		assert_non_null(event);
		master_take(m, event);
		json_decref(event);
	}
	return m;
}

#endif
