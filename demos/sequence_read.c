/*
 * SPDX-License-Identifier: ISC
 *
 * sequence_read.c: from the records of a trace to steps from one line of life
 * to another.
 */
#include <string.h>
#include "demos/figure.h"
#include "demos/sequence.h"

enum { SR_TASKS = 32, SR_DEEP = 8 };

struct sr_task {
	const char *name;          /* of its line */
	int stack[SR_DEEP], depth; /* lines: who called whom */
	int begun, ended;
	int64_t parked; /* since then */
};

struct sr {
	struct sequence *sequence;
	struct sr_task task[SR_TASKS];
	struct sr_task *running;
	int64_t first; /* time */
	int overflow;
};

/* ---- Lines and steps ----------------------------------------------------- */

static int
sr_line(struct sr *sr, const char *what, const char *name, int task)
{
	struct sequence *s = sr->sequence;
	int i;

	for (i = 0; i < s->nlines; i++)
		if (task != -1 && s->line[i].task == task &&
		    strcmp(s->line[i].what, what) == 0 &&
		    strcmp(s->line[i].name, name) == 0)
			return i;
	if (s->nlines == SEQUENCE_LINES) {
		sr->overflow = 1;
		return SEQUENCE_LOOP;
	}
	s->line[i].what = what;
	s->line[i].task = task;
	(void)snprintf(s->line[i].name, sizeof(s->line[i].name), "%s", name);
	return s->nlines++;
}

static void
sr_step(struct sr *sr, enum sequence_kind kind, int from, int to,
    const struct sequence_record *record, const char *text)
{
	struct sequence *s = sr->sequence;
	struct sequence_step *step = &s->step[s->nsteps];

	if (s->nsteps == SEQUENCE_STEPS) {
		sr->overflow = 1;
		return;
	}
	if (s->nsteps++ == 0)
		sr->first = record->time;
	step->kind = kind;
	step->from = from;
	step->to = to;
	step->time = record->time - sr->first;
	step->span = record->span;
	(void)snprintf(step->text, sizeof(step->text), "%s", text);
}

/* The innermost of what the task is in. */
static int
sr_top(const struct sr_task *t)
{
	return t->stack[t->depth - 1];
}

static struct sr_task *
sr_task(struct sr *sr, const char *name)
{
	int i;

	for (i = sr->sequence->ntasks; i-- > 0;)
		if (!sr->task[i].ended && strcmp(sr->task[i].name, name) == 0)
			return &sr->task[i];
	return NULL;
}

/* ---- What the records mean ----------------------------------------------- */

static void
sr_spawn(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sequence *s = sr->sequence;
	int from = sr->running != NULL ? sr_top(sr->running) : SEQUENCE_CALLER;
	struct sr_task *t = &sr->task[s->ntasks];

	if (s->ntasks == SR_TASKS) {
		sr->overflow = 1;
		return;
	}
	t->stack[0] = sr_line(sr, "task", name, s->ntasks++);
	t->depth = 1;
	t->name = s->line[t->stack[0]].name;
	sr_step(sr, SEQUENCE_SPAWN, from, t->stack[0], record, "spawns");
}

static void
sr_run(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr_task(sr, name);
	char text[SEQUENCE_TEXT] = "begins", span[40];

	if ((sr->running = t) == NULL)
		return;
	figure_time((double)(record->time - t->parked), span, sizeof(span));
	if (t->begun)
		(void)snprintf(text, sizeof(text), "goes on after %s", span);
	t->begun = 1;
	sr_step(sr, SEQUENCE_RESUME, SEQUENCE_LOOP, sr_top(t), record, text);
}

static void
sr_suspend(
    struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr->running;
	char text[sizeof("suspends: waits for ") + SEQUENCE_TEXT] = "yields";

	(void)name;
	if (t == NULL)
		return;
	/* "a time, in 1 s": the timer has told when. */
	if (record->what[0] != '\0')
		(void)snprintf(text, sizeof(text), "suspends: waits for %.*s",
		    (int)strcspn(record->what, ","), record->what);
	t->parked = record->time;
	sr->running = NULL;
	sr_step(sr, SEQUENCE_SUSPEND, sr_top(t), SEQUENCE_LOOP, record, text);
}

static void
sr_end(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr_task(sr, name);

	if (t == NULL)
		return;
	t->ended = 1;
	sr->running = NULL;
	sr_step(
	    sr, SEQUENCE_END, t->stack[0], SEQUENCE_LOOP, record, record->what);
}

