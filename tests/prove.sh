#!/bin/sh
# The threat table against this build: `make prove`.  Runs the tests that
# tests/prove.rows names, over the runtime and over each engine that is
# installed, prints a row for each threat and driver, and writes them to
# $O/../prove.json (build/prove.json):
#   {"at","commit","rows":[{"id","driver","threat","result","evidence"}],"passed","failed","untestable"}
#   prove.sh [TEST...]    these tests alone; rows of others are untestable
# A row passes when every test that it names ran and all of its lines are ok.
# One that is skipped, missing or has no such line makes it untestable.
set -u
PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.." || exit 1
V=${V:-debug}
O=${O:-build/$V}
case $O in /*) ;; *) O=$PWD/$O ;; esac
OUT=${PROVE_JSON:-$(dirname "$O")/prove.json}
export O V
unset MAKEFLAGS MFLAGS MAKELEVEL
work=$(mktemp -d)
chmod 711 "$work"
engines_stop() { :; }
prove_on_exit()
{
	engines_stop
	rm -rf "$work"
}
trap prove_on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
driver=any
# shellcheck disable=SC2034 # of engines.sh
skipped=0
# shellcheck disable=SC2034
failed=0
rows=tests/prove.rows

# tap NAME LIMIT_S COMMAND...: as check.sh has it; NAME may say the engine.
tap()
{
	tap_name=${1##*/}
	tap_name=${tap_name%.t}
	tap_limit=$2
	shift 2
	# shellcheck disable=SC2154
	[ "$driver" != engine ] || driver_is=$engine_name
	[ "$driver" = engine ] || driver_is=$driver
	mkdir -p "$work/tap/$driver_is"
	case $1 in
	prove_fuzz) prove_fuzz >"$work/tap/$driver_is/$tap_name" 2>&1 ;;
	*) timeout -k 10 "$tap_limit" "$@" >"$work/tap/$driver_is/$tap_name" 2>&1 </dev/null ;;
	esac
	echo "  ran $tap_name ($driver_is)" >&2
}

# Each fuzzer with its corpus; "make check-slow" goes beyond it.
prove_fuzz()
{
	for f in tests/fuzz/*/fuzz_*.c; do
		name=${f##*/fuzz_}
		name=${name%.c}
		if timeout 60 "$O/${f%.c}" tests/fuzz/corpus/"$name"/* >"$work/fuzz" 2>&1; then
			echo "ok - $name: corpus replayed"
		else
			echo "not ok - $name"
		fi
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

only=$*
for t in $(prove_wanted any); do
	case $t in
	fuzz_replay) tap "$t" 300 prove_fuzz ;;
	test_*)
		for room in agentd cli lib router server; do
			[ ! -x "$O/tests/unit/$room/$t" ] || tap "$t" 120 \
			    env CMOCKA_MESSAGE_OUTPUT=TAP "$O/tests/unit/$room/$t"
		done
		;;
	*) [ ! -x "tests/system/$t.t" ] || tap "$t" 300 "tests/system/$t.t" ;;
	esac
done
driver=oci
for t in $(prove_wanted box); do
	[ ! -x "tests/system/$t.t" ] || tap "$t" 300 "tests/system/$t.t"
done
if [ -n "${PROVE_ENGINES-yes}" ] && [ "$(id -u)" = 0 ]; then
	driver=engine
	# shellcheck source=tests/engines.sh
	. tests/engines.sh
	# shellcheck disable=SC2046
	set -- $(prove_wanted box)
	[ $# -eq 0 ] || run_engines "$@"
	driver=oci
fi

# What the lines of TAP say of each row, by driver.
judge()
{
	awk -F'\t' -v tap="$work/tap" -v drivers="$(ls -m "$work/tap")" '
	function lines(file, pattern,   l, d, seen, bad, skip) {
		seen = bad = skip = 0
		while ((getline l < file) > 0) {
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
		return seen " " bad " " skip
	}
	function look(driver, row, kind, test, pattern,   a, r) {
		split(lines(tap "/" driver "/" test, pattern), a, " ")
		if (a[2] > 0) {
			state[row, driver] = "fail"
			evidence[row, driver] = evidence[row, driver] test ": not ok: " why "; "
			return
		}
		if (a[1] == 0 || a[3] > 0) {
			if (state[row, driver] != "fail")
				state[row, driver] = "untestable"
			evidence[row, driver] = evidence[row, driver] test ": did not run here; "
			return
		}
		if (state[row, driver] == "")
			state[row, driver] = "pass"
		evidence[row, driver] = evidence[row, driver] test ": " a[1] " ok; "
	}
	BEGIN { n = split(drivers, all, ", *") }
	/^#/ || NF < 3 { next }
	{
		row = $1 + 0
		if (!(row in threat)) { order[++rows] = row; threat[row] = $2 }
		if ($3 == "none") {
			state[row, "any"] = "untestable"
			evidence[row, "any"] = $4
		} else if ($3 == "any") {
			look("any", row, $3, $4, $5)
		} else {
			for (i = 1; i <= n; i++)
				if (all[i] != "any")
					look(all[i], row, $3, $4, $5)
		}
	}
	END {
		for (i = 1; i <= rows; i++)
			for (k = 1; k <= n; k++)
				if (state[order[i], all[k]] != "")
					print order[i] "\t" all[k] "\t" threat[order[i]] "\t" \
					    state[order[i], all[k]] "\t" evidence[order[i], all[k]]
	}' "$rows"
}
mkdir -p "$work/tap/any"
judge >"$work/rows"
jq -Rn --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg commit "$(git rev-parse HEAD 2>/dev/null)" '
    [inputs | split("\t") | {id: .[0] | tonumber, driver: .[1], threat: .[2], result: .[3],
	evidence: (.[4] | sub("; $"; ""))}] |
    {at: $at, commit: $commit, rows: .,
	passed: map(select(.result == "pass")) | length,
	failed: map(select(.result == "fail")) | length,
	untestable: map(select(.result == "untestable")) | length}' <"$work/rows" >"$work/json" || exit 1
mkdir -p "$(dirname "$OUT")"
cp "$work/json" "$OUT"
jq -r '.rows[] | "\(.id)\t\(.driver)\t\(.result)\t\(.threat)\t\(if .result == "pass" then "" else .evidence end)"' "$OUT" |
    awk -F'\t' '{ printf "%3s  %-7s %-11s %s%s\n", $1, $2, $3, $4, ($5 == "" ? "" : ": " $5) }'
jq -r '"\(.passed) passed, \(.failed) failed, \(.untestable) untestable: " + $out' --arg out "$OUT" "$OUT"
jq -e '.failed == 0 and .passed > 0' "$OUT" >/dev/null || exit 3
