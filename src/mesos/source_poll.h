/* SPDX-License-Identifier: Apache-2.0 */
/* Of a source (mesos/source_private.h): a round asks a master for its state. Mesos thread only. */
#ifndef MESOS_SOURCE_POLL_H
#define MESOS_SOURCE_POLL_H

#include "mesos/source_private.h"

void source_poll_init(struct source *s);
int source_poll_ask(struct source *s, struct endpoint *master);
void source_poll_cancel(struct source *s);

#endif
