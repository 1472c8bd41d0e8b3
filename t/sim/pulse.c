/* SPDX-License-Identifier: Apache-2.0 */
#include "t/sim/pulse.h"

#include <time.h>

#include "base/err.h"
#include "t/sim/sim.h"
#include "t/sim/tasks.h"

#define SECOND  1000000U
#define BACKLOG 100 /* steps that are made up for when it comes late */

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec / 1000U;
}

/* How many times it is due by now. */
static uint64_t take_due(struct pulse_beat *b, uint64_t now)
{
	if (!b->rate || now < b->next)
		return 0;
	uint64_t n = 1 + (now - b->next) * b->rate / SECOND;
	b->next += n * SECOND / b->rate;
	return n < BACKLOG ? n : BACKLOG;
}

static void repeat_checks(struct cluster *c)
{
	struct app *app;
	struct task *t;

	for (size_t i = 0; i < c->framework_count; i++)
		TAILQ_FOREACH (app, &c->frameworks[i]->apps, of_framework)
			TAILQ_FOREACH (t, &app->tasks, of_app)
				task_repeat_health(c, t);
}

static void step(struct sim *s, uint64_t now)
{
	struct pulse *p = &s->pulse;

	for (uint64_t n = take_due(&p->changes, now); n; n--)
		if (churn_step(&p->churn, s->cluster))
			p->changes.rate = 0; /* no room, or no tasks */
	uint64_t agents = take_due(&p->agents, now);
	if (agents && cluster_recover(s->cluster, agents) < agents)
		p->agents.rate = 0; /* all are back */
	if (take_due(&p->checks, now))
		repeat_checks(s->cluster);
}

/* When the next step is; UINT64_MAX: never. */
static uint64_t next_step(const struct pulse *p)
{
	const struct pulse_beat *beats[] = {&p->changes, &p->agents, &p->checks};
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < 3; i++)
		if (beats[i]->rate && beats[i]->next < next)
			next = beats[i]->next;
	return next;
}

static void *run(void *arg)
{
	struct sim *s = arg;
	struct pulse *p = &s->pulse;

	sim_lock(s);
	while (!s->stopping) {
		step(s, now_us());
		uint64_t next = next_step(p);
		struct timespec until = {(time_t)(next / SECOND), (long)(next % SECOND) * 1000};
		if (next == UINT64_MAX)
			pthread_cond_wait(&p->wake, &s->lock);
		else
			pthread_cond_timedwait(&p->wake, &s->lock, &until);
	}
	sim_unlock(s);
	return NULL;
}

int pulse_start(struct sim *s)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->pulse.wake, &attr);
	pthread_condattr_destroy(&attr);
	s->pulse.running = !pthread_create(&s->pulse.thread, NULL, run, s);
	return s->pulse.running ? 0 : ERR_SYSTEM;
}

void pulse_stop(struct sim *s)
{
	if (!s->pulse.running)
		return;
	sim_lock(s);
	pthread_cond_signal(&s->pulse.wake);
	sim_unlock(s);
	pthread_join(s->pulse.thread, NULL);
	pthread_cond_destroy(&s->pulse.wake);
	if (s->pulse.churning)
		churn_fini(&s->pulse.churn);
}

int pulse_set(struct sim *s, uint64_t changes, uint64_t agents, uint64_t checks, const struct framework *f,
	uint64_t seed)
{
	struct pulse *p = &s->pulse;
	uint64_t now = now_us();

	if (p->churning)
		churn_fini(&p->churn);
	p->churning = false;
	if (changes) {
		int err = churn_init(&p->churn, s->cluster, f, seed);
		if (err)
			return err;
		p->churning = true;
	}
	p->changes = (struct pulse_beat){changes, now};
	p->agents = (struct pulse_beat){agents, now};
	p->checks = (struct pulse_beat){checks, now};
	pthread_cond_signal(&p->wake);
	return 0;
}
