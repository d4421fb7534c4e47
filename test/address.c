/*
 * SPDX-License-Identifier: ISC
 *
 * address.c: addresses from text, to text, and of sockets.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <net/if.h>
#include <netinet/in.h>
#include <reactor/net.h>
#include "test/test.h"

#ifdef __linux__
enum { ABSTRACT = 1 };
#else
enum { ABSTRACT = 0 };
#endif

static const char *
text_of(const struct reactor_address *a)
{
	static char text[REACTOR_ADDRESS_TEXT];

	CHECK(reactor_address_text(a, text, sizeof(text)) == text);
	return text;
}

static void
family_is(const struct reactor_address *a, int family)
{
	CHECK_INT(reactor_address_socket(a)->sa_family, family);
}

static void
there_and_back(const char *text, const char *same, int family)
{
	struct reactor_address a, b;

	memset(&a, 0x55, sizeof(a));
	memset(&b, 0xaa, sizeof(b));
	if (reactor_address_parse(&a, text) == -1)
		test_fail("%s: %s", text, strerror(errno));
	CHECK_STR(text_of(&a), same);
	family_is(&a, family);
	CHECK_INT(reactor_address_parse(&b, text_of(&a)), 0);
	CHECK_INT(b.length, a.length);
	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
}

static void
refused(const char *text, int error)
{
	struct reactor_address a, before;

	memset(&a, 0x55, sizeof(a));
	before = a;
	errno = 0;
	if (reactor_address_parse(&a, text) != -1)
		test_fail("\"%s\" is %s", text, text_of(&a));
	if (errno != error)
		test_fail("\"%s\": %s", text, strerror(errno));
	CHECK(memcmp(&a, &before, sizeof(a)) == 0);
}

static void
inet(void)
{
	struct sockaddr_in in;
	struct reactor_address a;

	there_and_back("127.0.0.1:80", "127.0.0.1:80", AF_INET);
	there_and_back("0.0.0.0:0", "0.0.0.0:0", AF_INET);
	there_and_back(
	    "255.255.255.255:65535", "255.255.255.255:65535", AF_INET);
	there_and_back("1.2.3.4:00080", "1.2.3.4:80", AF_INET);
	CHECK_INT(reactor_address_parse(&a, "1.2.3.4:258"), 0);
	CHECK_INT(a.length, sizeof(in));
	memcpy(&in, reactor_address_socket(&a), sizeof(in));
	CHECK_INT(in.sin_port, htons(258));
	CHECK_INT(in.sin_addr.s_addr, htonl(0x01020304));
}

static void
inet6(void)
{
	there_and_back("[::1]:80", "[::1]:80", AF_INET6);
	there_and_back("[::]:0", "[::]:0", AF_INET6);
	there_and_back("[2001:DB8:0:0:0:0:0:1]:1", "[2001:db8::1]:1", AF_INET6);
	there_and_back(
	    "[::ffff:1.2.3.4]:65535", "[::ffff:1.2.3.4]:65535", AF_INET6);
	there_and_back("[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
	    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535", AF_INET6);
	there_and_back("[1111:2222:3333:4444:5555:6666:255.255.255.255]:1",
	    "[1111:2222:3333:4444:5555:6666:ffff:ffff]:1", AF_INET6);
}

/* The interface is part of it. */
static void
scopes(void)
{
	char name[IF_NAMESIZE], text[64];
	struct sockaddr_in6 in6;
	struct reactor_address a;

	if (if_indextoname(1, name) == NULL)
		SKIP("there is no interface 1");
	snprintf(text, sizeof(text), "[fe80::1%%%s]:80", name);
	there_and_back(text, text, AF_INET6);
	there_and_back("[fe80::1%1]:80", text, AF_INET6);
	CHECK_INT(reactor_address_parse(&a, text), 0);
	memcpy(&in6, reactor_address_socket(&a), sizeof(in6));
	CHECK_INT(in6.sin6_scope_id, 1);
	there_and_back(
	    "[fe80::1%4000000]:80", "[fe80::1%4000000]:80", AF_INET6);
	refused("[fe80::1%]:80", EINVAL);
	refused("[fe80::1%0]:80", EINVAL);
	refused("[fe80::1%1x]:80", EINVAL);
	refused("[fe80::1%4294967297]:80", EINVAL);
	refused("[fe80::1%nosuchinterface]:80", EINVAL);
	refused("127.0.0.1%lo:80", EINVAL);
}

