/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer of static zones: master files are read, checked and put into a store. The first byte chooses the
 * cluster's domain, beside, below or the same as that of the first file; a zero byte ends a file and begins
 * the next one. */
#include "t/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t/fuzz/zone_check.h"
#include "zone/static.h"

#define FILES 3

/* ldns 1.8 loses memory with rdata that it refuses, of CERT and IPSECKEY at least. What we get from the first of these
 * functions ourselves is watched in t/unit/static. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:ldns_rdf_new_frm_data\nleak:ldns_str2rdf_\n";
}

static void say(void *arg, enum log_level level, const char *text)
{
	fuzz_must(!strncmp(text, "/proc/self/fd/", 14), "a message without its file", text);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		fuzz_must(*c >= 0x20 && *c < 0x7f, "a message that is not printable", text);
}

/* A file without a name on any disk. */
static int open_file(char *path, size_t path_size, const uint8_t *text, size_t len)
{
	int fd = memfd_create("zone", 0);

	fuzz_must(fd >= 0 && write(fd, text, len) == (ssize_t)len, "a file in memory", NULL);
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

static struct zone_store *load(const struct conf *conf, const struct static_zones *zones)
{
	struct zone_store *store = zone_check_store(conf->domain);
	struct zone_commit result;

	fuzz_must(
		!static_zones_load(zones, store, &result), "zones that were checked go into the store", NULL);
	zone_check_snapshot(store);
	/* what the first state does, records aside */
	struct zone_txn *txn = zone_txn_begin(store, 0);
	zone_txn_set_loaded(txn);
	fuzz_must(!zone_txn_commit(txn, &result), "an empty zone goes into the store", NULL);
	zone_check_snapshot(store);
	return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char names[FILES][20] = {"example.org", "a.example.org", "org"};
	static char domains[][20] = {"mesos", "example.org", "b.example.org", "b.c.example.org"},
		    mname[] = "ns1.mesos.";
	static const struct static_report report = {say, NULL};
	struct conf_static_zone files[FILES];
	struct conf conf = {.soa_mname = mname, .zones = files};
	char paths[FILES][32];
	int fds[FILES];
	struct static_zones *zones;

	if (!size)
		return 0;
	conf.domain = domains[data[0] % 4];
	conf.local_zones = data[0] == '4';
	for (const uint8_t *at = data + 1, *end = data + size; at <= end && conf.zone_count < FILES;) {
		const uint8_t *stop = memchr(at, 0, (size_t)(end - at));
		size_t i = conf.zone_count++;

		stop = stop && i < FILES - 1 ? stop : end;
		fds[i] = open_file(paths[i], sizeof(paths[i]), at, (size_t)(stop - at));
		files[i] = (struct conf_static_zone){names[i], paths[i]};
		at = stop + 1;
	}
	fuzz_must(!static_zones_read(&zones, &conf, &report), "zones are read", NULL);
	struct zone_store *store = load(&conf, zones);
	free(zone_check_dump(store));
	zone_store_free(store);
	static_zones_free(zones);
	for (size_t i = 0; i < conf.zone_count; i++)
		close(fds[i]);
	return 0;
}
