/*
 * SPDX-License-Identifier: ISC
 *
 * model.c: random calls on a loop, beside a slow and obvious model of it that
 * says who must be called next, and with what.
 *
 * TEST_SEED sets the random numbers, TEST_STEPS how many steps there are; a
 * failure prints both.  A step is one random call, outside or in a callback.
 *
 * The model knows what is ready from poll(2), asked right after the wait.  It
 * does not know the backend's order: entries of one turn's descriptors that
 * stand side by side may come in any order.
 */
#include <limits.h>
#include "test/loop.h"

enum { MO_PAIRS = 4, MO_ENDS = 2 * MO_PAIRS, MO_EACH = 12, MO_LEVELS = 5 };

enum mo_kind {
	MO_IO,
	MO_TIMER,
	MO_DEFER,
	MO_IDLE,
	MO_PREPARE,
	MO_CHECK,
	MO_POST,
	MO_KINDS
};

enum { MO_ALL = MO_KINDS * MO_EACH };
enum { MO_OUTSIDE, MO_PREPARING, MO_CHECKING, MO_DISPATCHING };

/* The real one; freed and allocated anew at random. */
struct mo_real {
	union {
		struct reactor_event event;
		struct reactor_io io;
		struct reactor_timer timer;
		struct reactor_defer defer;
		struct reactor_idle idle;
		struct reactor_prepare prepare;
		struct reactor_check check;
		struct reactor_post post;
	} u;
	int id;
};

/* What the model knows of it. */
static struct mo_handler {
	struct mo_real *real;
	int started, counted, oneshot, repeats;
	int level;     /* priority + 2, as of the start */
	int queued;    /* in mo_queue or mo_batch */
	int group;     /* of the turn whose descriptors it came with */
	int last;      /* ends with its next call */
	int end;       /* io: index of its descriptor */
	unsigned want; /* io: interest */
	unsigned mark; /* io: what it will be told */
	int heaped;    /* timer */
	int far;       /* timer: is never due */
	int64_t deadline;
	uint64_t order;
	int posted;
} mo[MO_ALL];

struct mo_list {
	int id[MO_ALL], length;
};

static struct mo_list mo_queue[MO_LEVELS], mo_batch[MO_LEVELS];
static struct mo_list mo_idles, mo_inbox, mo_hooks[2], mo_pending;
static struct reactor *mo_r;
static int mo_fd[MO_ENDS];
static unsigned mo_truth[MO_ENDS];
static int mo_now; /* the handler that was called last */
static int mo_phase, mo_stopped, mo_calls, mo_group;
static uint64_t mo_order, mo_seed, mo_random;
static long mo_step, mo_steps;

#define MO(holds)                                                           \
	do {                                                                \
		if (!(holds))                                               \
			test_fail("%s: %s (TEST_SEED=%llu, step %ld, "      \
				  "handler %d of kind %d)",                 \
			    TEST_HERE, #holds, (unsigned long long)mo_seed, \
			    mo_step, mo_now % MO_EACH, mo_now / MO_EACH);   \
	} while (0)

static unsigned
mo_draw(unsigned limit)
{
	mo_random ^= mo_random << 13;
	mo_random ^= mo_random >> 7;
	mo_random ^= mo_random << 17;
	return (unsigned)(mo_random >> 33) % limit;
}

static enum mo_kind
mo_kind(int id)
{
	return (enum mo_kind)(id / MO_EACH);
}

/* ---- Lists --------------------------------------------------------------- */

static void
mo_append(struct mo_list *list, int id)
{
	MO(list->length < MO_ALL);
	list->id[list->length++] = id;
}

static void
mo_remove(struct mo_list *list, int id)
{
	int i, kept = 0;

	for (i = 0; i < list->length; i++)
		if (list->id[i] != id)
			list->id[kept++] = list->id[i];
	list->length = kept;
}

static int
mo_has(const struct mo_list *list, int id)
{
	int i;

	for (i = 0; i < list->length; i++)
		if (list->id[i] == id)
			return 1;
	return 0;
}

