/* SPDX-License-Identifier: Apache-2.0 */
/* Types of keys that name addresses: masters, ZooKeeper, listeners. */
#ifndef CONF_TYPE_NET_H
#define CONF_TYPE_NET_H

#include "conf/table.h"

extern const struct conf_type conf_type_zk;            /* conf->zk, zk_* */
extern const struct conf_type conf_type_masters;       /* conf->masters */
extern const struct conf_type conf_type_listener;      /* conf->listeners */
extern const struct conf_type conf_type_http_listener; /* conf->http_listener */

#endif
