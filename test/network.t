#!/bin/sh
# SPDX-License-Identifier: ISC
#
# network.t: the demos of names, connections and streams, and those of other
# libraries' adapters, as a stranger would start them: with servers that are
# well, and with servers that are not.

. test/kit.sh

# ---- Servers -----------------------------------------------------------------

# canned FILE: says what is in it to everyone who has asked, and hangs up.
make_canned() {
	cat >"$tmp/canned.c" <<'END'
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
answer(int fd, const char *text, size_t size)
{
	char asked[8192];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(asked) - 1 &&
	    (got = read(fd, asked + n, sizeof(asked) - 1 - n)) > 0) {
		asked[n += (size_t)got] = '\0';
		if (strstr(asked, "\r\n\r\n") != NULL)
			break;
	}
	while (size > 0 && (got = write(fd, text, size)) > 0) {
		text += got;
		size -= (size_t)got;
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	static char text[1 << 20];
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t length = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd;
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	size_t size = f != NULL ? fread(text, 1, sizeof(text), f) : 0;

	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (f == NULL || bind(l, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(l, 16) == -1 ||
	    getsockname(l, (struct sockaddr *)&a, &length) == -1)
		return 1;
	printf("listening at 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	while ((fd = accept(l, NULL, NULL)) != -1)
		answer(fd, text, size);
	return 1;
}
END
	${CC:-cc} -std=c11 -D_GNU_SOURCE -o "$tmp/canned" "$tmp/canned.c"
}

# server PATTERN COMMAND...: in the background; the first line that has the
# pattern, without it, is in $at, and its process in $server.
server() {
	pattern=$1
	shift
	: >"$dir/server"
	"$client" -t $((60 * slow)) "$@" >"$dir/server" 2>&1 </dev/null &
	server=$!
	started="$started $server"
	patiently grep -Eq "$pattern" "$dir/server" ||
	    fail "no server: $(cat "$dir/server")"
	at=$(sed -n "s|^$pattern\([^/]*\).*|\1|p" "$dir/server" | sed 1q)
}

# A web server with some files: $at.
web() {
	[ -x "$demos/httpd" ] || skip "httpd is not built"
	mkdir "$dir/root" "$dir/root/d"
	echo hello >"$dir/root/a.txt"
	: >"$dir/root/empty"
	echo "<p>hi" >"$dir/root/d/index.html"
	awk 'BEGIN { for (i = 0; i < 60000; i++) print "line " i }' \
	    >"$dir/root/big"
	server http:// "$demos/httpd" --root="$dir/root" --address=127.0.0.1:0
}

# canned FORMAT: a server that says that.
canned() {
	[ -x "$tmp/canned" ] || skip "no compiler here"
	# shellcheck disable=SC2059
	printf "$1" >"$dir/text"
	server "listening at " "$tmp/canned" "$dir/text"
}

# One that takes connections and says nothing: it was stopped.
silent_server() {
	server "listening at " "$demos/echo-tasks" 0
	kill -STOP "$server"
}

# ---- get: what is there, and what is not -------------------------------------

# line STATUS BYTES URL: one of the table's.
line() {
	says out "^ *$1 +$2 +[0-9.]+ ms  $3\$"
}

get_statuses() {
	new_case get
	web
	run "$demo" --backend="$1" "http://$at/a.txt" "http://$at/empty" \
	    "http://$at/d" "http://$at/d/?x=y#z" "http://$at/big" \
	    "http://$at/none" "http://$at"
	is status $status 1
	silent err
	line 200 6 "http://$at/a.txt"
	line 200 0 "http://$at/empty"
	line 200 6 "http://$at/d"
	line 200 6 "http://$at/d/\?x=y#z"
	line 200 "$(wc -c <"$dir/root/big" | tr -d ' ')" "http://$at/big"
	line 404 "[0-9]+" "http://$at/none"
	line 404 "[0-9]+" "http://$at"
	is head "$(sed 1q "$dir/out" | tr -s ' ')" "status bytes time URL"
	says out "^7 of 7 URLs, 2 failed: [0-9.]+ MB in [0-9.]+ s$"
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 9
	clean_case
}

get_keeps() {
	new_case get
	web
	mkdir "$dir/kept"
	run "$demo" --backend="$1" --keep="$dir/kept" --at-once=2 \
	    "http://$at/big" "http://$at/d" "http://$at/empty"
	is status $status 0
	cmp "$dir/kept/1" "$dir/root/big" || fail "not the same bytes"
	cmp "$dir/kept/2" "$dir/root/d/index.html" || fail "not the same bytes"
	cmp "$dir/kept/3" "$dir/root/empty" || fail "not the same bytes"
	is files "$(ls "$dir/kept" | tr '\n' ' ')" "1 2 3 "
	run "$demo" --keep="$dir/none" "http://$at/a.txt"
	is status $status 1
	says err "^get: $dir/none/1: No such file or directory$"
	clean_case
}

get_many() {
	new_case get
	web
	awk -v at="$at" 'BEGIN {
		for (i = 0; i < 200; i++)
			print "http://" at (i % 2 ? "/a.txt" : "/d/") "?" i
	}' >"$dir/urls"
	run "$demo" --backend="$1" --at-once=200 - <"$dir/urls"
	is status $status 0
	occurs out "^ *200 +6 .*http://$at/" 200 || fail "not all are there"
	says out "^200 of 200 URLs, 0 failed"
	is different "$(sed -n 's/.*[?]//p' "$dir/out" | sort -u | wc -l |
	    tr -d ' ')" 200
	run "$demo" --backend="$1" --at-once=1 - <"$dir/urls"
	occurs out "^ *200 +6 " 200 || fail "not all are there, one at a time"
	is order "$(sed -n 's/.*[?]//p' "$dir/out" | sort -n -c 2>&1)" ""
	clean_case
}