static void
mo_put(int id, int group)
{
	if (mo[id].queued)
		return;
	mo[id].queued = 1;
	mo[id].group = group;
	mo_append(&mo_queue[mo[id].level], id);
}

static void
mo_drop(int id)
{
	mo_remove(&mo_queue[mo[id].level], id);
	mo_remove(&mo_batch[mo[id].level], id);
	mo[id].queued = 0;
}

/* ---- The model's turn ---------------------------------------------------- */

static void
mo_collect_ios(void)
{
	unsigned mask;
	int id;

	mo_group++;
	for (id = 0; id < MO_EACH; id++) {
		mask = mo[id].started ? mo_truth[mo[id].end] & mo[id].want : 0;
		if (mask == 0)
			continue;
		mo[id].mark |= mask;
		mo_put(id, mo_group);
	}
}

static void
mo_collect_posts(void)
{
	int i, id;

	for (i = 0; i < mo_inbox.length; i++) {
		id = mo_inbox.id[i];
		if (!mo[id].started) {
			mo[id].last = 1;
			mo[id].level = mo[id].real->u.event.priority + 2;
			mo[id].counted = (mo[id].real->u.event.flags &
					     REACTOR_BACKGROUND) == 0;
		}
		mo_put(id, 0);
	}
	mo_inbox.length = 0;
}

static void
mo_timer_due(int id)
{
	mo[id].heaped = 0;
	mo[id].last = !mo[id].repeats;
	mo_put(id, 0);
}

static void
mo_collect_timers(void)
{
	int id, best;

	do {
		best = -1;
		for (id = MO_TIMER * MO_EACH; id < (MO_TIMER + 1) * MO_EACH;
		     id++)
			if (mo[id].heaped && !mo[id].far &&
			    (best == -1 ||
				mo[id].deadline < mo[best].deadline ||
				(mo[id].deadline == mo[best].deadline &&
				    mo[id].order < mo[best].order)))
				best = id;
		if (best != -1)
			mo_timer_due(best);
	} while (best != -1);
}

static void
mo_collect(void)
{
	int level, any = 0, i;

	mo_collect_ios();
	mo_collect_posts();
	mo_collect_timers();
	for (level = 0; level < MO_LEVELS; level++)
		any += mo_queue[level].length + mo_batch[level].length;
	for (i = 0; !any && i < mo_idles.length; i++)
		mo_put(mo_idles.id[i], 0);
	for (level = 0; level < MO_LEVELS; level++) {
		for (i = 0; i < mo_queue[level].length; i++)
			mo_append(&mo_batch[level], mo_queue[level].id[i]);
		mo_queue[level].length = 0;
	}
}

static void
mo_begin(int phase)
{
	while (mo_phase < phase) {
		/* Nobody may have been left out of the one that ends. */
		MO(mo_phase == MO_OUTSIDE || mo_pending.length == 0);
		mo_phase++;
		if (mo_phase == MO_PREPARING || mo_phase == MO_CHECKING) {
			mo_pending = mo_hooks[mo_phase == MO_CHECKING];
			mo_hooks[mo_phase == MO_CHECKING].length = 0;
		} else {
			mo_collect();
		}
	}
}

static void
mo_hook_called(int id)
{
	int check = mo_kind(id) == MO_CHECK;

	mo_begin(check ? MO_CHECKING : MO_PREPARING);
	MO(mo_phase == (check ? MO_CHECKING : MO_PREPARING));
	MO(mo_pending.length > 0);
	MO(mo_pending.id[0] == id);
	mo_remove(&mo_pending, id);
	mo_append(&mo_hooks[check], id);
}

/* Is it its turn? */
static void
mo_queued_called(int id)
{
	struct mo_list *list;
	int level = MO_LEVELS - 1, i;

	mo_begin(MO_DISPATCHING);
	MO(!mo_stopped);
	while (level > 0 && mo_batch[level].length == 0)
		level--;
	list = &mo_batch[level];
	MO(mo[id].queued);
	MO(mo[id].level == level);
	for (i = 0; i < list->length && list->id[i] != id; i++) {
		MO(mo[list->id[i]].group != 0);
		MO(mo[list->id[i]].group == mo[id].group);
	}
	MO(i < list->length);
	mo_drop(id);
}

