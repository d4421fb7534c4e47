#!/bin/sh
# SPDX-License-Identifier: ISC
#
# demos.t: starts the demos as a stranger would, under every backend.

. test/kit.sh

# ---- Every small demo --------------------------------------------------------

wrong_backend() {
	new_case "$1"
	shift
	run "$demo" --backend=nonesuch "$@"
	[ $status -eq 1 ] || [ $status -eq 2 ] || fail "status $status"
	says err nonesuch
	says err poll # what would work
	silent out
	REACTOR_BACKEND=nonesuch run "$demo" "$@"
	[ $status -eq 1 ] || [ $status -eq 2 ] || fail "status $status"
	says err nonesuch
	clean_case
}

# ---- timer -------------------------------------------------------------------

timer() {
	new_case timer
	run "$demo" --backend="$1"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "tick tick tick tick enough "
	silent err
	clean_case
}

timer_traced() {
	new_case timer
	REACTOR_TRACE=- run "$demo" --backend="$1"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "tick tick tick tick enough "
	says err ticker
	says err once
	clean_case
}

timer_interrupted() {
	new_case timer
	start "$demo" --backend="$1"
	wait_for out tick
	kill -INT "$pid"
	ends "$pid" 130
	clean_case
}

# ---- lines -------------------------------------------------------------------

lines_pipe() {
	new_case lines
	printf 'abc\n\nza\305\274\303\263\305\202\304\207\nend' |
	    run "$demo" --backend="$1"
	printf '1 cba\n2 \n3 \304\207\305\202\303\263\305\274az\n4 dne\n' \
	    >"$dir/wanted"
	cmp "$dir/wanted" "$dir/out" || fail "wrong output"
	silent err
	clean_case
}

lines_slow_pipe() {
	new_case lines
	mkfifo "$dir/in"
	start sh -c 'exec "$0" "$1" <"$2"' "$demo" --backend="$1" "$dir/in"
	exec 3>"$dir/in"
	printf 'one\ntw' >&3
	sleep 1
	printf 'o\n' >&3
	exec 3>&-
	ends "$pid" 0
	is output "$(tr '\n' ' ' <"$dir/out")" "1 eno 2 owt "
	clean_case
}

lines_file() {
	new_case lines
	awk 'BEGIN { for (i = 0; i < 20000; i++) print "line " i }' >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is status $status 0
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 20000
	is last "$(tail -n 1 "$dir/out")" "20000 99991 enil"
	clean_case
}

lines_long() {
	new_case lines
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "0123456789" }' \
	    >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is status $status 0
	is length "$(wc -c <"$dir/out" | tr -d ' ')" 200003
	clean_case
}

lines_nothing() {
	new_case lines
	run "$demo" --backend="$1" </dev/null
	is "status with /dev/null" $status 0
	silent out
	silent err
	: >"$dir/in"
	run "$demo" --backend="$1" <"$dir/in"
	is "status with an empty file" $status 0
	silent out
	: | "$client" -t 60 "$demo" --backend="$1" >"$dir/out" 2>"$dir/err" ||
	    fail "an empty pipe"
	silent out
	silent err
	clean_case
}

lines_closed() {
	new_case lines
	"$client" -t 60 "$demo" --backend="$1" <&- >"$dir/out" 2>"$dir/err"
	is status $? 1
	says err "standard input"
	silent out
	clean_case
}

lines_terminal() {
	new_case lines
	printf 'hello\nthere\n' |
	    "$client" -p "$demo" --backend="$1" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
	is status $status 0
	is output "$(tr '\n' ' ' <"$dir/out")" "1 olleh 2 ereht "
	clean_case
}

# While it runs, and afterwards, standard input blocks as it did.
lines_flags() {
	new_case lines
	[ -r /proc/self/fdinfo/0 ] || skip "no /proc"
	mkfifo "$dir/in"
	start sh -c 'exec "$0" "$1" <"$2"' "$demo" --backend="$1" "$dir/in"
	exec 3>"$dir/in"
	printf 'one\n' >&3
	sleep 1
	flags=$(sed -n 's/^flags:[^0-7]*//p' "/proc/$pid/fdinfo/0")
	[ -n "$flags" ] || fail "no flags"
	[ $((0$flags & 04000)) -eq 0 ] || fail "O_NONBLOCK was set: $flags"
	exec 3>&-
	ends "$pid" 0
	clean_case
}

# ---- signals -----------------------------------------------------------------

signals_end() {
	new_case signals
	start "$demo" --backend="$1"
	wait_for out "kill -USR1 $pid"
	sender=$(sh -c 'echo $$; kill -USR1 "$1"' sh "$pid")
	wait_for out "SIGUSR1 from process $sender of user $(id -u)"
	wait_for out "^1 so far"
	kill -USR1 "$pid"
	wait_for out "^2 so far"
	kill -INT "$pid"
	ends "$pid" 0
	says out "SIGINT from process"
	says out "step 1 done"
	says out "ended well"
	silent err
	clean_case
}

