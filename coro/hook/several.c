/*
 * SPDX-License-Identifier: ISC
 *
 * several.c: recvmmsg and sendmmsg: one message after the other.
 */
#include "coro/hook/internal.h"

/* How many there were is more than what befell the one that came after. */
static int
hkn_result(unsigned done, ssize_t n)
{
	return done > 0 || n >= 0 ? (int)done : -1;
}

HOOK(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned n, int flags))
{
	struct hook__task *t = HOOK_TASK;
	unsigned i;
	ssize_t sent = 0;

	if (t == NULL || (flags & MSG_DONTWAIT) != 0)
		return hook__real()->sendmmsg(fd, messages, n, flags);
	for (i = 0; i < n; i++) {
		sent = hook__sendmsg(t, fd, &messages[i].msg_hdr, flags);
		if (sent == -1)
			break;
		messages[i].msg_len = (unsigned)sent;
	}
	return hkn_result(i, sent);
}

/* Waits for as many as are wanted, or only for the first. */
HOOK(int, recvmmsg,
    (int fd, struct mmsghdr *messages, unsigned n, int flags,
	struct timespec *timeout))
{
	struct hook__task *t = HOOK_TASK;
	struct task_scope scope;
	unsigned i;
	ssize_t got = 0;

	if (t == NULL || (flags & MSG_DONTWAIT) != 0)
		return hook__real()->recvmmsg(fd, messages, n, flags, timeout);
	if (task_scope_enter(
		&scope, timeout != NULL ? hook__span(timeout) : -1) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		got = hook__recvmsg(
		    t, fd, &messages[i].msg_hdr, flags & ~MSG_WAITFORONE);
		if (got == -1)
			break;
		messages[i].msg_len = (unsigned)got;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	if (task_scope_leave(&scope) == -1 && errno == ETIMEDOUT)
		errno = EAGAIN;
	return hkn_result(i, got);
}
