/*
 * SPDX-License-Identifier: ISC
 *
 * task_dial.c: names and connections from tasks.
 */
#include "test/tasks.h"
#include "test/names.h"

static const char *
port_text(int fd)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", names_port(fd));
	return text;
}

static void
fails(intptr_t result, int error)
{
	CHECK_INT(result, -1);
	CHECK_INT(errno, error);
}

/* The two ends belong together; both are closed. */
static void
meets(int listener, int fd)
{
	int guest = task_accept(listener, NULL, NULL);
	char byte;

	CHECK(guest != -1);
	CHECK(fd >= 3);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_INT(task_write(guest, "x", 1), 1);
	CHECK_INT(task_read(fd, &byte, 1), 1);
	CHECK_INT(task_close(guest), 0);
	CHECK_INT(task_close(fd), 0);
}

static void
dials(void)
{
	int listener = names_listen("127.0.0.1", 0, 5), i, fd;
	char text[64];

	NAMES_SAY("127.0.0.1");
	snprintf(text, sizeof(text), "name:%s", port_text(listener));
	for (i = 0; i < 6; i++) {
		fd = i % 3 == 2 ? task_dial(text, NULL, 0, 0)
				: task_dial(i % 3 == 0 ? "name" : "127.0.0.1",
				      port_text(listener), REACTOR_NODELAY, -1);
		meets(listener, fd);
	}
	CHECK_INT(task_close(listener), 0);
}

static void
dial_fails(void)
{
	int listener = names_listen("127.0.0.1", 0, 5);
	char port[16];

	snprintf(port, sizeof(port), "%s", port_text(listener));
	CHECK_INT(close(listener), 0);
	fails(task_dial("127.0.0.1", port, 0, 0), ECONNREFUSED);
	fails(task_dial("/no/such/socket", NULL, 0, 0), ENOENT);
	fails(task_dial("name", "65536", 0, 0), EINVAL);
	fails(task_dial(NULL, "1", 0, 0), EINVAL);
	fails(task_dial("name", NULL, 0, 0), EINVAL);
	fails(task_dial("name", "1", 0xff00, 0), EINVAL);
	names.code = EAI_NONAME;
	fails(task_dial("name", "1", 0, 0), ENOENT);
}

static void
resolves(void)
{
	struct reactor_address a[4];
	char text[REACTOR_ADDRESS_TEXT];

	NAMES_SAY("::1", "1.2.3.4", "5.6.7.8");
	memset(a, 0x55, sizeof(a));
	CHECK_INT(task_resolve("name", "80", a, 4, 0), 3);
	CHECK_STR(reactor_address_text(&a[0], text, sizeof(text)), "[::1]:80");
	CHECK_STR(
	    reactor_address_text(&a[2], text, sizeof(text)), "5.6.7.8:80");
	CHECK_INT(a[3].length, 0x55555555);
	memset(a, 0x55, sizeof(a));
	CHECK_INT(task_resolve("name", "80", a, 1, -1), 3);
	CHECK_INT(a[1].length, 0x55555555);
	CHECK_INT(task_resolve("name", "80", NULL, 0, 0), 3);
	CHECK_INT(task_resolve("127.0.0.1", NULL, a, 4, 0), 1);
	names.code = EAI_FAIL;
	fails(task_resolve("name", "80", a, 4, 0), EIO);
	fails(task_resolve("", "80", a, 4, 0), EINVAL);
	fails(task_resolve("::1", "-1", a, 4, 0), EINVAL);
}

/* Only the task waits. */
static void
others_run(void)
{
	struct reactor_address a;
	struct task *t;

	NAMES_SAY("1.2.3.4");
	names.held = 1;
	fails(task_resolve("name", "80", &a, 1, 20 * LOOP_MS), ETIMEDOUT);
	fails(task_dial("name", "80", 0, 20 * LOOP_MS), ETIMEDOUT);
	t = tasks_spawn(tasks_sleeps, 5);
	fails(task_dial("name", "80", 0, 50 * LOOP_MS), ETIMEDOUT);
	CHECK_INT(tasks_end(t).state, TASK_DONE);
	names.held = 0;
}

static int hole, full[20], nfull;

static intptr_t
dial_hole(void *unused)
{
	(void)unused;
	return task_dial("127.0.0.1", port_text(hole), 0, -1);
}

static intptr_t
dial_name(void *unused)
{
	(void)unused;
	return task_dial("name", "80", 0, -1);
}

static intptr_t
resolve_name(void *unused)
{
	struct reactor_address a;

	(void)unused;
	return task_resolve("name", "80", &a, 1, -1);
}

static void
cancelled(void)
{
	static task_fn *const functions[] = { dial_hole, dial_name,
		resolve_name };
	struct task_scope scope;
	int i, when;

	hole = names_listen("127.0.0.1", 0, 0);
	nfull = names_fill("127.0.0.1", names_port(hole), full, 20);
	names.held = 1;
	for (i = 0; i < 3; i++) {
		for (when = 0; when < 3; when++) {
			struct task *t = task_spawn(functions[i], NULL);

			CHECK(t != NULL);
			if (when == 1)
				tasks_turn();
			if (when == 2)
				CHECK_INT(task_sleep(5 * LOOP_MS), 0);
			tasks_stop(t);
		}
		CHECK_INT(task_scope_enter(&scope, 10 * LOOP_MS), 0);
		fails(functions[i](NULL), ECANCELED);
		fails(functions[i](NULL), ECANCELED);
		fails(task_scope_leave(&scope), ETIMEDOUT);
	}
	names.held = 0;
	NAMES_UNTIL(names.inside == 0);
	while (nfull > 0)
		CHECK_INT(close(full[--nfull]), 0);
	CHECK_INT(task_close(hole), 0);
}