signals_twice() {
	new_case signals
	start "$demo" --backend="$1"
	wait_for out "kill -USR1"
	kill -TERM "$pid"
	wait_for out "SIGTERM from process"
	kill -INT "$pid"
	ends "$pid" 1
	says out "ended at once"
	awk '/SIGINT/ { told = 1 } told && /done/ { exit 1 }' "$dir/out" ||
	    fail "it finished the step"
	clean_case
}

signals_terminal() {
	new_case signals
	: >"$dir/out"
	{
		patiently grep -q "kill -USR1" "$dir/out"
		printf '\003'
	} | "$client" -p "$demo" --backend="$1" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
	is status $status 0
	says out "SIGINT from the terminal"
	says out "ended well"
	clean_case
}

# ---- chain -------------------------------------------------------------------

chain() {
	new_case chain
	run "$demo" --seconds=0.1 --sums=2 "$1"
	is status $status 0
	is output "$(tr '\n' '|' <"$dir/out")" \
	    "Compute 1 + 2 ...|Compute 3 + 4 ...|1 + 2 = 3|3 + 4 = 7|"
	silent err
	clean_case
}

chain_backend() {
	chain --backend="$1"
}

chain_context() {
	chain --context="$1"
}

# What the picture says, by the titles of its steps, about the sum of $1 and $2.
chain_steps() {
	sed -n 's/.*<title>[0-9.]* ms, \(.*\)<.title>/\1/p' "$dir/chain.svg" |
	    grep -e "($1, $2)" -e "$1 + $2" |
	    sed 's/[0-9.]* [mu]*s$/TIME/' >"$dir/steps"
	cat >"$dir/wanted" <<END
main() to print_sum($1, $2): spawns
reactor to print_sum($1, $2): begins
print_sum($1, $2) to print_sum($1, $2): print_sum($1, $2)
print_sum($1, $2) to compute($1, $2): compute($1, $2)
compute($1, $2): Compute $1 + $2 ...
compute($1, $2) to reactor: starts a timer, in TIME
compute($1, $2) to reactor: suspends: waits for a time
reactor to print_sum($1, $2): its timer is due
reactor to compute($1, $2): goes on after TIME
compute($1, $2) to print_sum($1, $2): returns $(($1 + $2))
print_sum($1, $2): $1 + $2 = $(($1 + $2))
print_sum($1, $2) to print_sum($1, $2): returns 0
print_sum($1, $2) to reactor: done
END
	diff "$dir/wanted" "$dir/steps" || fail "not what happened"
}

# Both wait at the same time, and as long as they said.
chain_picture() {
	new_case chain
	TMPDIR=$dir run "$demo" --seconds=0.2 --sums=2 --svg="$dir/chain.svg" "$1"
	is status $status 0
	silent err
	well_formed chain.svg
	chain_steps 1 2
	chain_steps 3 4
	sed -n 's/.*<title>\([0-9.]*\) ms, /\1 /p' "$dir/chain.svg" | awk '
	    $1 < time { exit 1 }
	    { time = $1 }
	    / suspends: / && ++waiting == 2 { since = $1 }
	    / goes on / && !woken { woken = $1 }
	    END { exit !(since > 0 && woken >= since + 195) }' ||
	    fail "the times are wrong"
	is "what is left" "$(ls "$dir")" "$(printf '%s\n' chain.svg err out steps wanted)"
	clean_case
}

chain_picture_backend() {
	chain_picture --backend="$1"
}

chain_picture_context() {
	chain_picture --context="$1"
}

chain_one() {
	new_case chain
	run "$demo" --seconds=0.05 --svg="$dir/chain.svg"
	is status $status 0
	well_formed chain.svg
	chain_steps 1 2
	grep -q "(3, 4)" "$dir/chain.svg" && fail "who is (3, 4)?"
	run "$demo" --seconds=0 --svg="$dir/no/such/chain.svg"
	is status $status 1
	says err "no/such"
	silent out
	clean_case
}

chain_interrupted() {
	new_case chain
	start "$demo" --seconds=30
	wait_for out "Compute 1"
	kill -INT "$pid"
	ends "$pid" 130
	clean_case
}

wrong_value() {
	new_case "$1"
	run "$demo" "$2"
	is status $status "$3"
	silent out
	says err nonsense
	clean_case
}

# ---- hang --------------------------------------------------------------------

hang() {
	new_case hang
	run "$demo" "$1"
	is status $status 1
	says out EDEADLK
	for who in Aristotle Buddha Confucius waiter; do
		says err "\"$who\" .*hang\.c:[0-9]+\).* waits for .* held by"
	done
	says err 'circle.*"Aristotle".*"Buddha".*"Confucius".*"Aristotle"'
	grep circle "$dir/err" | grep -q -e waiter -e main &&
	    fail "the innocent were blamed"
	clean_case
}

hang_backend() {
	hang --backend="$1"
}

hang_context() {
	hang --context="$1"
}

hang_fixed() {
	new_case hang
	run "$demo" --fixed --context="$1"
	is status $status 0
	is eaten "$(grep -c eats "$dir/out")" 3
	says out "All have eaten"
	silent err
	clean_case
}

