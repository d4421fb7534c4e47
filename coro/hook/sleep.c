/*
 * SPDX-License-Identifier: ISC
 *
 * sleep.c: sleep, usleep, nanosleep, clock_nanosleep.  Signals do not end them.
 */
#include "coro/hook/internal.h"

static int
hkf_is_span(const struct timespec *span)
{
	return span != NULL && span->tv_sec >= 0 && span->tv_nsec >= 0 &&
	    span->tv_nsec < REACTOR_SECOND;
}

static void
hkf_tell(struct timespec *rest, int64_t left)
{
	if (rest == NULL)
		return;
	rest->tv_sec = (time_t)(left / REACTOR_SECOND);
	rest->tv_nsec = (long)(left % REACTOR_SECOND);
}

/* 0; or -1, and what is left of it. */
static int
hkf_sleep(int64_t ns, int64_t *left)
{
	int64_t begun = task_now();

	if (task_sleep(ns) == 0)
		return 0;
	*left = ns - (task_now() - begun);
	if (*left < 0)
		*left = 0;
	return -1;
}

HOOK(int, nanosleep, (const struct timespec *span, struct timespec *rest))
{
	int64_t left;

	if (HOOK_TASK == NULL || !hkf_is_span(span))
		return hook__real()->nanosleep(span, rest);
	if (hkf_sleep(hook__span(span), &left) == 0)
		return 0;
	hkf_tell(rest, left);
	return -1;
}

HOOK(int, usleep, (useconds_t us))
{
	int64_t left;

	if (HOOK_TASK == NULL)
		return hook__real()->usleep(us);
	return hkf_sleep(us * REACTOR_MICROSECOND, &left);
}

/* Cancelled: what is left, in whole seconds, and not 0. */
HOOK(unsigned, sleep, (unsigned seconds))
{
	int64_t left;

	if (HOOK_TASK == NULL)
		return hook__real()->sleep(seconds);
	if (hkf_sleep(seconds * REACTOR_SECOND, &left) == 0)
		return 0;
	return (unsigned)((left + REACTOR_SECOND - 1) / REACTOR_SECOND);
}

/* Of the clock, until then; negative: it is not known. */
static int64_t
hkf_until(clockid_t clock, const struct timespec *then)
{
	struct timespec now;
	int64_t left;

	if (clock_gettime(clock, &now) == -1)
		return -1;
	left = hook__span(then) - hook__span(&now);
	return left > 0 ? left : 0;
}

/* The clock may be set back while we sleep. */
static int
hkf_sleep_until(clockid_t clock, const struct timespec *then)
{
	int64_t left = hkf_until(clock, then);

	do {
		if (task_sleep(left) == -1)
			return errno;
		left = hkf_until(clock, then);
	} while (left > 0);
	return 0;
}

/* Those of the processor's time stand still while we sleep. */
static int
hkf_is_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
	    clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

/* Returns the error. */
HOOK(int, clock_nanosleep,
    (clockid_t clock, int flags, const struct timespec *span,
	struct timespec *rest))
{
	int error = errno, result;
	int64_t left;

	if (HOOK_TASK == NULL || !hkf_is_span(span) || !hkf_is_clock(clock))
		return hook__real()->clock_nanosleep(clock, flags, span, rest);
	if (flags & TIMER_ABSTIME) {
		result = hkf_sleep_until(clock, span);
	} else if (hkf_sleep(hook__span(span), &left) == 0) {
		result = 0;
	} else {
		result = errno;
		hkf_tell(rest, left);
	}
	errno = error;
	return result;
}