# Of a list, the bad are told like others that fail; the good are fetched.
get_list() {
	new_case get
	web
	run "$demo" - <<END
http://$at/a.txt
https://$at/

nonsense  http://$at/d/
END
	is status $status 1
	line 200 6 "http://$at/a.txt"
	line 200 6 "http://$at/d/"
	line - - "https://$at/: not an http:// URL .*"
	line - - "nonsense: not an http:// URL .*"
	says out "^4 of 4 URLs, 2 failed"
	run "$demo" - </dev/null
	is status $status 2
	says err "no URLs"
	clean_case
}

get_wrong_url() {
	for wrong in https://x/ x http:// http://:80/ http://a:/ http://u@a/ \
	    'http://a b/' 'http://[::1/' ''; do
		new_case get
		run "$demo" http://127.0.0.1:1/ "$wrong"
		is "status of $wrong" $status 2
		silent out
		is lines "$(wc -l <"$dir/err" | tr -d ' ')" 2
		says err "^get: .*not an http:// URL"
		says err "^Try 'get --help'"
		clean_case
	done
}

# Nobody there, no such name, both in their own time.
get_unreachable() {
	new_case get
	run "$demo" --backend="$1" --timeout=20 http://127.0.0.1:1/ \
	    http://no.such.name.invalid/
	is status $status 1
	line - - "http://127.0.0.1:1/: connecting: Connection refused"
	says out "no.such.name.invalid/: "
	says out "^2 of 2 URLs, 2 failed: 0.0 MB"
	silent err
	clean_case
}

get_six() {
	new_case get
	web
	server http:// "$demos/httpd" --root="$dir/root" --address="[::1]:0"
	[ -n "$at" ] || skip "no IPv6 here"
	run "$demo" "http://$at/a.txt"
	is status $status 0
	line 200 6 "http://\[::1\]:[0-9]+/a.txt"
	clean_case
}

get_timeout() {
	new_case get
	silent_server
	run "$demo" --backend="$1" --timeout=1 "http://$at/" "http://$at/x"
	is status $status 1
	line - - "http://$at/: timed out"
	line - - "http://$at/x: timed out"
	says out "^2 of 2 URLs, 2 failed"
	silent err
	clean_case
}

