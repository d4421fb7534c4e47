/*
 * SPDX-License-Identifier: ISC
 *
 * move.c: try, and if that would block, wait and try again; on and on, where a
 * call that blocks would not return with a part of it.
 */
#include "coro/hook/internal.h"

/* Of what is only looked at, there is more now, or it is the end. */
static int
hkm_look_again(struct hook__move *m)
{
	m->done = 0;
	if (hook__ready(m->wait.fd, POLLRDHUP) || !hook__blocks(m->wait.fd))
		return -1;
	m->wait.dead = 1; /* what is there would end a wait at once */
	return hook__wait(&m->wait);
}

/* 1: it goes on. */
static int
hkm_goes_on(struct hook__move *m, ssize_t n)
{
	if (!m->all || n <= 0 || m->sort == HOOK__FILE)
		return 0;
	if (m->done >= m->size)
		return 0;
	return !m->peek || hkm_look_again(m) == 0;
}

/* The wait has failed: what was done is more than an error. */
static ssize_t
hkm_part(const struct hook__move *m)
{
	return m->done > 0 && !m->peek ? (ssize_t)m->done : -1;
}

ssize_t
hook__move(
    struct hook__task *t, struct hook__move *m, hook__attempt_fn *attempt)
{
	ssize_t n;

	if (hook__begin(t, m->wait.fd) == -1)
		return -1;
	for (;;) {
		n = attempt(m);
		if (n >= 0) {
			m->done += (size_t)n;
			if (!hkm_goes_on(m, n))
				return m->peek ? n : (ssize_t)m->done;
			continue;
		}
		if ((errno != EAGAIN && errno != EWOULDBLOCK) ||
		    m->sort == HOOK__FILE || hook__wait(&m->wait) == -1)
			return hkm_part(m);
	}
}
