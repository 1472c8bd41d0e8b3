/* SPDX-License-Identifier: Apache-2.0 */
/* The small languages inside Mesos' documents: port ranges, process ids, durations, task states. Pure functions of
 * texts that come from outside and need no NUL. Any thread. */
#ifndef CLUSTER_TEXT_H
#define CLUSTER_TEXT_H

#include "cluster/element.h"

/* "[31000-31001, 31005-31005]" to ranges. Returns how many, ERR_FORMAT, ERR_RANGE (a port above 65535, an end before
 * its start), or ERR_LIMIT: all `room` are filled and there were more. */
int cluster_parse_port_ranges(const char *text, size_t len, struct cluster_port_range *out, uint32_t room);
/* "slave(1)@10.0.0.1:5051", "master@[::1]:5050": the host points into `text`. ERR_FORMAT (also for a host that can be
 * neither an address nor a name), ERR_RANGE for the port. */
int cluster_parse_pid(const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port);
/* "10mins", "1.5hrs": Mesos' durations, to seconds. ERR_FORMAT. */
int cluster_parse_duration(const char *text, size_t len, double *seconds);
/* "TASK_RUNNING" and the like. */
enum cluster_task_state cluster_parse_task_state(const char *text, size_t len);
/* The other way, as far as the states are told apart; never NULL. */
const char *cluster_task_state_text(enum cluster_task_state state);

#endif