# ---- get: answers of all kinds -----------------------------------------------

# answers NAME STATUS BYTES WHAT-FOLLOWS-THE-URL FORMAT OPTION...: a case.
answers() {
	new_case get
	wanted_status=$1 wanted_bytes=$2 wanted=$3
	canned "$4"
	shift 4
	mkdir "$dir/kept"
	run "$demo" "$@" --keep="$dir/kept" "http://$at/"
	line "$wanted_status" "$wanted_bytes" "http://$at/$wanted"
	is status $status "$([ "$wanted_status" = - ] && echo 1 || echo 0)"
	silent err
	clean_case
}

get_chunks() {
	new_case get
	canned 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'\
'A;x=y\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n'
	mkdir "$dir/kept"
	run "$demo" --backend="$1" --keep="$dir/kept" "http://$at/"
	is status $status 0
	line 200 13 "http://$at/"
	is body "$(cat "$dir/kept/1")" abc0123456789
	clean_case
}

# ---- get: in a terminal, and interrupted -------------------------------------

get_interrupted() {
	new_case get
	web
	ready=$at
	silent_server
	start "$demo" --backend="$1" --at-once=3 "http://$ready/a.txt" \
	    "http://$at/1" "http://$at/2" "http://$at/3" "http://$at/4"
	wait_for out "a.txt"
	kill -INT "$pid"
	ends "$pid" 130
	line 200 6 "http://$ready/a.txt"
	says out "^1 of 5 URLs, 0 failed: .* interrupted$"
	silent err
	clean_case
}

# terminal COMMAND...: in a narrow one; what is typed comes from standard input.
terminal() {
	"$client" -p sh -c 'stty cols 30 2>/dev/null; exec "$0" "$@"' "$@" \
	    >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
}

# The progress fits in a line, and at the end it is gone.
get_progress() {
	new_case get
	web
	TERM=vt100
	export TERM
	terminal "$demo" "http://$at/a.txt" "http://$at/big" </dev/null
	is status $status 0
	tr '\r' '\n' <"$dir/out" >"$dir/parts"
	grep -q "of 2, " "$dir/parts" || fail "no progress"
	awk '/ of 2, / && length > 3 + 29 { exit 1 }' "$dir/parts" ||
	    fail "it does not fit"
	tail -n 1 "$dir/parts" | grep -q "^.\[K2 of 2 URLs, 0 failed" ||
	    fail "it is still there"
	clean_case
}

get_terminal() {
	new_case get
	silent_server
	TERM=vt100
	export TERM
	: >"$dir/out"
	{
		patiently grep -q "1 under way" "$dir/out" ||
		    patiently grep -q "of 1, 0" "$dir/out"
		printf '\003'
	} | "$client" -p "$demo" --timeout=60 "http://$at/" \
	    >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -ne 77 ] || skip "no terminals here"
	is status $status 130
	tail -n 1 "$dir/out" | grep -q "0 of 1 URLs.* interrupted" ||
	    fail "no sums at the end"
	clean_case
}

# The reader has seen enough.
get_pipe() {
	new_case get
	web
	awk -v at="$at" 'BEGIN {
		for (i = 0; i < 200; i++) print "http://" at "/a.txt"
	}' >"$dir/urls"
	"$client" -t 60 "$demo" - <"$dir/urls" 2>"$dir/err" |
	    sed 1q >"$dir/out"
	says out status
	silent err
	clean_case
}

# ---- tls ---------------------------------------------------------------------

tls_here() {
	new_case tls
	run "$demo" "$1" --rounds=50 --megabytes=3
	is status $status 0
	silent err
	says out "^TLSv1.[23], [A-Z0-9_-]+: .* in [0-9.]+ ms$"
	says out "^50 round trips of 64 bytes: [0-9.]+ us each$"
	says out "^3 MB there and back: [0-9]+ MB/s$"
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 3
	clean_case
}

tls_backend() {
	tls_here --backend="$1"
}

