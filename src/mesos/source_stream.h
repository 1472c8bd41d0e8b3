/* SPDX-License-Identifier: Apache-2.0 */
/* Of a source (mesos/source_private.h): a round asks a master for its events, which are followed until they end. Mesos
 * thread only. */
#ifndef MESOS_SOURCE_STREAM_H
#define MESOS_SOURCE_STREAM_H

#include "mesos/source_private.h"

void source_stream_init(struct source *s);
/* Ends all at once. */
void source_stream_fini(struct source *s);
/* Is this master to be asked for its events? */
bool source_stream_wanted(const struct source *s, const struct endpoint *master);
/* Asks it for them, the first time after a summary. */
int source_stream_ask(struct source *s, struct endpoint *master);
int source_stream_subscribe(struct source *s, struct endpoint *master);
/* This one was polled with success. */
void source_stream_polled(struct source *s, struct endpoint *master);
/* Leaves it after that time, for another one. */
void source_stream_drop(struct source *s, double seconds);
/* Ends what is under way or live, without another round. */
void source_stream_cancel(struct source *s, enum source_loss loss);
static inline bool source_stream_live(const struct source *s)
{
	return s->stream.live;
}

#endif
