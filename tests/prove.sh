#!/bin/sh
# The threat table against this build: `make prove`.  Runs the tests that
# tests/prove.rows names, over the runtime and over each engine that is
# installed, prints a row for each threat and driver, and writes them to
# $O/../prove.json (build/prove.json):
#   {"at","commit","rows":[{"id","driver","threat","result","evidence"}],"passed","failed","untestable","not_run"}
#   prove.sh [TEST...]    these tests alone, and the rows that name them
# A row passes when every test that it names came to its end and all of its
# lines are ok.  One that is skipped, missing or has no such line makes it
# untestable; one that did not come to its turn "not run".  What the tests say
# is kept as they end, in build/prove/DRIVER/TEST.tap.  Ended by TERM or INT it
# judges what there is, and the next one at the same commit goes on from there.
# PROVE_JOBS: so many tests at a time.  PROVE_ENGINES= (empty): no engine.
set -u
PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.." || exit 1
V=${V:-debug}
O=${O:-build/$V}
case $O in /*) ;; *) O=$PWD/$O ;; esac
OUT=${PROVE_JSON:-$(dirname "$O")/prove.json}
taps=${OUT%.json}
export O V
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
chmod 711 "$work"
rows=tests/prove.rows
only=$*
workers=
child=
engines_stop() { :; }
prove_on_exit()
{
	engines_stop
	rm -rf "$work"
}
prove_cut() # STATUS
{
	trap '' INT TERM
	# shellcheck disable=SC2086
	[ -z "$child$workers" ] || { kill $child $workers; wait $child $workers; } 2>/dev/null
	echo 'ended before all have run' >&2
	prove_judge cut
	exit "$1"
}
trap prove_on_exit EXIT
trap 'prove_cut 130' INT
trap 'prove_cut 143' TERM
driver=any
# shellcheck disable=SC2034 # of engines.sh
skipped=0
failed=0 # engines that do not start

# How many lines are ok, are not, are skipped; "whole" when it came to its end:
# as many lines as planned, and a status that they explain.
tap_count() # FILE
{
	awk '
	/^1\.\.[0-9]+/ && !planned { plan = substr($1, 4) + 0; planned = 1 }
	/^(not )?ok( |$)/ { seen++; if (toupper($0) ~ /# *SKIP/) skip++; else if ($1 == "ok") good++; else bad++ }
	/^# status / { status = $3; ended = 1 }
	END {
		whole = ended && (planned ? seen + 0 == plan : seen > 0) && (status == 0 || status == 1 && bad > 0)
		print good + 0, bad + 0, skip + 0, whole ? "whole" : "cut"
	}' "$1"
}

# tap NAME LIMIT_S COMMAND...: as check.sh has it; NAME may say the engine.
tap()
{
	tap_name=${1##*/}
	tap_name=${tap_name%.t}
	tap_limit=$2
	shift 2
	# shellcheck disable=SC2154
	if [ "$driver" = engine ]; then tap_driver=$engine_name; else tap_driver=$driver; fi
	tap_file=$taps/$tap_driver/$tap_name
	mkdir -p "$taps/$tap_driver"
	if [ -e "$tap_file.tap" ]; then
		echo "  kept $tap_name ($tap_driver)" >&2
		return
	fi
	tap_from=$(date +%s)
	timeout -k 10 "$tap_limit" "$@" >"$tap_file.part" 2>&1 </dev/null &
	child=$!
	wait "$child"
	echo "# status $?" >>"$tap_file.part"
	child=
	mv "$tap_file.part" "$tap_file.tap"
	# shellcheck disable=SC2046
	set -- $(tap_count "$tap_file.tap")
	echo "  ran $tap_name ($tap_driver): $1 ok, $2 not ok, $3 skipped, $4, $(($(date +%s) - tap_from)) s" >&2
}

