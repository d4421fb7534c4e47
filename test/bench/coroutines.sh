# SPDX-License-Identifier: ISC
#
# coroutines.sh: the part of run about coroutines and tasks, read by run.

coros="coro_reactor:native coro_reactor:setjmp coro_reactor:ucontext \
    coro_boost:fcontext coro_glibc:swap coro_st:- coro_pth:-"
servers="raw:epoll reactor:epoll tasks:epoll st:poll"

# TITLE OPTIONS "DRIVER ARGUMENTS"
coros_compare()
{
	compare "$1" "-n reactor:native $2" "$3" - $coros
}

coros_times()
{
	coros_compare "one coroutine and its caller" "-m switch-ns=8" resume
	coros_compare "two that are ready" "-m switch-ns=8" switch
	coros_compare "1000 that are ready, three calls deep, one path" \
	    "-m switch-ns=11" "ready 1000 1"
	coros_compare "the same, eight paths" "-m switch-ns=36" "ready 1000 8"
	coros_compare "100 at a time begin and end" "-m spawn-ns=40" spawn
}

# Pth takes a minute for the second.
coros_memory()
{
	for n in 10000 100000; do
		[ $n = 100000 ] && [ -n "$QUICK" ] ||
		    coros_compare "$n that wait" "-r 1 -m bytes=5120" "memory $n"
	done
}

coros_echo()
{
	for n in 1 50 1000; do
		[ $n = 1000 ] && many=5 || many=1
		compare "echo, $n connection(s), a task for each" \
		    "-n tasks -a cpu-ns=1.10" \
		    "echo $n $((requests * many))" - $servers
	done
}

# ---- Exact -------------------------------------------------------------------

coros_instructions()
{
	echo
	echo "user instructions per switch, and per task that begins and ends"
	printf '  %-10s %-8s' "" ""
	printf '%10s' resume switch "1 path" "8 paths" spawn
	echo
	for which in $coros; do
		name=${which%:*} kind=${which#*:}
		# Valgrind does not run State Threads.
		[ -x "$bench/$name" ] && [ $name != coro_st ] || continue
		printf '  %-10s %-8s' ${name#coro_} $kind
		for driver in resume switch "ready 1000 1" "ready 1000 8" \
		    "spawn 100"; do
			coros_count $name $kind $driver
		done
		echo
	done
}

# CONTESTANT KIND DRIVER [ARGUMENT...]
coros_count()
{
	name=$1 kind=$2 driver=$3
	shift 3
	if [ $driver.$name = resume.coro_pth ]; then
		per_operation
	else
		instructions_per_event $name $driver $kind "$*"
	fi
}

# Calls per request, and how many of them change what is waited for.
coros_calls()
(
	echo
	echo "system calls per request, and changes of interest in all of them"
	echo "aim for tasks: 2.0 with 50 and 1000 connections, with 1 as raw;" \
	    "no changes"
	printf '  %-10s' ""
	printf '%10s%10s' n=1 changes n=50 changes n=1000 changes
	echo
	for which in $servers; do
		name=${which%:*}
		[ -x "$bench/$name" ] || continue
		printf '  %-10s' $name
		for n in 1 50 1000; do
			# All are to be served while it warms up.
			[ $n = 1000 ] && count=20000 || count=3000
			[ $n = 1 ] && pause=300 || pause=
			calls_per_event $name echo ${which#*:} $n $pause
			printf '%10d' $(($(changes more) - $(changes less)))
		done
		echo
	done
)

changes()
{
	grep -c '^epoll_ctl' "$temporary/$1"
}

coroutines()
{
	coros_times
	coros_memory
	coros_echo
	if command -v valgrind >/dev/null; then
		coros_instructions
	else
		echo "# valgrind is not installed: no instructions are counted"
	fi
	if command -v strace >/dev/null; then
		coros_calls
	else
		echo "# strace is not installed: no system calls are counted"
	fi
}
