/*
 * SPDX-License-Identifier: ISC
 *
 * asked.c: which tasks have asked, a hash table for each thread.
 */
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <coro/hook.h>
#include "coro/hook/internal.h"

_Thread_local struct hook__thread hook__here
    __attribute__((tls_model("initial-exec")));

/* ---- Who calls ----------------------------------------------------------- */

static uintptr_t hka_low, hka_high; /* where the library is */
static pthread_once_t hka_once = PTHREAD_ONCE_INIT;

static int
hka_contains(const struct dl_phdr_info *object, uintptr_t address,
    uintptr_t *low, uintptr_t *high)
{
	int i, found = 0;

	*low = UINTPTR_MAX;
	*high = 0;
	for (i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &object->dlpi_phdr[i];
		uintptr_t start = (uintptr_t)object->dlpi_addr + h->p_vaddr;

		if (h->p_type != PT_LOAD)
			continue;
		if (start < *low)
			*low = start;
		if (start + h->p_memsz > *high)
			*high = start + h->p_memsz;
		found |= address >= start && address - start < h->p_memsz;
	}
	return found;
}

/* The program itself, which comes first, may have its own copy of the library;
 * its calls are still to be hooked. */
static int
hka_object(struct dl_phdr_info *object, size_t size, void *first)
{
	int program = *(int *)first;
	uintptr_t low, high;

	(void)size;
	*(int *)first = 0;
	if (!hka_contains(object, (uintptr_t)task_stats, &low, &high))
		return 0;
	if (!program) {
		hka_low = low;
		hka_high = high;
	}
	return 1;
}

/* The child's calls block: its tasks are not to go on beside the parent's. */
static void
hka_forked(void)
{
	struct hook__task *t;
	size_t i;

	for (i = 0; i < hook__here.nbuckets; i++)
		for (t = hook__here.buckets[i]; t != NULL; t = t->next)
			t->on = 0;
	hook__here.asked = 0;
}

static void
hka_once_only(void)
{
	int first = 1;

	(void)dl_iterate_phdr(hka_object, &first);
	(void)pthread_atfork(NULL, NULL, hka_forked);
}

int
hook__is_library(const void *caller)
{
	return (uintptr_t)caller >= hka_low && (uintptr_t)caller < hka_high;
}

/* ---- The table ----------------------------------------------------------- */

static struct hook__task **
hka_bucket(const struct task *task)
{
	uint64_t hash = (uint64_t)((uintptr_t)task >> 4) * 0x9e3779b97f4a7c15u;

	return &hook__here.buckets[hash >> 32 & (hook__here.nbuckets - 1)];
}

static struct hook__task *
hka_find(const struct task *task)
{
	struct hook__task *t;

	if (hook__here.nbuckets == 0)
		return NULL;
	for (t = *hka_bucket(task); t != NULL && t->task != task; t = t->next)
		continue;
	return t;
}

static void
hka_insert(struct hook__task *t)
{
	struct hook__task **bucket = hka_bucket(t->task);

	t->next = *bucket;
	*bucket = t;
}

static int
hka_grow(void)
{
	struct hook__task **old = hook__here.buckets, *t, *next;
	size_t i, n = hook__here.nbuckets, more = n != 0 ? 2 * n : 16;
	struct hook__task **buckets = calloc(more, sizeof(*buckets));

	if (buckets == NULL)
		return -1;
	hook__here.buckets = buckets;
	hook__here.nbuckets = more;
	for (i = 0; i < n; i++)
		for (t = old[i]; t != NULL; t = next) {
			next = t->next;
			hka_insert(t);
		}
	free(old);
	return 0;
}

static void
hka_remove(struct hook__task *t)
{
	struct hook__task **p = hka_bucket(t->task);

	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	if (--hook__here.ntasks > 0)
		return;
	free(hook__here.buckets);
	hook__here.buckets = NULL;
	hook__here.nbuckets = 0;
}

/* Of clean-ups the first pushed is the last: those of others are hooked. */
static void
hka_end(void *argument)
{
	struct hook__task *t = argument;

	hook__here.asked -= t->on;
	hka_remove(t);
	free(t->host);
	free(t);
}

static struct hook__task *
hka_add(struct task *task)
{
	struct hook__task *t;

	if (hook__here.ntasks >= hook__here.nbuckets && hka_grow() == -1)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->task = task;
	if (coro_cleanup_push(hka_end, t) == -1) {
		free(t);
		return NULL;
	}
	hook__here.ntasks++;
	hka_insert(t);
	return t;
}

/* ---- The functions ------------------------------------------------------- */

struct hook__task *
hook__task(const void *caller)
{
	struct task *task = task_self();
	struct hook__task *t;

	if (task == NULL || hook__is_library(caller))
		return NULL;
	t = hka_find(task);
	return t != NULL && t->on ? t : NULL;
}

int
task_hook(int on)
{
	struct task *task = task_self();
	struct hook__task *t = task != NULL ? hka_find(task) : NULL;
	int before;

	if (task == NULL || (t == NULL && coro_self() != NULL)) {
		errno = EPERM;
		return -1;
	}
	if (t == NULL && !on)
		return 0;
	(void)pthread_once(&hka_once, hka_once_only);
	if (t == NULL && (t = hka_add(task)) == NULL)
		return -1;
	before = t->on;
	t->on = on != 0;
	t->calls = 0;
	hook__here.asked += (unsigned)(t->on - before);
	hook__here.owner = getpid();
	return before;
}
