#!/bin/sh
# Runs what `make check` has built, and ends with "N passed, N failed".
#   check.sh [unit|fuzz|system [NAME...]|slow|engines [NAME...]]     O and V from the environment
# unit: the unit tests.  fuzz: the corpus, replayed.  system: tests/system/*.t but slow_*.t, or NAME.t alone; LANES of them at
# a time (as many as there are processors, at most 4).  Without an argument all three, the lints and the format.  slow:
# tests/system/slow_*.t, and each fuzzer of FUZZ_O (default build/fuzz) for FUZZ_S seconds (default 5) beyond its corpus.
# engines: the tests of sandboxes over Docker and Podman, where they are installed (deps.sh install engines): tests/engines.sh.
set -u
# After a plain su, root's PATH may lack these.
PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.." || exit 1
what=${1-}
V=${V:-debug}
O=${O:-build/$V}
case $O in /*) ;; *) O=$PWD/$O ;; esac
export O V
unset MAKEFLAGS MFLAGS MAKELEVEL
if [ "$V" = asan ]; then
	export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1
	export UBSAN_OPTIONS=print_stacktrace=1
fi
work=$(mktemp -d)
chmod 711 "$work"
trap 'check_on_exit' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0
failed=0
skipped=0

engines_stop() { :; }
lanes_end() { :; }
check_on_exit() {
	lanes_end
	engines_stop
	rm -rf "$work"
}

# One whole test without lines of TAP of its own.
single() { # NAME LIMIT_S COMMAND...
	name=$1
	limit=$2
	shift 2
	timeout -k 10 "$limit" "$@" >"$work/out" 2>&1
	rc=$?
	if [ $rc = 0 ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok - $name (status $rc)"
	sed 's/^/    /' "$work/out"
}

# Counts into $work/tally: passed, failed, skipped.  The number of lines must
# be the plan's, and a program that fails must have said why.
count_tap() { # STATUS
	awk -v rc="$1" '
	/^1\.\.0/ { all = 1; reason = $0; sub(/^1\.\.0[ #]*([Ss][Kk][Ii][Pp] *)?/, "", reason) }
	/^1\.\.[0-9]+/ && !planned { plan = substr($1, 4) + 0; planned = 1 }
	/^skipped: / { why = ": " substr($0, 10) }
	/^(not )?ok( |$)/ {
		seen++
		if (toupper($0) ~ /# *SKIP/) {
			# cmocka says "not ok N # SKIP name", and the reason before.
			skip++
			sub(/^(not )?ok [0-9]+ *(# *SKIP|-) */, "")
			print "  SKIP " $0 why
			why = ""
		} else if ($1 == "ok") {
			good++
		} else {
			bad++
		}
	}
	END {
		if (all && !seen) {
			print "  SKIP all: " (reason == "" ? "no reason given" : reason)
			skip++
		} else if (!planned) {
			print "  no plan: it ended before its last test"
			bad++
		} else if (seen != plan) {
			print "  " seen + 0 " of " plan " tests came"
			bad++
		}
		if (rc != 0 && (rc > 1 || !bad)) {
			print "  status " rc (rc == 124 ? ": out of time" : "")
			bad += !bad
		}
		print good + 0, bad + 0, skip + 0 >tally
	}' tally="$work/tally" "$work/out" >"$work/remarks"
}

tap() { # NAME LIMIT_S COMMAND...
	name=$1
	limit=$2
	shift 2
	took=$(date +%s)
	timeout -k 10 "$limit" "$@" >"$work/out" 2>&1 </dev/null
	count_tap $?
	took=$(($(date +%s) - took))
	# The slow ones are named.
	if [ $took -ge 5 ]; then took=" ($took s)"; else took=; fi
	read -r good bad skip <"$work/tally"
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	if [ "$bad" -gt 0 ]; then
		echo "not ok - $name: $good passed, $bad failed"
		sed 's/^/    /' "$work/out"
	elif [ "$good" -gt 0 ]; then
		echo "ok - $name: $good passed$took"
	else
		echo "skipped - $name"
	fi
	cat "$work/remarks"
}

