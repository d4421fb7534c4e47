/*
 * SPDX-License-Identifier: ISC
 *
 * web.c: starts a server, loads it with wrk(1), and tells what the server took:
 * a driver and contestants for compare.c.
 *
 *   web http SERVER [CONNECTIONS [SECONDS [DEPTH]]]
 *   web idle SERVER [CONNECTIONS]
 *
 * SERVER is web_SERVER beside this program, httpd, or nginx.  The server has
 * the first processor for itself, the clients have the second.  DEPTH: requests
 * that are sent ahead.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "test/bench/bench.h"

static char wb_directory[256];
static char wb_temporary[] = "/tmp/web.XXXXXX";
static pid_t wb_server;

/* ---- Servers ------------------------------------------------------------- */

/* At the end of the program, whatever that is. */
static void
wb_end(void)
{
	char name[64];
	size_t i;

	static const char *const made[] = { "nginx.conf", "error.log",
		"nginx.pid", "pipeline.lua", "body", "proxy", "fastcgi",
		"uwsgi", "scgi" };

	if (wb_server > 0) {
		(void)kill(wb_server, SIGKILL);
		(void)waitpid(wb_server, NULL, 0);
	}
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		(void)snprintf(
		    name, sizeof(name), "%s/%s", wb_temporary, made[i]);
		(void)remove(name);
	}
	(void)rmdir(wb_temporary);
}

static FILE *
wb_create(const char *name, char *path, size_t size)
{
	FILE *f;

	(void)snprintf(path, size, "%s/%s", wb_temporary, name);
	f = fopen(path, "w");
	if (f == NULL)
		bench_die(path);
	return f;
}

/* A port that was free a moment ago. */
static unsigned
wb_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&address, size) == -1 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		bench_die("bind");
	(void)close(fd);
	return ntohs(address.sin_port);
}

static void
wb_nginx(char *conf, size_t size, unsigned port)
{
	FILE *f = wb_create("nginx.conf", conf, size);

	(void)fprintf(f,
	    "daemon off;\nmaster_process off;\npid %s/nginx.pid;\n"
	    "error_log %s/error.log;\n"
	    "events { worker_connections 20000; }\n"
	    "http { access_log off; keepalive_requests 1000000000;\n"
	    "client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n"
	    "fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi;\n"
	    "scgi_temp_path %s/scgi;\n"
	    "server { listen 127.0.0.1:%u backlog=4096;\n"
	    "location / { default_type text/plain;"
	    " return 200 \"Hello, World!\"; } } }\n",
	    wb_temporary, wb_temporary, wb_temporary, wb_temporary,
	    wb_temporary, wb_temporary, wb_temporary, port);
	(void)fclose(f);
}

_Noreturn static void
wb_exec(const char *server, int out, unsigned port)
{
	char program[512], conf[128];

	bench_pin(0);
	bench_descriptors(1);
	if (dup2(out, 1) == -1)
		bench_die("dup2");
	if (strcmp(server, "nginx") == 0) {
		wb_nginx(conf, sizeof(conf), port);
		(void)execlp("nginx", "nginx", "-c", conf, (char *)NULL);
		(void)execl(
		    "/usr/sbin/nginx", "nginx", "-c", conf, (char *)NULL);
	} else if (strcmp(server, "httpd") == 0) {
		(void)snprintf(program, sizeof(program), "%s/../../demos/httpd",
		    wb_directory);
		(void)execl(program, program, "--hello",
		    "--address=127.0.0.1:0", (char *)NULL);
	} else {
		(void)snprintf(program, sizeof(program), "%s/web_%s",
		    wb_directory, server);
		(void)execl(program, program, (char *)NULL);
	}
	_exit(BENCH_SKIP);
}

/* The last number of a line: "8080" or "http://127.0.0.1:8080/". */
static unsigned
wb_read_port(int fd)
{
	char line[256];
	ssize_t n = read(fd, line, sizeof(line) - 1);
	char *p;

	line[n > 0 ? n : 0] = '\0';
	p = strrchr(line, ':');
	return (unsigned)strtoul(p != NULL ? p + 1 : line, NULL, 10);
}

