#!/bin/sh
# SPDX-License-Identifier: ISC
#
# servers.t: echo, chat, proxy with guests of every kind, under every backend.

. test/kit.sh

# ---- echo, and echo-tasks, which does the same: "$echo" ----------------------

# The address that a server in the background got.
address() {
	wait_for out "^listening at "
	at=$(sed -n 's/^listening at //p' "$dir/out")
}

megabytes() {
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n * 16384; i++)
			printf "%063d\n", i
	}'
}

echo_tcp() {
	new_case "$echo"
	start "$demo" --backend="$1" 0
	address
	is answer "$(printf 'hello' | "$client" "$at")" hello
	"$client" -r "$at"
	is answer "$(printf 'there' | "$client" "$at")" there
	kill -INT "$pid"
	ends "$pid" 0
	silent err
	clean_case
}

# Without arguments, and stopped while somebody is connected.
echo_plain() {
	new_case "$echo"
	start "$demo"
	address
	mkfifo "$dir/in"
	"$client" -c 3 "$at" <"$dir/in" >"$dir/held" &
	started="$started $!"
	exec 3>"$dir/in"
	wait_for held held
	kill -INT "$pid"
	ends "$pid" 0
	exec 3>&-
	clean_case
}

echo_unix() {
	new_case "$echo"
	start "$demo" --backend="$1" "$dir/socket"
	address
	is address "$at" "$dir/socket"
	is answer "$(printf 'hello' | "$client" "$at")" hello
	run "$demo" --backend="$1" "$dir/socket"
	is "status of a second one" $status 1
	says err socket
	is answer "$(printf 'still' | "$client" "$at")" still
	kill -TERM "$pid"
	ends "$pid" 0
	[ ! -e "$dir/socket" ] || fail "the socket file was left behind"
	clean_case
}

# What a killed one left behind is taken over; what is no socket is not.
echo_stale() {
	new_case "$echo"
	start "$demo" "$dir/socket"
	address
	kill -KILL "$pid"
	wait "$pid"
	[ -S "$dir/socket" ] || fail "no socket file is there"
	start "$demo" "$dir/socket"
	address
	is answer "$(printf 'hello' | "$client" "$at")" hello
	kill -INT "$pid"
	ends "$pid" 0
	echo precious >"$dir/file"
	run "$demo" "$dir/file"
	is status $status 1
	is file "$(cat "$dir/file")" precious
	clean_case
}

echo_taken() {
	new_case "$echo"
	start "$demo" 127.0.0.1:0
	address
	first=$pid
	"$client" -t 60 "$demo" "$at" >"$dir/out2" 2>"$dir/err2"
	is status $? 1
	says err2 "$at"
	kill -INT "$first"
	ends "$first" 0
	for wrong in 127.0.0.1:nonsense nonsense; do
		run "$demo" "$wrong"
		is status $status 1
		says err nonsense
	done
	clean_case
}