static void
wrong(void)
{
	static const char *const texts[] = { "", ":", ":80", "*:80", "80",
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
		"127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:1 ", "127.0.0.1:1x",
		"127.0.0.1:0x50", "127.0.0.1:99999999999999999999",
		"127.0.0.1:http", " 127.0.0.1:1", "127.1:80", "1.2.3.4.5:6",
		"1.2.3.256:7", "0x7f.0.0.1:80", "localhost:80", "::1", "::1:80",
		"[::1]", "[::1]:", "[::1]80", "[::1:80", "::1]:80", "[]:80",
		"[127.0.0.1]:80", "[:::1]:80", "[::1]:65536", "[", "]",
		"[:", "[]", "[::1]]:80", "[[::1]:80", "fd:3", "./socket",
		"socket", "@" };
	char long_text[5000];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refused(texts[i], EINVAL);
	refused(NULL, EINVAL);
	memset(long_text, '1', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	refused(long_text, EINVAL);
	memcpy(long_text + 4000, ":80", 4);
	refused(long_text, EINVAL);
	long_text[0] = '[';
	refused(long_text, EINVAL);
	long_text[0] = '/';
	refused(long_text, ENAMETOOLONG);
	long_text[0] = '@';
	refused(long_text, ENAMETOOLONG);
}

/* As long as it may be. */
static void
paths(void)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	char text[200];
	struct sockaddr_un un;
	struct reactor_address a;

	there_and_back("/tmp/a socket", "/tmp/a socket", AF_UNIX);
	there_and_back("/", "/", AF_UNIX);
	there_and_back("/a:80", "/a:80", AF_UNIX);
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[room - 1] = '\0';
	there_and_back(text, text, AF_UNIX);
	text[room - 1] = 'x';
	text[room] = '\0';
	refused(text, ENAMETOOLONG);
	CHECK_INT(reactor_address_parse(&a, "/tmp/x"), 0);
	memcpy(&un, reactor_address_socket(&a), sizeof(un));
	CHECK_STR(un.sun_path, "/tmp/x");
	CHECK_INT(a.length, offsetof(struct sockaddr_un, sun_path) + 7);
}

static void
abstract(void)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	char text[200];
	struct sockaddr_un un;
	struct reactor_address a;

	if (!ABSTRACT) {
		refused("@name", EAFNOSUPPORT);
		return;
	}
	there_and_back("@name", "@name", AF_UNIX);
	there_and_back("@@", "@@", AF_UNIX);
	memset(text, 'x', sizeof(text));
	text[0] = '@';
	text[room] = '\0';
	there_and_back(text, text, AF_UNIX);
	text[room] = 'x';
	text[room + 1] = '\0';
	refused(text, ENAMETOOLONG);
	CHECK_INT(reactor_address_parse(&a, "@abc"), 0);
	memcpy(&un, reactor_address_socket(&a), sizeof(un));
	CHECK(memcmp(un.sun_path, "\0abc", 4) == 0);
	CHECK_INT(a.length, offsetof(struct sockaddr_un, sun_path) + 4);
}

/* What does not fit is cut. */
static void
cut(void)
{
	static const char *const texts[] = { "127.0.0.1:80", "[::1]:80",
		"/tmp/socket", "@socket" };
	char text[32];
	struct reactor_address a;
	size_t n = sizeof(texts) / sizeof(texts[0]) - !ABSTRACT, i, size;

	for (i = 0; i < n; i++) {
		CHECK_INT(reactor_address_parse(&a, texts[i]), 0);
		memset(text, '!', sizeof(text));
		CHECK(reactor_address_text(&a, text, 0) == text);
		CHECK_INT(text[0], '!');
		for (size = 1; size <= strlen(texts[i]) + 1; size++) {
			memset(text, '!', sizeof(text));
			(void)reactor_address_text(&a, text, size);
			CHECK_INT(strlen(text), size - 1);
			CHECK(memcmp(text, texts[i], size - 1) == 0);
			CHECK_INT(text[size], '!');
		}
	}
}