tls_context() {
	tls_here --context="$1"
}

tls_least() {
	new_case tls
	run "$demo" --rounds=1 --megabytes=0
	is status $status 0
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 1
	clean_case
}

tls_interrupted() {
	new_case tls
	start "$demo" --backend="$1" --rounds=100000000
	sleep 1
	kill -INT "$pid"
	ends "$pid" 130
	silent err
	clean_case
}

# certificate NAME: $dir/NAME.pem and .key.
certificate() {
	command -v openssl >/dev/null 2>&1 || skip "no openssl here"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/$1.key" \
	    -out "$dir/$1.pem" -days 2 -subj "/CN=$1" \
	    -addext "subjectAltName=DNS:$1" >"$dir/made" 2>&1 ||
	    skip "openssl makes no certificate"
}

# tls_server NAME OPTION...: with the certificate of that name: $port.
tls_server() {
	certificate "$1"
	who=$1
	shift
	server "ACCEPT " openssl s_server -accept 127.0.0.1:0 \
	    -cert "$dir/$who.pem" -key "$dir/$who.key" -www "$@"
	port=${at##*:}
}

tls_there() {
	new_case tls
	tls_server localhost
	run "$demo" --backend="$1" --trust="$dir/localhost.pem" "localhost:$port"
	is status $status 0
	silent err
	says out "^TLSv1.[23], .* in [0-9.]+ ms$"
	says out "^HTTP/1.[01] 200 "
	says out "^Content-type: text/html$"
	clean_case
}

# refused WHY ARGUMENT...
refused() {
	why=$1
	shift
	run "$demo" "$@"
	is status $status 1
	silent out
	is lines "$(wc -l <"$dir/err" | tr -d ' ')" 1
	says err "^tls: $why"
}

tls_unknown() {
	new_case tls
	tls_server localhost
	certificate other
	refused "localhost: its certificate: self-signed" "localhost:$port"
	refused "localhost: its certificate: " --trust="$dir/other.pem" \
	    "localhost:$port"
	run "$demo" --insecure "localhost:$port"
	is status $status 0
	says out "^HTTP/1.[01] 200 "
	clean_case
}

tls_other_name() {
	new_case tls
	tls_server other
	refused "localhost: its certificate: hostname mismatch" \
	    --trust="$dir/other.pem" "localhost:$port"
	refused "127.0.0.1: its certificate: IP address mismatch" \
	    --trust="$dir/other.pem" "127.0.0.1:$port"
	run "$demo" --insecure --trust="$dir/other.pem" "localhost:$port"
	is status $status 0
	clean_case
}

tls_asked_for_more() {
	new_case tls
	tls_server localhost -Verify 1
	refused "localhost: .*certificate required" \
	    --trust="$dir/localhost.pem" "localhost:$port"
	clean_case
}

tls_no_tls() {
	new_case tls
	web
	refused "127.0.0.1: that is no TLS$" --backend="$1" "$at"
	server "listening at " "$demos/echo-tasks" 0
	refused "127.0.0.1: that is no TLS$" --backend="$1" "$at"
	clean_case
}

tls_unreachable() {
	new_case tls
	refused "127.0.0.1, port 1: Connection refused$" 127.0.0.1:1
	refused "no.such.name.invalid, port 443: " no.such.name.invalid
	refused "$dir/none: No such file" --trust="$dir/none" 127.0.0.1:1
	echo nonsense >"$dir/file"
	refused "$dir/file: " --trust="$dir/file" 127.0.0.1:1
	clean_case
}

tls_silent() {
	new_case tls
	silent_server
	refused "127.0.0.1: timed out$" "$at"
	clean_case
}

# ---- chaos -------------------------------------------------------------------

# With somebody there, whom it lets go.
chaos_interrupted() {
	new_case chaos
	server "listening at " "$demos/echo-tasks" "$dir/target"
	start "$demo" --backend="$1" --target="$dir/target" --delay=0 \
	    --listen="$dir/door"
	wait_for out "^listening at $dir/door"
	mkfifo "$dir/in"
	"$client" "$dir/door" <"$dir/in" >"$dir/answer" &
	guest=$!
	started="$started $guest"
	exec 3>"$dir/in"
	printf hello >&3
	patiently grep -q hello "$dir/answer" || fail "no answer"
	kill -INT "$pid"
	ends "$pid" 0
	says out "^1 connections, 10 bytes in [0-9]+ pieces; 0 cut, 0 reset"
	silent err
	exec 3>&-
	wait "$guest"
	clean_case
}

chaos_taken() {
	new_case chaos
	server "listening at " "$demos/echo-tasks" 127.0.0.1:0
	run "$demo" --target=127.0.0.1:1 --listen="$at"
	is status $status 1
	says err "^chaos: $at: Address already in use$"
	silent out
	clean_case
}

# ---- blocking ----------------------------------------------------------------

# took HOW: milliseconds.
took() {
	sed -n "s/^$1  *[0-9]*  *\([0-9]*\)\.\([0-9]*\) s$/\1\2/p" "$dir/out" |
	    sed 's/^0*\(.\)/\1/'
}

blocking() {
	new_case blocking
	run "$demo" "$@"
	is status $status 0
	silent err
	one=$(took one) all=$(took "all at once") plain=$(took "without the hook")
	[ -n "$one" ] && [ -n "$all" ] && [ -n "$plain" ] || fail "no numbers"
	[ "$one" -ge 90 ] || fail "nobody answers in $one ms"
	[ "$plain" -ge 900 ] || fail "ten without the hook: $plain ms"
	[ "$all" -lt $((2500 * slow)) ] ||
	    fail "all at once as if one after the other: $all ms"
	says out "^all at once +50 "
	clean_case
}

blocking_backend() {
	blocking --backend="$1" 50
}

blocking_context() {
	blocking --context="$1" 50
}

blocking_interrupted() {
	new_case blocking
	start "$demo" --backend="$1"
	wait_for out "^all at once"
	kill -INT "$pid"
	ends "$pid" 130
	silent err
	clean_case
}

wrong_backend() {
	new_case "$1"
	run "$demo" --backend=nonesuch
	is status $status 1
	silent out
	says err nonesuch
	says err poll # what would work
	clean_case
}

# ---- Adapters: their work is tested in adapter_*.c ---------------------------

# unreachable DEMO ARGUMENT...: says so at once, and fails.
unreachable() {
	new_case "$1"
	shift
	run "$demo" "$@"
	is status $status 1
	[ -s "$dir/err" ] || fail "it says nothing"
	is lines "$(wc -l <"$dir/err" | tr -d ' ')" 1
	says err "^${demo##*/}: "
	silent out
	clean_case
}

# all_fail BACKEND DEMO SUMS OPERAND...: each is told, in a table.  The first of
# them counts too where no option comes before it.
all_fail() {
	new_case "$2"
	option=$1 sums=$3
	shift 3
	for o in "" "$option"; do
		run "$demo" ${o:+"$o"} "$@"
		is "status with '$o'" $status 1
		for operand; do
			says out "[ ]$operand +[A-Za-z]"
		done
		says out "^$sums"
		silent err
	done
	clean_case
}

fetch_fails() {
	all_fail --backend="$1" fetch "0 of 2, " http://127.0.0.1:1/ \
	    http://no.such.name.invalid/
}

fetch_works() {
	new_case fetch
	web
	run "$demo" --backend="$1" "http://$at/a.txt" "http://$at/big"
	is status $status 0
	says out "^200 .* http://$at/a.txt"
	says out "^200 .* http://$at/big"
	says out "^2 of 2, "
	silent err
	clean_case
}

dns_fails() {
	all_fail --backend="$1" dns "0 found, 1 failed" no.such.name.invalid
}

# Nobody answers at that address.
dns_no_server() {
	new_case dns
	run "$demo" --server=127.0.0.1:1 --timeout=5 --backend="$1" a.invalid
	is status $status 1
	says out "[ ]a.invalid +[A-Za-z]"
	silent err
	clean_case
}

# Either of the loops in charge, if the backend has a descriptor for GLib.
glib_works() {
	new_case glib
	run "$demo" --backend="$1"
	is status $status 0
	silent err
	says out "^GLib in charge"
	says out "(reactor|loop) in charge, .*GLib"
	says out "reactor: "
	case $1 in
	poll|select)
		says out "not with $1" ;;
	*)	! grep -q "not with" "$dir/out" || fail "why not with $1?" ;;
	esac
	clean_case
}

