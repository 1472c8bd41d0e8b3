/* SPDX-License-Identifier: Apache-2.0 */
/* Families of metrics, and how they are written: Prometheus' text format 0.0.4. Main thread. */
#ifndef HTTP_METRIC_H
#define HTTP_METRIC_H

#include "http/body.h"
#include "http/figures.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum metric_kind { METRIC_NONE, METRIC_U64, METRIC_I64, METRIC_U32, METRIC_DOUBLE, METRIC_BOOL, METRIC_DURATIONS };

struct metric_writer;

/* One family. Either it shows a member of struct figures, or the items of an array that is one, or `write` writes what
 * there is. */
struct metric {
	const char *name; /* with Prometheus' conventions: base units, _total for what only grows */
	enum metric_type type;
	const char *help;
	enum metric_kind kind;
	size_t offset;
	unsigned count;                       /* of an array; 0: no array */
	const char *label;                    /* of its items */
	const char *(*label_value)(unsigned); /* by their index; takes any enum that has no negative values */
	double from, to;                      /* of a histogram: seconds between which its bounds are shown */
	void (*write)(struct metric_writer *writer, const struct figures *figures);
};

#define METRIC_KIND(member)                                                                                            \
	_Generic((member), uint64_t: METRIC_U64, int64_t: METRIC_I64, uint32_t: METRIC_U32, double: METRIC_DOUBLE,     \
		 bool: METRIC_BOOL, struct histogram: METRIC_DURATIONS)
#define METRIC_OF(member) ((struct figures *)NULL)->member
/* The rest of a row: a member, or an array's items with a label. Histograms need `from` and `to` as well. */
#define METRIC_VALUE(member) .kind = METRIC_KIND(METRIC_OF(member)), .offset = offsetof(struct figures, member)
#define METRIC_ARRAY(member, name, value)                                                                              \
	.kind = METRIC_KIND(METRIC_OF(member)[0]), .offset = offsetof(struct figures, member),                         \
	.count = sizeof(METRIC_OF(member)) / sizeof(METRIC_OF(member)[0]), .label = name, .label_value = value

/* For `write`: the labels of the next sample, then the sample. */
void metric_label(struct metric_writer *writer, const char *name, const char *value);
void metric_integer(struct metric_writer *writer, uint64_t value);
void metric_number(struct metric_writer *writer, double value);
/* A sample whose last label is this one. */
void metric_labelled(struct metric_writer *writer, const char *name, const char *value, uint64_t count);
/* The buckets whose upper bounds lie between the two, in seconds, and what the format wants besides. */
void metric_histogram(struct metric_writer *writer, const struct histogram *histogram, double from, double to);

/* Writes the families into the body. */
void metric_write(
	struct http_body *body, const struct metric *metrics, size_t count, const struct figures *figures);

#endif
