#!/bin/sh
# SPDX-License-Identifier: ISC
#
# gdb.t: coro/gdb.py lists the tasks of a program and shows where they are, with
# each context, while the program runs and in a core file.  The program stops
# itself where all of its tasks are parked, so nothing here depends on time.

. test/tap.sh
. test/shown.sh

cat >"$tmp/parked.c" <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <coro/task.h>

#define APART __attribute__((noinline))

static volatile int kept; /* there is something to do after each call */
static int ends[2], aborts;
static volatile int other_is_parked, may_end;

APART static void
all_parked(void)
{
	kept++;
}

APART static int
waits_to_read(int seven)
{
	char byte;

	kept += (int)task_read(ends[0], &byte, 1);
	return seven;
}

static intptr_t
reader(void *seven)
{
	kept += waits_to_read((int)(intptr_t)seven);
	return 0;
}

APART static void
waits_to_wake(void)
{
	kept += task_sleep(3600 * REACTOR_SECOND);
}

static intptr_t
sleeper(void *unused)
{
	(void)unused;
	waits_to_wake();
	kept++;
	return 0;
}

static intptr_t
numbers(void *unused)
{
	(void)unused;
	waits_to_wake();
	kept++;
	return 0;
}

static intptr_t
counter(void *unused)
{
	struct coro_options options = { .name = "of numbers" };
	struct coro *c = coro_new(numbers, unused, &options);

	kept += coro_next(c, NULL);
	kept += coro_free(c);
	return 0;
}

static intptr_t
unborn(void *unused)
{
	(void)unused;
	return 0;
}

/* Not in a call of libc, of which gdb may know too little. */
APART static void
blocks_its_thread(void)
{
	other_is_parked = 1;
	while (!may_end)
		continue;
	kept++;
}

static intptr_t
other_main(void *unused)
{
	task_detach(task_spawn(sleeper, unused));
	kept += task_yield();
	blocks_its_thread();
	kept++;
	return 0;
}

static void *
other_thread(void *unused)
{
	(void)task_run(other_main, unused, NULL);
	return NULL;
}

/* A callback: no task runs now. */
static void
from_loop(struct reactor *r, struct reactor_timer *timer)
{
	(void)r;
	(void)timer;
	if (aborts)
		abort();
	all_parked();
	may_end = 1;
	kept += (int)write(ends[1], "", 1);
}

static intptr_t
start(void *unused)
{
	struct reactor_timer timer = { .callback = from_loop };
	struct task_attributes named = { .name = "of name" };
	struct task *t = task_spawn_with(reader, (void *)7, &named);

	task_detach(task_spawn(sleeper, unused));
	task_detach(task_spawn(counter, unused));
	kept += task_yield();
	task_detach(task_spawn(unborn, unused));
	if (!aborts)
		all_parked();
	kept += reactor_timer_start(task_reactor(), &timer, 0);
	kept += task_await(t, NULL);
	task_detach(t);
	return 0;
}

int
main(int argc, char **argv)
{
	pthread_t other;

	if (argc > 1 && *argv[1] == 'u') /* is the context usable? */
		return coro_new(numbers, NULL, NULL) == NULL;
	aborts = argc > 1;
	if (pipe(ends) == -1 ||
	    pthread_create(&other, NULL, other_thread, NULL) != 0)
		return 1;
	while (!other_is_parked)
		continue;
	return task_run(start, NULL, NULL) != 0 ||
	    pthread_join(other, NULL) != 0;
}
END
echo 'int main(void) { return 0; }' >"$tmp/nothing.c"

# ---- gdb ---------------------------------------------------------------------

# gdb_with PROGRAM-AND-CORE COMMAND...: at most two minutes.  Goes on after a
# command that fails.
gdb_with() {
	what=$1
	shift
	for command in "$@"; do
		shift
		set -- "$@" -ex "echo == $command\\n" -ex "$command"
	done
	# shellcheck disable=SC2086
	"$tmp/limit" $((120 * ${TEST_SLOW:-1})) "$gdb" -nx -q -batch \
	    -iex 'set debuginfod enabled off' -ex 'set pagination off' \
	    -ex 'set confirm off' -ex 'set width 0' \
	    -ex 'set print address off' -ex 'set disable-randomization off' \
	    -ex 'handle SIGUSR2 nostop noprint' -ex 'source coro/gdb.py' \
	    "$@" $what </dev/null 2>&1
}

