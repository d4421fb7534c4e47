#!/bin/sh
# SPDX-License-Identifier: ISC
#
# serve.t: serve and resolve, the demos of executors, under every backend and
# on every executor.

. test/kit.sh
unset REACTOR_EXECUTOR

executors=${EXECUTORS:-threads processes}

# ---- A kit -------------------------------------------------------------------

# serving OPTION...: the server in the background, its address in $at.
serving() {
	start "$demo" "$@" --listen=0
	wait_for out "^listening at "
	at=$(sed -n 's/^listening at //p' "$dir/out")
}

# It is there, or never will be.
said() {
	[ -e "$dir/end.$1" ] || [ ! -e "$dir/$1" ] ||
	    grep -aq -e "$2" "$dir/$1"
}

# talk FILE PATTERN FORMAT: says that, and has what comes in the file; does not
# hang up before the pattern is there.
talk() {
	: >"$dir/$1"
	rm -f "$dir/end.$1"
	{
		printf "$3"
		patiently said "$1" "$2"
	} | {
		"$client" "$at" >"$dir/$1"
		: >"$dir/end.$1"
	}
}

end='Host: here\r\n\r\n'

# get FILE PAGE
get() {
	talk "$1" "^HTTP" "GET $2 HTTP/1.0\r\n\r\n"
}

# stops STATUS: the server does, when it is told to.
stops() {
	kill -INT "$pid"
	ends "$pid" "$1"
	silent err
}

# count N: 1 to N.
count() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) print i }'
}

# on NAME FUNCTION: one case for each executor.
on() {
	for e in $executors; do
		try "$e: $1" "$2" "$e"
	done
}

# ---- serve: pages ------------------------------------------------------------

drawn() {
	says "$1" "^HTTP/1.1 200 OK"
	says "$1" "^Content-Length: 2464"
	occurs "$1" "@@@@@@" 16 || fail "that is not the picture"
}

serve_pages() {
	new_case serve
	serving "$@"
	get small /small
	is small "$(tail -n 1 "$dir/small")" small
	says small "^Connection: close"
	get big "/big?any"
	drawn big
	get root /
	says root "^/workers"
	get none /none
	says none "^HTTP/1.1 404 Not Found"
	get grey /big.pgm
	is size "$(sed '1,/^.$/d' "$dir/grey" | wc -c | tr -d ' ')" 311311
	get workers /workers
	says workers "^Content-Type: text/plain"
	stops 0
	clean_case
}

serve_backend() {
	serve_pages --backend="$1"
}

serve_executor() {
	serve_pages --executor="$1"
}

serve_workers() {
	new_case serve
	serving --executor="$1" --workers=2
	get big /big
	get workers /workers
	says workers "executor .* $1: 1 of "
	says workers "1 succeeded"
	stops 0
	clean_case
}

# The same connection, and one request behind the other.
serve_keep() {
	new_case serve
	serving --backend="$1"
	talk answer "^Connection: close" "GET /big HTTP/1.1\r\n${end}\r\nHEAD /big HTTP/1.1\n\
Host: here\n\nGET /small HTTP/1.1\r\n${end}GET /small HTTP/1.1\r\nConnection: \
close\r\n${end}GET /small HTTP/1.1\r\n${end}"
	occurs answer "^HTTP/1.1 200 OK" 4 || fail "not four answers"
	occurs answer "^Content-Length: 2464" 2 || fail "not twice the length"
	occurs answer "^Connection: keep-alive" 3 || fail "it was not kept"
	occurs answer "^small" 2 || fail "not twice /small"
	occurs answer "@@@@@@" 16 || fail "not one picture"
	stops 0
	clean_case
}

# refused FORMAT STATUS, and then nothing more.
refused() {
	talk answer "^HTTP" "$1${end}GET /small HTTP/1.1\r\n${end}"
	says answer "^HTTP/1.1 $2 "
	says answer "^Connection: close"
	occurs answer "^HTTP/" 1 || fail "it went on after: $1"
}

