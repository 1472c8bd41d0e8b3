/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a reply to a well-formed query, whatever it asks for and wherever its name leads: delegations, aliases,
 * wildcards, negative answers, what does not fit (RFC 1034, section 4.3.2). */
#ifndef ANSWER_GENERAL_H
#define ANSWER_GENERAL_H

#include "answer/reply.h"

/* `node` is what the snapshot has for the question's name, or NULL. */
enum answer_verdict general_answer(struct reply *reply, const struct zone_snapshot *snapshot,
	enum answer_transport transport, const struct zone_node *node);

#endif
