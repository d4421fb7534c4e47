/*
 * SPDX-License-Identifier: ISC
 *
 * executor_queue.c: a queue that is full: threads wait, jobs do not, and
 * handlers on loops are called when there is room.
 */
#include "test/executor.h"

enum { FULL = 2 };

/* One runs, as many as may wait. */
static struct reactor_executor *
full(struct reactor_future *f[1 + FULL])
{
	struct reactor_executor_options options = { .workers = 1,
		.queue = FULL };
	struct reactor_executor *x = exe_open_with(&options);
	int i;

	f[0] = exe_plug(x);
	for (i = 1; i <= FULL; i++)
		f[i] = exe_submit(x, exe_count);
	return x;
}

static void
finish(struct reactor_executor *x, struct reactor_future *f[1 + FULL])
{
	int i;

	exe_open_gate();
	for (i = 0; i <= FULL; i++) {
		exe_wait(f[i]);
		reactor_future_detach(f[i]);
	}
	exe_close_all(x);
}

static struct reactor_future *
try_submit(struct reactor_executor *x)
{
	struct reactor_job_attributes attributes = { .flags = REACTOR_TRY };

	return reactor_submit_with(x, exe_count, NULL, 0, &attributes);
}

static void
try_fails(struct reactor_executor *x, int error)
{
	CHECK(try_submit(x) == NULL);
	CHECK_INT(errno, error);
}

static void
try(void)
{
	struct reactor_future *f[1 + FULL], *last;
	struct reactor_executor *x = full(f);

	try_fails(x, EAGAIN);
	CHECK_INT(reactor_future_cancel(f[1]), 0); /* makes room */
	last = try_submit(x);
	CHECK(last != NULL);
	try_fails(x, EAGAIN);
	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	try_fails(x, ESHUTDOWN);
	exe_open_gate();
	exe_good(last);
	finish(x, f);
	CHECK_INT(exe_world->ran, 3);
}

/* ---- Threads wait -------------------------------------------------------- */

struct waiting {
	struct reactor_executor *executor;
	pthread_t thread;
	int error;
};

static void *
submits(void *context)
{
	struct waiting *w = context;
	struct reactor_future *f;

	exe_world->n[0]++;
	f = reactor_submit(w->executor, exe_count, NULL, 0);
	w->error = f == NULL ? errno : 0;
	reactor_future_detach(f);
	exe_world->n[1]++;
	return NULL;
}

static void
wait_for_room(struct waiting *w, int n, struct reactor_executor *x)
{
	int i;

	for (i = 0; i < n; i++) {
		w[i].executor = x;
		CHECK_INT(
		    pthread_create(&w[i].thread, NULL, submits, &w[i]), 0);
	}
	EXE_UNTIL(exe_world->n[0] == n);
	exe_sleep(5 * EXE_MS);
	CHECK_INT(exe_world->n[1], 0);
}

static void
waited(struct waiting *w, int n, int error)
{
	int i;

	for (i = 0; i < n; i++) {
		CHECK_INT(pthread_join(w[i].thread, NULL), 0);
		CHECK_INT(w[i].error, error);
	}
}

static void
threads_wait(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct waiting w[4];

	wait_for_room(w, 4, x);
	CHECK_INT(reactor_future_cancel(f[2]), 0);
	EXE_UNTIL(exe_world->n[1] == 1); /* room for one */
	exe_sleep(2 * EXE_MS);
	CHECK_INT(exe_world->n[1], 1);
	exe_open_gate();
	waited(w, 4, 0);
	finish(x, f);
	CHECK_INT(exe_world->ran, 1 + 1 + 4);
}

static void
shutdown_wakes(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct waiting w[3];

	wait_for_room(w, 3, x);
	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	waited(w, 3, ESHUTDOWN);
	finish(x, f);
}

static int
refuses(struct reactor_job *job)
{
	exe_world->running++;
	EXE_UNTIL(exe_world->gate);
	return reactor_job_fail(job, EPERM, "no");
}

static void
breaking_wakes(void)
{
	struct reactor_executor_options options = {
		.workers = 1, .queue = 1, .initialize = refuses
	};
	struct reactor_executor *x = exe_open_with(&options);
	struct reactor_future *f = exe_submit(x, exe_count);
	struct waiting w[3];

	EXE_UNTIL(exe_world->running);
	wait_for_room(w, 3, x);
	exe_open_gate();
	waited(w, 3, ENOTRECOVERABLE);
	exe_ends(f, REACTOR_FINISHED, ENOTRECOVERABLE);
	exe_close_all(x);
}