static void
mo_end(int id)
{
	mo[id].started = mo[id].counted = mo[id].last = 0;
}

static void
mo_called(int id)
{
	struct mo_handler *m = &mo[id];

	mo_calls++;
	if (mo_kind(id) == MO_PREPARE || mo_kind(id) == MO_CHECK) {
		mo_hook_called(id);
		return;
	}
	mo_queued_called(id);
	if (mo_kind(id) == MO_TIMER && !m->last) {
		m->heaped = m->far = 1;
		m->order = mo_order++;
	}
	if (m->last || m->oneshot || mo_kind(id) == MO_DEFER)
		mo_end(id);
	m->mark = 0;
	m->posted = 0;
}

/* ---- Callbacks ----------------------------------------------------------- */

static void mo_some_calls(void);

static void
mo_fired(struct reactor_event *event)
{
	int id = ((struct mo_real *)event)->id;

	mo_now = id;
	MO(mo[id].real == (struct mo_real *)event);
	mo_called(id);
	mo_some_calls();
}

static void
mo_io_called(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	MO(r == mo_r);
	mo_begin(MO_DISPATCHING);
	MO(ready == mo[((struct mo_real *)io)->id].mark);
	mo_fired(&io->event);
}

static void
mo_timer_called(struct reactor *r, struct reactor_timer *timer)
{
	MO(r == mo_r);
	mo_fired(&timer->event);
}

static void
mo_defer_called(struct reactor *r, struct reactor_defer *defer)
{
	MO(r == mo_r);
	mo_fired(&defer->event);
}

static void
mo_idle_called(struct reactor *r, struct reactor_idle *idle)
{
	MO(r == mo_r);
	mo_fired(&idle->event);
}

static void
mo_prepare_called(struct reactor *r, struct reactor_prepare *prepare)
{
	MO(r == mo_r);
	mo_fired(&prepare->event);
}

static void
mo_check_called(struct reactor *r, struct reactor_check *check)
{
	MO(r == mo_r);
	mo_fired(&check->event);
}

static void
mo_post_called(struct reactor *r, struct reactor_post *post)
{
	MO(r == mo_r);
	mo_fired(&post->event);
}

/* ---- Real handlers ------------------------------------------------------- */

static void
mo_new(int id)
{
	struct mo_real *real = calloc(1, sizeof(*real));

	MO(real != NULL);
	real->id = id;
	mo[id].real = real;
	switch (mo_kind(id)) {
	case MO_IO:
		real->u.io.callback = mo_io_called;
		break;
	case MO_TIMER:
		real->u.timer.callback = mo_timer_called;
		break;
	case MO_DEFER:
		real->u.defer.callback = mo_defer_called;
		break;
	case MO_IDLE:
		real->u.idle.callback = mo_idle_called;
		break;
	case MO_PREPARE:
		real->u.prepare.callback = mo_prepare_called;
		break;
	case MO_CHECK:
		real->u.check.callback = mo_check_called;
		break;
	default:
		real->u.post.callback = mo_post_called;
	}
}

/* ---- Random calls: start ------------------------------------------------- */

static int
mo_start_io(int id, struct mo_real *real)
{
	struct mo_handler *m = &mo[id];

	if (!m->started)
		m->end = (int)mo_draw(MO_ENDS);
	m->want = (unsigned[]){ REACTOR_READ, REACTOR_WRITE,
		REACTOR_READ | REACTOR_WRITE }[mo_draw(3)];
	m->oneshot = mo_draw(4) == 0;
	m->mark = 0;
	real->u.io.fd = mo_fd[m->end];
	real->u.io.wanted = (unsigned char)m->want;
	real->u.event.flags |= m->oneshot ? REACTOR_ONESHOT : 0;
	return reactor_io_start(mo_r, &real->u.io);
}