prove_one() # TEST
{
	case $1 in
	fuzz_replay) tap "$1" 300 tests/check.sh fuzz ;;
	test_*)
		for room in agentd cli lib router server; do
			[ ! -x "$O/tests/unit/$room/$1" ] || tap "$1" 120 \
			    env CMOCKA_MESSAGE_OUTPUT=TAP "$O/tests/unit/$room/$1"
		done
		;;
	slow_*) [ ! -x "tests/system/$1.t" ] || tap "$1" 580 "tests/system/$1.t" ;;
	*) [ ! -x "tests/system/$1.t" ] || tap "$1" 300 "tests/system/$1.t" ;;
	esac
}

# Takes lines "DRIVER TEST" off the queue until it is empty.
prove_worker()
{
	trap - EXIT INT
	trap '[ -z "$child" ] || { kill "$child"; wait "$child"; } 2>/dev/null; exit 143' TERM
	# shellcheck disable=SC2016
	while read -r driver prove_t <<-NEXT && [ -n "$prove_t" ]; do
		$(flock "$work/lock" sh -c 'head -n 1 "$1"; sed -i 1d "$1"' sh "$work/queue")
	NEXT
		prove_one "$prove_t"
	done
}

# The tests of a kind: "box" are of a sandbox and run over each driver.
prove_tests()
{
	awk -F'\t' -v kind="$1" '!/^#/ && NF >= 5 && $3 == kind { print $4 }' "$rows" | sort -u
}

prove_wanted()
{
	for prove_w in $(prove_tests "$1"); do
		case " $only " in '  ' | *" $prove_w "*) echo "$prove_w" ;; esac
	done
}

