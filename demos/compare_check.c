/*
 * SPDX-License-Identifier: ISC
 *
 * compare_check.c: does every backend deliver the same events?  A script of
 * pseudo-random happenings is played to each: bytes written, buffers filled,
 * ends shut and closed, numbers used again, handlers started and stopped,
 * timers and deferred calls.  After each happening the loop takes one turn;
 * which handlers were called in it, with what, is written down in the order of
 * the handlers, since the order among descriptors is the backend's own choice.
 * So a handler may read, or stop itself, but do nothing that another handler
 * of the same turn would see.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "demos/compare.h"

enum {
	CK_PAIRS = 12,
	CK_ENDS = 2 * CK_PAIRS,
	CK_IOS = 2 * CK_ENDS, /* two handlers watch each end */
	CK_TIMERS = 12,
	CK_DEFERS = 4,
	CK_HANDLERS = CK_IOS + CK_TIMERS + CK_DEFERS,
	CK_TURNS = 2000,
	CK_KNOWN = REACTOR_READ | REACTOR_WRITE | REACTOR_BAD,
	CK_FIRED = 0x100 /* a timer or a deferred call */
};

struct ck_note {
	int ready, bytes;
};

struct ck_play {
	struct reactor *r;
	struct compare_backend *b;
	uint64_t random;
	int turn;
	int fd[CK_ENDS]; /* or -1 */
	int shut[CK_PAIRS];
	struct reactor_io io[CK_IOS];
	struct reactor_timer timer[CK_TIMERS];
	struct reactor_defer defer[CK_DEFERS];
	struct ck_note note[CK_HANDLERS]; /* of this turn */
	size_t room;
	int ordered; /* timers are noted as they come */
};

static unsigned
ck_random(struct ck_play *p, unsigned below)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (unsigned)(p->random >> 33) % below;
}

/* What a handler decides may depend on the turn only, not on the order. */
static unsigned
ck_decide(const struct ck_play *p, size_t handler, unsigned below)
{
	uint64_t x = ((uint64_t)p->turn * 64 + handler) * 0x9e3779b97f4a7c15u;

	return (unsigned)(x >> 40) % below;
}

/* ---- Writing down -------------------------------------------------------- */

static void
ck_record(struct ck_play *p, int handler, const struct ck_note *note)
{
	struct compare_backend *b = p->b;
	struct compare_event *e;

	if (b->nscript == p->room) {
		p->room = 2 * p->room + 1024;
		e = realloc(b->script, p->room * sizeof(*e));
		if (e == NULL)
			demo_fail("no memory");
		b->script = e;
	}
	e = &b->script[b->nscript++];
	e->turn = p->turn;
	e->handler = (short)handler;
	e->ready = (short)note->ready;
	e->bytes = note->bytes;
	b->digest = (b->digest ^ (unsigned)e->turn) * 0x100000001b3u;
	b->digest = (b->digest ^ (unsigned)e->handler) * 0x100000001b3u;
	b->digest = (b->digest ^ (unsigned)e->ready) * 0x100000001b3u;
	b->digest = (b->digest ^ (unsigned)e->bytes) * 0x100000001b3u;
}

static void
ck_turn(struct ck_play *p)
{
	int i;

	memset(p->note, 0, sizeof(p->note));
	if (reactor_run_once(p->r, 0) == -1)
		demo_fail("%s: run: %s", p->b->is.label, strerror(errno));
	for (i = 0; i < CK_HANDLERS; i++)
		if (p->note[i].ready != 0)
			ck_record(p, i, &p->note[i]);
	p->turn++;
}

/* ---- Handlers ------------------------------------------------------------ */

static void
ck_io(struct reactor *r, struct reactor_io *io, unsigned ready)
{
	struct ck_play *p = reactor_data(r);
	size_t i = (size_t)(io - p->io);
	char bytes[512];

	p->note[i].ready |= (int)(ready & CK_KNOWN) | CK_FIRED;
	if (i % 2 == 0 && ready & REACTOR_READ && ck_decide(p, i, 3) > 0)
		p->note[i].bytes = (int)recv(io->fd, bytes,
		    1 + ck_decide(p, i, sizeof(bytes)), MSG_DONTWAIT);
	if (ck_decide(p, i, 60) == 0)
		reactor_io_stop(r, io);
}

static void
ck_timer(struct reactor *r, struct reactor_timer *timer)
{
	struct ck_play *p = reactor_data(r);
	int i = CK_IOS + (int)(timer - p->timer);

	p->note[i].ready |= CK_FIRED;
	if (p->ordered)
		ck_record(p, i, &p->note[i]);
}

static void
ck_defer(struct reactor *r, struct reactor_defer *defer)
{
	struct ck_play *p = reactor_data(r);

	p->note[CK_IOS + CK_TIMERS + (defer - p->defer)].ready |= CK_FIRED;
}

/* ---- Happenings ---------------------------------------------------------- */

