/*
 * SPDX-License-Identifier: ISC
 *
 * backend.c: every backend bare, with no loop around it, clause by clause of
 * backends/backend.h.  $REACTOR_BACKEND restricts it to one of them.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "backends/backend.h"
#include "test/test.h"

enum { READ = REACTOR_READ, WRITE = REACTOR_WRITE, MANY = 50 };
static const unsigned ends = REACTOR_HANGUP | REACTOR_ERROR;

static const struct reactor_backend *backend;
static void *state;
static struct reactor_ready ready[256];
static int found;

/* ---- Memory ----------------------------------------------------------------
 */

static long blocks;     /* that are allocated */
static long until = -1; /* allocations that succeed before one fails */
static int stays;       /* and then all of them do */
static size_t largest;  /* that was asked for */

static void *
resize(void *memory, size_t size)
{
	void *new;

	if (size == 0) {
		blocks -= memory != NULL;
		free(memory);
		return NULL;
	}
	largest = size > largest ? size : largest;
	if (until == 0) {
		until = stays ? 0 : -1;
		return NULL;
	}
	until -= until > 0;
	new = size < (size_t)64 << 20 ? realloc(memory, size) : NULL;
	blocks += memory == NULL && new != NULL;
	return new;
}

/* ---- A state, and what it says
 * ------------------------------------------------ */

static void
begin(void)
{
	backend = test_case->data;
	reactor_set_allocator(resize);
	state = backend->open();
	CHECK(state != NULL);
}

static void
end(void)
{
	backend->close(state);
	CHECK_INT(blocks, 0);
}

static int
update(int fd, unsigned was, unsigned now)
{
	return backend->update(state, fd, was, now);
}

static void
look(int64_t timeout)
{
	found = backend->wait(state, ready, 256, timeout);
	CHECK(found >= 0);
	CHECK(found <= 256);
}

/* What was found for fd, if anything. */
static unsigned
told(int fd)
{
	unsigned mask = 0;
	int i;

	for (i = 0; i < found; i++)
		if (ready[i].fd == fd)
			mask |= ready[i].mask;
	return mask;
}

static unsigned
now(int fd)
{
	look(0);
	return told(fd);
}

/* Why fd is refused, now or by the next wait; 0: it is not. */
static int
refusal(int fd, unsigned was, unsigned mask)
{
	int i;

	if (update(fd, was, mask) == -1)
		return errno;
	look(0);
	for (i = 0; i < found; i++)
		if (ready[i].fd == fd && ready[i].mask & REACTOR_BAD)
			return ready[i].error;
	return 0;
}

/* Nothing is ready, and the wait takes its time: it does not spin. */
static void
check_quiet(void)
{
	int64_t start = test_clock();

	look(30 * REACTOR_MILLISECOND);
	CHECK_INT(found, 0);
	CHECK(test_clock() - start >= 30 * REACTOR_MILLISECOND);
}

static void
make_pipe(int fd[2])
{
	CHECK(pipe(fd) == 0);
}

static void
make_pair(int fd[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
}

static void
put(int fd)
{
	CHECK(write(fd, "x", 1) == 1);
}

static void
take(int fd)
{
	char c;

	CHECK(read(fd, &c, 1) == 1);
}

static void
drop(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* Until nothing fits any more. */
static void
fill(int fd)
{
	static const char bytes[4096];

	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	while (write(fd, bytes, 1) > 0)
		;
	CHECK_INT(errno, EAGAIN);
}

/* ---- update
 * ------------------------------------------------------------------- */

static void
adds_and_removes(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), 0);
	put(p[1]);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(now(p[0]), READ); /* level-triggered */
	take(p[0]);
	CHECK_INT(now(p[0]), 0);
	put(p[1]);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(update(p[0], READ, 0), 0);
	check_quiet();
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), READ); /* ready before it was added */
	CHECK_INT(update(p[0], READ, 0), 0);
	drop(p);
	end();
}