# What the lines of TAP say of each row, by driver.
prove_look()
{
	drivers=
	for f in "$taps"/*/; do
		drivers="$drivers $(basename "$f")"
	done
	for f in "$taps"/*/*.tap; do
		case $(tap_count "$f" 2>/dev/null) in
		*cut) echo "$f" | sed -E 's|.*/([^/]*)/([^/]*)\.tap$|\1\t\2|' ;;
		esac
	done >"$work/cut"
	awk -F'\t' -v tap="$taps" -v drivers="$drivers" -v only=" $only " -v rows_file="$rows" '
	# "" where there is no such file.
	function lines(file, pattern,   l, d, seen, bad, skip, there) {
		seen = bad = skip = there = 0
		while ((getline l < file) > 0) {
			there = 1
			if (l !~ /^(not )?ok /)
				continue
			d = l
			sub(/^(not )?ok [0-9]+ *-? */, "", d)
			sub(/ # [Ss][Kk][Ii][Pp].*$/, "", d)
			if (d !~ pattern)
				continue
			if (toupper(l) ~ /# *SKIP/)
				skip++
			else if (l ~ /^ok /)
				seen++
			else {
				bad++
				why = d
			}
		}
		close(file)
		return there ? seen " " bad " " skip : ""
	}
	# Of "pass", "untestable", "not run" and "fail" the last counts.
	function worse(row, driver, to, why) {
		evidence[row, driver] = evidence[row, driver] why "; "
		if (index(ranks, to) > index(ranks, state[row, driver]))
			state[row, driver] = to
	}
	function look(driver, row, test, pattern,   a, r) {
		if (index(only, " " test " "))
			named[row] = 1
		r = lines(tap "/" driver "/" test ".tap", pattern)
		split(r, a, " ")
		if (r == "")
			worse(row, driver, "not run", test ": not run")
		else if (a[2] > 0)
			worse(row, driver, "fail", test ": not ok: " why)
		else if (cut[driver, test])
			worse(row, driver, "fail", test ": did not come to its end")
		else if (a[1] == 0 || a[3] > 0)
			worse(row, driver, "untestable", test ": did not run here")
		else
			worse(row, driver, "pass", test ": " a[1] " ok")
	}
	BEGIN { n = split(drivers, all, " "); ranks = "-pass untestable not run fail" }
	FILENAME != rows_file { cut[$1, $2] = 1; next }
	/^#/ || NF < 3 { next }
	{
		row = $1 + 0
		if (!(row in threat)) { order[++rows] = row; threat[row] = $2 }
		if ($3 == "none") {
			state[row, "any"] = "untestable"
			evidence[row, "any"] = $4
		} else if ($3 == "any") {
			look("any", row, $4, $5)
		} else {
			for (i = 1; i <= n; i++)
				if (all[i] != "any")
					look(all[i], row, $4, $5)
		}
	}
	END {
		for (i = 1; i <= rows; i++)
			for (k = 1; k <= n; k++)
				if (state[order[i], all[k]] != "" && (only == "  " || named[order[i]]))
					print order[i] "\t" all[k] "\t" threat[order[i]] "\t" \
					    state[order[i], all[k]] "\t" evidence[order[i], all[k]]
	}' "$work/cut" "$rows"
}

prove_judge()
{
	mkdir -p "$taps/any"
	prove_look >"$work/rows"
	jq -Rn --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg commit "$(git rev-parse HEAD 2>/dev/null)" '
	    [inputs | split("\t") | {id: .[0] | tonumber, driver: .[1], threat: .[2], result: .[3],
		evidence: (.[4] | sub("; $"; ""))}] |
	    def of(what): map(select(.result == what)) | length;
	    {at: $at, commit: $commit, rows: ., passed: of("pass"), failed: of("fail"),
		untestable: of("untestable"), not_run: of("not run")}' <"$work/rows" >"$work/json" || exit 1
	cp "$work/json" "$OUT"
	jq -r '.rows[] | "\(.id)\t\(.driver)\t\(.result)\t\(.threat)\t\(if .result == "pass" then "" else .evidence end)"' "$OUT" |
	    awk -F'\t' '{ printf "%3s  %-12s %-11s %s%s\n", $1, $2, $3, $4, ($5 == "" ? "" : ": " $5) }'
	jq -r '"\(.passed) passed, \(.failed) failed, \(.untestable) untestable, \(.not_run) not run: " + $out' \
	    --arg out "$OUT" "$OUT"
}

# Kept is what was said at this commit, and not by one that came to its end.
prove_key="$(git rev-parse HEAD 2>/dev/null) $(git diff HEAD 2>/dev/null | cksum) $O"
if [ "$(cat "$taps/key" 2>/dev/null)" != "$prove_key" ] || { [ -z "$only" ] && [ -e "$taps/complete" ]; }; then
	rm -rf "$taps"
fi
mkdir -p "$taps"
rm -f "$taps"/*/*.part
echo "$prove_key" >"$taps/key"
# What was not ok is tried again, and what is asked for by name.
for f in "$taps"/*/*.tap; do
	[ -e "$f" ] || continue
	case " $only " in *" $(basename "$f" .tap) "*) rm -f "$f" ;; esac
	case $(tap_count "$f" 2>/dev/null) in *' 0 '*' whole') ;; *) rm -f "$f" ;; esac
done
# The longest first.
{
	prove_wanted any | sed -n 's/^slow_/any &/p'
	prove_wanted box | sed 's/^/oci /'
	prove_wanted any | sed -n '/^slow_/!s/^/any /p'
} >"$work/queue"
for _ in $(seq "${PROVE_JOBS:-$(nproc)}"); do
	prove_worker &
	workers="$workers $!"
done
# shellcheck disable=SC2086
wait $workers
workers=
if [ -n "${PROVE_ENGINES-yes}" ] && [ "$(id -u)" = 0 ]; then
	driver=engine
	# shellcheck source=tests/engines.sh
	. tests/engines.sh
	# shellcheck disable=SC2046
	set -- $(prove_wanted box)
	[ $# -eq 0 ] || run_engines "$@"
fi
[ -n "$only" ] || : >"$taps/complete"
prove_judge
[ "$failed" = 0 ] || exit 3
jq -e --arg only "$only" '.failed == 0 and ($only != "" or .not_run == 0 and .passed > 0)' "$OUT" >/dev/null || exit 3