/* Deadlines long past, now, and far in the future. */
static int
mo_start_timer(int id, struct mo_real *real)
{
	struct mo_handler *m = &mo[id];
	unsigned when = mo_draw(8);

	m->repeats = mo_draw(3) == 0;
	real->u.timer.every = m->repeats ? INT64_MAX / 2 : 0;
	m->heaped = 1;
	m->order = mo_order++;
	m->far = when == 0;
	m->deadline = when < 5 ? 1 + mo_draw(20) : 1000;
	if (when == 0)
		return reactor_timer_start(
		    mo_r, &real->u.timer, INT64_MAX / 4 + mo_draw(5));
	if (when < 5)
		return reactor_timer_start_at(
		    mo_r, &real->u.timer, m->deadline);
	return reactor_timer_start(mo_r, &real->u.timer, 0);
}

static int
mo_start_hook(int id, struct mo_real *real)
{
	int check = mo_kind(id) == MO_CHECK;

	mo_remove(&mo_pending, id);
	mo_remove(&mo_hooks[check], id);
	mo_append(&mo_hooks[check], id);
	mo[id].counted = 0;
	if (check)
		return reactor_check_start(mo_r, &real->u.check);
	return reactor_prepare_start(mo_r, &real->u.prepare);
}

/* A call that waits is kept: nobody will send it again. */
static int
mo_start_post(int id, struct mo_real *real, int waits)
{
	mo_remove(&mo_inbox, id);
	if (waits)
		mo_put(id, 0);
	return reactor_post_start(mo_r, &real->u.post);
}

static int
mo_start_kind(int id, struct mo_real *real, int waits)
{
	switch (mo_kind(id)) {
	case MO_IO:
		return mo_start_io(id, real);
	case MO_TIMER:
		return mo_start_timer(id, real);
	case MO_DEFER:
		mo_put(id, 0);
		return reactor_defer_start(mo_r, &real->u.defer);
	case MO_IDLE:
		mo_remove(&mo_idles, id);
		mo_append(&mo_idles, id);
		return reactor_idle_start(mo_r, &real->u.idle);
	case MO_POST:
		return mo_start_post(id, real, waits);
	default:
		return mo_start_hook(id, real);
	}
}

/* What collects the inbox early is left out while others wait in it. */
static int
mo_early(int id)
{
	return mo_kind(id) == MO_POST &&
	    mo_inbox.length > mo_has(&mo_inbox, id);
}

static void
mo_start(int id)
{
	int waits = mo[id].posted;
	struct mo_real *real = mo[id].real;

	/* Whether this turn's event is still told is not specified. */
	if (mo_early(id) || (mo_kind(id) == MO_IO && mo_phase == MO_CHECKING))
		return;
	mo_drop(id);
	real->u.event.priority = (signed char)((int)mo_draw(5) - 2);
	real->u.event.flags = mo_draw(4) == 0 ? REACTOR_BACKGROUND : 0;
	mo[id].level = real->u.event.priority + 2;
	mo[id].counted = real->u.event.flags == 0;
	mo[id].last = 0;
	MO(mo_start_kind(id, real, waits) == 0);
	mo[id].started = 1;
}

/* ---- Random calls: stop, feed, send -------------------------------------- */

static void
mo_stop_real(int id, struct mo_real *real)
{
	switch (mo_kind(id)) {
	case MO_IO:
		reactor_io_stop(mo_r, &real->u.io);
		break;
	case MO_TIMER:
		reactor_timer_stop(mo_r, &real->u.timer);
		break;
	case MO_DEFER:
		reactor_defer_stop(mo_r, &real->u.defer);
		break;
	case MO_IDLE:
		reactor_idle_stop(mo_r, &real->u.idle);
		break;
	case MO_PREPARE:
		reactor_prepare_stop(mo_r, &real->u.prepare);
		break;
	case MO_CHECK:
		reactor_check_stop(mo_r, &real->u.check);
		break;
	default:
		reactor_post_stop(mo_r, &real->u.post);
	}
}

