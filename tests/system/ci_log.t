#!/bin/sh
# The log of a job that says too much, as another's runner brings it: what is
# kept of it, what is told of the rest, and what cofferd needs for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"

ci_start
ci_checks <<'CHECKS'
checks:
  - {name: c, test: "true"}
CHECKS
ci_register a
ci_pull much
http_t=$(ci_secret a)
http POST "$C/ci/poll?wait=20" -H 'Content-Type: application/json' -d '{}'
JOB=$(field .id) LEASE=$(field .lease)
tap_is "$STATUS" 200 'a runner takes a job'

# Lines of their own numbers, 64 bytes each: 80 MiB.
perl -e 'printf "%063d\n", $_ for 0 .. 80 * 16384 - 1' >"$T/all"
(cd "$T" && split -b 1048576 -a 3 -d all part.)
rss() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$COFFERD_PID/status"; }
# send FROM TO: these parts, MiB
send()
{
	printf 'header = "Authorization: Bearer %s"\n' "$(ci_secret a)" >"$T/a.rc"
	for i in $(seq "$1" $(($2 - 1))); do
		[ "$i" = "$1" ] || echo next
		printf 'config = "%s"\n' "$T/a.rc"
		printf 'header = "X-Coffer-Lease: %s"\nheader = "Content-Range: bytes %d-%d/*"\nrequest = PATCH\n' \
		    "$LEASE" $((i * 1048576)) $(((i + 1) * 1048576 - 1))
		printf 'data-binary = "@%s/part.%03d"\noutput = "%s/reply"\nurl = "%s"\n' \
		    "$T" "$i" "$T" "$URL$C/ci/jobs/$JOB/log"
	done >"$T/parts"
	curl -sS -K "$T/parts" && [ "$(jq .next "$T/reply")" = $(($2 * 1048576)) ]
}
log() { api GET "$C/ci/jobs/$JOB/log$1"; }
tap_ok '20 MiB' send 0 20
before=$(rss)
log ''
tap_ok 'are there as they came' sh -c "head -c 20971520 '$T/all' | cmp - '$BODY'"
api GET "$C/ci/jobs/$JOB"
tap_is "$(field '"\(.log_bytes) \(.log_lost)"')" '20971520 0' 'nothing is lost'
tap_ok '80 MiB' send 20 80
tap_ok 'in no more memory' [ "$(rss)" -lt $((before + 16384)) ]
tap_is "$(stat -c %s "$HOME_DIR/logs/jobs/$JOB.log")" $((33 * 1048576)) 'and in a file of bounded size'
api GET "$C/ci/jobs/$JOB"
tap_is "$(field '"\(.log_bytes) \(.log_lost)"')" '83886080 50331648' 'what is lost is told'
{
	head -c $((24 * 1048576)) "$T/all"
	printf '\n[50331648 bytes are not kept]\n'
	tail -c $((8 * 1048576)) "$T/all"
} >"$T/want"
log ''
tap_ok 'the beginning and the end are there, with a line between that says so' cmp "$T/want" "$BODY"
log "?offset=$((80 * 1048576 - 64))"
tap_is "$(cat "$BODY")" "$(tail -c 64 "$T/all")" 'an offset is one of the whole output'
log "?offset=$((30 * 1048576))"
tap_is "$(head -n 2 "$BODY" | tail -n 1)" '[44040192 bytes are not kept]' 'what lies in between is told from there'
http_t=$(ci_secret a)
http POST "$C/ci/jobs/$JOB/result" -H 'Content-Type: application/json' \
    -d "{\"lease\":\"$LEASE\",\"state\":\"failed\",\"phase\":\"test\",\"exit_code\":1}"
tap_is "$STATUS" 200 'it ends'
http_t=
api GET "$R/issues/$PULL/comments"
tap_ok "the comment has the log's end" sh -c "jq -r '.[].body' '$BODY' | grep -q '$(tail -c 64 "$T/all" | head -c 63)'"
ASSET=$(field '[.[].assets[]?] | .[0].browser_download_url')
http_t=$ADMIN
http GET "$ASSET"
http_t=
tap_ok 'and the attachment all that is kept, in its order' cmp "$T/want" "$BODY"
tap_done
