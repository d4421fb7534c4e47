# SPDX-License-Identifier: ISC
#
# shown.sh: compiles and runs the code that man pages and README show; read
# after tap.sh.

flags="-std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Wpedantic -Werror"
more='' # what else is to be passed
unused="-Wno-unused-function -Wno-unused-parameter" # as examples may be

# Runs at most so many seconds: the alarm outlives the exec.
cat >"$tmp/limit.c" <<'END'
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	alarm((unsigned)atoi(argv[1]));
	execv(argv[2], argv + 2);
	return 127;
}
END

# What fragments may take for granted: headers, and functions of the reader.
cat >"$tmp/reader.h" <<'END'
#include <sys/wait.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <reactor/reactor.h>
#include <coro/task.h>

struct client;
void draw(void);
int work(void);
void use(int);
void talk(struct client *);
void give_up(struct client *);
void tick(struct reactor *, struct reactor_timer *);
void client_go_on(struct reactor *, struct reactor_defer *);
END

is_program() {
	grep -q '^main(' "$1"
}

# Begins with a function or a struct, in style(9), not with a statement.
is_declarations() {
	head -n 1 "$1" | grep -q '^static \|^struct [a-z_]* {$\|^[a-z_ *]*$'
}

# wrap FILE: a whole translation unit.
wrap() {
	is_program "$1" && cat "$1" && return
	echo '#include "reader.h"'
	is_declarations "$1" && cat "$1" && return
	echo 'struct client { struct reactor_defer later; };'
	echo 'int fragment(struct reactor *, struct client *);'
	echo 'int fragment(struct reactor *r, struct client *client) {'
	echo '(void)r; (void)client;'
	cat "$1"
	echo 'return 0; }'
}

# compiles FILE
compiles() {
	wrap "$1" >"$tmp/unit.c"
	# shellcheck disable=SC2086
	$cc $flags $unused $more -I"$tmp" -c -o "$tmp/unit.o" \
	    "$tmp/unit.c"
}

# runs FILE: the program ends by itself, and well.
runs() {
	# shellcheck disable=SC2086
	$cc $CFLAGS $flags -o "$tmp/limit" "$tmp/limit.c" &&
	    $cc $CFLAGS $flags $unused -o "$tmp/unit" "$1" "$library" \
		-pthread || return 1
	"$tmp/limit" $((20 * ${TEST_SLOW:-1})) "$tmp/unit" </dev/null
	status=$?
	[ $status -eq 0 ] || echo "exit status $status"
	[ $status -eq 0 ]
}
