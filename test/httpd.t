#!/bin/sh
# SPDX-License-Identifier: ISC
#
# httpd.t: the web server as a stranger would start it, and curl(1) as a guest.

. test/kit.sh

have_curl() {
	command -v curl >/dev/null 2>&1 || skip "no curl here"
}

# serve OPTION...: the first address that it prints is in $url.
serve() {
	new_case httpd
	mkdir "$dir/root" "$dir/root/d"
	echo hello >"$dir/root/a.txt"
	echo "<p>hi" >"$dir/root/d/index.html"
	awk 'BEGIN { for (i = 0; i < 60000; i++) print "line " i }' \
	    >"$dir/root/big"
	start "$demo" --root="$dir/root" "$@"
	server=$pid
	wait_for out "^(http://|/|@)"
	url=$(sed -n '1s|/$||p' "$dir/out")
}

stop() {
	kill -TERM "$server"
	ends "$server" 0
	silent err
	clean_case
}

fetch() {
	curl -s -m 30 --http1.1 "$@"
}

# ---- As a stranger would -----------------------------------------------------

no_root() {
	new_case httpd
	run "$demo" --address=127.0.0.1:0 --root="$dir/none"
	is status $status 1
	says err "^httpd: $dir/none: No such file or directory"
	: >"$dir/file"
	run "$demo" --address=127.0.0.1:0 --root="$dir/file"
	is status $status 1
	says err "Not a directory"
	silent out
	clean_case
}

in_use() {
	serve --address=127.0.0.1:0
	"$demo" --address="${url#http://}" >"$dir/out2" 2>"$dir/err2"
	is status $? 1
	grep -q "cannot listen at ${url#http://}: Address already in use" \
	    "$dir/err2" || fail "$(cat "$dir/err2")"
	[ ! -s "$dir/out2" ] || fail "it says something"
	stop
}

wrong_backend() {
	new_case httpd
	run "$demo" --address="$dir/socket" --backend=nonesuch
	is status $status 1
	says err "nonesuch"
	says err "poll"
	[ ! -e "$dir/socket" ] || fail "the socket was left behind"
	clean_case
}

stops_for_interrupt() {
	serve --backend="$1" --address=127.0.0.1:0
	kill -INT "$server"
	ends "$server" 0
	is lines "$(wc -l <"$dir/out" | tr -d ' ')" 1
	silent err
	clean_case
}

# Nobody reads the log any more: the others are served all the same.
closed_log() {
	have_curl
	new_case httpd
	mkfifo "$dir/log"
	"$client" -t 60 "$demo" --address="$dir/socket" --log --hello \
	    >"$dir/log" 2>"$dir/err" &
	started="$started $!"
	server=$!
	read -r line <"$dir/log"
	is address "$line" "$dir/socket"
	for _ in 1 2 3; do
		is answer "$(fetch --unix-socket "$dir/socket" \
		    http://a/plaintext)" "Hello, World!"
	done
	kill -TERM "$server"
	ends "$server" 0
	clean_case
}

# ---- Addresses ---------------------------------------------------------------

unix() {
	have_curl
	new_case httpd
	start "$demo" --hello --address="$dir/socket,127.0.0.1:0" \
	    --address=127.0.0.1:0
	wait_for_times out "^http://127.0.0.1:" 2
	says out "^$dir/socket$"
	grep ^http: "$dir/out" >"$dir/urls"
	while read -r u; do
		is answer "$(fetch "${u}plaintext")" "Hello, World!"
	done <"$dir/urls"
	is answer "$(fetch --unix-socket "$dir/socket" http://a/plaintext)" \
	    "Hello, World!"
	"$demo" --address="$dir/socket" >"$dir/out2" 2>&1
	is status $? 1
	[ -S "$dir/socket" ] || fail "another's socket was removed"
	kill -TERM "$pid"
	ends "$pid" 0
	[ ! -e "$dir/socket" ] || fail "the socket was left behind"
	clean_case
}