# Processor time, in 1/100 s.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# Who does not read is not read from, and gets all of it in the end.
echo_slow() {
	new_case "$echo"
	start "$demo" --backend="$1"
	address
	before=$(peak "$pid")
	megabytes 16 >"$dir/in"
	"$client" -s "$at" <"$dir/in" >"$dir/back" &
	slow_pid=$!
	started="$started $slow_pid"
	is answer "$(printf 'hello' | "$client" "$at")" hello
	wait "$slow_pid"
	cmp "$dir/in" "$dir/back" || fail "not the same came back"
	if [ -n "$before" ]; then
		after=$(peak "$pid")
		[ $((after - before)) -lt 4096 ] ||
		    fail "memory grew from $before to $after KiB"
		[ "$(ticks "$pid")" -lt $((100 * slow)) ] || fail "it spins"
	fi
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

# More guests than descriptors: they wait, the server does not spin.
echo_full() {
	new_case "$echo"
	start sh -c 'ulimit -n 20 && exec "$0" "$@"' \
	    "$demo" --backend="$1" "$dir/socket"
	address
	mkfifo "$dir/in"
	"$client" -c 30 "$at" <"$dir/in" >"$dir/held" &
	holder=$!
	started="$started $holder"
	exec 3>"$dir/in"
	wait_for held held
	wait_for err accept
	printf 'late' | "$client" "$at" >"$dir/late" 3>&- &
	late=$!
	started="$started $late"
	sleep 1
	[ ! -s "$dir/late" ] || fail "there was room after all"
	[ "$(grep -c accept "$dir/err")" -lt $((20 * slow)) ] ||
	    fail "it does not pause"
	exec 3>&-
	wait "$holder" "$late"
	is answer "$(cat "$dir/late")" late
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

# ---- chat --------------------------------------------------------------------

# guest NAME: says what comes through $dir/NAME.in, hears into $dir/NAME.
guest() {
	mkfifo "$dir/$1.in"
	"$client" "$at" <"$dir/$1.in" >"$dir/$1" &
	started="$started $!"
}

chat() {
	new_case chat
	start "$demo" --backend="$1" "$2"
	address
	guest ann
	exec 3>"$dir/ann.in"
	guest bob 3>&-
	exec 4>"$dir/bob.in"
	wait_for ann "your name"
	echo ann >&3
	wait_for ann welcome
	wait_for bob "your name"
	echo ann >&4
	wait_for bob taken
	echo a-name-that-is-much-too-long >&4
	wait_for bob "1 to 23"
	printf 'bo' >&4
	printf 'b\r\n' >&4
	wait_for bob welcome
	wait_for ann "bob joined"
	printf 'hello\nworld\033[2J\n' >&4
	wait_for ann "^bob: hello"
	wait_for ann "^bob: world\?\[2J"
	echo hi >&3
	wait_for bob "^ann: hi"
	exec 4>&-
	wait_for ann "bob left"
	occurs ann "bob: " 2 || fail "ann heard too much: $(cat "$dir/ann")"
	! grep -q "bob:" "$dir/bob" || fail "bob hears himself"
	kill -INT "$pid"
	ends "$pid" 0
	exec 3>&-
	[ ! -e "$dir/socket" ] || fail "the socket file was left behind"
	silent err
	clean_case
}

chat_tcp() {
	chat "$1" 0
}

chat_unix() {
	chat "$1" "$tmp/case.$number/socket"
}

ping() {
	echo ping >&5
	grep -q "^dan: ping" "$dir/ann"
}

# One who does not read, one who talks a lot, one who listens.
chat_slow() {
	new_case chat
	start "$demo" --backend="$1" "$dir/socket"
	address
	guest ann
	exec 3>"$dir/ann.in"
	echo ann >&3
	wait_for ann welcome
	mkfifo "$dir/bob.in"
	"$client" -s "$at" <"$dir/bob.in" >"$dir/bob" 3>&- &
	bob=$!
	started="$started $bob"
	exec 4>"$dir/bob.in"
	echo bob >&4
	wait_for ann "bob joined"
	# Bob, who sends now and then, has no time to read.
	(while echo >&4; do nap; done) 3>&- 2>/dev/null &
	busy=$!
	started="$started $busy"
	before=$(peak "$pid")
	{
		echo cat
		megabytes 4
		echo the last line
	} | "$client" "$at" >/dev/null 3>&- 4>&-
	# Ann may be behind at first; after that she hears everything again.
	guest dan 3>&- 4>&-
	exec 5>"$dir/dan.in"
	echo dan >&5
	patiently ping || fail "ann does not hear dan"
	if [ -n "$before" ]; then
		after=$(peak "$pid")
		[ $((after - before)) -lt 2048 ] ||
		    fail "memory grew from $before to $after KiB"
	fi
	kill "$busy"
	wait_for bob "you missed [0-9]* lines"
	exec 4>&-
	wait "$bob"
	kill -INT "$pid"
	ends "$pid" 0
	exec 3>&- 5>&-
	clean_case
}

# ---- proxy -------------------------------------------------------------------

# proxy OPTION...: between us and an echo server; its address in $at.
proxy() {
	new_case proxy
	"$client" -t $((60 * slow)) "$demos/echo-tasks" "$dir/echo" \
	    >"$dir/echo.out" 2>&1 &
	started="$started $!"
	patiently grep -q listening "$dir/echo.out" || fail "no echo server"
	start "$demo" --target="$dir/echo" "$@"
	address
}

# The client says that it has ended, and hears the rest: a half-close.
proxy_tcp() {
	proxy --backend="$1"
	is answer "$(printf 'hello' | "$client" "$at")" hello
	wait_for out "^1: 5 bytes there, 5 back: done"
	"$client" -r "$at"
	wait_for out "^2: "
	is answer "$(printf 'there' | "$client" "$at")" there
	kill -INT "$pid"
	ends "$pid" 0
	silent err
	clean_case
}

proxy_slow() {
	proxy --backend="$1" --listen="$tmp/case.$number/socket"
	is address "$at" "$dir/socket"
	megabytes 16 >"$dir/in"
	"$client" -s "$at" <"$dir/in" >"$dir/back"
	cmp "$dir/in" "$dir/back" || fail "not the same came back"
	wait_for out "^1: 16777216 bytes there, 16777216 back: done"
	kill -TERM "$pid"
	ends "$pid" 0
	[ ! -e "$dir/socket" ] || fail "the socket file was left behind"
	clean_case
}

# Nobody says anything; and one is still there at the end.
proxy_idle() {
	proxy --backend="$1" --idle=0.2
	mkfifo "$dir/in"
	"$client" -c 1 "$at" <"$dir/in" >"$dir/held" &
	started="$started $!"
	exec 3>"$dir/in"
	wait_for out "^1: 0 bytes there, 0 back: too slow"
	exec 3>&-
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

proxy_interrupted() {
	proxy
	mkfifo "$dir/in"
	"$client" "$at" <"$dir/in" >"$dir/answer" &
	started="$started $!"
	exec 3>"$dir/in"
	printf 'hello' >&3
	patiently [ -s "$dir/answer" ] || fail "no answer"
	kill -INT "$pid"
	ends "$pid" 0
	says out "^1: 5 bytes there, 5 back: interrupted"
	exec 3>&-
	clean_case
}

proxy_refused() {
	new_case proxy
	start "$demo" --target="$dir/nothing"
	address
	is answer "$(printf 'hello' | "$client" "$at")" ""
	wait_for out "^1: no connection: "
	kill -INT "$pid"
	ends "$pid" 0
	clean_case
}

# ---- All of it ---------------------------------------------------------------

for d in echo echo-tasks chat; do
	try "$d: an argument too many" wrong_arguments $d one two
done
try "proxy: no target" wrong_arguments proxy
try "proxy: a target without a port" wrong_arguments proxy --target=nowhere
try "proxy: no number" wrong_arguments proxy --target=x:1 --idle=long
for echo in echo echo-tasks; do
	try "$echo: without arguments, interrupted while in use" echo_plain
	try "$echo: a socket file of a dead one" echo_stale
	try "$echo: wrong addresses" echo_taken
	under "$echo: over TCP, also after a reset" echo_tcp
	under "$echo: over a UNIX socket, left tidy" echo_unix
	under "$echo: to one who does not read" echo_slow
	under "$echo: more guests than descriptors" echo_full
done
under "chat: names, joining, talking, leaving over TCP" chat_tcp
under "chat: the same over a UNIX socket" chat_unix
under "chat: one who does not read holds up nobody" chat_slow
try "proxy: interrupted while in use" proxy_interrupted
try "proxy: nobody there" proxy_refused
under "proxy: over TCP, also after a reset" proxy_tcp
under "proxy: to one who does not read" proxy_slow
under "proxy: nobody says anything" proxy_idle
plan
