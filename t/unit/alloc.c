/* SPDX-License-Identifier: Apache-2.0 */
#include "t/unit/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_vasprintf(char **out, const char *format, va_list args);

static struct {
	enum alloc_calls calls; /* 0: none fails */
	bool for_good;
	unsigned left, failures;
} plan;

void alloc_fail_after(unsigned n, enum alloc_calls calls, bool for_good)
{
	plan.calls = calls;
	plan.for_good = for_good;
	plan.left = n;
	plan.failures = 0;
}

unsigned alloc_fail_end(void)
{
	plan.calls = 0;
	return plan.failures;
}

static bool fails(enum alloc_calls call)
{
	if (!(plan.calls & call))
		return false;
	if (plan.left) {
		plan.left--;
		return false;
	}
	if (plan.failures && !plan.for_good)
		return false;
	plan.failures++;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails(ALLOC_NEW) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(ALLOC_NEW) ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails(ALLOC_NEW) ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails(ALLOC_RESIZE) ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails(ALLOC_RESIZE) || count > SIZE_MAX / size ? NULL : __real_realloc(old, count * size);
}

char *__wrap_strndup(const char *text, size_t len)
{
	len = strnlen(text, len);
	char *copy = fails(ALLOC_NEW) ? NULL : __real_malloc(len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

int __wrap_vasprintf(char **out, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*out = fails(ALLOC_NEW) ? NULL : __real_malloc((size_t)len + 1);
	return *out ? vsnprintf(*out, (size_t)len + 1, format, args) : -1;
}