serve_refused() {
	new_case serve
	serving
	refused 'nonsense\r\n' 400
	refused 'GET /small\r\n' 400
	refused 'GET small HTTP/1.1\r\n' 400
	refused 'GET /small HTTP/1.1 \r\n' 400
	refused 'GET  /small HTTP/1.1\r\n' 400
	refused 'GET /sm\000all HTTP/1.1\r\n' 400
	refused 'GET /small HTTP/1.1\r\nHost: there\r\n' 400
	refused 'GET /small HTTP/1.1\r\nno colon\r\n' 400
	refused 'GET /small HTTP/1.1\r\n: no name\r\n' 400
	refused 'GET /small HTTP/1.1\r\n folded: yes\r\n' 400
	refused 'GET /small HTTP/2.0\r\n' 505
	refused 'POST /small HTTP/1.1\r\n' 405
	refused 'GET /small HTTP/1.1\r\nContent-Length: 5\r\n' 413
	refused 'GET /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n' 413
	talk answer "^HTTP" 'GET /small HTTP/1.1\r\n\r\n' # without a host
	says answer "^HTTP/1.1 400 "
	stops 0
	clean_case
}

serve_endless() {
	new_case serve
	serving
	awk 'BEGIN { print "GET / HTTP/1.1"
		for (;;) print "x: 0123456789012345678901234567890123456789" }' \
	    2>"$dir/awk" | "$client" "$at" >"$dir/answer"
	says answer "^HTTP/1.1 431 "
	get small /small
	says small "^small"
	stops 0
	clean_case
}

# ---- serve: while others wait ------------------------------------------------

# many N: so many ask for /big, each in the background.
many() {
	clients=
	for i in $(count "$1"); do
		talk "big$i" "^HTTP" "GET /big HTTP/1.1\r\nConnection: close\r\n$end" &
		clients="$clients $!"
		started="$started $!"
	done
}

state_is() {
	get workers /workers
	grep -Eq -e "$1" "$dir/workers"
}

# have_come N: so many have asked, and not all of them have their answer.
have_come() {
	get workers /workers
	awk -v n="$1" '/^  jobs:/ { exit !($2 > 0 && $2 + $4 + $6 == n) }' \
	    "$dir/workers"
}

serve_meanwhile() {
	new_case serve
	serving --executor="$1" --workers=1
	many 12
	patiently state_is "[1-9] queued, 1 running" || fail "nobody waits"
	get small /small
	says small "^small"
	get workers /workers
	says workers " 1 running"
	wait $clients
	for i in $(count 12); do
		drawn "big$i"
	done
	stops 0
	clean_case
}

serve_full() {
	new_case serve
	serving --executor="$1" --workers=1 --queue=1
	many 12
	wait $clients
	cat "$dir"/big* >"$dir/all"
	says all "^HTTP/1.1 200 OK"
	says all "^HTTP/1.1 503 Service Unavailable"
	says all "^Retry-After: 1"
	is answers "$(grep -c '^HTTP/' "$dir/all")" 12
	stops 0
	clean_case
}

# leave N: so many ask for /big, and are gone.
leave() {
	for i in $(count "$1"); do
		printf "GET /big HTTP/1.1\r\n$end" | "$client" "$at" &
		started="$started $!"
	done >>"$dir/nothing"
}

# Jobs that nobody waits for do not run, or end early.
serve_gone() {
	new_case serve
	serving --executor="$1" --workers=1
	many 10
	patiently state_is "[1-9] queued, 1 running" || fail "nobody waits"
	leave 4
	wait $clients
	patiently state_is " 0 queued, 0 running, 10 succeeded, 0 failed, 4 canc" ||
	    fail "not cancelled before they began"
	leave 1
	patiently state_is "10 succeeded, (1 failed, 4|0 failed, 5) canc" ||
	    fail "neither cancelled nor asked to end"
	[ ! -s "$dir/nothing" ] || fail "who has gone got an answer"
	stops 0
	clean_case
}

# The first ^C lets those who wait have their answer.
serve_graceful() {
	new_case serve
	serving --executor="$1" --workers=1
	mkfifo "$dir/in"
	"$client" -c 2 "$at" <"$dir/in" >"$dir/held" & # who say nothing
	started="$started $!"
	exec 3>"$dir/in"
	wait_for held held
	many 12
	patiently have_come 12 || fail "nobody waits"
	stops 0
	wait $clients
	for i in $(count 12); do
		drawn "big$i"
	done
	exec 3>&-
	clean_case
}

serve_at_once() {
	new_case serve
	serving --executor="$1" --workers=1
	many 60
	patiently state_is "[1-9][0-9] queued, 1 running" || fail "nobody waits"
	kill -TERM "$pid"
	nap
	stops 0
	wait $clients
	cat "$dir"/big* >"$dir/all"
	[ "$(grep -c '^HTTP/' "$dir/all")" -lt 60 ] || fail "it took its time"
	clean_case
}

