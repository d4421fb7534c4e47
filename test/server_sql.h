/*
 * SPDX-License-Identifier: ISC
 *
 * server_sql.h: a database for a test: mariadbd or postgres, empty, on a UNIX
 * socket in a directory of its own, by server.h.
 *
 *	sql_open_mariadb(&s);	at s.socket; who asks may do everything
 *	sql_open_postgres(&s);	at sql_postgres(&s), as superuser "test"
 *	sql_kill(&s);		with SIGKILL; server_start(&s) starts it again
 *	sql_close(&s);
 */
#ifndef TEST_SERVER_SQL_H
#define TEST_SERVER_SQL_H

#include <sys/ipc.h>
#include <sys/shm.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include "server.h"

static char sql_text[4][512];

/* ---- MariaDB ------------------------------------------------------------- */

static inline int
sql_mariadb_answers(struct server *s)
{
	return server_listens_at(s->socket);
}

/* Without the tables of users nobody is refused, and nothing is to be made. */
static inline void
sql_open_mariadb(struct server *s)
{
	static const char *const arguments[] = { "mariadbd", "--no-defaults",
		sql_text[0], sql_text[1], "--socket=socket", "--user=root",
		"--skip-networking", "--skip-grant-tables", "--skip-log-bin",
		"--performance-schema=off", "--max-allowed-packet=64M",
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
		"--innodb-flush-log-at-trx-commit=0", NULL };

	s->arguments = arguments;
	s->answers = sql_mariadb_answers;
	server_open(s);
	snprintf(sql_text[0], sizeof(sql_text[0]), "--datadir=%s/data",
	    s->directory);
	snprintf(sql_text[1], sizeof(sql_text[1]), "--pid-file=%s/pid",
	    s->directory);
	snprintf(sql_text[2], sizeof(sql_text[2]), "%s/data", s->directory);
	CHECK_INT(mkdir(sql_text[2], 0700), 0);
	snprintf(s->socket, sizeof(s->socket), "%s/data/socket", s->directory);
	server_start(s);
}

/* ---- PostgreSQL ---------------------------------------------------------- */

/* The newest of what is installed: its directory of programs. */
static inline const char *
sql_postgres_bin(void)
{
	static char bin[256];
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0)
		snprintf(
		    bin, sizeof(bin), "%s", found.gl_pathv[found.gl_pathc - 1]);
	else if (server_find("postgres") != NULL)
		snprintf(bin, sizeof(bin), "%s", server_find("postgres"));
	else
		SKIP("no postgres here");
	globfree(&found);
	*strrchr(bin, '/') = '\0';
	return bin;
}

/* For PQconnectdb. */
static inline const char *
sql_postgres(const struct server *s)
{
	static char text[128];

	snprintf(text, sizeof(text), "host=%s user=test dbname=postgres",
	    s->directory);
	return text;
}

/* It listens before it is ready, and says so. */
static inline int
sql_postgres_answers(struct server *s)
{
	char program[300];
	const char *arguments[] = { program, "-q", "-h", s->directory, NULL };

	snprintf(program, sizeof(program), "%s/pg_isready", sql_postgres_bin());
	return server_run(s, arguments) == 0;
}

/* It refuses to be root: then it is somebody else, who owns the directory. */
static inline const char *const *
sql_postgres_as(struct server *s, const char **arguments)
{
	const struct passwd *user = getpwnam("postgres");

	if (geteuid() != 0)
		return arguments + 4;
	if (user == NULL)
		user = getpwnam("nobody");
	if (user == NULL)
		SKIP("nobody to run postgres");
	CHECK_INT(chown(s->directory, user->pw_uid, user->pw_gid), 0);
	snprintf(sql_text[2], sizeof(sql_text[2]), "--reuid=%u",
	    (unsigned)user->pw_uid);
	snprintf(sql_text[3], sizeof(sql_text[3]), "--regid=%u",
	    (unsigned)user->pw_gid);
	arguments[0] = "setpriv";
	arguments[1] = sql_text[2];
	arguments[2] = sql_text[3];
	arguments[3] = "--clear-groups";
	return arguments;
}

