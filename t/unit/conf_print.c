/* SPDX-License-Identifier: Apache-2.0 */
/* For t/10-conf.t. Without arguments: the table of keys. With a file: what conf_load() says of it on stderr,
 * the effective configuration on stdout; exit 1 if there are errors. */
#include <stdio.h>
#include <stdlib.h>

#include "conf/load.h"
#include "conf/print.h"
#include "conf/table.h"

int main(int argc, char **argv)
{
	const struct conf_options options = {.without_files = true};
	struct conf_report report = {0};
	struct conf *conf;

	if (argc < 2) {
		conf_dump_table(stdout);
		return 0;
	}
	int err = conf_load(argv[1], &options, &report, &conf);
	conf_report_print(&report, argv[1], stderr);
	conf_report_fini(&report);
	if (err)
		return 1;
	json_t *shown = conf_print_json(conf);
	json_dumpf(shown, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(shown);
	conf_free(conf);
	return 0;
}
