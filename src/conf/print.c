/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/print.h"

#include "conf/table.h"

json_t *conf_print_json(const struct conf *conf)
{
	size_t count;
	const struct conf_key *keys = conf_keys(&count);
	json_t *object = json_object();
	json_t *file = json_string(conf->file); /* NULL also for a name that is not UTF-8 */

	int failed = json_object_set_new(object, "File", file ? file : json_string("?"));
	for (size_t i = 0; i < count && !failed; i++)
		failed = json_object_set_new(object, keys[i].shown, keys[i].type->show(conf, &keys[i]));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}