static void
ck_start(struct ck_play *p, size_t i)
{
	static const unsigned char wanted[] = { REACTOR_READ, REACTOR_READ,
		REACTOR_WRITE, REACTOR_READ | REACTOR_WRITE };

	p->io[i].wanted = wanted[ck_random(p, 4)];
	p->io[i].event.flags = ck_random(p, 4) == 0 ? REACTOR_ONESHOT : 0;
	if (p->fd[i / 2] == -1)
		return;
	p->io[i].fd = p->fd[i / 2];
	if (reactor_io_start(p->r, &p->io[i]) == -1)
		demo_fail("%s: start: %s", p->b->is.label, strerror(errno));
}

static void
ck_close(struct ck_play *p, size_t end)
{
	if (p->fd[end] == -1)
		return;
	reactor_io_stop(p->r, &p->io[2 * end]);
	reactor_io_stop(p->r, &p->io[2 * end + 1]);
	(void)close(p->fd[end]);
	p->fd[end] = -1;
}

/* The new ones get the numbers of those just closed. */
static void
ck_pair(struct ck_play *p, size_t pair)
{
	ck_close(p, 2 * pair);
	ck_close(p, 2 * pair + 1);
	p->shut[pair] = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, &p->fd[2 * pair]) == -1)
		demo_fail("socketpair: %s", strerror(errno));
	ck_start(p, 4 * pair);
	ck_start(p, 4 * pair + 2);
}

/*
 * Only one end of a pair: when both are shut and the buffer of one is full,
 * the kernel tells select nothing of it, but the others that it hung up.
 */
static void
ck_shut(struct ck_play *p, size_t end)
{
	if (p->fd[end] == -1 || p->shut[end / 2])
		return;
	(void)shutdown(p->fd[end], SHUT_WR);
	p->shut[end / 2] = 1;
}

static void
ck_write(struct ck_play *p, size_t end, size_t size)
{
	static const char bytes[4096];

	if (p->fd[end] != -1)
		while (send(p->fd[end], bytes, size, MSG_DONTWAIT) > 0 &&
		    size == sizeof(bytes))
			; /* until it is full */
}

static void
ck_time(struct ck_play *p)
{
	struct reactor_timer *timer = &p->timer[ck_random(p, CK_TIMERS)];
	struct reactor_defer *defer = &p->defer[ck_random(p, CK_DEFERS)];

	switch (ck_random(p, 4)) {
	case 0:
		(void)reactor_timer_start(p->r, timer, REACTOR_SECOND * 1000);
		break;
	case 1:
		reactor_timer_stop(p->r, timer);
		break;
	case 2:
		(void)reactor_defer_start(p->r, defer);
		break;
	default:
		(void)reactor_timer_start(p->r, timer, 0);
	}
}

static void
ck_happen(struct ck_play *p)
{
	unsigned what = ck_random(p, 100);
	size_t end = ck_random(p, CK_ENDS), io = ck_random(p, CK_IOS);

	if (what < 40)
		ck_write(p, end, 1 + ck_random(p, 600));
	else if (what < 44)
		ck_write(p, end, 4096);
	else if (what < 70)
		ck_start(p, io);
	else if (what < 80)
		reactor_io_stop(p->r, &p->io[io]);
	else if (what < 92)
		ck_time(p);
	else if (what < 94)
		ck_shut(p, end);
	else if (what < 96)
		ck_close(p, end);
	else if (what < 98)
		ck_pair(p, end / 2);
	else
		(void)reactor_feed(p->r, &p->io[io].event, REACTOR_READ);
}

/* Timers that are due one after another: their order is what counts. */
static void
ck_order(struct ck_play *p)
{
	int64_t base = reactor_now(p->r);
	int i, after;

	for (i = 0; i < CK_TIMERS; i++) {
		after = i * 7 % CK_TIMERS / 2; /* in ms; two for each */
		(void)reactor_timer_start_at(
		    p->r, &p->timer[i], base + after * REACTOR_MILLISECOND);
	}
	p->ordered = 1;
	if (reactor_run(p->r) == -1)
		demo_fail("%s: run: %s", p->b->is.label, strerror(errno));
}

static void
ck_open(struct ck_play *p)
{
	size_t i;

	memset(p->fd, -1, sizeof(p->fd));
	for (i = 0; i < CK_IOS; i++) {
		p->io[i].callback = ck_io;
		p->io[i].fd = -1;
	}
	for (i = 0; i < CK_TIMERS; i++)
		p->timer[i].callback = ck_timer;
	for (i = 0; i < CK_DEFERS; i++)
		p->defer[i].callback = ck_defer;
	for (i = 0; i < CK_PAIRS; i++)
		ck_pair(p, i);
}

void
compare_check(struct compare_backend *b)
{
	static struct ck_play p;
	struct reactor_options options = {
		.backend = b->is.name, .trace = "", .data = &p
	};
	size_t i;

	memset(&p, 0, sizeof(p));
	p.b = b;
	p.random = 2463534242u;
	p.r = reactor_open(&options);
	if (p.r == NULL)
		demo_fail("%s: %s", b->is.label, reactor_error());
	ck_open(&p);
	while (p.turn < CK_TURNS) {
		ck_happen(&p);
		ck_turn(&p);
	}
	for (i = 0; i < CK_ENDS; i++)
		ck_close(&p, i);
	ck_order(&p);
	(void)reactor_close(p.r);
}