# Each command of these is looked at below.
look="tasks|task 1.1|task 1.2|task 2.2|frame function waits_to_read|info args"
look="$look|task 2.4|task 2.4 1|task 2.5|task"

live() {
	rm -f "$tmp/core"
	save_ifs=$IFS
	IFS='|'
	# Guards of the second kind: see coro(7) about cores made by gdb.
	# shellcheck disable=SC2086
	set -- 'break main' run 'set var coro__guard_best = 2' \
	    'break all_parked' continue "task 2.1" $look 'task 2.2' continue \
	    "task 2.1" $look "generate-core-file $tmp/core" 'task 2.3' continue
	IFS=$save_ifs
	gdb_with "$tmp/parked" "$@" >"$tmp/all"
	# Twice the same commands: at each of the two stops.
	awk -v first="$tmp/first" -v second="$tmp/second" '
	/^== continue/ { n++ }
	{ print >(n < 2 ? first : second) }' "$tmp/all"
}

of_core() {
	core=$1
	save_ifs=$IFS
	IFS='|'
	# shellcheck disable=SC2086
	set -- "task 2.1" $look
	IFS=$save_ifs
	gdb_with "$tmp/parked $core" "$@" >"$tmp/third"
}

# said FILE COMMAND: what gdb said to it.
said() {
	awk -v command="== $2" '/^== / { on = $0 == command; next } on' "$1"
}

# ---- What it should say ------------------------------------------------------

# in_order PATTERN...: lines that match them, in this order.
in_order() {
	cat >"$tmp/said"
	cp "$tmp/said" "$tmp/rest"
	for pattern in "$@"; do
		line=$(grep -n -e "$pattern" "$tmp/rest" | sed 's/:.*//;q')
		if [ -z "$line" ]; then
			echo "no: $pattern; in:"
			cat "$tmp/said"
			return 1
		fi
		sed "1,${line}d" "$tmp/rest" >"$tmp/less"
		mv "$tmp/less" "$tmp/rest"
	done
}

place='([^ ]*parked\.c:[0-9]*)'
since='for [0-9.]* [num]*s'

lists() {
	said "$1" tasks | in_order \
	    "^loop 1: thread [2?], 2 tasks, context $2\$" \
	    '^  #1 "main"  (task_run)  runs$' \
	    "^  #2 \"sleeper\"  $place  waits for a time, $since" \
	    "^loop 2: thread [1?], [45] tasks, context $2\$" \
	    "^  #1 \"main\"  (task_run)  $3" \
	    "^  #2 \"of name\"  $place  waits for descriptor [0-9]* to be read, $since" \
	    "^  #3 \"sleeper\"  $place  waits for a time, $since" \
	    "^  #4 \"counter\"  $place  waits for a time, $since.*, in a gener"
}

suspended() {
	said "$1" 'task 2.2' | in_order '^#2 "of name"' ' task_read (' \
	    ' waits_to_read (seven=' ' reader (' ' coro__flow_begin ()'
}

# It was in a register that a call preserves, or on that stack.
has_its_registers() {
	said "$1" 'info args' | in_order '^seven = 7$'
}

is_not_the_thread() {
	! said "$1" 'task 2.2' | grep ' all_parked \| main (\| abort '
}

in_generator() {
	said "$1" 'task 2.4' | in_order ' waits_to_wake (' ' numbers (' \
	    'in a generator, of numbers; it is run by' ' counter (' &&
	    said "$1" 'task 2.4 1' | in_order ' counter (' &&
	    ! said "$1" 'task 2.4 1' | grep ' numbers ('
}

of_other_thread() {
	said "$1" 'task 1.1' | in_order ' blocks_its_thread (' ' other_main (' &&
	    said "$1" 'task 1.2' | in_order ' waits_to_wake (' ' sleeper ('
}

not_begun() {
	said "$1" tasks | in_order \
	    "^  #5 \"unborn\"  $place  is ready, and has not begun\$" &&
	    said "$1" 'task 2.5' | in_order '^it will begin with <*unborn'
}

running() {
	said "$1" 'task 2.1' | in_order ' all_parked (' ' start (' &&
	    said "$1" task | in_order ' all_parked ('
}

main_is_suspended() {
	said "$1" 'task 2.1' | in_order ' task_await (' ' start ('
}