/* Outside of tasks it is the loop that is called. */
static void
sr_call(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr->running;
	int from = SEQUENCE_CALLER, to = SEQUENCE_LOOP;

	if (t != NULL && t->depth == SR_DEEP)
		sr->overflow = 1;
	if (t != NULL && t->depth < SR_DEEP) {
		from = sr_top(t);
		to = sr_line(sr, "coroutine", name, (int)(t - sr->task));
		t->stack[t->depth++] = to;
	}
	sr_step(sr, SEQUENCE_CALL, from, to, record, name);
}

static void
sr_return(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr->running;
	int from = SEQUENCE_LOOP, to = SEQUENCE_CALLER;
	char text[sizeof("returns ") + SEQUENCE_TEXT];

	(void)name;
	if (t != NULL && t->depth > 1) {
		from = sr_top(t);
		t->depth--;
		to = sr_top(t);
	}
	(void)snprintf(text, sizeof(text), "returns %s", record->what);
	sr_step(sr, SEQUENCE_RETURN, from, to, record, text);
}

static void
sr_print(struct sr *sr, const struct sequence_record *record, const char *text)
{
	int line = sr->running != NULL ? sr_top(sr->running) : SEQUENCE_CALLER;

	sr_step(sr, SEQUENCE_PRINT, line, line, record, text);
}

static void
sr_timer(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr->running;
	char text[sizeof("starts a timer, ") + SEQUENCE_TEXT];

	if (t == NULL || strcmp(record->kind, "timer") != 0 ||
	    strcmp(t->name, name) != 0)
		return;
	(void)snprintf(text, sizeof(text), "starts a timer, %s", record->what);
	sr_step(sr, SEQUENCE_TIMER, sr_top(t), SEQUENCE_LOOP, record, text);
}

static void
sr_due(struct sr *sr, const struct sequence_record *record, const char *name)
{
	struct sr_task *t = sr_task(sr, name);

	if (t != NULL && strcmp(record->kind, "timer") == 0)
		sr_step(sr, SEQUENCE_DUE, SEQUENCE_LOOP, t->stack[0], record,
		    "its timer is due");
}

static void
sr_wait(
    struct sr *sr, const struct sequence_record *record, const char *backend)
{
	char text[SEQUENCE_TEXT], span[24];

	if (record->limit == 0)
		return; /* it only looks */
	figure_time((double)record->span, span, sizeof(span));
	(void)snprintf(
	    text, sizeof(text), "%.30s waits for %.20s", backend, span);
	sr_step(sr, SEQUENCE_WAIT, SEQUENCE_LOOP, SEQUENCE_LOOP, record, text);
}

static const struct sr_rule {
	const char *lane, *phase, *verb;
	void (*apply)(
	    struct sr *, const struct sequence_record *, const char *rest);
} sr_rules[] = {
	{ "tasks", "i", "spawn ", sr_spawn },
	{ "tasks", "B", "", sr_run },
	{ "tasks", "E", "park ", sr_suspend },
	{ "tasks", "E", "yield ", sr_suspend },
	{ "tasks", "i", "end ", sr_end },
	{ "coroutines", "i", "call ", sr_call },
	{ "coroutines", "i", "return ", sr_return },
	{ "coroutines", "i", "print ", sr_print },
	{ "register", "i", "start ", sr_timer },
	{ "queue", "i", "", sr_due },
	{ "wait", "X", "", sr_wait },
};

static void
sr_apply(struct sr *sr, const struct sequence_record *record)
{
	const struct sr_rule *rule = sr_rules, *end;

	for (end = rule + sizeof(sr_rules) / sizeof(*rule); rule < end; rule++)
		if (strcmp(rule->lane, record->lane) == 0 &&
		    strcmp(rule->phase, record->phase) == 0 &&
		    strncmp(rule->verb, record->name, strlen(rule->verb)) ==
			0) {
			rule->apply(
			    sr, record, record->name + strlen(rule->verb));
			return;
		}
}

/* ---- The whole ----------------------------------------------------------- */

/* Each task, with its coroutines beside it. */
static void
sr_columns(struct sequence *s)
{
	int task, i, column = 0;

	for (task = -1; task < s->ntasks; task++)
		for (i = 0; i < s->nlines; i++)
			if (s->line[i].task == task)
				s->line[i].column = column++;
}

int
sequence_read(struct sequence *s, FILE *trace)
{
	struct sr sr = { .sequence = s };
	struct sequence_record record;
	char line[1024];

	memset(s, 0, sizeof(*s));
	(void)sr_line(&sr, "caller", "main()", -1);
	(void)sr_line(&sr, "event loop", "reactor", -1);
	while (fgets(line, sizeof(line), trace) != NULL)
		if (sequence_record(line, &record))
			sr_apply(&sr, &record);
	sr_columns(s);
	return sr.overflow ? -1 : 0;
}