serve_crash() {
	new_case serve
	serving --executor=processes --workers=1
	get crash /crash
	says crash "^HTTP/1.1 500 "
	get big /big
	drawn big
	get workers /workers
	says workers "1 succeeded, 1 failed"
	stops 0
	serving --executor=threads
	get crash /crash
	says crash "^HTTP/1.1 404 "
	stops 0
	clean_case
}

serve_unix() {
	new_case serve
	start "$demo" "$dir/socket"
	wait_for out "^listening at "
	at=$dir/socket
	get small /small
	says small "^small"
	stops 0
	[ ! -e "$dir/socket" ] || fail "the socket file was left behind"
	clean_case
}

# ---- serve: the comparison ---------------------------------------------------

# answers LABEL: to /small.
answers() {
	sed -n "s/^$1 *\([0-9][0-9 ]*[0-9]\)  .*[a-z]s .*/\1/p" "$dir/out" |
	    sed 's/  .*//' | tr -d ' '
}

serve_compared() {
	new_case serve
	run "$demo" --backend="$1" --time=$((400 * slow))
	is status $status 0
	silent err
	for who in "nobody" "the loop" "a thread" "a process"; do
		says out "^$who .*[um]s"
	done
	loop=$(answers "the loop")
	for who in "a thread" "a process"; do
		[ "$(answers "$who")" -gt "$((2 * loop))" ] ||
		    fail "$who is no better than the loop"
	done
	awk 'length($0) > 79 { exit 1 }' "$dir/out" || fail "too wide"
	clean_case
}

serve_compared_one() {
	new_case serve
	run "$demo" --time=100 --executor=threads
	is status $status 0
	says out "^a thread"
	grep -q "^a process" "$dir/out" && fail "nobody asked for that"
	clean_case
}

serve_interrupted() {
	new_case serve
	start "$demo" --time=60000
	nap
	nap
	kill -INT "$pid"
	ends "$pid" 130
	clean_case
}

# ---- resolve -----------------------------------------------------------------

resolve_usual() {
	new_case resolve
	run "$demo" --executor="$1"
	is status $status 1 # one of them is there to fail
	says out "ms  localhost .* (127\.0\.0\.1|::1)"
	says out "ms  127.0.0.1 .* 127\.0\.0\.1$"
	says out "  no-such-name.invalid .*[a-z]" # late if there is no DNS
	says out "^[0-9]+ found, (1 failed, 0|0 failed, 1) timed out$"
	says out "ms with 8 at a time; one after the other .* ms$"
	silent err
	clean_case
}

resolve_found() {
	new_case resolve
	run "$demo" --executor="$1" --workers=2 127.0.0.1 127.0.0.2 127.0.0.1
	is status $status 0
	says out "^2 found, 0 failed, 0 timed out$"
	says out "with 2 at a time"
	clean_case
}

resolve_many() {
	new_case resolve
	run "$demo" --executor="$1" $(count 250 | sed 's/^/127.0.0./')
	is status $status 0
	occurs out " ms  (127\.0\.0\.[0-9]+) +127\.0\.0\.[0-9]+$" 250 ||
	    fail "not all are listed"
	says out "^250 found, 0 failed, 0 timed out$"
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

# ---- All of it ---------------------------------------------------------------

for d in serve resolve; do
	try "$d: --help" help $d --executor
	try "$d: an unknown option" wrong_option $d
	try "$d: no number" wrong_value $d --workers=nonsense 2
done
try "serve: an unknown executor" wrong_value serve --executor=nonsense 1
try "resolve: an unknown executor" wrong_value resolve --executor=nonsense 1
try "resolve: options behind names" wrong_arguments resolve localhost --nonsense
under "serve: the pages" serve_backend
on "serve: the pages" serve_executor
try "none: serve: the pages" serve_executor none
on "serve: the workers" serve_workers
under "serve: one connection, several requests" serve_keep
try "serve: what is refused" serve_refused
try "serve: a head without end" serve_endless
on "serve: others go on meanwhile" serve_meanwhile
on "serve: a full queue" serve_full
on "serve: a guest that has gone" serve_gone
on "serve: ^C, and all get their answers" serve_graceful
on "serve: ^C twice" serve_at_once
try "serve: a process crashes" serve_crash
try "serve: at a path" serve_unix
under "serve: the comparison" serve_compared
try "serve: the comparison with one" serve_compared_one
try "serve: the comparison, ^C" serve_interrupted
on "resolve: what needs no network" resolve_usual
on "resolve: all are found" resolve_found
on "resolve: many" resolve_many
plan
