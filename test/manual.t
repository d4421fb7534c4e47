#!/bin/sh
# SPDX-License-Identifier: ISC
#
# manual.t: the man pages say what the headers say, and whatever code they show
# compiles; programs are also run.

. test/tap.sh
. test/shown.sh

pages3=$(ls man/*.3)
pages7=$(ls man/*.7)
ours='^\(reactor\|coro\|task\|executor\|net\)'

# ---- Pages about what is not in the library ----------------------------------

# The adapters and the hook: their pages name headers that the others do not.
is_more() {
	sed -n 's/^\.In //p' "$1" | grep -q 'adapters/\|coro/hook'
}

# The functions that a page is about: an adapter's page is named by the adapter.
named() {
	if is_more "$1" && ! grep -qx "$(basename "$1" .3)" "$tmp/documented"
	then
		names "$1" | tail -n +2
	else
		names "$1"
	fi
}

# The library that such a page is about, for pkg-config.
package() {
	case $1 in
	*_hiredis*)	echo hiredis ;;
	*_curl*)	echo libcurl ;;
	*_cares*)	echo libcares ;;
	*_mariadb*)	echo libmariadb ;;
	*_pq*)	echo libpq ;;
	*_glib*)	echo glib-2.0 ;;
	*_openssl*)	echo openssl ;;
	esac
}

# Is it here?  Sets $more and $includes.
can_compile() {
	more='' includes=$(headers)
	is_more "$1" || return 0
	ins=$(sed -n 's/^\.In //p' "$1")
	includes="$includes $ins"
	for h in $ins; do
		more="$more -include $h"
	done
	[ -n "$(package "$1")" ] || return 0
	flags_of=$(${PKG_CONFIG:-pkg-config} --cflags "$(package "$1")" \
	    2>/dev/null) && more="$flags_of $more"
}

# whether PAGE NAME COMMAND...: a test of code that may need another library.
whether() {
	page=$1
	shift
	if can_compile "$page"; then
		check "$@"
	else
		skip "$1" "$(package "$page") is not installed"
	fi
}

# ---- Functions ---------------------------------------------------------------

# synopsis PAGE: the prototypes, each as one line of C.
synopsis() {
	awk '
	function piece(s) {		# the next argument of the macro
		sub(/^ +/, "", rest)
		if (rest ~ /^"/) {
			match(rest, /^"[^"]*"/)
			s = substr(rest, 2, RLENGTH - 2)
		} else {
			match(rest, /^[^ ]*/)
			s = substr(rest, 1, RLENGTH)
		}
		rest = substr(rest, RLENGTH + 1)
		return s
	}
	/^\.Sh/ { inside = $2 == "SYNOPSIS" }
	inside && /^\.Ft / { type = substr($0, 5) }
	inside && /^\.Fn / {
		rest = substr($0, 5)
		line = type " " piece() "("
		for (comma = ""; rest ~ /[^ ]/; comma = ", ")
			line = line comma piece()
		print line ");"
	}' "$1"
}

synopsis_names() {
	synopsis "$1" | sed 's/^[^(]*[ *]\([a-z_0-9]*\)(.*/\1/'
}

each_function_once() {
	cp "$tmp/documented" "$tmp/functions"
	[ -s "$tmp/functions" ] || return 1
	for p in $pages3; do
		named "$p"
	done | sort >"$tmp/names"
	same "$tmp/functions" "$tmp/names"
}

name_is_synopsis() {
	named "$1" >"$tmp/names"
	synopsis_names "$1" >"$tmp/synopsis"
	same "$tmp/names" "$tmp/synopsis"
}

file_is_title() {
	sed -n 's/^\.Dt \([A-Z0-9_]*\) \([0-9]\)$/\1.\2/p' "$1" |
	    tr '[:upper:]' '[:lower:]' >"$tmp/title"
	echo "${1#man/}" >"$tmp/file"
	same "$tmp/file" "$tmp/title"
	names "$1" | head -n 1 | grep -q "^$(basename "$1" .3 | sed 's/\.7$//')\$"
}

# The compiler compares: a function declared twice must be of one type.  Macros
# are not compared.
same_prototypes() {
	{
		for h in $includes; do
			echo "#include <$h>"
		done
		macros | sed 's/^/#undef /'
		synopsis "$1"
	} >"$tmp/prototypes.c"
	# shellcheck disable=SC2086
	$cc $flags $unused $more -c -o "$tmp/prototypes.o" "$tmp/prototypes.c"
}

# ---- Words -------------------------------------------------------------------

# Names of errors and constants that a page uses, checked by the compiler.
words_exist() {
	{
		echo '#include <errno.h>'
		echo '#include <limits.h>'
		echo '#include <signal.h>'
		echo '#include <stddef.h>'
		echo '#include <sys/select.h>'
		echo '#include <sys/socket.h>'
		for h in $includes; do
			echo "#include <$h>"
		done
		echo 'int main(void) {'
		sed -n 's/^\.\(It Bq \)*\(Er\|Dv\|It Dv\|Pq Dv\) //p' "$1" |
		    tr -c 'A-Za-z0-9_' '\n' | grep '^[A-Z][A-Z0-9_]*$' |
		    sort -u | sed 's/.*/(void)(&);/'
		echo 'return 0; }'
	} >"$tmp/words.c"
	# shellcheck disable=SC2086
	$cc $flags $unused $more -c -o "$tmp/words.o" "$tmp/words.c"
}