static int
wb_connect(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Until it answers; its port. */
static unsigned
wb_start(const char *server)
{
	int pipes[2], tries, status, fd = -1;
	unsigned port = wb_port();

	if (pipe2(pipes, O_CLOEXEC) == -1 || (wb_server = fork()) == -1)
		bench_die("fork");
	if (wb_server == 0)
		wb_exec(server, pipes[1], port);
	(void)close(pipes[1]);
	if (strcmp(server, "nginx") != 0)
		port = wb_read_port(pipes[0]);
	for (tries = 0; fd == -1 && tries < 100; tries++) {
		if (waitpid(wb_server, &status, WNOHANG) != 0) {
			wb_server = 0;
			bench_skip("it is not there");
		}
		(void)usleep(20000);
		fd = wb_connect(port);
	}
	(void)close(fd);
	return port;
}

/* ---- What it takes ------------------------------------------------------- */

/* Of its first thread: ns. */
static int64_t
wb_cpu(void)
{
	long long ns = -1;
	char name[64];
	FILE *f;

	(void)snprintf(
	    name, sizeof(name), "/proc/%d/schedstat", (int)wb_server);
	f = fopen(name, "r");
	if (f == NULL || fscanf(f, "%lld", &ns) != 1)
		bench_skip("no /proc/PID/schedstat");
	(void)fclose(f);
	return ns;
}

static long
wb_resident(void)
{
	char name[64], line[128];
	long kib = -1;
	FILE *f;

	(void)snprintf(name, sizeof(name), "/proc/%d/status", (int)wb_server);
	f = fopen(name, "r");
	while (f != NULL && kib == -1 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmRSS: %ld", &kib);
	if (f != NULL)
		(void)fclose(f);
	return kib * 1024;
}

/* ---- wrk ----------------------------------------------------------------- */

static void
wb_pipeline(size_t depth, char *script, size_t size)
{
	FILE *f = wb_create("pipeline.lua", script, size);

	(void)fprintf(f,
	    "init = function(args)\n local r = {}\n"
	    " for i = 1, %zu do r[i] = wrk.format('GET', '/plaintext') end\n"
	    " all = table.concat(r)\nend\n"
	    "request = function() return all end\n",
	    depth);
	(void)fclose(f);
}

/* Its report, to be read. */
static FILE *
wb_wrk(unsigned port, size_t connections, size_t seconds, size_t depth)
{
	char command[512], script[128] = "";
	FILE *f;

	if (depth > 1)
		wb_pipeline(depth, script, sizeof(script));
	(void)snprintf(command, sizeof(command),
	    "exec taskset -c 1 wrk -t1 -c%zu -d%zu %s%s "
	    "http://127.0.0.1:%u/plaintext 2>/dev/null",
	    connections, seconds, depth > 1 ? "-s " : "", script, port);
	f = popen(command, "r");
	if (f == NULL)
		bench_die("popen");
	return f;
}

/* Runs it; the requests that were answered. */
static double
wb_load(unsigned port, size_t connections, size_t seconds, size_t depth)
{
	FILE *f = wb_wrk(port, connections, seconds, depth);
	double requests = 0, n;
	char line[256];

	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, " requests in ") != NULL)
			requests = strtod(line, NULL);
		if (strstr(line, "Non-2xx") != NULL)
			requests = -1e30;
		if (sscanf(line, "Requests/sec: %lf", &n) == 1)
			bench_print("requests/s", n);
	}
	if (pclose(f) != 0)
		bench_skip("wrk is not installed");
	return requests;
}

static void
wb_http(unsigned port, int argc, char **argv)
{
	size_t connections = bench_number(argc, argv, 3, 50);
	size_t seconds = bench_number(argc, argv, 4, 2);
	size_t depth = bench_number(argc, argv, 5, 1);
	int64_t cpu = wb_cpu();
	double requests = wb_load(port, connections, seconds, depth);

	if (requests <= 0)
		bench_skip("it does not answer");
	bench_print("cpu-ns", (double)(wb_cpu() - cpu) / requests);
}

/* ---- Connections that are quiet ------------------------------------------ */

static void
wb_ask(int fd)
{
	static const char request[] = "GET /plaintext HTTP/1.1\r\n"
				      "Host: 127.0.0.1\r\n\r\n";
	char answer[1024];

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == -1 ||
	    recv(fd, answer, sizeof(answer), 0) <= 0)
		bench_die("an answer");
}

static void
wb_idle(unsigned port, int argc, char **argv)
{
	size_t i, n = bench_number(argc, argv, 3, 1000);
	long before;
	int fd;

	bench_descriptors(n + 100);
	fd = wb_connect(port);
	wb_ask(fd); /* what is made once is there */
	before = wb_resident();
	for (i = 0; i < n; i++) {
		fd = wb_connect(port);
		if (fd == -1)
			bench_die("connect");
		wb_ask(fd);
	}
	bench_print("bytes", (double)(wb_resident() - before) / (double)n);
}

int
main(int argc, char **argv)
{
	unsigned port;

	if (argc < 3 || strrchr(argv[0], '/') == NULL) {
		(void)fprintf(stderr, "usage: .../web http|idle SERVER ...\n");
		return 2;
	}
	(void)snprintf(wb_directory, sizeof(wb_directory), "%.*s",
	    (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	if (mkdtemp(wb_temporary) == NULL)
		bench_die(wb_temporary);
	(void)atexit(wb_end);
	(void)signal(SIGPIPE, SIG_IGN);
	port = wb_start(argv[2]);
	if (strcmp(argv[1], "idle") == 0)
		wb_idle(port, argc, argv);
	else
		wb_http(port, argc, argv);
	return 0;
}
