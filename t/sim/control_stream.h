/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about streams: what they carry and how they fail. As in control_cluster.h. */
#ifndef T_SIM_CONTROL_STREAM_H
#define T_SIM_CONTROL_STREAM_H

#include "t/sim/control_cluster.h"

int control_api(struct control *c);
int control_stream(struct control *c);
int control_stream_end(struct control *c);
int control_stream_send(struct control *c);
int control_play(struct control *c);
int control_pulse(struct control *c);
int control_burst(struct control *c);
/* What stream-send knows to send, for --help. */
void control_describe_sent(FILE *f);

#endif
