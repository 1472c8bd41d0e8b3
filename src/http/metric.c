/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct metric_writer {
	struct http_body *body;
	const struct metric *metric;
	struct http_body labels; /* of the next sample */
};

void metric_label(struct metric_writer *w, const char *name, const char *value)
{
	http_body_printf(&w->labels, "%s%s=\"", w->labels.len ? "," : "", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			http_body_printf(&w->labels, "\\%c", *value);
		else if (*value == '\n')
			http_body_puts(&w->labels, "\\n");
		else
			http_body_write(&w->labels, value, 1);
	}
	http_body_puts(&w->labels, "\"");
}

/* All of a sample but its value. With `bound` the labels stay, for the next bucket. */
static void begin_sample(struct metric_writer *w, const char *suffix, const char *bound)
{
	http_body_printf(w->body, "%s%s", w->metric->name, suffix);
	if (w->labels.len || bound)
		http_body_puts(w->body, "{");
	http_body_write(w->body, w->labels.data, w->labels.len);
	if (bound)
		http_body_printf(w->body, "%sle=\"%s\"", w->labels.len ? "," : "", bound);
	if (w->labels.len || bound)
		http_body_puts(w->body, "}");
	http_body_puts(w->body, " ");
}

static void end_labels(struct metric_writer *w)
{
	if (w->labels.failed)
		w->body->failed = true;
	w->labels.len = 0;
}

static void put_integer(struct metric_writer *w, uint64_t value)
{
	http_body_printf(w->body, "%" PRIu64 "\n", value);
}

static void put_number(struct metric_writer *w, double value)
{
	http_body_printf(w->body, "%.15g\n", value);
}

void metric_integer(struct metric_writer *w, uint64_t value)
{
	begin_sample(w, "", NULL);
	put_integer(w, value);
	end_labels(w);
}

void metric_number(struct metric_writer *w, double value)
{
	begin_sample(w, "", NULL);
	put_number(w, value);
	end_labels(w);
}

void metric_labelled(struct metric_writer *w, const char *name, const char *value, uint64_t count)
{
	metric_label(w, name, value);
	metric_integer(w, count);
}

void metric_histogram(struct metric_writer *w, const struct histogram *h, double from, double to)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		double bound = (double)histogram_bound(i) / 1e9;
		char text[32];

		sum += h->buckets[i];
		if (bound < from || bound > to)
			continue;
		snprintf(text, sizeof(text), "%g", bound);
		begin_sample(w, "_bucket", text);
		put_integer(w, sum);
	}
	sum += h->buckets[HISTOGRAM_BOUNDS];
	begin_sample(w, "_bucket", "+Inf");
	put_integer(w, sum);
	begin_sample(w, "_sum", NULL);
	put_number(w, (double)h->sum_ns / 1e9);
	begin_sample(w, "_count", NULL);
	put_integer(w, sum);
	end_labels(w);
}

/* Returns its size. */
static size_t write_member(struct metric_writer *w, const void *member)
{
	switch (w->metric->kind) {
	case METRIC_NONE:
		return 0;
	case METRIC_U64:
		metric_integer(w, *(const uint64_t *)member);
		return sizeof(uint64_t);
	case METRIC_I64:
		metric_number(w, (double)*(const int64_t *)member);
		return sizeof(int64_t);
	case METRIC_U32:
		metric_integer(w, *(const uint32_t *)member);
		return sizeof(uint32_t);
	case METRIC_DOUBLE:
		metric_number(w, *(const double *)member);
		return sizeof(double);
	case METRIC_BOOL:
		metric_integer(w, *(const bool *)member);
		return sizeof(bool);
	case METRIC_DURATIONS:
		metric_histogram(w, member, w->metric->from, w->metric->to);
		return sizeof(struct histogram);
	}
	return 0;
}

static void write_family(struct metric_writer *w, const struct figures *figures)
{
	static const char *const types[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
	const struct metric *m = w->metric;
	const char *member = (const char *)figures + m->offset;

	http_body_printf(w->body, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, types[m->type]);
	if (m->write)
		m->write(w, figures);
	else if (!m->count)
		write_member(w, member);
	for (unsigned i = 0; i < m->count; i++) {
		metric_label(w, m->label, m->label_value(i));
		member += write_member(w, member);
	}
}

void metric_write(struct http_body *body, const struct metric *metrics, size_t count, const struct figures *figures)
{
	struct metric_writer w = {.body = body};

	for (size_t i = 0; i < count; i++) {
		w.metric = &metrics[i];
		write_family(&w, figures);
	}
	http_body_fini(&w.labels);
}