static void
changes(void)
{
	static const unsigned masks[] = { READ, WRITE, READ | WRITE, WRITE,
		READ, READ | WRITE, READ, 0, READ | WRITE, READ | WRITE, 0 };
	unsigned was = 0;
	size_t i;
	int s[2];

	begin();
	make_pair(s);
	put(s[1]);
	for (i = 0; i < sizeof masks / sizeof masks[0]; i++) {
		CHECK_INT(update(s[0], was, masks[i]), 0);
		was = masks[i];
		CHECK_INT(now(s[0]), was);
	}
	drop(s);
	end();
}

static void
closes_nothing(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(update(p[0], 0, READ), 0);
	end();
	CHECK(fcntl(p[0], F_GETFD) != -1);
	drop(p);
}

/* The number is another file by now, as `over` says, and is told so. */
static void
replaced(int over, unsigned mask)
{
	int old[2], new[2], n;

	begin();
	make_pair(old);
	make_pair(new);
	n = old[0];
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(now(n), 0);
	if (!over)
		close(n);
	CHECK_INT(dup2(new[0], n), n);
	CHECK_INT(update(n, READ, mask), 0);
	CHECK_INT(now(n) & READ, 0);
	put(new[1]);
	CHECK_INT(now(n), mask);
	take(n);
	CHECK_INT(now(n), mask & WRITE);
	CHECK_INT(update(n, mask, 0), 0);
	check_quiet();
	drop(old);
	drop(new);
	end();
}

static void
reopened(void)
{
	replaced(0, READ);
}

static void
reopened_and_changed(void)
{
	replaced(0, READ | WRITE);
}

static void
replaced_at_once(void)
{
	replaced(1, READ);
}

static void
closed_already(void)
{
	int p[2], q[2];

	begin();
	make_pipe(p);
	make_pipe(q);
	put(q[1]);
	drop(p);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(refusal(p[0], 0, READ), EBADF);
	CHECK_INT(now(p[0]), 0); /* once is enough */
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(refusal(60000, 0, READ), EBADF);
	CHECK_INT(now(q[0]), READ);
	drop(q);
	end();
}

/* A number from a confused caller must not cost gigabytes. */
static void
absurd_number(void)
{
	begin();
	CHECK_INT(refusal(INT_MAX, 0, READ), EBADF);
	CHECK_INT(update(INT_MAX, READ, 0), 0);
	CHECK(largest < 1 << 20);
	end();
}

static void
closed_behind_its_back(void)
{
	int p[2], q[2], records = 0, i, turn;

	begin();
	make_pipe(p);
	make_pipe(q);
	put(q[1]);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(q[0]), READ);
	drop(p);
	for (turn = 0; turn < 10; turn++) {
		look(0);
		for (i = 0; i < found; i++)
			if (ready[i].fd == p[0]) {
				CHECK_INT(ready[i].mask, REACTOR_BAD);
				CHECK_INT(ready[i].error, EBADF);
				records++;
			}
	}
	if (strcmp(backend->name, "poll") == 0 ||
	    strcmp(backend->name, "select") == 0)
		CHECK_INT(records, 1);
	CHECK_INT(told(q[0]), READ);
	CHECK_INT(update(p[0], records ? 0 : READ, 0), 0);
	take(q[0]);
	check_quiet();
	drop(q);
	end();
}

/* More of them than there is room for: each comes once. */
static void
closed_all(void)
{
	int p[MANY][2], seen[MANY] = { 0 }, i, turn;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	look(0);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	for (turn = 0; turn < 2 * MANY; turn++) {
		found = backend->wait(state, ready, 3, 0);
		CHECK(found >= 0 && found <= 3);
		for (i = 0; i < MANY * found; i++)
			seen[i % MANY] += ready[i / MANY].fd == p[i % MANY][0];
	}
	for (i = 0; i < MANY; i++)
		CHECK_INT(seen[i], seen[0]);
	CHECK(seen[0] <= 1);
	check_quiet();
	end();
}

