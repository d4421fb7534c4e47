#!/bin/sh
# SPDX-License-Identifier: ISC
#
# busy.t: the demo of executors, and the picture of the event loop, in their
# smallest size.

. test/kit.sh

executors="threads processes"

wrong_value() {
	new_case "$1"
	shift
	run "$demo" "$@"
	is status $status 2
	silent out
	says err nonsense
	clean_case
}

# The third field of each line of a task, in the order of tasks.
results() {
	awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ { print $1, $3 }' "$dir/out" |
	    sort -n
}

# How many titles of tasks there are in the picture, in both ways.
boxes() {
	grep -c '<title>task [0-9]*, from ' "$dir/busy.svg"
}

clean_up() {
	is "what is left" "$(ls "$dir/tmp")" ""
}

# ---- cpu ---------------------------------------------------------------------

small="--work=cpu --tasks=4 --workers=2 --size=5000"

cpu() {
	new_case busy
	run "$demo" $small --executor="$1" --svg="$dir/busy.svg"
	is status $status 0
	silent err
	well_formed busy.svg
	is results "$(results)" "$(printf '%s\n' '1 669' '2 669' '3 669' '4 669')"
	is boxes "$(boxes)" 8
	says out "4 tasks on 2 $1: counting primes"
	for words in 'wall time' 'CPU time' speed-up 'In the queue'; do
		says out "^$words"
	done
	clean_case
}

# Of two threads one waits for the other; two processes do not.
lock() {
	new_case busy
	run "$demo" --work=cpu --tasks=4 --workers=2 --size=500000 --gil \
	    --executor="$1" --svg="$dir/busy.svg"
	is status $status 0
	silent err
	well_formed busy.svg
	waits=$(grep -c '<title>task.*waiting for the lock' "$dir/busy.svg")
	if [ "$1" = threads ]; then
		[ "$waits" -ge 1 ] || fail "nobody waits for the lock"
		says out "under one lock"
	else
		is "waits for the lock" "$waits" 0
	fi
	clean_case
}

environment() {
	new_case busy
	REACTOR_EXECUTOR=$1 run "$demo" $small
	is status $status 0
	says out "on 2 $1"
	clean_case
}

brief() {
	new_case busy
	run "$demo" $small --brief --svg="$dir/busy.svg"
	is status $status 0
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 1
	says out "busy.svg: .* in sequence: .* instead of"
	well_formed busy.svg
	clean_case
}

# As many as there are processors, and more than there are tasks.
workers() {
	new_case busy
	run "$demo" $small --workers=0 --executor="$1"
	is status $status 0
	run "$demo" $small --workers=9 --executor="$1"
	is status $status 0
	says out "4 tasks on 9 $1"
	run "$demo" $small --workers=1 --tasks=1 --executor="$1"
	is status $status 0
	says out "1 task on 1 (thread|process):"
	clean_case
}

# ---- io ----------------------------------------------------------------------

peer() {
	new_case busy
	mkdir "$dir/tmp"
	TMPDIR=$dir/tmp run "$demo" --rate=50 --size=3 --tasks=3 \
	    --executor="$1" --svg="$dir/busy.svg" $2
	is status $status 0
	silent err
	well_formed busy.svg
	is boxes "$(boxes)" 6
	is waits "$(grep -c '<title>task.*waiting for I/O' "$dir/busy.svg")" 6
	says out "slow peer, 50 MB/s"
	results >"$dir/results"
	is results "$(cksum <"$dir/results")" \
	    "$(printf '%s\n' '1 40360038' '2 b51975bf' '3 54653b91' | cksum)"
	clean_up
	clean_case
}

# Whatever this system has there.
disk() {
	new_case busy
	mkdir "$dir/tmp"
	TMPDIR=$dir/tmp run "$demo" --size=1 --tasks=2 --executor="$1"
	is status $status 0
	says out "^From (the disk|a slow peer)"
	is results "$(results | wc -l | tr -d ' ')" 2
	clean_up
	clean_case
}

# ---- When it does not go well ------------------------------------------------

# No orphan is left, if this system can tell.
nobody() {
	! ps -A -o ppid= -o args= 2>/dev/null | grep -q "^ *1 .*$demo"
}

empty() {
	[ -z "$(ls "$dir/tmp")" ]
}

interrupted() {
	new_case busy
	mkdir "$dir/tmp"
	TMPDIR=$dir/tmp start "$demo" --rate=1 --size=30 --tasks=2 \
	    --executor="$1"
	wait_for out "^task"
	sleep 1
	kill -"$2" "$pid"
	ends "$pid" "$3"
	[ "$2" = KILL ] || patiently empty || fail "its files were left behind"
	patiently nobody || fail "its processes were left behind"
	clean_case
}

no_picture() {
	new_case busy
	run "$demo" $small --svg="$dir/no/such/busy.svg"
	is status $status 1
	says err "no/such"
	silent out
	clean_case
}

no_directory() {
	new_case busy
	TMPDIR=$dir/nowhere run "$demo" --rate=50 --size=1
	is status $status 1
	says err "nowhere"
	silent out
	clean_case
}

# ---- loop_picture ------------------------------------------------------------

# Each event has passed through the five boxes, in this order.
loop_picture() {
	new_case loop_picture
	TMPDIR=$dir run "$demo" --backend="$1" --svg="$dir/loop.svg"
	is status $status 0
	silent err
	well_formed loop.svg
	says out "5 events in .* turns, with $1"
	sed -n 's/.*class="small middle">\([0-9]*\.[0-9]*\)<.*/\1/p' \
	    "$dir/loop.svg" | awk '
	    NR % 5 != 1 && $1 < last { exit bad = 1 }
	    { last = $1 }
	    END { exit bad || NR != 25 }' || fail "not the way of five events"
	is "what is left" "$(ls "$dir")" "$(printf '%s\n' err loop.svg out)"
	clean_case
}

no_picture_wanted() {
	new_case loop_picture
	run "$demo"
	is status $status 2
	says err "--svg"
	clean_case
}

# ---- All of it ---------------------------------------------------------------

try "busy: --help" help busy --executor
try "loop_picture: --help" help loop_picture
for d in busy loop_picture; do
	try "$d: an unknown option" wrong_option $d
	try "$d: an argument too many" wrong_arguments $d one
done
try "busy: an unknown kind of work" wrong_value busy --work=nonsense
try "busy: an unknown executor" wrong_value busy --executor=nonsense
try "busy: no number" wrong_value busy --tasks=nonsense
try "busy: a rate is not for cpu" wrong_arguments busy --work=cpu --rate=1
for e in $executors; do
	try "$e: counts primes" cpu $e
	try "$e: a lock" lock $e
	try "$e: by \$REACTOR_EXECUTOR" environment $e
	try "$e: as many workers" workers $e
	try "$e: reads from a peer" peer $e
	try "$e: reads from a peer, with a lock" peer $e --gil
	try "$e: reads from the disk" disk $e
	try "$e: ^C" interrupted $e INT 130
	try "$e: killed" interrupted $e KILL 137
done
try "busy: in one line" brief
try "busy: a picture that cannot be written" no_picture
try "busy: no directory" no_directory
under "loop_picture: five events" loop_picture
try "loop_picture: without --svg" no_picture_wanted
plan
