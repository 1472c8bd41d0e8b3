/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a harness over its corpus, t/fuzz/corpus/CORPUS, or over the files that are given. Speaks TAP. */
#include "t/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, n = 0;

	if (!file) {
		perror(path);
		return 1;
	}
	do { /* exactly as long as the file is, so that a sanitizer sees what reads past its end */
		size += n;
		data = realloc(data, size + 4096);
		if (!data)
			abort();
		n = fread(data + size, 1, 4096, file);
	} while (n);
	fclose(file);
	uint8_t *exact = realloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("MN_SRCDIR");
	struct dirent **files;
	char path[4096];
	int failed = 0, count = 0;

	for (int i = 1; i < argc; i++)
		failed += run_file(argv[i]);
	if (argc > 1)
		return failed != 0;
	snprintf(path, sizeof(path), "%s/t/fuzz/corpus/" CORPUS, srcdir ? srcdir : ".");
	int n = scandir(path, &files, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (files[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/t/fuzz/corpus/" CORPUS "/%s", srcdir ? srcdir : ".",
				files[i]->d_name);
			failed += run_file(path);
			count++;
		}
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	printf("1..1\n%s 1 - %d files of the corpus\n", count && !failed ? "ok" : "not ok", count);
	return !count || failed;
}