static void
always_ready(void)
{
	static const char *const names[] = { "/dev/null", "/", "/etc/passwd" };
	int fd, p[2], error;
	size_t i;

	begin();
	make_pipe(p);
	CHECK_INT(update(p[1], 0, WRITE), 0);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		fd = open(names[i], O_RDONLY | O_CLOEXEC);
		CHECK(fd != -1);
		error = refusal(fd, 0, READ);
		CHECK(error == 0 || error == EPERM);
		CHECK_INT(now(fd), error == 0 ? READ : 0);
		CHECK_INT(now(fd), error == 0 ? READ : 0);
		CHECK_INT(told(p[1]), WRITE);
		CHECK_INT(update(fd, error == 0 ? READ : 0, 0), 0);
		close(fd);
	}
	drop(p);
	end();
}

/* After a change that fails nothing is left, and the number can be used. */
static void
becomes_a_file(void)
{
	int p[2], q[2], fd, n, error;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	put(p[1]);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	CHECK_INT(dup2(fd, n), n);
	error = refusal(n, READ, READ | WRITE);
	CHECK(error == 0 || error == EPERM);
	CHECK_INT(now(n), error == 0 ? READ | WRITE : 0);
	CHECK_INT(update(n, error == 0 ? READ | WRITE : 0, 0), 0);
	CHECK_INT(dup2(q[0], n), n);
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(now(n), 0);
	put(q[1]);
	CHECK_INT(now(n), READ);
	close(fd);
	drop(p);
	drop(q);
	end();
}

static void
number_zero(void)
{
	int p[2];

	begin();
	make_pipe(p);
	CHECK_INT(dup2(p[0], 0), 0);
	CHECK_INT(update(0, 0, READ), 0);
	CHECK_INT(now(0), 0);
	put(p[1]);
	CHECK_INT(now(0), READ);
	CHECK_INT(update(0, READ, 0), 0);
	check_quiet();
	drop(p);
	end();
}

static void
high_number(void)
{
	struct rlimit limit;
	int p[2], q[2];

	begin();
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < 6000)
		SKIP("few descriptors are allowed here");
	limit.rlim_cur = 6000;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	make_pipe(p);
	make_pipe(q);
	CHECK_INT(dup2(p[0], 5000), 5000);
	CHECK_INT(update(5000, 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(5000), 0);
	put(p[1]);
	put(q[1]);
	CHECK_INT(now(5000), READ);
	CHECK_INT(told(q[0]), READ);
	CHECK_INT(update(5000, READ, 0), 0);
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(found, 1);
	close(5000);
	drop(p);
	drop(q);
	end();
}

/* ---- Ends and errors
 * ------------------------------------------------------------ */

/* Every wanted direction wakes; a hint of a hang-up brings all of them. */
static void
check_end(int fd, unsigned wanted)
{
	unsigned mask;

	CHECK_INT(update(fd, 0, wanted), 0);
	mask = now(fd);
	CHECK_INT(mask & wanted, wanted);
	CHECK_INT(mask & ~(READ | WRITE | ends), 0);
	if (mask & ends)
		CHECK_INT(mask & (READ | WRITE), READ | WRITE);
	else
		CHECK_INT(mask, wanted);
	/* It cannot be masked, so 0 must remove. */
	CHECK_INT(update(fd, wanted, 0), 0);
	check_quiet();
}

static void
hang_up(void)
{
	int s[2];

	begin();
	make_pair(s);
	close(s[1]);
	check_end(s[0], READ);
	check_end(s[0], WRITE);
	check_end(s[0], READ | WRITE);
	close(s[0]);
	end();
}

static void
pipe_end(void)
{
	int p[2];

	begin();
	make_pipe(p);
	close(p[1]);
	check_end(p[0], READ); /* POLLHUP without POLLIN */
	close(p[0]);
	make_pipe(p);
	fill(p[1]);
	close(p[0]);
	check_end(p[1], WRITE); /* POLLERR without POLLOUT */
	close(p[1]);
	end();
}

