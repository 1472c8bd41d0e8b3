/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics_state.h"

/* Without a state there is no age, rather than one of 0. */
void metrics_write_age(struct metric_writer *w, const struct figures *f)
{
	if (f->ready.age >= 0)
		metric_number(w, f->ready.age);
}

void metrics_write_zk_state(struct metric_writer *w, const struct figures *f)
{
	for (unsigned state = 0; state < DETECTOR_STATES; state++)
		metric_labelled(w, "state", detector_state_name(state), f->follow.zk.state == state);
}

void metrics_write_source_state(struct metric_writer *w, const struct figures *f)
{
	for (unsigned state = SOURCE_SEARCHING; state <= SOURCE_STREAMING; state++)
		metric_labelled(w, "state", source_state_name(state), f->follow.source.state == state);
}

void metrics_write_fetched(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "form", "wire", f->follow.source.wire_bytes);
	metric_labelled(w, "form", "decoded", f->follow.source.bytes);
}

void metrics_write_documents(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "taken", f->follow.feed.documents);
	metric_labelled(w, "result", "failed", f->follow.feed.documents_failed);
}

void metrics_write_batches(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "taken", f->follow.feed.batches);
	metric_labelled(w, "result", "failed", f->follow.feed.batches_failed);
}

void metrics_write_elements(struct metric_writer *w, const struct figures *f)
{
	const struct cluster_counts *n = &f->follow.feed.elements;

	metric_labelled(w, "kind", "agent", n->agents);
	metric_labelled(w, "kind", "framework", n->frameworks);
	metric_labelled(w, "kind", "task", n->tasks);
}

void metrics_write_kept(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "kind", "agent", f->follow.feed.retention.agents);
	metric_labelled(w, "kind", "framework", f->follow.feed.retention.frameworks);
}

void metrics_write_logins(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "good", f->follow.source.logins - f->follow.source.logins_failed);
	metric_labelled(w, "result", "failed", f->follow.source.logins_failed);
}

void metrics_write_awaited(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "result", "back", f->follow.feed.retention.back);
	metric_labelled(w, "result", "given_up", f->follow.feed.retention.given_up);
}

void metrics_write_records(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "type", "A", f->zone.a);
	metric_labelled(w, "type", "AAAA", f->zone.aaaa);
	metric_labelled(w, "type", "SRV", f->zone.srv);
	metric_labelled(w, "type", "other", f->zone.other);
}

static const char *check_name(enum apply_check check)
{
	return check == APPLY_SUMMARY ? "summary" : "state";
}

void metrics_write_checks(struct metric_writer *w, const struct figures *f)
{
	for (enum apply_check check = APPLY_SUMMARY; check <= APPLY_STATE; check++)
		metric_labelled(w, "kind", check_name(check), f->follow.source.checks[check]);
}

void metrics_write_failed_checks(struct metric_writer *w, const struct figures *f)
{
	for (enum apply_check check = APPLY_SUMMARY; check <= APPLY_STATE; check++)
		metric_labelled(w, "kind", check_name(check), f->follow.source.checks_failed[check]);
}

void metrics_write_corrections(struct metric_writer *w, const struct figures *f)
{
	metric_labelled(w, "kind", check_name(APPLY_SUMMARY), f->follow.apply.completed);
	metric_labelled(w, "kind", check_name(APPLY_STATE), f->follow.apply.drift);
}