ends_well() {
	tail -n 3 "$tmp/all" | in_order 'exited normally'
}

# the_same_at FILE CONTEXT WORDS: what holds for each of them.
the_same_at() {
	check "$2, $3: the list" lists "$1" "$2" "$4"
	check "$2, $3: a task that is suspended" suspended "$1"
	check "$2, $3: what it had in its registers" has_its_registers "$1"
	check "$2, $3: nothing of the thread" is_not_the_thread "$1"
	check "$2, $3: in a generator" in_generator "$1"
	check "$2, $3: in another thread" of_other_thread "$1"
}

waits='waits for the end of #2 "of name", for'

context_is_shown() {
	live
	the_same_at "$tmp/first" "$1" "a task runs" 'runs$'
	check "$1: the task that runs" running "$tmp/first"
	check "$1: a task that has not begun" not_begun "$tmp/first"
	the_same_at "$tmp/second" "$1" "no task runs" "$waits"
	check "$1: main waits" main_is_suspended "$tmp/second"
	check "$1: the program ends as if nothing had been" ends_well
	of_core "$tmp/core"
	the_same_at "$tmp/third" "$1" "a core file" "$waits"
}

# Written by the kernel, if that writes to where we are, and not to a program.
kernel_core() {
	rm -f "$tmp"/core*
	sh -c 'cd "$1" && ulimit -c unlimited && ./parked abort
	    exit' sh "$tmp" >/dev/null 2>&1
	for core in "$tmp"/core*; do
		[ -s "$core" ] || continue
		of_core "$core"
		the_same_at "$tmp/third" native "a core of the kernel" "$waits"
		return
	done
	skip "a core of the kernel" "there is none"
}

# ---- All of it ---------------------------------------------------------------

gdb=$(command -v gdb)

prepare() {
	# shellcheck disable=SC2086
	$cc $CFLAGS $flags -o "$tmp/limit" "$tmp/limit.c" &&
	    $cc -o "$tmp/nothing" "$tmp/nothing.c" &&
	    $cc $CFLAGS $flags -O2 -g -o "$tmp/parked" "$tmp/parked.c" \
		"$library" -pthread
}

# Why there is nothing to be tested, or nothing.
reason() {
	[ -n "$gdb" ] || { echo "there is no gdb"; return; }
	"$gdb" -nx -batch -ex 'python print("yes")' 2>&1 | grep -q '^yes$' ||
	    { echo "gdb has no Python"; return; }
	"$gdb" -nx -batch -ex run "$tmp/nothing" </dev/null 2>&1 |
	    grep -q 'exited normally' ||
	    { echo "gdb cannot run programs here"; return; }
	"$gdb" -nx -batch -ex 'ptype struct task__loop' "$tmp/parked" 2>&1 |
	    grep -q '^type = struct' ||
	    { echo "the library was built without -g"; return; }
	case $CFLAGS in
	*-fsanitize*)	echo "checkers do not like debuggers" ;;
	esac
}

# What the script looks for by name is still called that.
names_are_known() {
	for n in $(sed -n 's/.*"struct \([a-z_]*\)".*/\1/p' coro/gdb.py); do
		grep -q "^struct $n {" coro/*.[ch] || echo "struct $n"
	done >"$tmp/unknown"
	for n in $(sed -n 's/^    "\([a-z_]*\)": describe_.*/\1/p' coro/gdb.py); do
		grep -q "task__wait_kind $n = {" coro/*.c || echo "$n"
	done >>"$tmp/unknown"
	none "coro/gdb.py knows what is not there" "$tmp/unknown"
}

check "names in coro/gdb.py" names_are_known

unset REACTOR_CONTEXT
MALLOC_ARENA_MAX=1 # a smaller core
export MALLOC_ARENA_MAX
check "the program compiles" prepare
why=$(reason)
if [ -n "$why" ]; then
	skip "tasks in gdb" "$why"
	plan
	exit
fi
for context in native setjmp ucontext; do
	REACTOR_CONTEXT=$context
	export REACTOR_CONTEXT
	if "$tmp/parked" usable; then
		context_is_shown $context
	else
		skip "$context" "it cannot be had here"
	fi
done
REACTOR_CONTEXT=native
if "$tmp/parked" usable; then
	kernel_core
fi
plan