/* A hint is given by those that have eyes for it. */
static void
hints(void)
{
	int s[2], p[2];

	begin();
	if (strcmp(backend->name, "poll") != 0 &&
	    strcmp(backend->name, "epoll") != 0)
		SKIP("this backend cannot always tell");
	make_pair(s);
	make_pipe(p);
	close(s[1]);
	close(p[0]);
	CHECK_INT(update(s[0], 0, READ), 0);
	CHECK_INT(now(s[0]), READ | WRITE | REACTOR_HANGUP);
	CHECK_INT(update(p[1], 0, WRITE), 0);
	CHECK_INT(now(p[1]), READ | WRITE | REACTOR_ERROR);
	CHECK_INT(update(s[0], READ, REACTOR_URGENT), 0);
	CHECK_INT(now(s[0]), READ | WRITE | REACTOR_HANGUP);
	close(s[0]);
	close(p[1]);
	end();
}

/* The peer will say no more, but listens: a full buffer must not spin. */
static void
end_of_file_only(void)
{
	int s[2];

	begin();
	make_pair(s);
	fill(s[0]);
	CHECK(shutdown(s[1], SHUT_WR) == 0);
	CHECK_INT(update(s[0], 0, WRITE), 0);
	check_quiet();
	CHECK_INT(update(s[0], WRITE, READ | WRITE), 0);
	CHECK_INT(now(s[0]), READ);
	drop(s);
	end();
}

static int
make_socket(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int fd = socket(AF_INET, type, 0);

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd != -1);
	CHECK(bind(fd, (struct sockaddr *)address, size) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)address, &size) == 0);
	return fd;
}

/* Nobody listens: POLLERR without POLLIN. */
static void
refused_datagram(void)
{
	struct sockaddr_in there, here;
	int gone, fd, n;
	char c;

	begin();
	gone = make_socket(SOCK_DGRAM, &there);
	fd = make_socket(SOCK_DGRAM, &here);
	close(gone);
	CHECK(connect(fd, (struct sockaddr *)&there, sizeof there) == 0);
	CHECK_INT(update(fd, 0, READ), 0);
	put(fd);
	look(REACTOR_SECOND);
	CHECK(told(fd) & READ);
	n = (int)recv(fd, &c, 1, MSG_DONTWAIT);
	CHECK(n == -1 && errno == ECONNREFUSED);
	check_quiet();
	close(fd);
	end();
}

static void
urgent(void)
{
	struct sockaddr_in address;
	int listener, from, to;

	begin();
	if (!(backend->interests & REACTOR_URGENT))
		SKIP("this backend has no word for it");
	listener = make_socket(SOCK_STREAM, &address);
	CHECK(listen(listener, 1) == 0);
	from = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(from, (void *)&address, sizeof address) == 0);
	to = accept(listener, NULL, NULL);
	CHECK_INT(update(to, 0, REACTOR_URGENT), 0);
	CHECK_INT(now(to), 0);
	put(from);
	CHECK_INT(now(to), 0);
	CHECK(send(from, "!", 1, MSG_OOB) == 1);
	look(REACTOR_SECOND);
	CHECK_INT(told(to), REACTOR_URGENT);
	CHECK_INT(update(to, REACTOR_URGENT, READ), 0);
	CHECK_INT(now(to), READ);
	CHECK_INT(update(to, READ, READ | REACTOR_URGENT), 0);
	CHECK_INT(now(to), READ | REACTOR_URGENT);
	close(from);
	close(to);
	close(listener);
	end();
}

/* ---- wait
 * ----------------------------------------------------------------------- */

/* Nobody is left out for longer than it takes to serve everybody once. */
static void
check_fair(int max, int p[][2])
{
	int last[MANY] = { 0 }, call, i, k;

	for (call = 1; call <= 10 * MANY; call++) {
		found = backend->wait(state, ready, max, 0);
		CHECK_INT(found, max);
		for (i = 0; i < found; i++)
			for (k = 0; k < MANY; k++)
				if (ready[i].fd == p[k][0]) {
					CHECK_INT(ready[i].mask, READ);
					last[k] = call;
				}
		for (k = 0; k < MANY; k++)
			CHECK(call - last[k] <= MANY / max + 1);
	}
}

