/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of itself: TXT of version.bind, hostname.bind and the like in class CH (RFC 4892). */
#ifndef ANSWER_CHAOS_H
#define ANSWER_CHAOS_H

#include "answer/reply.h"

/* Answers a query of class CH, or refuses it. */
void chaos_answer(struct reply *reply);

#endif
