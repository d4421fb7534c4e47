/*
 * SPDX-License-Identifier: ISC
 *
 * crawl.h: the web site that crawl.c crawls, so that it needs no network.
 */
#ifndef DEMOS_CRAWL_H
#define DEMOS_CRAWL_H

#include <coro/task.h>

/*
 * Serves pages that link to each other, some of which are slow, broken, silent or
 * endless, by tasks of that group.  Returns the port, on this machine.
 */
int site_open(struct task_group *, int pages);

#endif