resolve_fails() {
	all_fail --workers=2 resolve "0 found, 1 failed" no.such.name.invalid
}

# ---- The page of `make talk` -------------------------------------------------

pictures() {
	sed -n 's/.*<img src="\([^"]*\)".*/\1/p' demos/talk.html | sort
}

# What the target draws is what the page shows, each once.
talk_names() {
	new_case httpd
	sed -n '/^talk:/,/^$/s|.*/\([a-z-]*\.svg\) *.*|\1|p' GNUmakefile |
	    sort -u >"$dir/drawn"
	pictures >"$dir/shown"
	is pictures "$(wc -l <"$dir/shown" | tr -d ' ')" 6
	diff "$dir/drawn" "$dir/shown" || fail "not the same pictures"
	clean_case
}

# type_of PATH WANTED
type_of() {
	printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" |
	    "$client" "$at" | tr -d '\r' >"$dir/answer"
	sed 1q "$dir/answer" | grep -q " 200 " || fail "$(sed 1q "$dir/answer")"
	is "type of $1" "$(sed -n '/^$/q; s/^[Cc]ontent-[Tt]ype: //p' \
	    "$dir/answer")" "$2"
}

talk_served() {
	new_case httpd
	mkdir "$dir/root"
	cp demos/talk.html "$dir/root/index.html"
	for p in $(pictures); do
		echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$dir/root/$p"
	done
	server http:// "$demo" --backend="$1" --root="$dir/root" \
	    --address=127.0.0.1:0
	type_of / "text/html; charset=utf-8"
	grep -q "</html>" "$dir/answer" || fail "not the whole page"
	for p in $(pictures); do
		type_of "/$p" image/svg+xml
	done
	clean_case
}

