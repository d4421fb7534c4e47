/*
 * SPDX-License-Identifier: ISC
 *
 * httpd_peer.c: how many guests each address has, so that one cannot take all
 * the places.  One who has an address of IPv6 has 2^64 of them, so they are
 * counted by network.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "demos/httpd.h"

enum { HSG_LISTS = 4096, HSG_STRANGER = 100 };

int
httpd_peers_open(struct httpd_peers *peers)
{
	/* Not to be foreseen, or a list could be made long. */
	if (getrandom(&peers->seed, sizeof(peers->seed), 0) == -1)
		return -1;
	peers->lists = calloc(HSG_LISTS, sizeof(struct httpd_peer *));
	if (peers->lists == NULL)
		return -1;
	peers->mask = HSG_LISTS - 1;
	errno = pthread_mutex_init(&peers->lock, NULL);
	return errno == 0 ? 0 : -1;
}

void
httpd_peers_close(struct httpd_peers *peers)
{
	(void)pthread_mutex_destroy(&peers->lock);
	free(peers->lists);
}

/* ---- Addresses ----------------------------------------------------------- */

void
httpd_address(struct httpd_address *a, const struct reactor_address *peer)
{
	const struct sockaddr *any = reactor_address_socket(peer);
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	memset(a, 0, sizeof(*a));
	if (any->sa_family == AF_INET) {
		memcpy(&four, any, sizeof(four));
		memset(a->bytes + 10, 0xff, 2);
		memcpy(a->bytes + 12, &four.sin_addr, 4);
	} else if (any->sa_family == AF_INET6) {
		memcpy(&six, any, sizeof(six));
		memcpy(a->bytes, &six.sin6_addr, 16);
	}
}

static int
hsg_mapped(const struct httpd_address *a)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

const char *
httpd_address_text(const struct httpd_address *a, char *text, size_t size)
{
	static const struct httpd_address none;

	if (memcmp(a, &none, sizeof(none)) == 0)
		return "local";
	if (hsg_mapped(a))
		return inet_ntop(AF_INET, a->bytes + 12, text, (socklen_t)size);
	return inet_ntop(AF_INET6, a->bytes, text, (socklen_t)size);
}

/* This machine, such as a proxy that stands in front. */
static int
hsg_local(const struct httpd_address *a)
{
	static const unsigned char zero[15];

	return hsg_mapped(a)
	    ? a->bytes[12] == 127
	    : memcmp(a->bytes, zero, sizeof(zero)) == 0 && a->bytes[15] <= 1;
}

/* ---- The table ----------------------------------------------------------- */

static struct httpd_peer **
hsg_list(const struct httpd_peers *peers, const struct httpd_address *key)
{
	uint64_t halves[2], hash = peers->seed;
	size_t i;

	memcpy(halves, key->bytes, sizeof(halves));
	for (i = 0; i < 2; i++) {
		hash = (hash ^ halves[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return &peers->lists[(hash * (peers->seed | 1)) >> 32 & peers->mask];
}

static struct httpd_peer *
hsg_find(const struct httpd_peers *peers, const struct httpd_address *key)
{
	struct httpd_peer **list = hsg_list(peers, key), *peer = *list;

	while (peer != NULL && memcmp(&peer->address, key, sizeof(*key)) != 0)
		peer = peer->next;
	if (peer != NULL || (peer = calloc(1, sizeof(*peer))) == NULL)
		return peer;
	peer->address = *key;
	peer->next = *list;
	*list = peer;
	return peer;
}

struct httpd_peer *
httpd_peer_enter(struct httpd *server, const struct httpd_address *a)
{
	size_t most = (size_t)server->per_address;
	struct httpd_address key = *a;
	struct httpd_peer *peer;

	if (most == 0)
		most = hsg_local(a) ? SIZE_MAX : HSG_STRANGER;
	if (!hsg_mapped(a) && !hsg_local(a))
		memset(key.bytes + 8, 0, 8);
	(void)pthread_mutex_lock(&server->peers.lock);
	peer = hsg_find(&server->peers, &key);
	if (peer != NULL && peer->count >= most) {
		peer = NULL;
		errno = EBUSY;
	}
	if (peer != NULL)
		peer->count++;
	(void)pthread_mutex_unlock(&server->peers.lock);
	return peer;
}

void
httpd_peer_leave(struct httpd *server, struct httpd_peer *peer)
{
	struct httpd_peer **place;

	(void)pthread_mutex_lock(&server->peers.lock);
	if (--peer->count == 0) {
		place = hsg_list(&server->peers, &peer->address);
		while (*place != peer)
			place = &(*place)->next;
		*place = peer->next;
		free(peer);
	}
	(void)pthread_mutex_unlock(&server->peers.lock);
}