# Whatever is in capitals in a header is explained on some page.
constants_explained() {
	for h in $(headers); do
		sed -n 's/^#define \([A-Z]*_[A-Z_]*\)[ (].*/\1/p
		    s/^	\([A-Z]*_[A-Z0-9_]*\) *=.*/\1/p' "$h"
		sed -n 's/^enum {\(.*\)};/\1/p' "$h" | tr ',' '\n' |
		    sed 's/ *\([A-Z0-9_]*\).*/\1/'
	done | grep -v '_H$\|_$' | sort -u >"$tmp/constants"
	[ -s "$tmp/constants" ] || return 1
	while read -r word; do
		grep -q "^\.[A-Z].*$word\>" man/* || echo "$word"
	done <"$tmp/constants" >"$tmp/unknown"
	none "on no page" "$tmp/unknown"
}

# Pages of ours that something refers to are there.
exists() {
	for p in man/*."$2"; do
		names "$p"
	done | grep -q "^$1\$"
}

references_resolve() {
	sed -n 's/^.*\.*\<Xr \([a-z_0-9]*\) \([0-9]\).*/\1 \2/p' "$1" |
	    grep "$ours" | while read -r name section; do
		exists "$name" "$section" || echo "$name($section)"
	done >"$tmp/dangling"
	none "no such page" "$tmp/dangling"
}

mentions_resolve() {
	tr -c 'a-z0-9_()' '\n' <"$1" |
	    sed -n 's/^\([a-z_]*\)(\([37]\))$/\1 \2/p' | sort -u |
	    grep "$ours" | while read -r name section; do
		exists "$name" "$section" || echo "$name($section)"
	done >"$tmp/dangling"
	none "no such page" "$tmp/dangling"
}

# sections PAGE: those that it must have.
sections() {
	wanted="NAME DESCRIPTION AUTHORS"
	case $1 in
	*.3)	wanted="$wanted SYNOPSIS EXAMPLES" ;;
	esac
	if grep -q '^\.Ft int$' "$1"; then
		wanted="$wanted RETURN_VALUES ERRORS"
	fi
	sed -n 's/^\.Sh //p' "$1" | tr ' ' '_' >"$tmp/sections"
	for s in $wanted SEE_ALSO; do
		grep -q "^$s\$" "$tmp/sections" || echo "$s"
	done >"$tmp/missing"
	none "no section" "$tmp/missing"
}

# Every function that returns int is in RETURN VALUES.
values() {
	synopsis "$1" | sed -n 's/^int \([a-z_0-9]*\)(.*/\1/p' |
	    while read -r f; do
		sed -n '/^\.Sh RETURN VALUES/,/^\.Sh E/p' "$1" |
		    grep -q "\<$f\>" || echo "$f"
	done >"$tmp/missing"
	none "not in RETURN VALUES" "$tmp/missing"
}

lint() {
	# shellcheck disable=SC2086
	mandoc -Tlint -Wwarning $pages3 $pages7
}

# ---- Code --------------------------------------------------------------------

# blocks PAGE: writes each literal block that is C to $tmp/PAGE.N.c.
blocks() {
	rm -f "$tmp/block".*
	awk -v to="$tmp/block" '
	/^\.Bd .*-literal/ { file = to "." (++n) ".c"; next }
	/^\.Ed/ { file = ""; next }
	file != "" { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print >file }
	' "$1"
	for b in "$tmp/block".*; do
		if [ -f "$b" ] && ! grep -q '[;{]$' "$b"; then
			rm "$b" # a drawing
		fi
	done
}

page_code() {
	blocks "$1"
	n=0
	for b in "$tmp/block".*; do
		[ -f "$b" ] || continue
		n=$((n + 1))
		whether "$1" "$1: block $n compiles" compiles "$b"
		is_program "$b" && ! is_more "$1" && check "$1: block $n runs" runs "$b"
	done
	case $1 in
	*.3)	check "$1: there is an example" [ $n -gt 0 ] ;;
	esac
}

# ---- All of it ---------------------------------------------------------------

documented >"$tmp/documented"
check "each function is on one page, and nothing else is" each_function_once
check "each constant is on a page" constants_explained
for p in $pages3 $pages7; do
	check "$p: the file is named by its title" file_is_title "$p"
	check "$p: its sections" sections "$p"
	check "$p: its references" references_resolve "$p"
	whether "$p" "$p: its errors and constants exist" words_exist "$p"
done
for p in $pages3; do
	check "$p: NAME is as SYNOPSIS" name_is_synopsis "$p"
	whether "$p" "$p: prototypes are those of the header" same_prototypes "$p"
	check "$p: what is returned" values "$p"
done
for p in $pages3 $pages7; do
	page_code "$p"
done
if have mandoc; then
	check "mandoc has no warning" lint
else
	skip "mandoc has no warning" "there is no mandoc"
fi
for f in README $(headers) $(more_headers); do
	check "$f: the pages that it names" mentions_resolve "$f"
done
plan