/* ---- Its own threads do not ---------------------------------------------- */

static struct reactor_executor *own;

static void
fill(void)
{
	int i;

	for (i = 0; i < FULL; i++)
		reactor_future_detach(exe_submit(own, exe_count));
	CHECK(reactor_submit(own, exe_count, NULL, 0) == NULL);
	CHECK_INT(errno, EAGAIN);
}

static int
fills(struct reactor_job *job)
{
	(void)job;
	fill();
	return 0;
}

static void
in_a_job(void)
{
	struct reactor_executor_options options = { .workers = 1,
		.queue = FULL };

	own = exe_open_with(&options);
	exe_good(exe_submit(own, fills));
	exe_close_all(own);
	CHECK_INT(exe_world->ran, FULL);
}

static void
done_fills(struct reactor *r, struct reactor_done *done)
{
	(void)r;
	(void)done;
	fill();
	exe_world->n[0] = 1;
}

static void
in_a_handler(void)
{
	struct reactor_executor_options options = { .workers = 1,
		.queue = FULL };
	struct reactor_done done = { .callback = done_fills };

	own = exe_open_with(&options);
	done.future = exe_plug(own);
	CHECK_INT(reactor_done_start(NULL, &done), 0);
	exe_open_gate();
	EXE_UNTIL(exe_world->n[0]);
	exe_good(done.future);
	exe_close_all(own);
	CHECK_INT(exe_world->ran, 1 + FULL);
}

/* ---- Handlers ------------------------------------------------------------ */

static char noted[64];

struct guest {
	struct reactor_room room;
	char letter;
	struct reactor_future *future; /* what it submits, if it does */
	int submits;
};

static void
note(struct reactor *r, struct reactor_room *room)
{
	struct guest *g = (struct guest *)room;

	(void)r;
	noted[strlen(noted)] = g->letter;
	if (g->submits) {
		g->future = try_submit(room->executor);
		CHECK(g->future != NULL);
	}
}

static void
guest(struct guest *g, struct reactor_executor *x, int letter, int does_submit)
{
	memset(g, 0, sizeof(*g));
	g->room.callback = note;
	g->room.executor = x;
	g->letter = (char)letter;
	g->submits = does_submit;
}

static struct reactor *
loop(void)
{
	struct reactor *r = reactor_open(NULL);

	CHECK(r != NULL);
	return r;
}

/* As long as there is something to do at once. */
static void
run_pending(struct reactor *r)
{
	while (reactor_run_once(r, 0) > 0)
		continue;
}

static void
room_at_once(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor *r = loop();
	struct guest a;

	guest(&a, x, 'a', 0);
	CHECK_INT(reactor_room_start(r, &a.room), 0);
	CHECK_STR(noted, "");
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "a");
	CHECK_INT(reactor_run(r), 0); /* once */
	CHECK_STR(noted, "a");
	reactor_room_stop(r, &a.room);
	CHECK_INT(reactor_close(r), 0);
	exe_close_all(x);
}

static void
room_in_order(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct reactor *r = loop();
	struct guest g[4];
	int i;

	for (i = 0; i < 4; i++) {
		guest(&g[i], x, 'a' + i, i < 2);
		CHECK_INT(reactor_room_start(r, &g[i].room), 0);
	}
	CHECK_INT(reactor_room_start(r, &g[1].room), -1);
	CHECK_INT(errno, EBUSY);
	run_pending(r);
	CHECK_STR(noted, "");
	CHECK_INT(reactor_future_cancel(f[1]), 0);
	run_pending(r);
	CHECK_STR(noted, "a"); /* it took the place */
	CHECK_INT(reactor_future_cancel(f[2]), 0);
	run_pending(r);
	CHECK_STR(noted, "ab");
	CHECK_INT(reactor_future_cancel(g[0].future), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "abcd"); /* c left it to the next */
	exe_ends(g[0].future, REACTOR_CANCELLED, ECANCELED);
	exe_open_gate();
	exe_good(g[1].future);
	CHECK_INT(reactor_close(r), 0);
	finish(x, f);
}

