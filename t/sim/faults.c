/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/faults.h"

#include <string.h>

#include "base/err.h"

static const char *const names[] = {
#define X(id, name, args, text) name,
	FAULT_KINDS(X)
#undef X
};

const char *fault_name(enum fault_kind kind)
{
	return names[kind];
}

int fault_parse(const char *name, enum fault_kind *out)
{
	for (unsigned i = 0; i < FAULT_KIND_COUNT; i++)
		if (!strcmp(names[i], name)) {
			*out = (enum fault_kind)i;
			return 0;
		}
	return ERR_NOTFOUND;
}

int faults_add(struct faults *f, const struct fault *fault)
{
	if (f->count == FAULTS_MAX)
		return ERR_LIMIT;
	f->list[f->count++] = *fault;
	return 0;
}

static void remove_at(struct faults *f, size_t i)
{
	memmove(&f->list[i], &f->list[i + 1], (--f->count - i) * sizeof(f->list[0]));
}

bool faults_take(struct faults *f, unsigned master, const char *path, struct fault *out)
{
	for (size_t i = 0; i < f->count; i++) {
		struct fault *fault = &f->list[i];
		/* A refused connection never gets as far as a request. */
		if (fault->kind == FAULT_REFUSE || (fault->master && fault->master != master) ||
			(*fault->path && strcmp(fault->path, path)))
			continue;
		*out = *fault;
		if (fault->left && !--fault->left)
			remove_at(f, i);
		return true;
	}
	return false;
}

void faults_clear(struct faults *f, unsigned master)
{
	for (size_t i = f->count; i-- > 0;)
		if (!master || f->list[i].master == master)
			remove_at(f, i);
	f->cleared++;
}