everywhere() {
	have_curl
	serve --address=:0 --loops=2
	port=${url##*:}
	is answer "$(fetch "http://127.0.0.1:$port/a.txt")" hello
	if fetch "http://[::1]:$port/a.txt" >"$dir/six"; then
		is answer "$(cat "$dir/six")" hello
	fi
	stop
}

# As a service manager hands them over: the first socket is descriptor 3.
inherited() {
	have_curl
	command -v python3 >/dev/null 2>&1 || skip "no python3 here"
	new_case httpd
	cat >"$dir/hand.py" <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
END
	start python3 "$dir/hand.py" "$demo" --hello --loops=2
	wait_for out "^http://127.0.0.1:"
	url=$(cat "$dir/out")
	[ "$url" != http://127.0.0.1:8080/ ] || fail "it listens elsewhere"
	for _ in 1 2 3 4 5; do
		is answer "$(fetch "${url}plaintext")" "Hello, World!"
	done
	kill -TERM "$pid"
	ends "$pid" 0
	clean_case
}

# ---- curl --------------------------------------------------------------------

curl_gets() {
	have_curl
	serve --backend="$1" --address=127.0.0.1:0 --sink --log
	is small "$(fetch "$url/a.txt")" hello
	fetch "$url/big" | cmp - "$dir/root/big" || fail "another file"
	is redirected "$(fetch -L "$url/d")" "<p>hi"
	is missing "$(fetch -o "$dir/x" -w '%{http_code}' "$url/none")" 404
	is above "$(fetch --path-as-is -o "$dir/x" -w '%{http_code}' \
	    "$url/../../../etc/passwd")" 400
	fetch -r 100-9999 "$url/big" >"$dir/part"
	dd if="$dir/root/big" bs=1 skip=100 count=9900 2>/dev/null |
	    cmp - "$dir/part" || fail "another part"
	head -c 12345 "$dir/root/big" >"$dir/begun"
	fetch -C - -o "$dir/begun" "$url/big" || fail "not resumed"
	cmp "$dir/root/big" "$dir/begun" || fail "resumed wrongly"
	fetch -z "$dir/root/a.txt" -o "$dir/x" -w '%{http_code}' \
	    "$url/a.txt" >"$dir/code"
	is unchanged "$(cat "$dir/code")" 304
	fetch -I "$url/big" | grep -q "^Content-Length: $(wc -c \
	    <"$dir/root/big" | tr -d ' ')" || fail "no length"
	is connections "$(fetch -o "$dir/x" -o "$dir/x" -o "$dir/x" \
	    -w '%{num_connects} ' "$url/a.txt" "$url/big" "$url/d/")" "1 0 0 "
	says out '"GET /a.txt HTTP/1.1" 200 6$'
	stop
}

curl_posts() {
	have_curl
	serve --backend="$1" --address=127.0.0.1:0 --sink
	size=$(wc -c <"$dir/root/big" | tr -d ' ')
	is counted "$(fetch --data-binary "@$dir/root/big" "$url/")" \
	    "$size bytes"
	is chunked "$(fetch -H 'Transfer-Encoding: chunked' \
	    --data-binary "@$dir/root/big" "$url/")" "$size bytes"
	is put "$(fetch -T - "$url/" <"$dir/root/big")" "$size bytes"
	is "put elsewhere" "$(fetch -o "$dir/x" -w '%{http_code}' \
	    -T "$dir/root/big" "$url/big")" 405
	is refused "$(fetch -o "$dir/x" -w '%{http_code}' -d x "$url/d/")" 405
	stop
}

# Who reads the log rests: guests are served, lines are lost, and it ends.
log_reader_rests() {
	[ -x "$demos/get" ] || skip "get is not built"
	new_case httpd
	mkdir "$dir/root"
	echo hello >"$dir/root/a.txt"
	mkfifo "$dir/log"
	"$client" -t $((60 * slow)) "$demo" --root="$dir/root" \
	    --address=127.0.0.1:0 --log >"$dir/log" 2>"$dir/err" &
	server=$!
	started=$server
	exec 3<"$dir/log"
	read -r url <&3
	long=$(printf '%0900d' 0)
	i=0
	while [ $i -lt 300 ]; do
		echo "${url}a.txt?$long$i"
		i=$((i + 1))
	done | "$demos/get" --timeout=10 --at-once=4 - >"$dir/got"
	tail -n 1 "$dir/got" | grep -q "^300 of 300 URLs, 0 failed" ||
	    fail "$(tail -n 1 "$dir/got")"
	kill -TERM "$server"
	ends "$server" 0
	exec 3<&-
	silent err
	clean_case
}

try "httpd: help" help httpd
try "httpd: a wrong option" wrong_option httpd
try "httpd: an argument" wrong_arguments httpd one
try "httpd: a wrong number" wrong_arguments httpd --loops=0
try "httpd: no number" wrong_arguments httpd --body=x
try "httpd: a wrong address" wrong_arguments httpd --address=x
try "httpd: an empty address" wrong_arguments httpd --address=127.0.0.1:0,,
try "httpd: a port out of range" wrong_arguments httpd --address=127.0.0.1:65536
try "httpd: no root" no_root
try "httpd: a port in use" in_use
try "httpd: a wrong backend" wrong_backend
try "httpd: nobody reads the log" closed_log
try "httpd: a reader of the log who rests" log_reader_rests
try "httpd: several addresses" unix
try "httpd: everywhere" everywhere
try "httpd: sockets handed over" inherited
under "httpd: ^C" stops_for_interrupt
under "httpd: curl gets" curl_gets
under "httpd: curl posts" curl_posts
plan