/* Where an empty database is kept from one case to the next; "": nowhere. */
static inline void
sql_postgres_template(const struct server *s, char *text, size_t size)
{
	const char *build = getenv("BUILD");
	char directory[PATH_MAX], *bin = strdup(sql_postgres_bin()), *c;
	struct stat status;

	text[0] = '\0';
	CHECK(bin != NULL);
	for (c = bin; *c != '\0'; c++)
		if (*c == '/')
			*c = '-';
	CHECK_INT(stat(s->directory, &status), 0);
	if (build != NULL && realpath(build, directory) != NULL)
		snprintf(text, size, "%s/postgres%s-%u", directory, bin,
		    (unsigned)status.st_uid);
	free(bin);
}

static inline int
sql_copy(const struct server *s, const char *from, const char *to)
{
	const char *const arguments[] = { "cp", "-a", from, to, NULL };

	return from[0] != '\0' && to[0] != '\0' &&
	    server_run(s, arguments) == 0;
}

/* Making one takes a second, copying it a tenth. */
static inline void
sql_postgres_make(struct server *s)
{
	const char *make[] = { NULL, NULL, NULL, NULL, sql_text[1], "-D",
		"data", "-A", "trust", "-U", "test", "-N", "--wal-segsize=1",
		"--locale=C", "-E", "UTF8", NULL };
	const char *const *as = sql_postgres_as(s, make);
	char kept[PATH_MAX + 300], mine[PATH_MAX + 320];

	snprintf(
	    sql_text[1], sizeof(sql_text[1]), "%s/initdb", sql_postgres_bin());
	sql_postgres_template(s, kept, sizeof(kept));
	if (access(kept, F_OK) == 0 && sql_copy(s, kept, "data"))
		return;
	if (server_run(s, as) != 0)
		server_fail(s, "has no database");
	if (kept[0] == '\0')
		return;
	snprintf(mine, sizeof(mine), "%s.%ld", kept, (long)getpid());
	if (!sql_copy(s, "data", mine) || rename(mine, kept) == -1)
		server_run(s, (const char *const[]){ "rm", "-rf", mine, NULL });
}

static inline void
sql_open_postgres(struct server *s)
{
	static const char *run[] = { NULL, NULL, NULL, NULL, sql_text[0], "-D",
		"data", "-F", "-c", "listen_addresses=", "-c",
		"shared_buffers=4MB", "-k", NULL, NULL };
	static const char *const there[] = { "sh", NULL };

	snprintf(sql_text[0], sizeof(sql_text[0]), "%s/postgres",
	    sql_postgres_bin());
	s->arguments = there;
	server_open(s);
	run[13] = s->directory;
	s->answers = sql_postgres_answers;
	s->arguments = sql_postgres_as(s, run);
	sql_postgres_make(s);
	server_start(s);
}

/* Its children go a little later, and leave a segment of shared memory. */
static inline void
sql_postgres_sweep(int segment)
{
	struct shmid_ds status;
	int i;

	for (i = 0; i < SERVER_PATIENCE * 100; i++) {
		if (shmctl(segment, IPC_STAT, &status) == -1)
			return;
		if (status.shm_nattch == 0)
			break;
		usleep(10000);
	}
	CHECK(shmctl(segment, IPC_RMID, NULL) == 0 || errno == EPERM);
}

/* ---- Both ---------------------------------------------------------------- */

static inline void
sql_kill(struct server *s)
{
	char name[80];
	int segment = -1;
	FILE *file;

	snprintf(name, sizeof(name), "%s/data/postmaster.pid", s->directory);
	if ((file = fopen(name, "r")) != NULL) {
		CHECK_INT(
		    fscanf(file, "%*s %*s %*s %*s %*s %*s %d", &segment), 1);
		fclose(file);
	}
	server_kill(s, SIGKILL);
	if (segment != -1)
		sql_postgres_sweep(segment);
}

/* What a demo says that asks it these things, line by line; "": not built. */
static inline const char *
sql_demo(const char *name, const char *where, const char *rest)
{
	static char said[4096];
	const char *build = getenv("BUILD");
	char command[1024];
	size_t n = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s/demos/%s",
	    build != NULL ? build : "build", name);
	if (access(command, X_OK) == 0) {
		snprintf(command, sizeof(command),
		    "exec %s/demos/%s \"%s\" %s 2>&1",
		    build != NULL ? build : "build", name, where, rest);
		CHECK((pipe = popen(command, "r")) != NULL);
		n = fread(said, 1, sizeof(said) - 1, pipe);
		CHECK(pclose(pipe) != -1);
	}
	said[n] = '\0';
	return said;
}

static inline void
sql_close(struct server *s)
{
	if (s->pid > 0)
		sql_kill(s);
	server_close(s);
}

#endif