static void
fair(void)
{
	int p[MANY][2], i;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	look(0); /* changes that were put off are made */
	check_fair(1, p);
	check_fair(7, p);
	check_fair(MANY - 1, p);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

/* Those that are served leave and come back, which must not push others out. */
static void
fair_under_changes(void)
{
	int p[MANY][2], seen[MANY] = { 0 }, call, i;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	for (call = 0; call < 10 * MANY; call++) {
		CHECK_INT(backend->wait(state, ready, 1, 0), 1);
		for (i = 0; p[i][0] != ready[0].fd; i++)
			;
		seen[i]++;
		CHECK_INT(update(p[i][0], READ, 0), 0);
		CHECK_INT(update(p[i][0], 0, READ), 0);
	}
	for (i = 0; i < MANY; i++)
		CHECK(seen[i] > 0);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

static void
more_than_fits(void)
{
	int p[MANY][2], i, seen = 0;

	begin();
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		CHECK_INT(update(p[i][1], 0, WRITE), 0);
	}
	look(0);
	for (i = 0; i < MANY; i++)
		seen += told(p[i][1]) == WRITE;
	CHECK_INT(seen, MANY);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
	end();
}

static void
never_early(void)
{
	static const int64_t spans[] = { 1, 999, 1000, 1001, 300000, 999999,
		1000000, 1000001, 1500000, 12345678 };
	int64_t start;
	size_t i, k;

	begin();
	for (k = 0; k < 5; k++)
		for (i = 0; i < sizeof spans / sizeof spans[0]; i++) {
			start = test_clock();
			look(spans[i]);
			CHECK_INT(found, 0);
			CHECK(test_clock() - start >= spans[i]);
		}
	start = test_clock();
	for (i = 0; i < 100; i++)
		look(0);
	CHECK(test_clock() - start < (int64_t)(REACTOR_SECOND * test_slow()));
	end();
}

static void
long_waits(void)
{
	static const int64_t spans[] = { -1, INT64_MIN, INT64_MAX,
		INT64_MAX - 1, INT_MAX * REACTOR_MILLISECOND,
		(INT_MAX + INT64_C(1)) * REACTOR_MILLISECOND };
	int p[2], q[2];
	size_t i;
	pid_t child;

	begin();
	make_pipe(p);
	make_pipe(q);
	CHECK_INT(update(p[0], 0, READ), 0);
	for (i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		child = fork();
		if (child == 0) {
			(void)poll(NULL, 0, 10);
			_exit(write(p[1], "x", 1) != 1);
		}
		look(spans[i]);
		CHECK_INT(found, 1);
		CHECK_INT(told(p[0]), READ);
		look(spans[i]); /* what is there needs no waiting */
		CHECK_INT(told(p[0]), READ);
		take(p[0]);
		CHECK(waitpid(child, NULL, 0) == child);
	}
	drop(p);
	drop(q);
	end();
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void
interrupted(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction action;
	int p[2];

	begin();
	make_pipe(p);
	memset(&action, 0, sizeof action);
	action.sa_handler = count_alarm;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	CHECK_INT(update(p[0], 0, READ), 0);
	look(-1);
	CHECK_INT(found, 0);
	CHECK(alarms > 0);
	look(3600 * REACTOR_SECOND);
	CHECK_INT(found, 0);
	put(p[1]);
	look(-1);
	CHECK_INT(told(p[0]), READ);
	drop(p);
	end();
}

/* ---- Ghosts
 * ---------------------------------------------------------------------- */

/*
 * A copy of what the number stood for lives on, and is ready.  The wait may
 * come back for it, but not for ever, and must not speak of it.
 */
static void
check_no_ghost(int number)
{
	int turn;

	for (turn = 0; turn < 3; turn++) {
		look(REACTOR_MILLISECOND);
		CHECK_INT(told(number), 0);
	}
	check_quiet();
}

static void
ghost(void)
{
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(update(n, 0, READ), 0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]); /* the others are still there */
	CHECK_INT(now(q[0]), READ);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

/* The number has a new owner, who must not hear the voice of the old one. */
static void
haunted(int was)
{
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	look(0);
	copy = dup(n);
	close(n);
	if (was == 0)
		CHECK_INT(update(n, READ, 0), 0);
	CHECK_INT(dup2(q[0], n), n);
	CHECK_INT(update(n, was ? READ : 0, READ), 0);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]);
	CHECK_INT(now(n), READ);
	CHECK_INT(update(n, READ, 0), 0);
	check_quiet();
	close(n);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

static void
ghost_with_new_owner(void)
{
	haunted(0);
}

static void
ghost_and_forgotten_stop(void)
{
	haunted(1);
}

/* It gets its number back: one file, twice the same registration. */
static void
ghost_returns(void)
{
	int p[2], copy, n;

	begin();
	make_pipe(p);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	CHECK_INT(dup2(copy, n), n);
	CHECK_INT(update(n, 0, READ), 0);
	put(p[1]);
	look(0);
	look(0);
	CHECK_INT(now(n), READ);
	CHECK_INT(update(n, READ, 0), 0);
	check_quiet();
	close(copy);
	drop(p);
	end();
}

/* It leaves even though the process has no descriptor to spare. */
static void
ghost_at_the_limit(void)
{
	struct rlimit limit;
	int p[2], q[2], copy, n;

	begin();
	make_pipe(p);
	make_pipe(q);
	n = p[0];
	CHECK_INT(update(n, 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	look(0);
	copy = dup(n);
	close(n);
	CHECK_INT(update(n, READ, 0), 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)copy + 1;
	CHECK_INT(dup2(q[0], n), -1);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK_INT(dup2(q[0], n), n); /* now every number is taken */
	CHECK_INT(dup(n), -1);
	put(p[1]);
	check_no_ghost(n);
	put(q[1]);
	CHECK_INT(now(q[0]), READ);
	close(copy);
	close(n);
	close(p[1]);
	drop(q);
	end();
}

/* ---- Kernel objects
 * -------------------------------------------------------------- */

static unsigned char before[1 << 16];

static void
note_open(int fd)
{
	before[fd] = 1;
}

static void
check_new(int fd)
{
	if (before[fd])
		return;
	CHECK(fd >= 3);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
own_descriptors(void)
{
	pid_t child;
	int status;

	close(0);
	close(1);
	close(2);
	test_descriptors(note_open);
	begin();
	if (backend->descriptor != NULL)
		CHECK(backend->descriptor(state) >= 3);
	test_descriptors(check_new);
	child = fork();
	if (child == 0) {
		if (backend->reopen != NULL)
			CHECK_INT(backend->reopen(state), 0);
		if (backend->descriptor != NULL)
			CHECK(backend->descriptor(state) >= 3);
		test_descriptors(check_new);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	end();
}

static void
in_the_child(const int p[2])
{
	int q[2];

	if (backend->reopen != NULL) {
		CHECK_INT(backend->reopen(state), 0);
		CHECK_INT(now(p[0]), 0); /* empty */
	} else
		CHECK_INT(update(p[0], READ, 0), 0);
	make_pipe(q);
	put(q[1]);
	CHECK_INT(update(q[0], 0, READ), 0);
	CHECK_INT(now(q[0]), READ);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(now(p[0]), READ);
	CHECK_INT(update(p[0], READ, 0), 0);
	CHECK_INT(now(p[0]), 0);
	backend->close(state);
	CHECK_INT(blocks, 0);
	_exit(0);
}

static void
forked(void)
{
	int p[2], status;
	pid_t child;

	begin();
	make_pipe(p);
	put(p[1]);
	CHECK_INT(update(p[0], 0, READ), 0);
	if (backend->descriptor != NULL)
		CHECK(backend->descriptor(state) != -1);
	child = fork();
	if (child == 0)
		in_the_child(p);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	look(0);
	CHECK_INT(found, 1);
	CHECK_INT(told(p[0]), READ);
	take(p[0]);
	check_quiet();
	drop(p);
	end();
}

/* The descriptor is readable or not, says poll. */
static int
shows(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}

/* A rebuild happens while a child holds copies of all descriptors. */
static void
nests(void)
{
	int p[2], q[2], copy, fd, child_pipe[2];
	pid_t child;

	begin();
	if (backend->descriptor == NULL)
		SKIP("this backend has no descriptor");
	make_pipe(p);
	make_pipe(q);
	make_pipe(child_pipe);
	CHECK_INT(update(p[0], 0, READ), 0);
	CHECK_INT(update(q[0], 0, READ), 0);
	look(0);
	fd = backend->descriptor(state);
	CHECK(fd >= 3);
	CHECK_INT(shows(fd), 0);
	put(q[1]);
	CHECK_INT(shows(fd), 1);
	take(q[0]);
	CHECK_INT(shows(fd), 0);
	child = fork();
	if (child == 0) {
		close(child_pipe[1]);
		_exit(read(child_pipe[0], &copy, 1) != 0);
	}
	copy = dup(p[0]);
	close(p[0]);
	CHECK_INT(update(p[0], READ, 0), 0);
	put(p[1]);
	look(REACTOR_MILLISECOND);
	check_quiet();
	CHECK_INT(backend->descriptor(state), fd);
	CHECK_INT(shows(fd), 0);
	put(q[1]);
	CHECK_INT(shows(fd), 1);
	CHECK_INT(now(q[0]), READ);
	drop(child_pipe);
	CHECK(waitpid(child, NULL, 0) == child);
	close(copy);
	close(p[1]);
	drop(q);
	end();
}

/* ---- Memory that there is not
 * ---------------------------------------------------- */

/* Retried until it works; what fails leaves no interest. */
static int
insist(int fd, unsigned was, unsigned mask)
{
	int failures = 0;

	while (update(fd, was, mask) == -1) {
		CHECK_INT(errno, ENOMEM);
		CHECK(++failures < 10);
		CHECK_INT(update(fd, 0, 0), 0);
		was = 0;
		if (stays)
			until = -1;
	}
	return failures;
}

/* A change that was put off may fail as late as in wait. */
static int
settle(const struct reactor_ready *r)
{
	if (r->mask == REACTOR_BAD) {
		CHECK_INT(r->error, ENOMEM);
		until = -1;
		CHECK_INT(update(r->fd, 0, READ), 0);
		return 0;
	}
	CHECK_INT(r->mask, READ);
	CHECK_INT(update(r->fd, READ, 0), 0);
	return 1;
}

static void
watch_without_memory(int p[][2])
{
	int i, n = 0, first = 1;

	while ((state = backend->open()) == NULL) {
		CHECK_INT(errno, ENOMEM);
		CHECK_INT(blocks, 0);
		until = -1;
	}
	for (i = 0; i < MANY; i++)
		insist(p[i][0], 0, READ);
	while (n < MANY) {
		found = backend->wait(state, ready, first ? 2 : 256, 0);
		if (found == -1) {
			CHECK_INT(errno, ENOMEM);
			CHECK(until != -1 || !stays);
			until = -1;
			found = 0;
		}
		for (i = 0; i < found; i++)
			n += settle(&ready[i]);
		first = 0;
	}
	CHECK_INT(update(1 << 20, READ, 0), 0); /* it was never there */
	backend->close(state);
	CHECK_INT(blocks, 0);
}

static void
no_memory(void)
{
	int p[MANY][2], i, at, fails;

	backend = test_case->data;
	reactor_set_allocator(resize);
	for (i = 0; i < MANY; i++) {
		make_pipe(p[i]);
		put(p[i][1]);
	}
	for (stays = 0; stays < 2; stays++)
		for (at = 0, fails = 1; fails; at++) {
			until = at;
			watch_without_memory(p);
			fails = until <= 0;
			CHECK(at < 100);
		}
	CHECK(at > 1);
	for (i = 0; i < MANY; i++)
		drop(p[i]);
}

/* ---- All together
 * ---------------------------------------------------------------- */

static uint32_t
chance(uint32_t sides)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* Ten thousand random changes, and poll(2) to say what is right. */
static void
agrees_with_poll(void)
{
	static const unsigned masks[] = { 0, READ, WRITE, READ | WRITE };
	unsigned wanted[MANY] = { 0 }, mask;
	int s[MANY][2], step, i, n;
	struct pollfd p;

	begin();
	for (i = 0; i < MANY; i++)
		make_pair(s[i]);
	for (step = 0; step < 10000; step++) {
		i = (int)chance(MANY);
		mask = masks[chance(4)];
		if (chance(8) == 0) { /* another file by the same number */
			drop(s[i]);
			make_pair(s[i]);
			mask = mask ? mask : READ;
		}
		if (chance(2) == 0 && recv(s[i][0], &p, 1, MSG_DONTWAIT) != 1)
			put(s[i][1]);
		CHECK_INT(update(s[i][0], wanted[i], mask), 0);
		wanted[i] = mask;
		look(0);
		for (i = 0, n = 0; i < MANY; i++) {
			p = (struct pollfd){ s[i][0], 0, 0 };
			p.events |= wanted[i] & READ ? POLLIN : 0;
			p.events |= wanted[i] & WRITE ? POLLOUT : 0;
			CHECK(poll(&p, 1, 0) >= 0);
			mask = p.revents & POLLIN ? READ : 0;
			mask |= p.revents & POLLOUT ? WRITE : 0;
			CHECK_INT(told(s[i][0]), mask);
			n += mask != 0;
		}
		CHECK(found >= n);
	}
	for (i = 0; i < MANY; i++)
		drop(s[i]);
	end();
}

static const struct test cases[] = {
	TEST("adds and removes", adds_and_removes),
	TEST("changes from every mask to every other", changes),
	TEST("close closes nothing that is watched", closes_nothing),
	TEST("a number closed and opened again", reopened),
	TEST("a number opened again, with another mask", reopened_and_changed),
	TEST("a number replaced by dup2", replaced_at_once),
	TEST("a descriptor that is closed already", closed_already),
	TEST("an absurd number costs nothing", absurd_number),
	TEST("removal of a closed descriptor", closed_behind_its_back),
	TEST("all descriptors closed, in small portions", closed_all),
	TEST("regular files and the like", always_ready),
	TEST("a watched number becomes a regular file", becomes_a_file),
	TEST("descriptor 0", number_zero),
	TEST("descriptor 5000", high_number),
	TEST("a hang-up wakes every direction, and can be removed", hang_up),
	TEST("the ends of a pipe", pipe_end),
	TEST("hang-up and error are told apart from ready", hints),
	TEST("end of file wakes the reader only", end_of_file_only),
	TEST("a refused datagram wakes the reader", refused_datagram),
	TEST("urgent data", urgent),
	TEST("one at a time, nobody starves", fair),
	TEST("nobody starves while others come and go", fair_under_changes),
	TEST("all at once", more_than_fits),
	TEST("never early", never_early),
	TEST("long waits, and endless ones", long_waits),
	TEST("a signal ends the wait", interrupted),
	TEST("a copy of a closed descriptor is not heard", ghost),
	TEST("nor by the new owner of its number", ghost_with_new_owner),
	TEST("nor where the stop was forgotten", ghost_and_forgotten_stop),
	TEST("a copy gets its number back", ghost_returns),
	TEST("a copy, with no descriptor to spare", ghost_at_the_limit),
	TEST("its own descriptors are high and close-on-exec", own_descriptors),
	TEST("a forked child does not disturb the parent", forked),
	TEST("its descriptor can be waited for, for ever", nests),
	TEST("no memory", no_memory),
	TEST("agrees with poll after ten thousand changes", agrees_with_poll),
};

#define CASES (sizeof cases / sizeof cases[0])

static int
is_wanted(const struct reactor_backend *candidate)
{
	const char *name = getenv("REACTOR_BACKEND");

	return name == NULL || *name == '\0' || strcasecmp(name, "auto") == 0 ||
	    strcasecmp(name, candidate->name) == 0;
}

int
main(int argc, char **argv)
{
	static struct test tests[8 * CASES];
	static char names[8 * CASES][80];
	size_t count = 0, i, k;

	for (i = 0; reactor__backends[i] != NULL && i < 8; i++)
		for (k = 0; k < CASES && is_wanted(reactor__backends[i]); k++) {
			snprintf(names[count], sizeof names[0], "%s: %s",
			    reactor__backends[i]->name, cases[k].name);
			tests[count] = cases[k];
			tests[count].name = names[count];
			tests[count++].data = reactor__backends[i];
		}
	return test_main(argc, argv, tests, count);
}
