/*
 * SPDX-License-Identifier: ISC
 *
 * order.c: what the helper is told: to start a process, or to kill one.
 *
 * The ends that are for the helper are open here only with the lock of orders,
 * so that no child of the program gets copies of them.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <errno.h>
#include <string.h>
#include "reactor/executor/helper.h"
#include "reactor/executor/system.h"
#include "reactor/support.h"

int
reactor__order_possible(const struct reactor__helper *helper)
{
	char byte;

	/* It says nothing, so there is nothing to read but its end. */
	return !helper->lost &&
	    recv(helper->control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EINTR);
}

int
reactor__helper_alive(struct reactor__helper *helper)
{
	int alive;

	reactor__orders_lock();
	alive = reactor__order_possible(helper);
	reactor__orders_unlock();
	return alive;
}

void
reactor__helper_lost(struct reactor__helper *helper)
{
	reactor__orders_lock();
	helper->lost = 1;
	reactor__orders_unlock();
}

static int
xor_order(struct reactor__helper *helper, const struct reactor__order *order,
    const int *passed, int n)
{
	struct reactor__message message;

	memset(&message, 0, sizeof(message));
	reactor__message_put(&message, order, sizeof(*order));
	message.descriptors = n;
	if (n > 0)
		memcpy(message.passed, passed, (size_t)n * sizeof(*passed));
	return reactor__send_all(helper->control, &message);
}

static int
xor_share(struct reactor__contact *contact)
{
	int fd = reactor__memory_open(sizeof(*contact->shared));
	void *page;

	if (fd == -1)
		return -1;
	page = mmap(NULL, sizeof(*contact->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		reactor__wire_close(&fd);
		return -1;
	}
	contact->shared = page;
	/* Where it cannot be sealed a worker could still cut it off. */
	(void)reactor__memory_seal(fd);
	return fd;
}

/* With the lock. */
static int
xor_spawn(struct reactor__helper *helper, struct reactor__contact *contact)
{
	struct reactor__order order;
	int pair[2] = { -1, -1 }, reports[2] = { -1, -1 }, passed[3] = { -1 };
	int result = -1;

	memset(&order, 0, sizeof(order));
	order.what = REACTOR__SPAWN;
	order.serial = contact->serial = ++helper->serial;
	passed[2] = xor_share(contact);
	if (passed[2] != -1 && reactor__pipe(reports) == 0 &&
	    reactor__pair(pair) == 0) {
		passed[0] = reports[1];
		passed[1] = pair[1];
		result = xor_order(helper, &order, passed, 3);
	}
	contact->socket = pair[0];
	contact->reports = reports[0];
	reactor__wire_close(&pair[1]);
	reactor__wire_close(&reports[1]);
	reactor__wire_close(&passed[2]);
	return result;
}

int
reactor__helper_spawn(
    struct reactor__helper *helper, struct reactor__contact *contact)
{
	int result;

	contact->socket = contact->reports = -1;
	contact->shared = NULL;
	reactor__orders_lock();
	result = xor_spawn(helper, contact);
	reactor__orders_unlock();
	if (result == -1)
		reactor__contact_close(contact);
	return result;
}

void
reactor__contact_close(struct reactor__contact *contact)
{
	int error = errno;

	reactor__wire_close(&contact->socket);
	reactor__wire_close(&contact->reports);
	if (contact->shared != NULL)
		(void)munmap(contact->shared, sizeof(*contact->shared));
	contact->shared = NULL;
	errno = error;
}

void
reactor__helper_kill(
    struct reactor__helper *helper, uint64_t serial, int signal)
{
	struct reactor__order order;

	memset(&order, 0, sizeof(order));
	order.what = REACTOR__KILL;
	order.serial = serial;
	order.signal = signal;
	reactor__orders_lock();
	(void)xor_order(helper, &order, NULL, 0);
	reactor__orders_unlock();
}