static int
mo_stop(int id)
{
	if (mo_early(id))
		return 0;
	mo_drop(id);
	mo_remove(&mo_idles, id);
	mo_remove(&mo_inbox, id);
	mo_remove(&mo_pending, id);
	mo_remove(&mo_hooks[0], id);
	mo_remove(&mo_hooks[1], id);
	mo_end(id);
	mo[id].heaped = mo[id].posted = 0;
	mo[id].mark = 0;
	mo_stop_real(id, mo[id].real);
	MO(mo[id].real->u.event.state == 0);
	return 1;
}

static void
mo_free(int id)
{
	if (!mo_stop(id))
		return;
	memset(mo[id].real, 0xa5, sizeof(*mo[id].real));
	free(mo[id].real);
	mo_new(id);
}

static void
mo_feed(int id)
{
	static const unsigned bits[5] = { REACTOR_READ, REACTOR_WRITE,
		REACTOR_READ | REACTOR_WRITE, REACTOR_HANGUP, 0 };
	struct mo_handler *m = &mo[id];
	unsigned ready = bits[mo_draw(5)];
	int possible = m->started || m->last;

	if (mo_kind(id) == MO_PREPARE || mo_kind(id) == MO_CHECK)
		possible = 0;
	if (mo_kind(id) == MO_IO)
		possible =
		    possible && (ready & (m->want | REACTOR_HANGUP)) != 0;
	MO(reactor_feed(mo_r, &m->real->u.event, ready) == (possible ? 0 : -1));
	if (!possible)
		return;
	if (mo_kind(id) == MO_IO)
		m->mark |= ready & (m->want | REACTOR_HANGUP);
	if (mo_kind(id) == MO_POST && m->posted)
		return; /* it is on its way */
	m->posted = mo_kind(id) == MO_POST;
	if (mo_kind(id) != MO_TIMER)
		mo_put(id, 0);
	else if (m->heaped)
		mo_timer_due(id);
}

static void
mo_send(int id)
{
	id = MO_POST * MO_EACH + id % MO_EACH;
	reactor_post_send(mo_r, &mo[id].real->u.post);
	if (mo[id].posted)
		return;
	mo[id].posted = 1;
	mo_append(&mo_inbox, id);
}

/* ---- Random calls: descriptors ------------------------------------------- */

static void
mo_write(int end)
{
	static const char bytes[1000];

	MO(write(mo_fd[end], bytes, 1 + mo_draw(sizeof(bytes))) > 0 ||
	    errno == EAGAIN);
}

static void
mo_fill(int end)
{
	static const char bytes[65536];

	while (write(mo_fd[end], bytes, sizeof(bytes)) > 0)
		continue;
	MO(errno == EAGAIN);
}

static void
mo_read(int end)
{
	char bytes[65536];

	while (read(mo_fd[end], bytes, sizeof(bytes)) > 0)
		continue;
	MO(errno == EAGAIN);
}