# ---- All of it ---------------------------------------------------------------

make_canned || echo "# no compiler: without canned answers"

for d in get tls chaos redis fetch dns mysql pgsql glib blocking; do
	try "$d: --help" help $d
	try "$d: an unknown option" wrong_option $d
done

try "get: no URL" wrong_arguments get
try "get: no number" wrong_arguments get --at-once=many http://a/
try "get: a number out of range" wrong_arguments get --timeout=0 http://a/
try "get: what is no URL" get_wrong_url
try "get: an unknown backend" unreachable get --backend=nonesuch http://a/
try "get: an unknown context" unreachable get --context=nonesuch http://a/
under "get: statuses, sizes, redirects" get_statuses
under "get: keeps what it fetched" get_keeps
under "get: 200 at once from standard input" get_many
under "get: nobody there, no such name" get_unreachable
under "get: no answer in time" get_timeout
under "get: a body in chunks" get_chunks
under "get: ^C with connections under way" get_interrupted
try "get: a list with bad ones" get_list
try "get: IPv6" get_six
try "get: progress in a narrow terminal" get_progress
try "get: ^C in a terminal" get_terminal
try "get: a reader who leaves" get_pipe

ok='HTTP/1.1 200 OK\r\n'
try "get: a body until the end" answers 200 5 "" "$ok\r\nhello"
try "get: HTTP/1.0" answers 200 5 "" 'HTTP/1.0 200 OK\r\n\r\nhello'
try "get: no body" answers 204 0 "" 'HTTP/1.1 204 No Content\r\n\r\n'
try "get: first 100, then 200" answers 200 2 "" \
    "HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 2\r\n\r\nhi"
try "get: more than was announced" answers 200 2 "" \
    "${ok}Content-Length: 2\r\n\r\nhi there"
