/*
 * SPDX-License-Identifier: ISC
 *
 * image.c: remembers the executable segments of the program and its libraries.
 *
 * A library that was loaded since may lie where another was before.  So when
 * any has come or gone, the one that has the function now must be the one that
 * had it then: of the same name, at the same place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "reactor/executor/image.h"
#include "reactor/support.h"

/* Elsewhere (macOS) any function is taken; a worker may crash by it. */
#ifndef __APPLE__
#include <link.h>

struct img_segment {
	uintptr_t first, end;
	uintptr_t base; /* of its object */
	uint64_t name;  /* the same, hashed */
};

struct reactor__image {
	struct img_segment *segments; /* by address */
	size_t n, capacity;
	unsigned long long adds, subs; /* objects ever */
	int failed;
};

/* ---- Then ---------------------------------------------------------------- */

/* FNV-1a: the name itself may be gone when the object is. */
static uint64_t
img_hash(const char *name)
{
	uint64_t hash = 14695981039346656037u;

	for (; name != NULL && *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return hash;
}

static int
img_note(
    struct reactor__image *image, const struct dl_phdr_info *info, size_t i)
{
	uintptr_t first =
	    (uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	struct img_segment *grown = reactor__grown(
	    image->segments, &image->capacity, image->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -1;
	image->segments = grown;
	grown += image->n++;
	grown->first = first;
	grown->end = first + (uintptr_t)info->dlpi_phdr[i].p_memsz;
	grown->base = (uintptr_t)info->dlpi_addr;
	grown->name = img_hash(info->dlpi_name);
	return 0;
}

static int
img_executable(const struct dl_phdr_info *info, size_t i)
{
	return info->dlpi_phdr[i].p_type == PT_LOAD &&
	    (info->dlpi_phdr[i].p_flags & PF_X) != 0;
}

static int
img_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct reactor__image *image = context;
	size_t i;

	(void)size;
	image->adds = info->dlpi_adds;
	image->subs = info->dlpi_subs;
	for (i = 0; i < info->dlpi_phnum && !image->failed; i++)
		if (img_executable(info, i) && img_note(image, info, i) == -1)
			image->failed = 1;
	return image->failed;
}

static int
img_order(const void *a, const void *b)
{
	const struct img_segment *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

struct reactor__image *
reactor__image_take(void)
{
	struct reactor__image *image = reactor__allocate(NULL, sizeof(*image));

	if (image == NULL)
		return NULL;
	memset(image, 0, sizeof(*image));
	(void)dl_iterate_phdr(img_object, image);
	if (image->failed) {
		reactor__image_free(image);
		errno = ENOMEM;
		return NULL;
	}
	qsort(image->segments, image->n, sizeof(*image->segments), img_order);
	return image;
}

void
reactor__image_free(struct reactor__image *image)
{
	(void)reactor__allocate(image->segments, 0);
	(void)reactor__allocate(image, 0);
}

/* ---- Now ----------------------------------------------------------------- */

struct img_question {
	const struct reactor__image *image;
	const struct img_segment *was;
	uintptr_t address;
};

/* 1: yes; 2: no; 0: ask the next object. */
static int
img_same(struct dl_phdr_info *info, size_t size, void *context)
{
	const struct img_question *q = context;
	uintptr_t first;
	size_t i;

	(void)size;
	if (info->dlpi_adds == q->image->adds &&
	    info->dlpi_subs == q->image->subs)
		return 1;
	for (i = 0; i < info->dlpi_phnum; i++) {
		first =
		    (uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		if (img_executable(info, i) && q->address >= first &&
		    q->address - first < info->dlpi_phdr[i].p_memsz)
			return (uintptr_t)info->dlpi_addr == q->was->base &&
				img_hash(info->dlpi_name) == q->was->name
			    ? 1
			    : 2;
	}
	return 0;
}

static const struct img_segment *
img_find(const struct reactor__image *image, uintptr_t address)
{
	size_t low = 0, high = image->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (address < image->segments[middle].first)
			high = middle;
		else if (address >= image->segments[middle].end)
			low = middle + 1;
		else
			return &image->segments[middle];
	}
	return NULL;
}

int
reactor__image_check(
    const struct reactor__image *image, reactor_job_fn *function)
{
	struct img_question q = { image, NULL, (uintptr_t)function };

	q.was = img_find(image, q.address);
	if (q.was != NULL && dl_iterate_phdr(img_same, &q) == 1)
		return 0;
	errno = EFAULT;
	return -1;
}

#else

struct reactor__image {
	int nothing;
};

struct reactor__image *
reactor__image_take(void)
{
	return reactor__allocate(NULL, sizeof(struct reactor__image));
}

void
reactor__image_free(struct reactor__image *image)
{
	(void)reactor__allocate(image, 0);
}

int
reactor__image_check(
    const struct reactor__image *image, reactor_job_fn *function)
{
	(void)image;
	(void)function;
	return 0;
}

#endif
