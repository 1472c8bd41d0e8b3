/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of networks. Pure. */
#ifndef FORWARD_ACL_H
#define FORWARD_ACL_H

#include "conf/conf.h"

/* Is the address in one of the networks? IPv4 and IPv6 never match each other. */
bool acl_allows(const struct conf_prefix *prefixes, size_t count, const struct addr *addr);

#endif
