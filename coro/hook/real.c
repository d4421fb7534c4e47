/*
 * SPDX-License-Identifier: ISC
 *
 * real.c: finds the calls underneath: those of libc, or of whatever else has
 * put itself in front of it.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include "coro/hook/internal.h"

struct hook__real hook__reals;
int hook__resolved;

struct hkr_name {
	const char *name;
	size_t place;
};

#define HKR_NAME(type, name, arguments) \
	{ #name, offsetof(struct hook__real, name) },

static const struct hkr_name hkr_names[] = { HOOK__REALS(HKR_NAME) };

static pthread_once_t hkr_once = PTHREAD_ONCE_INIT;

/* What this libc lacks nobody calls: it stays NULL. */
static void
hkr_resolve(void)
{
	char *members = (char *)&hook__reals;
	void *symbol;
	size_t i;

	for (i = 0; i < sizeof(hkr_names) / sizeof(hkr_names[0]); i++) {
		symbol = dlsym(RTLD_NEXT, hkr_names[i].name);
		memcpy(members + hkr_names[i].place, &symbol, sizeof(symbol));
	}
	__atomic_store_n(&hook__resolved, 1, __ATOMIC_RELEASE);
}

/* Early, as signal handlers may call what is hooked, but must not call dlsym. */
__attribute__((constructor)) void
hook__resolve(void)
{
	(void)pthread_once(&hkr_once, hkr_resolve);
}