# ---- crawl -------------------------------------------------------------------

# Whatever the order, it finds the same; and faster than one after the other.
crawl() {
	new_case crawl
	run "$demo" "$1" --timeout=$((1000 * slow))
	is status $status 0
	silent err
	says out "41 pages: 26 fine, 9 failed, 6 timed out$"
	occurs out "ms  200  /page/" 26 || fail "not all are listed"
	occurs out "ms  ---  /page/[0-9]* *timed out" 6 || fail "not all are late"
	occurs out "404  /gone/" 4 || fail "not all are gone"
	sed -n 's/.* \([0-9]*\)\.[0-9]* times as long/\1/p' "$dir/out" >"$dir/times"
	[ "$(cat "$dir/times")" -ge 2 ] || fail "it is not faster"
	clean_case
}

crawl_backend() {
	crawl --backend="$1"
}

crawl_context() {
	crawl --context="$1"
}

crawl_alone() {
	new_case crawl
	run "$demo" --workers=1 --pages=5
	is status $status 0
	is order "$(sed -n 's/.*\/page\///p' "$dir/out" | cut -c1 |
	    tr -d '\n')" 01234
	says out "one after the other .* 1.0 times as long"
	clean_case
}

crawl_interrupted() {
	new_case crawl
	start "$demo" --timeout=60000
	wait_for_times out "^ *[0-9]* ms  " 35
	kill -INT "$pid"
	ends "$pid" 130
	says out "26 fine, 9 failed, 0 timed out, 6 not visited"
	silent err
	clean_case
}

# ---- generator ---------------------------------------------------------------

generator_said() {
	is status $status 0
	is output "$(cat "$dir/out")" 'It says Hello and hears World.
2 3 5 7 11 13 17 19 23 29 31 37 41 are prime.
Enough is ... and the copy is freed.'
	silent err
}

generator() {
	new_case generator
	run "$demo" --context="$1"
	generator_said
	REACTOR_CONTEXT=$1 run "$demo"
	generator_said
	clean_case
}

generator_by_itself() {
	new_case generator
	run "$demo" --backend=poll # it has none
	is status $status 2
	run "$demo"
	generator_said
	REACTOR_CONTEXT=nonsense run "$demo" --context=auto
	generator_said
	REACTOR_CONTEXT=nonsense run "$demo"
	is status $status 1
	says err "nonsense.* work here"
	silent out
	clean_case
}

# ---- All of it ---------------------------------------------------------------

for d in timer lines signals echo echo-tasks proxy chat crawl watch chain \
    hang; do
	try "$d: --help" help $d
	try "$d: an unknown option" wrong_option $d
	case $d in
	watch)	try "$d: an unknown backend" wrong_backend $d . -- true ;;
	proxy)	try "$d: an unknown backend" wrong_backend $d --target=/x ;;
	*)	try "$d: an unknown backend" wrong_backend $d ;;
	esac
done
for d in timer lines signals chain hang crawl; do
	try "$d: an argument too many" wrong_arguments $d one
done

under "timer: ticks four times and ends" timer
under "timer: the same, traced" timer_traced
under "timer: ^C ends it" timer_interrupted
under "lines: from a pipe" lines_pipe
under "lines: from a pipe, half a line at a time" lines_slow_pipe
under "lines: from a file" lines_file
under "lines: one of 200,000 bytes" lines_long
under "lines: none at all" lines_nothing
under "lines: standard input is closed" lines_closed
under "lines: from a terminal" lines_terminal
under "lines: standard input keeps its flags" lines_flags
under "signals: counts SIGUSR1, ends well" signals_end
under "signals: told twice, ends at once" signals_twice
under "signals: ^C in a terminal" signals_terminal
under "chain: two sums" chain_backend
under_contexts "chain: two sums" chain_context
under "chain: the picture is what happened" chain_picture_backend
under_contexts "chain: the picture is what happened" chain_picture_context
try "chain: one sum has another picture" chain_one
try "chain: ^C ends it" chain_interrupted
try "chain: no number" wrong_value chain --seconds=nonsense 2
try "chain: an unknown context" wrong_value chain --context=nonsense 1
under "hang: the circle is found" hang_backend
under_contexts "hang: the circle is found" hang_context
under_contexts "hang: with the forks in order" hang_fixed
try "hang: an unknown context" wrong_value hang --context=nonsense 1
try "generator: --help" help generator --context
try "generator: an unknown option" wrong_option generator
try "generator: an argument too many" wrong_arguments generator one
try "generator: an unknown context" wrong_value generator --context=nonsense 1
try "generator: by itself" generator_by_itself
under_contexts "generator: three ideas" generator
under "crawl: finds all that there is" crawl_backend
under_contexts "crawl: finds all that there is" crawl_context
try "crawl: one page at a time" crawl_alone
try "crawl: ^C ends it, with what there is" crawl_interrupted
try "crawl: no number" wrong_value crawl --workers=nonsense 2
try "crawl: an unknown context" wrong_value crawl --context=nonsense 1
try "echo-tasks: an unknown context" wrong_value echo-tasks --context=nonsense 1
plan
