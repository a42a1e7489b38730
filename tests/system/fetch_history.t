#!/bin/sh
# False positives: the checks over real history, this repository's own, commit
# by commit.  Nothing blocks but what fetch_corpus/history names by rule and
# path.  COMMITS of them (default 40), fewer where the checkout is shallow.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
KNOWN=$SYSTEM_DIR/fetch_corpus/history
TOP=$(git -C "$SYSTEM_DIR" rev-parse --show-toplevel 2>/dev/null)
if [ -z "$TOP" ]; then
	echo '1..0 # SKIP this is no checkout: there is no history'
	exit 0
fi
start_canned
canned GET /api/coffer/v1/projects/acme/calc 200 \
    '{"id":7,"owner":"acme","name":"calc","full_name":"acme/calc"}'
SRV=$CANNED/acme/calc.git
CLONE=$T/clone
mkdir -p "$CANNED/acme"
git clone -q --bare --no-tags "file://$TOP" "$SRV" 2>/dev/null || tap_bail 'clone of the checkout'
git -C "$SRV" for-each-ref --format='delete %(refname)' | git -C "$SRV" update-ref --stdin
HEAD=$(git -C "$TOP" rev-parse HEAD)
# Every commit whose first parent is here.
git -C "$SRV" rev-list --no-merges -n "${COMMITS:-40}" "$HEAD" |
    while read -r id; do
	git -C "$SRV" cat-file -e "$id^{commit}" 2>/dev/null &&
	    git -C "$SRV" rev-parse -q --verify "$id^1" >/dev/null && echo "$id"
    done >"$T/commits"
git -C "$SRV" update-ref refs/heads/main "$HEAD"
while read -r id; do
	echo "create refs/heads/h/$id $id"
done <"$T/commits" | git -C "$SRV" update-ref --stdin
git clone -q --shared "$SRV" "$CLONE" 2>/dev/null && git -C "$CLONE" checkout -q -B main "$HEAD" ||
    tap_bail 'clone'
git -C "$CLONE" config coffer.project acme/calc
git -C "$CLONE" config coffer.url "$COFFER_URL"

n=$(wc -l <"$T/commits")
echo "# $n commits"
tap_plan 3
tap_ok 'there is some history to look at' [ "$n" -ge 1 ]
: >"$T/blocked"
: >"$T/failed"
looked=0
while read -r id; do
	(cd "$CLONE" && run fetch --dry-run --json --base "$id^1" "h/$id")
	if jq -e '.findings | type == "array"' "$T/out" >/dev/null 2>&1; then
		looked=$((looked + 1))
		jq -r '.findings[] | select(.severity == "block") | "\(.id) \(.file)"' \
		    "$T/out" | sed "s/\$/ $(printf %.12s "$id")/" >>"$T/blocked"
	else
		echo "$id $(head -n 3 "$T/err" | tr '\n' ' ')" >>"$T/failed"
	fi
done <"$T/commits"
tap_is "$looked $(cat "$T/failed")" "$n " 'each commit could be looked at'
# "RULE PATH": both as they are, * for any.
while read -r rule path commit; do
	awk -v r="$rule" -v p="$path" '
		/^#/ || NF < 2 { next }
		($1 == "*" || $1 == r) && (index($2, "*") == length($2) ?
		    index(p, substr($2, 1, length($2) - 1)) == 1 : $2 == p) { found = 1 }
		END { exit !found }' "$KNOWN" || echo "$rule $path $commit"
done <"$T/blocked" >"$T/new"
tap_is "$(cat "$T/new")" '' 'nothing blocks but what is known'
tap_done
