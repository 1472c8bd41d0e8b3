/* SPDX-License-Identifier: Apache-2.0 */
/* The effective configuration for people and programs. */
#ifndef CONF_PRINT_H
#define CONF_PRINT_H

#include <jansson.h>

#include "conf/conf.h"

/* All keys as Mesos-DNS' /v1/config writes them, and File; SOASerial is the caller's to add. Secrets are
 * "******". A new reference; NULL without memory. */
json_t *conf_print_json(const struct conf *conf);

#endif