run_unit() {
	for c in tests/unit/*/test_*.c; do
		[ -e "$c" ] || continue
		tap "${c%.c}" 120 env CMOCKA_MESSAGE_OUTPUT=TAP "$O/${c%.c}"
	done
}

run_fuzz() {
	for c in tests/fuzz/*/fuzz_*.c; do
		[ -e "$c" ] || continue
		name=${c##*/fuzz_}
		name=${name%.c}
		if [ -z "$(ls "tests/fuzz/corpus/$name" 2>/dev/null)" ]; then
			failed=$((failed + 1))
			echo "not ok - ${c%.c}: tests/fuzz/corpus/$name is empty"
			continue
		fi
		before=$failed
		single "${c%.c}" 120 "$O/${c%.c}" tests/fuzz/corpus/"$name"/*
		[ "$failed" != "$before" ] || echo "ok - ${c%.c}: corpus replayed"
	done
}

run_fuzz_timed() {
	for c in tests/fuzz/*/fuzz_*.c; do
		name=${c##*/fuzz_}
		name=${name%.c}
		# What it finds stays here; the corpus is a person's to add to.
		mkdir -p "$work/found/$name"
		before=$failed
		single "${c%.c}" $((${FUZZ_S:-5} + 120)) \
		    "${FUZZ_O:-build/fuzz}/${c%.c}" -max_total_time="${FUZZ_S:-5}" \
		    -artifact_prefix="${FUZZ_O:-build/fuzz}/" \
		    "$work/found/$name" "tests/fuzz/corpus/$name"
		[ "$failed" != "$before" ] || echo "ok - ${c%.c}: ${FUZZ_S:-5} s"
	done
}

run_lint() {
	tap tests/lint 300 tests/lint/run.sh
	find lib findings server agentd router cli packs tests -name '*.[ch]' |
	    LC_ALL=C sort >"$work/sources"
	before=$failed
	single 'format (make format repairs it)' 120 \
	    xargs -a "$work/sources" clang-format-14 --dry-run -Werror
	[ "$failed" != "$before" ] || echo 'ok - format'
}

# lane FOLDER: takes tests from the queue until it is empty; what one says is printed whole.
lane() {
	trap - EXIT
	top=$work
	work=$1
	passed=0 failed=0 skipped=0
	while t=$(flock "$top/lock" sed -i -e '1w /dev/stdout' -e 1d "$top/queue") && [ -n "$t" ]; do
		tap "$t" "${limit_s:-600}" "$t" >"$work/said"
		flock "$top/lock" cat "$work/said"
	done
	echo "$passed $failed $skipped" >"$work/sum"
}

lanes=
lanes_end() {
	for l in $lanes; do
		kill -STOP "$l" 2>/dev/null && pkill -P "$l"
		kill -KILL "$l" 2>/dev/null
	done
	lanes=
}

# LANES at a time: they mostly wait.
run_lanes() { # TEST...
	printf '%s\n' "$@" >"$work/queue"
	n=${LANES:-$(nproc)}
	[ "$n" -le 4 ] || n=4
	for l in $(seq "$n"); do
		mkdir "$work/$l"
		chmod 711 "$work/$l"
		lane "$work/$l" &
		lanes="$lanes $!"
	done
	# shellcheck disable=SC2086
	wait $lanes
	lanes=
	for l in $(seq "$n"); do
		good=0 bad=1 skip=0
		[ ! -e "$work/$l/sum" ] || read -r good bad skip <"$work/$l/sum"
		passed=$((passed + good))
		failed=$((failed + bad))
		skipped=$((skipped + skip))
	done
}

# Without a name all but the slow ones.
run_system() { # [NAME...]
	all=
	some=
	[ $# -gt 0 ] || { all=1; set -- '*'; }
	for t in $(printf 'tests/system/%s.t ' "$@"); do
		case $all$t in 1*/slow_*) continue ;; esac
		if [ ! -e "$t" ]; then
			failed=$((failed + 1))
			echo "not ok - $t is not there"
			continue
		fi
		some="$some $t"
	done
	# shellcheck disable=SC2086
	[ -z "$some" ] || run_lanes $some
}

case $what in
engines)
	shift
	# shellcheck source=tests/engines.sh
	. tests/engines.sh
	run_engines "$@"
	;;
unit) run_unit ;;
fuzz) run_fuzz ;;
system)
	shift
	run_system "$@"
	;;
slow)
	limit_s=580
	LANES=${LANES:-1}
	run_system 'slow_*'
	run_fuzz_timed
	;;
'')
	run_unit
	run_fuzz
	run_lint
	run_system
	;;
*)
	echo 'usage: tests/check.sh [unit|fuzz|system [NAME...]|slow|engines [NAME...]]' >&2
	exit 2
	;;
esac
[ "$skipped" = 0 ] || echo "$skipped skipped, named above"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
