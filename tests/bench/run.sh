#!/bin/sh
# One benchmark suite: tests/bench/run.sh NAME
#
# NAME is tests/bench/NAME.sh or the program $O/tests/bench/NAME.  It prints
# one row per figure, separated by tabs, and anything else on stderr:
#
#   name unit ours peer peer_name ratio aim met
#
# ours, peer and ratio are numbers or "-"; aim is text (">= 0.85", "<= 8 MB");
# met is yes, no, or skip when the peer is not there.  The table goes to
# stdout, the rows to build/bench/NAME.json.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-build/release}
export O
name=${1:?usage: tests/bench/run.sh NAME}
out=build/bench
mkdir -p "$out"
rows=$(mktemp)
trap 'rm -f "$rows" "$rows.status"' EXIT

if [ -x "tests/bench/$name.sh" ]; then
	piece=tests/bench/$name.sh
elif [ -x "$O/tests/bench/$name" ]; then
	piece=$O/tests/bench/$name
else
	echo "bench: no tests/bench/$name.sh and no $O/tests/bench/$name" >&2
	exit 2
fi

status=0
"$piece" >"$rows" || status=$?

awk -F '\t' '
	BEGIN {
		split("name unit ours peer peer_name ratio aim met", h, " ")
		for (i = 1; i <= 8; i++) {
			cell[0, i] = h[i]
			w[i] = length(h[i])
		}
	}
	NF == 8 {
		n++
		for (i = 1; i <= 8; i++) {
			cell[n, i] = $i
			if (length($i) > w[i])
				w[i] = length($i)
		}
	}
	END {
		for (r = 0; r <= n; r++) {
			line = ""
			for (i = 1; i <= 8; i++)
				line = line sprintf(i == 3 || i == 4 || \
				    i == 6 ? "%*s  " : "%-*s  ", w[i], \
				    cell[r, i])
			sub(/ +$/, "", line)
			print line
		}
	}' "$rows"

awk -F '\t' -v kernel="$(uname -r)" -v cpus="$(nproc)" \
    -v date="$(date -u +%Y-%m-%dT%H:%M:%SZ)" '
	function text(s) {
		gsub(/[\\"]/, "\\\\&", s)
		return "\"" s "\""
	}
	function number(s) {
		return s ~ /^-?[0-9]+(\.[0-9]+)?$/ ? s : "null"
	}
	BEGIN {
		printf "{\"kernel\":%s,\"cpus\":%d,\"date\":%s,\"rows\":[", \
		    text(kernel), cpus, text(date)
	}
	NF == 8 {
		met = $8 == "yes" ? "true" : $8 == "no" ? "false" : "null"
		printf "%s\n{\"name\":%s,\"unit\":%s,\"ours\":%s," \
		    "\"peer\":%s,\"peer_name\":%s,\"ratio\":%s," \
		    "\"aim\":%s,\"met\":%s}", n++ ? "," : "", text($1), \
		    text($2), number($3), number($4), text($5), \
		    number($6), text($7), met
	}
	END { print "\n]}" }' "$rows" >"$out/$name.json"

awk -F '\t' 'NF != 8 { print "bench: not a row: " $0; bad = 1 }
	END { exit bad }' "$rows" >&2 || status=1
exit "$status"
