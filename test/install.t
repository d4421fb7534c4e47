#!/bin/sh
# SPDX-License-Identifier: ISC
#
# install.t: `make install` puts there what is expected and nothing else, a
# program can be built against it, the libraries show no name that is not
# ours, and `make uninstall` takes everything away again.

. test/tap.sh

root=$tmp/root
usr=$root/usr
version=$(sed -n 's/^.define REACTOR_VERSION  *"\(.*\)"/\1/p' reactor/reactor.h)
major=${version%%.*}
shared=libreactor.so

# install_to ROOT PREFIX TARGET: with a build of its own, whatever we test.
install_to() {
	make_alone "$3" BUILD="$build/install.t" CC="$cc" CFLAGS="-O1" \
	    DESTDIR="$1" PREFIX="$2"
}

# ---- What is there -----------------------------------------------------------

expected() {
	for h in $(headers) $(more_headers); do
		echo "include/reactor-$major/$h"
	done
	for suffix in "" ".$major" ".$version"; do
		echo "lib/$shared$suffix"
		echo "lib/libreactor-hook.so$suffix"
	done
	echo lib/libreactor.a
	echo lib/pkgconfig/reactor.pc
	[ ! -f coro/gdb.py ] ||
	    echo "share/gdb/auto-load/usr/lib/$shared.$version-gdb.py"
	for f in $(documented) $(basename -s .3 man/*.3); do
		echo "share/man/man3/$f.3"
	done | sort -u
	for p in man/*.7; do
		echo "share/man/man7/${p#man/}"
	done
}

listed() {
	(cd "$usr" && find . ! -type d) | sed 's/^..//'
}

exactly() {
	expected | sort >"$tmp/expected"
	listed | sort >"$tmp/listed"
	same "$tmp/expected" "$tmp/listed"
}

nothing_outside() {
	find "$root" ! -type d ! -path "$usr/*" >"$tmp/outside"
	none "not below PREFIX" "$tmp/outside"
}

# A link that leads nowhere is not there for test -e.
links_lead_somewhere() {
	listed | while read -r f; do
		[ -s "$usr/$f" ] || echo "$f"
	done >"$tmp/nowhere"
	none "empty, or a link to nothing" "$tmp/nowhere"
}

links_lead_to_their_page() {
	for f in $(documented); do
		grep -q "^\.Nm $f\( ,\)*\$" "$usr/share/man/man3/$f.3" ||
		    echo "$f.3"
	done >"$tmp/wrong"
	none "another page" "$tmp/wrong"
}

links_are_relative() {
	find "$root" -type l | while read -r f; do
		case $(readlink "$f") in
		/*)	echo "$f" ;;
		esac
	done >"$tmp/absolute"
	none "an absolute link" "$tmp/absolute"
}

modes() {
	find "$root" -type f ! -perm -444 >"$tmp/modes"
	find "$root" -type f -perm -100 ! -name '*.so*' >>"$tmp/modes"
	find "$root" -type f -name '*.so*' ! -name '*.py' ! -perm -555 >>"$tmp/modes"
	none "mode" "$tmp/modes"
}

# The place where it was staged must be nowhere in the text.
no_stage_inside() {
	grep -rl "$tmp" "$usr/lib/pkgconfig" "$usr/share" "$usr/include" \
	    >"$tmp/inside"
	none "names the staging directory" "$tmp/inside"
}

same_headers() {
	for h in $(headers) $(more_headers); do
		cmp "$h" "$usr/include/reactor-$major/$h" || return 1
	done
}

# ---- A program ---------------------------------------------------------------

cat >"$tmp/prog.c" <<'END'
#include <reactor/reactor.h>
#include <stdio.h>
#include <string.h>

static int rang;

static void
ring(struct reactor *r, struct reactor_timer *timer)
{
	(void)timer;
	rang++;
	reactor_stop(r);
}

int
main(void)
{
	struct reactor_timer timer = { .callback = ring };
	struct reactor *r = reactor_open(NULL);

	if (strcmp(reactor_version(), REACTOR_VERSION) != 0)
		return 1;
	if (r == NULL || reactor_timer_start(r, &timer, 0) == -1 ||
	    reactor_run(r) == -1)
		return 2;
	printf("%s\n", reactor_version());
	return rang == 1 ? reactor_close(r) : 3;
}
END

# In the staged tree, with the system directories that it would leave out.
staged() {
	PKG_CONFIG_LIBDIR="$usr/lib/pkgconfig" PKG_CONFIG_PATH='' \
	    PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
	    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 pkg-config "$@" reactor
}

its_version() {
	[ "$(staged --modversion)" = "$version" ]
}

# With the installed tree alone: not from here, where the headers are too.
shared_program() {
	options=$(staged --cflags --libs) || return 1
	echo "$options"
	# shellcheck disable=SC2086
	(cd "$tmp" && $cc -Wall -Wextra -Werror -o shared prog.c $options) &&
	    LD_LIBRARY_PATH="$usr/lib" "$tmp/shared"
}

needs_soname() {
	readelf -d "$tmp/shared" | grep "NEEDED.*\[$shared\.$major\]"
}

# What is needed besides the archive must be said by --static.
static_program() {
	mkdir -p "$tmp/static" && cp "$usr/lib/libreactor.a" "$tmp/static" ||
	    return 1
	options=$(staged --static --cflags --libs) || return 1
	echo "$options"
	# shellcheck disable=SC2086
	(cd "$tmp" && $cc -Wall -Wextra -Werror -o alone prog.c \
	    -L"$tmp/static" $options) && LD_LIBRARY_PATH='' "$tmp/alone"
}

# ---- Names -------------------------------------------------------------------

soname() {
	readelf -d "$usr/lib/$shared" | grep "SONAME.*\[$shared\.$major\]"
}

# "T name@@VERSION" becomes "name"; a version itself is an absolute symbol.
exported() {
	nm -D --defined-only "$usr/lib/$shared" |
	    awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u
}

exports() {
	functions >"$tmp/functions"
	exported >"$tmp/exported"
	same "$tmp/functions" "$tmp/exported"
}

all_versioned() {
	nm -D --defined-only "$usr/lib/$shared" |
	    awk '$2 != "A" && $3 !~ /@@REACTOR_[0-9]+$/' >"$tmp/plain"
	none "without a version" "$tmp/plain"
}

# Of the archive, all but small letters can clash with a program's names.
archive_names() {
	nm -g "$usr/lib/libreactor.a" |
	    awk 'NF == 3 && $2 != "U" && $3 !~ /^(reactor|coro|task)_/' \
	    >"$tmp/foreign"
	none "not ours" "$tmp/foreign"
}

# The hook exports its one function, and the calls that it stands in for.
hook_exports() {
	nm -D --defined-only "$usr/lib/libreactor-hook.so" |
	    awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' >"$tmp/hook"
	grep -qx task_hook "$tmp/hook" && grep -qx recv "$tmp/hook" &&
	    grep -qx __read_chk "$tmp/hook" && ! grep '^hk\|^task__' "$tmp/hook"
}

no_executable_stack() {
	readelf -lW "$usr/lib/$shared" | grep 'GNU_STACK.* RW '
}

# ---- Again, and away ---------------------------------------------------------

twice() {
	listed | sort >"$tmp/before"
	install_to "$root" /usr install || return 1
	listed | sort >"$tmp/after"
	same "$tmp/before" "$tmp/after"
}

# PREFIX is taken as it is now, although nothing else has changed.
other_prefix() {
	install_to "$tmp/other" /opt/reactor install || return 1
	grep -q -e '-I/opt/reactor/include' -e '^prefix=/opt/reactor$' \
	    "$tmp/other/opt/reactor/lib/pkgconfig/reactor.pc" &&
	    ! grep '/usr' "$tmp/other/opt/reactor/lib/pkgconfig/reactor.pc"
}

uninstalls() {
	: >"$usr/lib/libreactor.so.99"
	: >"$usr/share/man/man3/reactor_not_ours.3"
	install_to "$root" /usr uninstall || return 1
	find "$root" ! -type d | sed "s|^$usr/||" | sort >"$tmp/left"
	printf '%s\n' lib/libreactor.so.99 \
	    share/man/man3/reactor_not_ours.3 >"$tmp/strangers"
	same "$tmp/strangers" "$tmp/left" || return 1
	find "$usr" -name 'reactor-*' >"$tmp/left"
	none "a directory is left" "$tmp/left"
}

# ---- All of it ---------------------------------------------------------------

check "make install" install_to "$root" /usr install
check "exactly the files that are expected" exactly
check "nothing outside of PREFIX" nothing_outside
check "every link leads somewhere" links_lead_somewhere
check "every link is relative" links_are_relative
check "a man page for each function" links_lead_to_their_page
check "modes" modes
check "nothing names the staging directory" no_stage_inside
check "the headers are those of the tree" same_headers
if have pkg-config; then
	check "pkg-config knows the version" its_version
	check "a program with the shared library" shared_program
	check "a program with the static library" static_program
	if have readelf; then
		check "the program asks for the soname" needs_soname
	fi
else
	skip "pkg-config" "there is none"
fi
if have readelf; then
	check "soname" soname
	check "the stack is not executable" no_executable_stack
else
	skip "soname" "there is no readelf"
fi
check "the shared library exports the functions of the headers" exports
check "the hook exports what it stands in for" hook_exports
check "each with a version" all_versioned
check "the static library has no other global names" archive_names
check "installed twice is the same" twice
check "another PREFIX" other_prefix
check "make uninstall leaves nothing, and what is not ours" uninstalls
plan
