/*
 * SPDX-License-Identifier: ISC
 *
 * real.h: the calls underneath.
 */
#ifndef CORO_HOOK_REAL_H
#define CORO_HOOK_REAL_H

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#undef sendfile64 /* a macro where all files may be large */

/* clang-format off */
#define HOOK__REALS(real)                                                     \
	real(ssize_t, read, (int, void *, size_t))                            \
	real(ssize_t, readv, (int, const struct iovec *, int))                \
	real(ssize_t, write, (int, const void *, size_t))                     \
	real(ssize_t, writev, (int, const struct iovec *, int))               \
	real(ssize_t, recv, (int, void *, size_t, int))                       \
	real(ssize_t, recvfrom, (int, void *, size_t, int,                    \
	    struct sockaddr *, socklen_t *))                                  \
	real(ssize_t, recvmsg, (int, struct msghdr *, int))                   \
	real(int, recvmmsg, (int, struct mmsghdr *, unsigned, int,            \
	    struct timespec *))                                               \
	real(ssize_t, send, (int, const void *, size_t, int))                 \
	real(ssize_t, sendto, (int, const void *, size_t, int,                \
	    const struct sockaddr *, socklen_t))                              \
	real(ssize_t, sendmsg, (int, const struct msghdr *, int))             \
	real(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))           \
	real(ssize_t, sendfile, (int, int, off_t *, size_t))                  \
	real(ssize_t, sendfile64, (int, int, int64_t *, size_t))              \
	real(ssize_t, splice, (int, int64_t *, int, int64_t *, size_t,        \
	    unsigned))                                                        \
	real(int, socket, (int, int, int))                                    \
	real(int, socketpair, (int, int, int, int *))                         \
	real(int, pipe, (int *))                                              \
	real(int, pipe2, (int *, int))                                        \
	real(int, accept4, (int, struct sockaddr *, socklen_t *, int))        \
	real(int, connect, (int, const struct sockaddr *, socklen_t))         \
	real(int, close, (int))                                               \
	real(int, dup, (int))                                                 \
	real(int, dup2, (int, int))                                           \
	real(int, dup3, (int, int, int))                                      \
	real(int, fcntl, (int, int, ...))                                     \
	real(int, fcntl64, (int, int, ...))                                   \
	real(int, poll, (struct pollfd *, nfds_t, int))                       \
	real(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *,   \
	    const sigset_t *))                                                \
	real(int, select, (int, fd_set *, fd_set *, fd_set *,                 \
	    struct timeval *))                                                \
	real(int, pselect, (int, fd_set *, fd_set *, fd_set *,                \
	    const struct timespec *, const sigset_t *))                       \
	real(int, epoll_wait, (int, struct epoll_event *, int, int))          \
	real(int, epoll_pwait, (int, struct epoll_event *, int, int,          \
	    const sigset_t *))                                                \
	real(unsigned, sleep, (unsigned))                                     \
	real(int, usleep, (useconds_t))                                       \
	real(int, nanosleep, (const struct timespec *, struct timespec *))    \
	real(int, clock_nanosleep, (clockid_t, int, const struct timespec *,  \
	    struct timespec *))                                               \
	real(int, getaddrinfo, (const char *, const char *,                   \
	    const struct addrinfo *, struct addrinfo **))                     \
	real(int, getnameinfo, (const struct sockaddr *, socklen_t, char *,   \
	    socklen_t, char *, socklen_t, int))                               \
	real(struct hostent *, gethostbyname, (const char *))                 \
	real(struct hostent *, gethostbyname2, (const char *, int))           \
	real(struct hostent *, gethostbyaddr, (const void *, socklen_t, int)) \
	real(int, gethostbyname_r, (const char *, struct hostent *, char *,   \
	    size_t, struct hostent **, int *))                                \
	real(int, gethostbyname2_r, (const char *, int, struct hostent *,     \
	    char *, size_t, struct hostent **, int *))                        \
	real(int, gethostbyaddr_r, (const void *, socklen_t, int,             \
	    struct hostent *, char *, size_t, struct hostent **, int *))      \
	real(pid_t, wait4, (pid_t, int *, int, struct rusage *))              \
	real(int, waitid, (idtype_t, id_t, siginfo_t *, int))                 \
	real(ssize_t, __read_chk, (int, void *, size_t, size_t))              \
	real(ssize_t, __recvfrom_chk, (int, void *, size_t, size_t, int,      \
	    struct sockaddr *, socklen_t *))                                  \
	real(int, __poll_chk, (struct pollfd *, nfds_t, int, size_t))
/* clang-format on */

#define HOOK__MEMBER(type, name, arguments) type(*name) arguments;

struct hook__real {
	HOOK__REALS(HOOK__MEMBER)
};

extern struct hook__real hook__reals;
extern int hook__resolved; /* atomic */
void hook__resolve(void);

/* Another library may be initialised before this one, and call it. */
static inline const struct hook__real *
hook__real(void)
{
	if (!__atomic_load_n(&hook__resolved, __ATOMIC_ACQUIRE))
		hook__resolve();
	return &hook__reals;
}

#endif