try "get: a body cut short" answers - - ": cut short" \
    "${ok}Content-Length: 99\r\n\r\nhello"
try "get: chunks cut short" answers - - ": cut short" \
    "${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhel"
try "get: chunks that are none" answers - - ": .+" \
    "${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n"
try "get: a head cut short" answers - - ": .+" "${ok}Content-Le"
try "get: no answer" answers - - ": closed without an answer" ""
try "get: what is no HTTP" answers - - ": not HTTP" 'SSH-2.0-x\r\n\r\n'
try "get: two lengths" answers - - ": .+" \
    "${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"
try "get: larger than is wanted" answers - - ": .+" \
    "${ok}Content-Length: 2000000\r\n\r\nhi" --largest=1
try "get: redirects for ever" answers - - ": too many redirects" \
    'HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n'
try "get: a redirect to elsewhere" answers - - ": a redirect to .*" \
    'HTTP/1.1 302 Found\r\nLocation: https://a/\r\n\r\n'

try "tls: two servers" wrong_arguments tls a b
for w in "" :443 localhost: ::1 "[::1]x" "[]:1"; do
	try "tls: no server: '$w'" wrong_arguments tls "$w"
done
try "tls: trust in nobody" wrong_arguments tls --trust=x
try "tls: no number" wrong_arguments tls --rounds=nonsense
try "tls: an unknown backend" unreachable tls --backend=nonesuch
try "tls: an unknown context" unreachable tls --context=nonesuch
try "tls: the least there is" tls_least
under "tls: both ends in one program" tls_backend
under_contexts "tls: both ends in one program" tls_context
under "tls: ^C ends it" tls_interrupted
under "tls: a server that is trusted" tls_there
under "tls: a server without TLS" tls_no_tls
try "tls: an unknown certificate" tls_unknown
try "tls: a certificate for another" tls_other_name
try "tls: a server that wants a certificate" tls_asked_for_more
try "tls: nobody there" tls_unreachable
try "tls: no answer in time" tls_silent

try "chaos: an argument" wrong_arguments chaos --target=a:1 one
try "chaos: an unknown backend" unreachable chaos --target=a:1 --backend=nonesuch
try "chaos: the address is taken" chaos_taken
under "chaos: ^C while in use" chaos_interrupted

try "blocking: no number" wrong_arguments blocking many
try "blocking: none" wrong_arguments blocking 0
try "blocking: two numbers" wrong_arguments blocking 1 2
try "blocking: an unknown backend" wrong_backend blocking
under "blocking: all in the time of one" blocking_backend
under_contexts "blocking: all in the time of one" blocking_context
under "blocking: ^C ends it" blocking_interrupted

try "redis: an unknown backend" unreachable redis --backend=nonesuch PING
try "redis: nobody there" unreachable redis --socket=127.0.0.1:1 PING
try "redis: no such socket" unreachable redis --socket="$tmp/none" PING

for d in mysql pgsql glib; do
	try "$d: an unknown backend" unreachable $d --backend=nonesuch \
	    $([ $d = glib ] || echo x)
done
for d in mysql pgsql; do
	try "$d: no query" wrong_arguments $d
done
try "glib: an argument" wrong_arguments glib one
try "mysql: no such socket" unreachable mysql --socket="$tmp/none" x
try "pgsql: nobody there" unreachable pgsql \
    --connect="host=127.0.0.1 port=1" x
under "glib: either loop in charge" glib_works

for d in fetch dns; do
	try "$d: no arguments" wrong_arguments $d
	try "$d: an option at the end" wrong_arguments $d a.invalid --timeout=1
	try "$d: an unknown backend" unreachable $d --backend=nonesuch a.invalid
done
under "fetch: nobody there, no such name" fetch_fails
under "fetch: what is there" fetch_works
under "dns: no such name" dns_fails
under "dns: no such server" dns_no_server
try "resolve: no such name" resolve_fails

try "talk: the page shows what is drawn" talk_names
under "talk: the page as it is served" talk_served
plan
