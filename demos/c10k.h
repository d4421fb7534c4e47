/*
 * SPDX-License-Identifier: ISC
 *
 * c10k.h: what the files of the demo `c10k` know of each other.
 */
#ifndef DEMOS_C10K_H
#define DEMOS_C10K_H

#include <netinet/in.h>
#include <stdint.h>
#include <reactor/reactor.h>
#include "demos/demo.h"
#include "demos/figure.h"

enum {
	C10K_MESSAGE = 64,   /* bytes, there and back */
	C10K_SPARE = 32,     /* descriptors for all else */
	C10K_OPENING = 100,  /* connections on their way at a time */
	C10K_BACKLOG = 4096, /* that the listener may keep waiting */
	C10K_CONNECTING = 5, /* seconds, at most, until it begins */
	C10K_CLOSING = 2,    /* seconds, at most, until it is over */
	C10K_TURNS = 10      /* messages before one makes room */
};

struct c10k_plan {
	struct sockaddr_in address;
	long connections;
	long active; /* messages under way at a time */
	long seconds;
};

/* What the client saw: it writes this to the server when it is done. */
struct c10k_seen {
	long served;       /* connections that got an answer */
	long together;     /* of them at one time */
	long failed;       /* connections that could not be had */
	int error;         /* why */
	uint32_t fewest;   /* messages of the connection that had the fewest */
	uint64_t messages; /* answered, after the beginning */
	int64_t connected; /* ns that connecting took */
	int64_t lasted;    /* ns from the beginning to the end */
	struct figure_histogram latency;
};

struct c10k_result {
	struct c10k_seen seen;
	int64_t processor; /* ns, of the server... */
	uint64_t echoed;   /* ...for so many messages */
	long most;         /* connections at one time, by the server's count */
	long pauses;       /* of accepting, for want of descriptors */
	double memory;     /* bytes for each connection */
};

/* c10k_client.c: the forked process; ends it. */
_Noreturn void c10k_client(const struct c10k_plan *, int report);

/* c10k_server.c: has the library's memory counted; called before all else. */
void c10k_count_memory(void);
/* Serves until the report has come and all are gone. */
void c10k_serve(const struct demo_backend *, const struct c10k_plan *,
    int listener, int report, struct c10k_result *);

#endif
