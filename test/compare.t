#!/bin/sh
# SPDX-License-Identifier: ISC
#
# compare.t: the demos that measure and show, in their smallest size.

. test/kit.sh

all=$(echo $backends | tr ' ' ',')
small="--descriptors=100 --rounds=1"

wrong_value() {
	new_case "$1"
	shift
	run "$demo" "$@"
	is status $status 2
	silent out
	says err nonsense
	clean_case
}

lists() {
	new_case "$1"
	run "$demo" --list
	is status $status 0
	for b in $backends; do
		says out "$b"
	done
	silent err
	clean_case
}

compare_table() {
	new_case compare
	run "$demo" --backends="$all" $small
	is status $status 0
	for b in $backends; do
		says out "$b"
	done
	clean_case
}

# As many fields in each line as in the first.
compare_csv() {
	new_case compare
	run "$demo" --backends="$all" $small --format=csv
	is status $status 0
	awk -F, 'NR == 1 { n = NF } NF != n { bad = 1 }
	    END { exit bad || n < 2 || NR < 2 }' "$dir/out" || fail "no csv"
	for b in $backends; do
		says out "$b"
	done
	clean_case
}

is_json() {
	perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <"$1"
}

compare_json() {
	new_case compare
	echo '{}' >"$dir/sample"
	is_json "$dir/sample" 2>/dev/null || skip "nothing here reads JSON"
	run "$demo" --backends="$all" $small --format=json
	is status $status 0
	is_json "$dir/out" || fail "no json"
	clean_case
}

compare_svg() {
	new_case compare
	run "$demo" --backends="$all" $small --svg="$dir/chart.svg"
	is status $status 0
	well_formed chart.svg
	run "$demo" $small --svg="$dir/no/such/chart.svg"
	is status $status 1
	says err "no/such"
	clean_case
}

compare_interrupted() {
	new_case compare
	start "$demo"
	sleep 1
	kill -INT "$pid"
	wait "$pid"
	is status $? 130
	clean_case
}

# Few connections, and fewer descriptors than connections.
c10k() {
	new_case c10k
	run "$demo" --backends="$all" --connections=50 --active=5 --seconds=1 "$@"
	is status $status 0
	for b in $backends; do
		says out "$b"
	done
	clean_case
}

c10k_interrupted() {
	new_case c10k
	start "$demo" --connections=50 --active=5 --seconds=20
	wait_for out connections
	sleep 1
	kill -INT "$pid"
	wait "$pid"
	is status $? 130
	patiently nobody || fail "its client was left behind"
	clean_case
}

# No orphan is left, if this system can tell.
nobody() {
	! ps -A -o ppid= -o args= 2>/dev/null | grep -q "^ *1 .*$demo"
}

# ---- contexts ----------------------------------------------------------------

few="--tasks=30 --rounds=1"

contexts_table() {
	new_case contexts
	run "$demo" $few --csv="$dir/csv" --svg="$dir/chart.svg" --backend="$1"
	is status $status 0
	silent err
	well_formed chart.svg
	awk -F, 'NF != 8 { bad = 1 } $2 == "switch" && $5 > 0 { n[$1]++ }
	    $2 == "calls" && $1 == "native" && $5 != 0 { bad = 1 }
	    $2 == "stack" && $5 < 65536 { bad = 1 }
	    END { exit bad || n["setjmp"] != 3 }' "$dir/csv" || fail "no csv"
	for c in native setjmp ucontext; do # one column, or a reason
		says out "(tasks .*|Without )$c"
	done
	clean_case
}

contexts_one() {
	new_case contexts
	run "$demo" $few --contexts="$1"
	is status $status 0
	says out "tasks *$1\$"
	silent err
	clean_case
}

contexts_list() {
	new_case contexts
	run "$demo" --list
	is status $status 0
	for c in native setjmp ucontext; do
		says out "^$c +(yes|no  [a-z])"
	done
	silent err
	clean_case
}

contexts_interrupted() {
	new_case contexts
	start "$demo" --tasks=1000 --rounds=101
	sleep 1
	kill -INT "$pid"
	wait "$pid"
	is status $? 130
	clean_case
}

diagram() {
	new_case diagram
	run "$demo" --backend="$1" --delay=0
	is status $status 0
	for name in timer signal pipe socket "$1"; do
		says out "$name"
	done
	silent err
	clean_case
}

# ---- All of it ---------------------------------------------------------------

for d in compare c10k diagram contexts; do
	try "$d: --help" help $d
	try "$d: an unknown option" wrong_option $d
	try "$d: an argument too many" wrong_arguments $d one
done
try "compare: an unknown backend" wrong_value compare --backends=nonsense
try "compare: an unknown format" wrong_value compare --format=nonsense
try "compare: no number" wrong_value compare --rounds=nonsense
try "c10k: an unknown backend" wrong_value c10k --backends=nonsense
try "c10k: no number" wrong_value c10k --connections=nonsense
try "compare: --list" lists compare
try "c10k: --list" lists c10k
try "compare: a table" compare_table
try "compare: csv" compare_csv
try "compare: json" compare_json
try "compare: svg" compare_svg
try "compare: ^C" compare_interrupted
try "contexts: an unknown context" wrong_value contexts --contexts=nonsense
try "contexts: no number" wrong_value contexts --tasks=nonsense
try "contexts: --list" contexts_list
try "contexts: ^C" contexts_interrupted
under "contexts: a table, csv and svg" contexts_table
under_contexts "contexts: one only" contexts_one
under "diagram: from end to end" diagram
try "c10k: fifty connections" c10k
try "c10k: ^C" c10k_interrupted
plan
