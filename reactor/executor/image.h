/*
 * SPDX-License-Identifier: ISC
 *
 * image.h: which functions a process has that was forked at some moment.
 */
#ifndef REACTOR_EXECUTOR_IMAGE_H
#define REACTOR_EXECUTOR_IMAGE_H

#include <reactor/executor.h>

struct reactor__image;

/* Notes what is in memory now; NULL: ENOMEM. */
struct reactor__image *reactor__image_take(void);
void reactor__image_free(struct reactor__image *);
/* It was there then, and is the same now: 0, or -1 and EFAULT. */
int reactor__image_check(const struct reactor__image *, reactor_job_fn *);

#endif