static void
mo_open_pair(int end)
{
	int size = 1; /* the least that there is: soon full */

	MO(socketpair(AF_UNIX, SOCK_STREAM, 0, &mo_fd[end]) == 0);
	loop_nonblock(mo_fd[end]);
	loop_nonblock(mo_fd[end + 1]);
	(void)setsockopt(
	    mo_fd[end], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(
	    mo_fd[end + 1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* The numbers may come again, for one end or the other, or for another pair. */
static void
mo_reopen(int end)
{
	int id;

	end &= ~1;
	for (id = 0; id < MO_EACH; id++)
		if (mo[id].started && (mo[id].end & ~1) == end)
			(void)mo_stop(id);
	MO(close(mo_fd[end]) == 0);
	MO(close(mo_fd[end + 1]) == 0);
	mo_open_pair(end);
}

/* ---- Steps --------------------------------------------------------------- */

static void
mo_call(void)
{
	int id = (int)mo_draw(MO_ALL), end = (int)mo_draw(MO_ENDS);

	mo_step++;
	switch (mo_draw(24)) {
	case 0:
		mo_write(end);
		break;
	case 1:
		mo_read(end);
		break;
	case 2:
		mo_fill(end);
		break;
	case 3:
		mo_reopen(end);
		break;
	case 4:
	case 5:
		mo_send(id);
		break;
	case 6:
	case 7:
		mo_feed(id);
		break;
	case 8:
		mo_free(id);
		break;
	case 9:
		reactor_wake(mo_r);
		break;
	case 10:
		mo_stopped |= mo_draw(4) == 0;
		if (mo_stopped)
			reactor_stop(mo_r);
		break;
	case 11:
	case 12:
	case 13:
	case 14:
		(void)mo_stop(id);
		break;
	default:
		mo_start(id);
	}
}

static void
mo_some_calls(void)
{
	unsigned n = mo_draw(4);

	while (n-- > 0)
		mo_call();
}

static size_t
mo_active(void)
{
	size_t n = 0;
	int id;

	for (id = 0; id < MO_ALL; id++)
		n += mo[id].counted && (mo[id].started || mo[id].last);
	return n;
}

/* Takes the place of the backend's wait: sees what it could see. */
static int
mo_wait(void *state, struct reactor_ready *ready, int max, int64_t timeout)
{
	struct pollfd p[MO_ENDS];
	int i, n = loop_real->wait(state, ready, max, timeout);

	mo_begin(MO_PREPARING);
	for (i = 0; i < MO_ENDS; i++)
		p[i] = (struct pollfd){ mo_fd[i], POLLIN | POLLOUT, 0 };
	MO(poll(p, MO_ENDS, 0) >= 0);
	for (i = 0; i < MO_ENDS; i++)
		mo_truth[i] = (p[i].revents & POLLIN ? REACTOR_READ : 0u) |
		    (p[i].revents & POLLOUT ? REACTOR_WRITE : 0u);
	mo_begin(MO_CHECKING);
	return n;
}

static void
mo_turn(void)
{
	int level, calls, idle = mo_stopped;

	mo_calls = 0;
	calls = reactor_run_once(mo_r, 0);
	MO(calls == mo_calls);
	if (idle) {
		MO(calls == 0);
	} else {
		mo_begin(MO_DISPATCHING);
		for (level = 0; level < MO_LEVELS && !mo_stopped; level++)
			MO(mo_batch[level].length == 0);
	}
	mo_phase = MO_OUTSIDE;
	mo_stopped = 0;
	MO(mo_r->active == mo_active());
}

static uint64_t
mo_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10)
					     : otherwise;
}

static void
mo_open(void)
{
	int i;

	mo_seed = mo_environment("TEST_SEED", (uint64_t)test_clock());
	mo_steps = (long)mo_environment(
	    "TEST_STEPS", (uint64_t)(1500000 / test_slow()));
	mo_random = (mo_seed + 1) * 0x9e3779b97f4a7c15u;
	mo_random = mo_random != 0 ? mo_random : 1;
	mo_r = loop_open();
	loop_count(mo_r);
	loop_counting.wait = mo_wait;
	for (i = 0; i < MO_ENDS; i += 2)
		mo_open_pair(i);
	for (i = 0; i < MO_ALL; i++)
		mo_new(i);
}

static void
against_the_model(void)
{
	int64_t began = test_clock();
	int i;

	mo_open();
	while (mo_step < mo_steps &&
	    (getenv("TEST_STEPS") != NULL ||
		test_clock() - began < 4 * REACTOR_SECOND)) {
		mo_some_calls();
		mo_turn();
	}
	CHECK(reactor_close(mo_r) == 0);
	for (i = 0; i < MO_ALL; i++) {
		MO(mo[i].real->u.event.state == 0);
		free(mo[i].real);
	}
	for (i = 0; i < MO_ENDS; i++)
		CHECK(close(mo_fd[i]) == 0);
}

static const struct test tests[] = {
	TEST("random calls, beside a model", against_the_model),
};

TEST_MAIN(tests)
