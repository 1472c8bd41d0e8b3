/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding as the configuration wants it. */
#ifndef DAEMON_FORWARDING_H
#define DAEMON_FORWARDING_H

#include "conf/conf.h"
#include "forward/forward.h"

/* The settings of each of `workers` forwarders; they borrow from `conf`. */
struct forward_settings forwarding_settings(const struct conf *conf, unsigned workers);

#endif
