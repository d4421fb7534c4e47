/*
 * SPDX-License-Identifier: ISC
 *
 * post.c: calls from other threads and from signal handlers: none is lost,
 * none is made twice, and what was written before is seen.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include "test/loop.h"

struct po_post {
	struct reactor_post post;
	int calls;
	char letter;
};

static void
po_called(struct reactor *r, struct reactor_post *post)
{
	struct po_post *p = (struct po_post *)post;

	(void)r;
	p->calls++;
	if (p->letter != 0)
		loop_log(p->letter);
}

static void
po_init(struct po_post *p, int letter)
{
	memset(p, 0, sizeof(*p));
	p->post.callback = po_called;
	p->letter = (char)letter;
}

static long
po_rounds(long rounds)
{
	return (long)((double)rounds / test_slow());
}

/* On a busy machine fewer rounds have to do. */
static int
po_in_time(int64_t began)
{
	return test_clock() - began < 2 * REACTOR_SECOND;
}

/* ---- One thread ---------------------------------------------------------- */

static void
order(void)
{
	struct reactor *r = loop_open();
	struct po_post a, b, c;

	po_init(&a, 'a');
	po_init(&b, 'b');
	po_init(&c, 'c');
	c.post.event.priority = 1;
	reactor_post_send(r, &a.post);
	reactor_post_send(r, &b.post);
	reactor_post_send(r, &c.post);
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run(r), 0); /* what was sent keeps it running */
	CHECK_STR(loop_said(), "cab");
	CHECK_INT(a.calls, 1);
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(a.calls, 2);
	CHECK_INT(a.post.event.state, 0);
	CHECK_INT(r->active, 0);
	CHECK(reactor_close(r) == 0);
}

static void
po_again(struct reactor *r, struct reactor_post *post)
{
	po_called(r, post);
	reactor_post_send(r, post);
}

static void
from_its_own_callback(void)
{
	struct reactor *r = loop_open();
	struct po_post a;
	struct loop_io io;
	int fd[2];

	loop_pipe(fd);
	loop_watch(r, &io, fd[0], REACTOR_READ);
	loop_put(fd[1]);
	po_init(&a, 'a');
	a.post.callback = po_again;
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(reactor_run_once(r, -1), 2);
	CHECK_INT(a.calls, 2); /* once a turn */
	CHECK_INT(io.calls, 2);
	reactor_post_stop(r, &a.post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK(reactor_close(r) == 0);
	loop_close(fd);
}

static void
stop_drains(void)
{
	struct reactor *r = loop_open();
	struct po_post a, b, c;

	po_init(&a, 'a');
	po_init(&b, 'b');
	po_init(&c, 'c');
	CHECK(reactor_post_start(r, &b.post) == 0);
	reactor_post_send(r, &a.post);
	reactor_post_send(r, &b.post);
	reactor_post_send(r, &c.post);
	reactor_post_stop(r, &b.post);
	reactor_post_stop(r, &b.post);
	memset(&b, 0xff, sizeof(b)); /* the memory is ours again */
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "ac");
	reactor_post_send(r, &a.post);
	reactor_post_stop(r, &a.post);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "");
	/* And it can be used again. */
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "a");
	/* Close drains, too. */
	reactor_post_send(r, &a.post);
	CHECK(reactor_close(r) == 0);
	CHECK_INT(a.post.posted, 0);
	CHECK_STR(loop_said(), "");
}