/* In the scope that was cancelled nothing is begun, and no thread asked. */
static void
nothing_begun(void)
{
	struct task_scope scope;

	CHECK_INT(task_scope_enter(&scope, -1), 0);
	task_scope_cancel(&scope);
	fails(task_dial("name", "80", 0, 0), ECANCELED);
	fails(task_resolve("name", "80", NULL, 0, 0), ECANCELED);
	fails(task_scope_leave(&scope), ECANCELED);
	CHECK_INT(names.calls, 0);
}

/* A result that is there is not lost by a cancel that comes after it. */
static struct task *victim;

static void
cancel_it(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	(void)task_cancel(victim);
}

static intptr_t
dial_good(void *listener)
{
	int fd =
	    task_dial("127.0.0.1", port_text((int)(intptr_t)listener), 0, -1);

	CHECK(fd != -1 || errno == ECANCELED);
	if (fd != -1)
		CHECK_INT(task_close(fd), 0);
	return fd != -1;
}

static void
cancel_races(void)
{
	int listener = names_listen("127.0.0.1", 0, 100), i;
	struct reactor_timer timer;

	for (i = 0; i < 50; i++) {
		memset(&timer, 0, sizeof(timer));
		timer.callback = cancel_it;
		victim = tasks_spawn(dial_good, listener);
		CHECK_INT(reactor_timer_start(
			      task_reactor(), &timer, i * LOOP_MS / 500),
		    0);
		(void)tasks_end(victim);
		reactor_timer_stop(task_reactor(), &timer);
	}
	CHECK_INT(task_close(listener), 0);
}

static intptr_t
writes_late(void *guest)
{
	CHECK_INT(task_sleep(2 * LOOP_MS), 0);
	CHECK_INT(task_write((int)(intptr_t)guest, "x", 1), 1);
	return 0;
}

/* The number of a descriptor that tasks have used before, and waited for. */
static void
old_number(void)
{
	int listener = names_listen("127.0.0.1", 0, 5), fd[2], i, guest, new;
	struct task *t;
	char byte;

	for (i = 0; i < 5; i++) {
		loop_pair(fd);
		fails(task_poll(fd[0], REACTOR_READ, LOOP_MS), ETIMEDOUT);
		loop_close(fd); /* task_close is not told */
		new = task_dial("127.0.0.1", port_text(listener), 0, 0);
		CHECK_INT(new, fd[0]);
		guest = task_accept(listener, NULL, NULL);
		t = tasks_spawn(writes_late, guest);
		CHECK_INT(task_read(new, &byte, 1), 1);
		CHECK_INT(tasks_end(t).state, TASK_DONE);
		CHECK_INT(task_close(guest), 0);
		CHECK_INT(task_close(new), 0);
	}
	CHECK_INT(task_close(listener), 0);
}

enum { MANY = 100 };

static void
many(void)
{
	int listener = names_listen("127.0.0.1", 0, MANY), i;
	struct task *t[MANY];

	NAMES_SAY("127.0.0.1");
	for (i = 0; i < MANY; i++)
		t[i] = tasks_spawn(dial_good, listener);
	for (i = 0; i < MANY; i++)
		CHECK_INT(tasks_end(t[i]).result, 1);
	CHECK_INT(task_close(listener), 0);
}

/* The only task waits for a thread: that is no deadlock. */
static void
alone(void)
{
	NAMES_SAY("1.2.3.4");
	CHECK_INT(task_resolve("name", "80", NULL, 0, 0), 1);
}

static int callbacks;

static void
in_callback(struct reactor *r, struct reactor_defer *defer)
{
	(void)r;
	(void)defer;
	fails(task_dial("127.0.0.1", "1", 0, 0), EPERM);
	fails(task_resolve("127.0.0.1", "1", NULL, 0, 0), EPERM);
	callbacks++;
}

static void
no_task(void)
{
	struct reactor_defer defer = { .callback = in_callback };

	CHECK_INT(reactor_defer_start(task_reactor(), &defer), 0);
	CHECK_INT(task_sleep(LOOP_MS), 0);
	CHECK_INT(callbacks, 1);
}

static void
no_loop(void)
{
	fails(task_dial("127.0.0.1", "1", 0, 0), EPERM);
	fails(task_resolve("127.0.0.1", "1", NULL, 0, 0), EPERM);
}

static const struct test tests[] = {
	TASKS("a connection", dials),
	TASKS("no connection", dial_fails),
	TASKS("addresses", resolves),
	TASKS("only the task waits", others_run),
	TASKS("cancelled in every state", cancelled),
	TASKS("cancelled before", nothing_begun),
	TASKS("cancelled at any time", cancel_races),
	TASKS("an old number", old_number),
	TASKS("many at once", many),
	TASKS("the only task", alone),
	TASKS("a callback is no task", no_task),
	TEST("without a loop", no_loop),
};

TEST_MAIN(tests)