/* Text for what has none, and nothing for a terminal. */
static void
others(void)
{
	struct reactor_address a;
	struct sockaddr_un un;
	const size_t path = offsetof(struct sockaddr_un, sun_path);

	memset(&a, 0, sizeof(a));
	CHECK_STR(text_of(&a), "unknown");
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	memcpy(a.u.bytes, &un, sizeof(un));
	a.length = (unsigned)path;
	CHECK_STR(text_of(&a), "unnamed");
	a.length = (unsigned)path + 1;
	CHECK_STR(text_of(&a), "unnamed");
	memcpy(un.sun_path, "/a\n\033[1m\177\303\244", 11);
	memcpy(a.u.bytes, &un, sizeof(un));
	a.length = (unsigned)path + 12;
	CHECK_STR(text_of(&a), "/a??[1m?\303\244");
	memcpy(un.sun_path, "\0a\0b", 4);
	memcpy(a.u.bytes, &un, sizeof(un));
	a.length = (unsigned)path + 4;
	CHECK_STR(text_of(&a), "@a?b");
	un.sun_family = 12345;
	memcpy(a.u.bytes, &un, sizeof(un));
	CHECK_STR(text_of(&a), "unknown");
}

/* ---- Of sockets ---------------------------------------------------------- */

static void
bound(const char *text, int type, int fd[2])
{
	struct reactor_address a, b;

	CHECK_INT(reactor_address_parse(&a, text), 0);
	fd[0] = socket(reactor_address_socket(&a)->sa_family, type, 0);
	if (fd[0] == -1 ||
	    bind(fd[0], reactor_address_socket(&a), a.length) == -1)
		SKIP("there is no such address here");
	CHECK(type == SOCK_DGRAM || listen(fd[0], 5) == 0);
	CHECK_INT(reactor_address_local(&a, fd[0]), 0);
	fd[1] = socket(reactor_address_socket(&a)->sa_family, type, 0);
	CHECK_INT(connect(fd[1], reactor_address_socket(&a), a.length), 0);
	CHECK_INT(reactor_address_peer(&b, fd[1]), 0);
	CHECK_INT(a.length, b.length);
	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	CHECK_STR(
	    strncmp(text_of(&a), text, strlen(text) - 1) == 0 ? "" : "x", "");
	errno = 0;
	CHECK_INT(reactor_address_peer(&b, fd[0]), -1);
	CHECK_INT(errno, ENOTCONN);
}

static void
sockets(void)
{
	struct reactor_address a;
	int fd[2];

	bound("127.0.0.1:0", SOCK_STREAM, fd);
	close(fd[0]);
	close(fd[1]);
	bound("127.0.0.1:0", SOCK_DGRAM, fd);
	close(fd[0]);
	close(fd[1]);
	CHECK_INT(reactor_address_local(&a, -1), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(reactor_address_local(&a, fd[0]), -1);
	CHECK_INT(errno, EBADF);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_INT(reactor_address_local(&a, fd[0]), 0);
	CHECK_STR(text_of(&a), "unnamed");
	CHECK_INT(reactor_address_peer(&a, fd[0]), 0);
	CHECK_STR(text_of(&a), "unnamed");
	close(fd[0]);
	close(fd[1]);
	CHECK_INT(pipe(fd), 0);
	CHECK_INT(reactor_address_peer(&a, fd[0]), -1);
	CHECK_INT(errno, ENOTSOCK);
	close(fd[0]);
	close(fd[1]);
}

static void
sockets_inet6(void)
{
	int fd[2];

	bound("[::1]:0", SOCK_STREAM, fd);
	close(fd[0]);
	close(fd[1]);
}

static void
sockets_unix(void)
{
	char text[64];
	int fd[2];

	snprintf(text, sizeof(text), "/tmp/reactor-address.%d", (int)getpid());
	bound(text, SOCK_STREAM, fd);
	CHECK_INT(unlink(text), 0);
	close(fd[0]);
	close(fd[1]);
	if (!ABSTRACT)
		return;
	text[0] = '@';
	bound(text, SOCK_STREAM, fd);
	close(fd[0]);
	close(fd[1]);
}

static const struct test tests[] = {
	TEST("IPv4", inet),
	TEST("IPv6", inet6),
	TEST("IPv6 with an interface", scopes),
	TEST("what is no address", wrong),
	TEST("paths", paths),
	TEST("abstract names", abstract),
	TEST("text is cut", cut),
	TEST("what has no text", others),
	TEST("of sockets", sockets),
	TEST("of sockets of IPv6", sockets_inet6),
	TEST("of UNIX sockets", sockets_unix),
};

TEST_MAIN(tests)