static void
started(void)
{
	struct reactor *r = loop_open();
	struct po_post a;

	po_init(&a, 'a');
	a.post.event.priority = 3;
	CHECK_INT(reactor_post_start(r, &a.post), -1);
	CHECK_INT(errno, EINVAL);
	a.post.event.priority = 0;
	CHECK_INT(reactor_run_once(r, -1), 0);
	CHECK(reactor_post_start(r, &a.post) == 0);
	CHECK(reactor_post_start(r, &a.post) == 0);
	CHECK_INT(r->active, 1);
	CHECK_INT(reactor_run_once(r, LOOP_MS), 0);
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(r->active, 1); /* still announced */
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK(reactor_feed(r, &a.post.event, 0) == 0);
	CHECK_INT(reactor_run_once(r, -1), 1);
	CHECK_INT(a.calls, 3);
	reactor_post_stop(r, &a.post);
	CHECK_INT(r->active, 0);
	a.post.event.flags = REACTOR_BACKGROUND;
	CHECK(reactor_post_start(r, &a.post) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(reactor_close(r) == 0);
}

/* The thread was quicker than start. */
static void
sent_before_start(void)
{
	struct reactor *r = loop_open();
	struct po_post a;

	po_init(&a, 'a');
	reactor_post_send(r, &a.post);
	CHECK(reactor_post_start(r, &a.post) == 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(r->active, 1);
	reactor_post_send(r, &a.post);
	CHECK_INT(reactor_run_once(r, 0), 1);
	reactor_post_stop(r, &a.post);
	CHECK_INT(r->active, 0);
	CHECK(reactor_close(r) == 0);
}

static void
po_free(struct reactor *r, struct reactor_post *post)
{
	(void)r;
	loop_log('f');
	free(post);
}

static void
freed_in_callback(void)
{
	struct reactor *r = loop_open();
	struct po_post *p;
	int i;

	for (i = 0; i < 3; i++) {
		CHECK((p = malloc(sizeof(*p))) != NULL);
		po_init(p, 0);
		p->post.callback = po_free;
		reactor_post_send(r, &p->post);
	}
	CHECK_INT(reactor_run(r), 0);
	CHECK_STR(loop_said(), "fff");
	CHECK(reactor_close(r) == 0);
}

/* ---- Signals ------------------------------------------------------------- */

static struct reactor *po_reactor;
static struct po_post po_signal_post;
static volatile sig_atomic_t po_signals;

static void
po_signal(int number)
{
	int error = errno;

	(void)number;
	errno = ENOTTY;
	po_signals++;
	reactor_post_send(po_reactor, &po_signal_post.post);
	if (errno != ENOTTY)
		_exit(1);
	errno = error;
}

/* Of the last signal there is always a call. */
static void
po_signal_called(struct reactor *r, struct reactor_post *post)
{
	po_called(r, post);
	if (po_signals >= 300)
		reactor_stop(r);
}

static void
from_signals(void)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never;
	struct sigaction action = { .sa_handler = po_signal };
	struct reactor *r = po_reactor = loop_open();

	po_init(&po_signal_post, 0);
	po_signal_post.post.callback = po_signal_called;
	CHECK(reactor_post_start(r, &po_signal_post.post) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK_INT(reactor_run(r), 0);
	memset(&never, 0, sizeof(never));
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK(signal(SIGALRM, SIG_IGN) == po_signal); /* one may be under way */
	CHECK(po_signal_post.calls > 0);
	CHECK(po_signal_post.calls <= po_signals);
	CHECK(reactor_close(r) == 0);
}

/* ---- Threads ------------------------------------------------------------- */

#define PO_THREADS 3

static struct po_worker {
	struct reactor_post post;
	struct reactor *r;
	pthread_t thread;
	long rounds;
	long written; /* plain: ordered by the post alone */
	long seen, calls;
} po_worker[PO_THREADS];

static void
po_worker_called(struct reactor *r, struct reactor_post *post)
{
	struct po_worker *w = post->data;

	w->calls++;
	w->seen = __atomic_load_n(&w->written, __ATOMIC_RELAXED);
	if (w->seen == w->rounds)
		reactor_post_stop(r, post);
}

static void *
po_worker_run(void *data)
{
	struct po_worker *w = data;
	long i;

	for (i = 1; i <= w->rounds; i++) {
		__atomic_store_n(&w->written, i, __ATOMIC_RELAXED);
		reactor_post_send(w->r, &w->post);
	}
	return NULL;
}

/*
 * Each thread counts, and sends after each step; if a send that was merged
 * with an earlier one did not show its count, the last would never be seen.
 */
static void
the_last_is_seen(void)
{
	struct reactor *r = loop_open();
	struct po_worker *w;
	int64_t began = test_clock();
	int i, again;

	for (again = 0; again < 50 && po_in_time(began); again++) {
		for (i = 0; i < PO_THREADS; i++) {
			w = &po_worker[i];
			memset(w, 0, sizeof(*w));
			w->r = r;
			w->rounds = po_rounds(10000) + 1;
			w->post.callback = po_worker_called;
			w->post.data = w;
			CHECK(reactor_post_start(r, &w->post) == 0);
			CHECK(pthread_create(
				  &w->thread, NULL, po_worker_run, w) == 0);
		}
		/* The last send may still be under way when it is stopped. */
		while (r->active > 0)
			CHECK(reactor_run_once(r, REACTOR_SECOND) >= 0);
		for (i = 0; i < PO_THREADS; i++)
			CHECK(pthread_join(po_worker[i].thread, NULL) == 0);
		for (i = 0; i < PO_THREADS; i++) {
			w = &po_worker[i];
			CHECK_INT(w->seen, w->rounds);
			CHECK(w->calls >= 1 && w->calls <= w->rounds);
			reactor_post_stop(r, &w->post);
		}
	}
	CHECK(reactor_close(r) == 0);
}

/* ---- Litmus: no send falls between look and sleep ------------------------ */

static struct po_litmus {
	struct po_post post[2]; /* to loop 0, to loop 1 */
	struct reactor *r[2];
	long rounds, count; /* plain: only the one whose turn it is writes */
	int64_t began;
} po_litmus;

/* Passes the ball to the other loop. */
static void
po_pass(struct reactor *r, struct reactor_post *post)
{
	int me = post == &po_litmus.post[1].post;
	int enough = ++po_litmus.count >= po_litmus.rounds ||
	    (po_litmus.count % 1024 == 0 && !po_in_time(po_litmus.began));

	if (enough)
		po_litmus.rounds = 0; /* for the other, too */
	reactor_post_send(po_litmus.r[!me], &po_litmus.post[!me].post);
	if (enough)
		reactor_stop(r);
}

static void *
po_second(void *data)
{
	(void)data;
	if (reactor_run(po_litmus.r[1]) == -1)
		abort();
	return NULL;
}

static void
ping_pong(void)
{
	pthread_t thread;
	int i;

	po_litmus.rounds = po_rounds(100000);
	po_litmus.began = test_clock();
	for (i = 0; i < 2; i++) {
		po_init(&po_litmus.post[i], 0);
		po_litmus.post[i].post.callback = po_pass;
		po_litmus.r[i] = loop_open();
		CHECK(reactor_post_start(
			  po_litmus.r[i], &po_litmus.post[i].post) == 0);
	}
	CHECK(pthread_create(&thread, NULL, po_second, NULL) == 0);
	reactor_post_send(po_litmus.r[0], &po_litmus.post[0].post);
	CHECK_INT(reactor_run(po_litmus.r[0]), 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(po_litmus.count >= 1000);
	for (i = 0; i < 2; i++)
		CHECK(reactor_close(po_litmus.r[i]) == 0);
}

/*
 * The loop's side and the sender's without any sleep between them, so that
 * they meet at every instruction: a million sends, each of which must be
 * answered before the next one is made.
 */
static long po_asked, po_answered;

static void
po_answer(struct reactor *r, struct reactor_post *post)
{
	long asked = po_asked; /* plain, but sent before the post */

	(void)post;
	__atomic_store_n(&po_answered, asked, __ATOMIC_RELEASE);
	if (asked == po_litmus.rounds)
		reactor_stop(r);
}

static void
po_await(long answer)
{
	int spins;

	for (spins = 0;
	     __atomic_load_n(&po_answered, __ATOMIC_ACQUIRE) != answer; spins++)
		if (spins > 1000)
			sched_yield();
}

static void *
po_asker(void *data)
{
	struct reactor_post *post = data;
	int64_t began = test_clock();
	long i;

	for (i = 1; i < po_litmus.rounds; i++) {
		po_asked = i;
		reactor_post_send(po_reactor, post);
		po_await(i);
		if (i % 1024 == 0 && !po_in_time(began))
			break;
	}
	po_asked = po_litmus.rounds; /* the last */
	reactor_post_send(po_reactor, post);
	po_await(po_litmus.rounds);
	return NULL;
}

static void
po_idle(struct reactor *r, struct reactor_idle *idle)
{
	(void)r;
	(void)idle;
}

static void
litmus(void)
{
	struct reactor *r = po_reactor = loop_open();
	struct reactor_idle idle = { .callback = po_idle };
	struct po_post p;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP("needs two processors");
	po_litmus.rounds = po_rounds(1000000);
	po_init(&p, 0);
	p.post.callback = po_answer;
	CHECK(reactor_idle_start(r, &idle) == 0); /* never sleeps */
	CHECK(reactor_post_start(r, &p.post) == 0);
	CHECK(pthread_create(&thread, NULL, po_asker, &p.post) == 0);
	CHECK_INT(reactor_run(r), 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK_INT(po_answered, po_litmus.rounds);
	CHECK(reactor_close(r) == 0);
}

/* A loop in another that is not told by a descriptor asks before it waits. */
static void
foreign(void)
{
	struct reactor *r = loop_open();
	struct po_post p = { .post.callback = po_called };
	int64_t timeout = 7;

	CHECK_INT(reactor_run_once(r, 0), 0);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK_INT(timeout, -1);
	reactor_post_send(r, &p.post);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK_INT(timeout, 0);
	CHECK_INT(reactor_run_once(r, 0), 1);
	CHECK_INT(p.calls, 1);
	CHECK_INT(reactor_next(r, &timeout), 0);
	CHECK_INT(timeout, -1);
	CHECK(reactor_close(r) == 0);
}

static const struct test tests[] = {
	TEST("in the order of sending, each once", order),
	TEST("from its own callback", from_its_own_callback),
	TEST("stop drains the inbox", stop_drains),
	TEST("started: keeps the loop running", started),
	TEST("sent before start", sent_before_start),
	TEST("freed in the callback", freed_in_callback),
	TEST("from signal handlers", from_signals),
	TEST("the last of merged sends is seen", the_last_is_seen),
	TEST("ping-pong between two loops", ping_pong),
	TEST("a million rounds, awake", litmus),
	TEST("a foreign loop asks first", foreign),
};

TEST_MAIN(tests)
