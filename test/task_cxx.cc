/*
 * SPDX-License-Identifier: ISC
 *
 * task_cxx.cc: C++ programs may use all of it: exceptions inside a task or a
 * generator, and switches while one is being handled.
 */
#include <coro/task.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

static std::string said;
static int number, failed;

static void
result(const char *name, const std::string &got, const std::string &wanted)
{
	bool good = got == wanted;

	std::printf("%sok %d - %s\n", good ? "" : "not ", ++number, name);
	if (!good)
		std::printf(
		    "# got '%s', wanted '%s'\n", got.c_str(), wanted.c_str());
	failed += !good;
}

static void
run(const char *name, task_fn *main, const std::string &wanted)
{
	said.clear();
	if (task_run(main, nullptr, nullptr) == -1)
		said += std::string(" failed: ") + std::strerror(errno);
	result(name, said, wanted);
}

/* ---- Thrown and caught, with frames and destructors between -------------- */

struct noisy {
	const char *name;
	explicit noisy(const char *n) : name(n)
	{
	}
	~noisy()
	{
		said += std::string("~") + name;
	}
};

static void
thrower(int depth)
{
	noisy frame("f");

	if (depth == 0)
		throw std::runtime_error("deep");
	thrower(depth - 1);
}

static intptr_t
simple(void *)
{
	try {
		thrower(2);
	} catch (const std::exception &e) {
		said += e.what();
	}
	return 0;
}

/* ---- Two tasks, each handling its own ------------------------------------ */

static intptr_t
handler(void *name)
{
	try {
		throw std::string(static_cast<const char *>(name));
	} catch (const std::string &mine) {
		task_yield();
		try {
			throw; /* ours, not the other's */
		} catch (const std::string &again) {
			said += again;
			task_yield();
		}
		said += mine;
		if (std::current_exception() == nullptr)
			said += "lost";
	}
	if (std::current_exception() != nullptr)
		said += "left over";
	return 0;
}

static intptr_t
interleaved(void *)
{
	static char a[] = "a", b[] = "b", c[] = "c";
	struct task_group group;

	task_group_enter(&group, TASK_FAIL_FAST);
	for (char *name : { a, b, c })
		task_detach(task_group_spawn(&group, handler, name));
	return task_group_leave(&group, nullptr, 0);
}

/* ---- A switch in a destructor that runs because of an exception ---------- */

struct waiter {
	~waiter()
	{
		task_yield();
		said += std::uncaught_exceptions() == 1 ? "1" : "?";
	}
};

static intptr_t
unwinding(void *)
{
	try {
		waiter w;
		throw 7;
	} catch (int seven) {
		said += seven == 7 ? "7" : "?";
	}
	return 0;
}

static intptr_t
calm(void *)
{
	for (int i = 0; i < 4; i++) {
		said += std::uncaught_exceptions() == 0 ? "0" : "!";
		task_yield();
	}
	return 0;
}

static intptr_t
unwound(void *)
{
	struct task_group group;

	task_group_enter(&group, TASK_FAIL_FAST);
	task_detach(task_group_spawn(&group, unwinding, nullptr));
	task_detach(task_group_spawn(&group, calm, nullptr));
	return task_group_leave(&group, nullptr, 0);
}

/* ---- Generators ---------------------------------------------------------- */

static intptr_t
generate(void *)
{
	for (intptr_t i = 1; i <= 3; i++)
		try {
			throw i;
		} catch (intptr_t mine) {
			if (coro_yield(
				reinterpret_cast<void *>(mine), nullptr) == -1)
				return -1;
			said += std::to_string(mine);
		}
	return 0;
}

static void
generator()
{
	struct coro *c = coro_new(generate, nullptr, nullptr);
	void *value;

	said.clear();
	try {
		throw 'x';
	} catch (char x) {
		while (coro_next(c, &value) == 1)
			said += x;
	}
	coro_free(c);
	result("a generator, from within a handler", said, "x1x2x3");
}

/* ---- What C++ makes of a task's stack and arguments ---------------------- */

static intptr_t
sum(void *argument)
{
	auto *numbers = static_cast<std::vector<int> *>(argument);
	int total = 0;

	for (int n : *numbers) {
		total += n;
		task_yield();
	}
	return total;
}

static intptr_t
objects(void *)
{
	std::vector<int> numbers{ 1, 2, 3, 4 };
	struct task *t = task_spawn(sum, &numbers);
	struct task_outcome outcome;

	task_await(t, &outcome);
	said = std::string(task_name(t)) + " " + std::to_string(outcome.result);
	task_detach(t);
	return 0;
}

int
main()
{
	struct coro *c = coro_new(generate, nullptr, nullptr);

	if (c == nullptr) {
		std::printf("1..0 # SKIP %s\n", coro_error());
		return 0;
	}
	coro_free(c);
	std::printf("1..5\n");
	run("thrown and caught in a task", simple, "~f~f~fdeep");
	run("each task handles its own", interleaved, "abcabc");
	run("a switch while one unwinds", unwound, "017000");
	generator();
	run("objects of C++", objects, "sum 10");
	return failed > 0;
}