static void
room_stopped(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct reactor *r = loop();
	struct guest g[4];
	int i;

	for (i = 0; i < 4; i++) {
		guest(&g[i], x, 'a' + i, 1);
		CHECK_INT(reactor_room_start(r, &g[i].room), 0);
	}
	reactor_room_stop(r, &g[0].room); /* listed */
	CHECK_INT(reactor_future_cancel(f[1]), 0);
	reactor_room_stop(r, &g[1].room); /* sent: the next, instead */
	run_pending(r);
	CHECK_STR(noted, "c");
	reactor_room_stop(r, &g[1].room);
	reactor_room_stop(r, &g[2].room);
	reactor_room_stop(r, &g[3].room);
	CHECK_INT(reactor_run(r), 0); /* nothing keeps it */
	CHECK_STR(noted, "c");
	exe_open_gate();
	exe_good(g[2].future);
	CHECK_INT(reactor_close(r), 0);
	finish(x, f);
}

static void
again(struct reactor *r, struct reactor_room *room)
{
	note(r, room);
	if (strlen(noted) < 3)
		CHECK_INT(reactor_room_start(r, room), 0);
}

static void
room_again(void)
{
	struct reactor_executor *x = exe_open(1);
	struct reactor *r = loop();
	struct guest a;

	guest(&a, x, 'a', 0);
	a.room.callback = again;
	CHECK_INT(reactor_room_start(r, &a.room), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "aaa");
	CHECK_INT(reactor_close(r), 0);
	exe_close_all(x);
}

static void
frees(struct reactor *r, struct reactor_room *room)
{
	note(r, room);
	free(room);
}

/* Nobody is left to wait for ever. */
static void
room_shutdown(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct reactor *r = loop();
	struct guest *g;
	int i;

	for (i = 0; i < 3; i++) {
		CHECK((g = malloc(sizeof(*g))) != NULL);
		guest(g, x, 'a' + i, 0);
		g->room.callback = frees;
		CHECK_INT(reactor_room_start(r, &g->room), 0);
	}
	CHECK_INT(reactor_executor_shutdown(x, 0), 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "abc");
	try_fails(x, ESHUTDOWN);
	CHECK((g = malloc(sizeof(*g))) != NULL);
	guest(g, x, 'd', 0);
	g->room.callback = frees;
	CHECK_INT(reactor_room_start(r, &g->room), 0);
	exe_open_gate();
	for (i = 0; i <= FULL; i++)
		exe_good(f[i]);
	exe_close(x); /* before it is called */
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(noted, "abcd");
	CHECK_INT(reactor_close(r), 0);
	exe_over();
}

/* Those of two loops in turn, and a thread beside them. */
static void
room_for_all(void)
{
	struct reactor_future *f[1 + FULL];
	struct reactor_executor *x = full(f);
	struct reactor *r[2] = { loop(), loop() };
	struct waiting w[2];
	struct guest g[4];
	int i;

	wait_for_room(w, 2, x);
	for (i = 0; i < 4; i++) {
		guest(&g[i], x, 'a' + i, 0);
		CHECK_INT(reactor_room_start(r[i % 2], &g[i].room), 0);
	}
	exe_open_gate();
	for (i = 0; i < 2; i++)
		EXE_UNTIL(
		    (run_pending(r[0]), run_pending(r[1]), strlen(noted) == 4));
	waited(w, 2, 0);
	for (i = 0; i < 2; i++) {
		CHECK_INT(reactor_run(r[i]), 0);
		CHECK_INT(reactor_close(r[i]), 0);
	}
	finish(x, f);
	CHECK_INT(exe_world->ran, 1 + FULL + 2);
}

static const struct test tests[] = {
	TESTS_BOTH("full: EAGAIN for who tries", try),
	TESTS_BOTH("full: threads wait", threads_wait),
	TESTS_BOTH("full: shutdown wakes them", shutdown_wakes),
	TESTS_BOTH("full: breaking wakes them", breaking_wakes),
	TEST_THREADS("full: EAGAIN in a job of its own", in_a_job),
	TESTS_BOTH("full: EAGAIN in a handler in a worker", in_a_handler),
	TESTS_BOTH("room: at once, and once", room_at_once),
	TESTS_BOTH("room: in order, and left to the next", room_in_order),
	TESTS_BOTH("room: stopped", room_stopped),
	TESTS_BOTH("room: started again in its callback", room_again),
	TESTS_BOTH("room: shutdown calls all", room_shutdown),
	TESTS_BOTH("room: for loops and threads", room_for_all),
};
TEST_MAIN(tests)
