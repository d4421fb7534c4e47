# SPDX-License-Identifier: ISC
#
# servers.sh: the part of run about servers, read by run: echo and HTTP at 1, 50
# and 500 connections, and what a connection costs that is quiet.

# By hand, then callbacks, tasks, and others; each is started anew each time.
webs="raw reactor streams tasks httpd libev libuv libevent nginx"
echos="raw reactor streams tasks task_streams libev libevent libuv"

# TITLE OPTIONS "DRIVER ARGUMENTS": on contestants of web.c.
web()
{
	"$bench/compare" -r $((pairs / 3 + 1)) -p $few -n streams $2 -t "$1" "$3" \
	    $(for w in $webs; do echo "$w=$bench/web:$w"; done)
}

servers()
{
	for connections in 1 50 500; do
		compare "echo, $connections connections" \
		    "-n streams -a cpu-ns=1.03" \
		    "echo $connections $requests" epoll $echos
		compare "echo, $connections connections, tasks" \
		    "-n task_streams -a cpu-ns=1.12" \
		    "echo $connections $requests" epoll raw task_streams
	done
	if ! command -v wrk >/dev/null; then
		echo "# wrk is not installed: HTTP is left out"
		return
	fi
	for connections in 1 50 500; do
		web "HTTP, $connections connections" "-a cpu-ns=1.03" \
		    "http $connections 2"
	done
	web "HTTP, 50 connections, 16 requests ahead" "" "http 50 2 16"
	web "10000 quiet connections, bytes of each in the server" "-r 1" \
	    "idle 10000"
}
