# SPDX-License-Identifier: ISC
#
# executors.sh: the part of run about executors, read by run.

# Those that call back in a loop, and those that a thread waits for.
in_loop="exec_uv:threads exec_reactor:threads exec_tasks:threads \
    exec_reactor:processes exec_tasks:processes"
by_thread="exec_queue:threads exec_reactor:threads exec_reactor:processes"
working="exec_fork:processes exec_reactor:processes exec_reactor:threads \
    exec_queue:threads exec_uv:threads"

# On one processor the work counts; on two, how long one wakes the other.
executors_times()
{
	for cpus in 1 2; do
		compare "an empty job from idle, $cpus processor(s), a thread waits" \
		    "-n reactor:threads -a job-ns=1.1" "wait 1 $cpus 2000" - \
		    $by_thread
		compare "an empty job from idle, $cpus processor(s), a loop calls back" \
		    "-n reactor:threads -a job-ns=1.1" "loop 1 $cpus 2000" - \
		    $in_loop
	done
	compare "empty jobs, 1000 ahead, a thread waits" \
	    "-n reactor:threads" "wait 1000 2 10000" - $by_thread
	compare "empty jobs, 1000 ahead, a loop calls back" \
	    "-n reactor:threads" "loop 1000 2 10000" - $in_loop
}

# As many plain processes take the same time.
executors_scaling()
{
	compare "work for all processors" "-p $few -n reactor -a ms=1.05" \
	    crunch - $working
}

# ---- Exact -------------------------------------------------------------------

# HEADING COMMAND: a table: COMMAND CONTESTANT KIND DRIVER AHEAD CPUS is a cell.
executors_table()
{
	echo
	echo "$1"
	printf '  %-10s %-10s' "" ""
	printf '%10s' wait ahead loop ahead
	echo
	for which in exec_queue:threads $in_loop; do
		name=${which%:*} kind=${which#*:}
		[ -x "$bench/$name" ] || continue
		printf '  %-10s %-10s' ${name#*_} $kind
		for driver in "wait 1 1" "wait 1000 2" "loop 1 1" "loop 1000 2"; do
			$2 $name $kind $driver
		done
		echo
	done
}

# What other processes do cannot be told apart.
executors_instructions()
{
	if [ $2 = processes ] || ! executors_can "$@"; then
		per_operation
	else
		instructions_per_event $1 $3 $2 "$4 $5"
	fi
}

# CONTESTANT KIND DRIVER...: there is such a way to wait.
executors_can()
{
	"$bench/$1" $3 $2 1 1 1 >/dev/null 2>&1
}

# All threads and processes, FILE COMMAND...: how many calls they make.
executors_count()
{
	out=$1
	shift
	strace -f -c -o "$temporary/$out" -U calls,name "$@" >/dev/null 2>&1
	sed -n 's/^ *\([0-9][0-9]*\) *total$/\1/p' "$temporary/$out"
}

executors_calls()
{
	if ! executors_can "$@"; then
		per_operation
		return
	fi
	per_operation \
	    "$(executors_count less "$bench/$1" $3 $2 $4 $5 $count)" \
	    "$(executors_count more "$bench/$1" $3 $2 $4 $5 $((2 * count)))" $count
}

executors()
(
	executors_times
	executors_scaling
	if command -v valgrind >/dev/null; then
		count=4000
		executors_table "user instructions per job" \
		    executors_instructions
	else
		echo "# valgrind is not installed: no instructions are counted"
	fi
	if command -v strace >/dev/null; then
		count=1000
		executors_table "system calls per job" executors_calls
	else
		echo "# strace is not installed: no system calls are counted"
	fi
)
