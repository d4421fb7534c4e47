/*
 * SPDX-License-Identifier: ISC
 *
 * timer.c: the smallest loop there is.  One timer ticks, a second one stops
 * it, and then the loop ends by itself: nothing is left to wait for.
 *
 *	build/demos/timer
 *	REACTOR_TRACE=- build/demos/timer
 */
#include <reactor/reactor.h>
#include "demos/option.h"

static const char usage[] =
    "usage: timer [--backend=NAME]\n"
    "Ticks four times a second, for a little more than a second.\n";

static void
tick(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	puts("tick");
}

static struct reactor_timer ticker = {
	.event.name = "ticker",
	.callback = tick,
	.every = REACTOR_SECOND / 4,
};

static void
enough(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	puts("enough");
	reactor_timer_stop(r, &ticker);
}

static struct reactor_timer once = {
	.event.name = "once",
	.callback = enough,
};

int
main(int argc, char **argv)
{
	struct reactor_options options = { 0 };
	struct reactor *r;

	options.backend = option_backend(&argc, &argv, usage);
	if (argc > 0)
		option_wrong(usage);
	if ((r = reactor_open(&options)) == NULL)
		errx(1, "%s", reactor_error());
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (reactor_timer_start(r, &ticker, ticker.every) == -1 ||
	    reactor_timer_start(r, &once, REACTOR_SECOND * 11 / 10) == -1)
		err(1, "reactor_timer_start");
	if (reactor_run(r) == -1)
		err(1, "reactor_run");
	reactor_close(r);
	return 0;
}
