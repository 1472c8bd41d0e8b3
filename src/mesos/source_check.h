/* SPDX-License-Identifier: Apache-2.0 */
/* Of a source (mesos/source_private.h): what is compared beside a live stream, and the summary before it. Mesos thread
 * only. */
#ifndef MESOS_SOURCE_CHECK_H
#define MESOS_SOURCE_CHECK_H

#include "mesos/source_private.h"

void source_check_init(struct source *s);
/* A summary before the stream; source_stream_subscribe() or a function of the round follows. */
int source_check_before(struct source *s, struct endpoint *master);
/* The stream is live: checks from now on. */
void source_check_start(struct source *s);
void source_check_stop(struct source *s);
/* A check after that time, if none comes before. */
void source_check_soon(struct source *s, enum apply_check check, double seconds);

#endif
