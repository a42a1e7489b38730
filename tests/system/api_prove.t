#!/bin/sh
# The verdict of `coffer prove` in cofferd: who may tell it, what is kept of it,
# and when it is about another sandbox than there is.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
P=/api/coffer/v1/projects/$PROJECT

told() { as "$AGENTD" api PUT "$P/prove" "$1"; }
shown() { api GET "$P"; jq -c "$1" "$BODY"; }
proved() { api GET "/api/coffer/v1/events?after=0&limit=1000"; jq '[.events[] | select(.kind == "sandbox.proved")] | length' "$BODY"; }

tap_is "$(shown .prove)" null 'nobody has tried it'
V='{"at":"2026-02-03T04:05:06Z","result":"fail","passed":40,"failed":1,"untestable":3,"generation":0,"network":"web","driver":"oci"
    ,"failed_rows":[{"id":"host","what":"the host","evidence":"<b>it answered</b>"}]}'
api PUT "$P/prove" "$V"
tap_is "$STATUS" 403 'an admin does not tell it'
as "$RUNNER" api PUT "$P/prove" "$V"
tap_is "$STATUS" 403 'nor does a runner'
told "$V"
tap_is "$STATUS" 204 'agentd does'
tap_is "$(shown .prove)" '{"at":"2026-02-03T04:05:06Z","result":"fail","stale":false,"passed":40,"failed":1,"untestable":3,"generation":0,"network":"web","driver":"oci","failed_rows":[{"id":"host","what":"the host","evidence":"<b>it answered</b>"}]}' \
    'the project has it, with the rows that failed'
tap_is "$(proved)" 1 'an event tells of it'
told "$V"
tap_is "$STATUS $(proved)" '204 1' 'once'
told "$(echo "$V" | jq -c '.at = "2026-02-03T04:05:05Z" | .result = "pass"')"
tap_is "$(shown .prove.result) $(proved)" '"pass" 2' 'the last one counts, also after the clock was set back'
told "$V"

told "$(echo "$V" | jq -c '.at = "2026-02-03T04:06:00Z" | .result = "good"')"
tap_is "$STATUS" 422 'a word that is none is refused'
told "$(echo "$V" | jq -c 'del(.at)')"
tap_is "$STATUS" 422 'one without a time is refused'
told "$(echo "$V" | jq -c '.at = "2026-02-03T04:06:00Z" | .failed_rows = [range(65) | {id: "x"}]')"
tap_is "$STATUS" 422 'too many rows are refused'
told "$(echo "$V" | jq -c '.at = "2026-02-03T04:06:00Z" | .failed_rows[0].evidence = ("x" * 501)')"
tap_is "$STATUS" 422 'so is a text that is too long'
tap_is "$(shown .prove.at)" '"2026-02-03T04:05:06Z"' 'and nothing of those is kept'

api PATCH "$P" '{"settings":{"network":"open"}}'
tap_is "$(shown .prove.stale)" true 'of another network it is stale'
api PATCH "$P" '{"settings":{"network":"web"}}'
tap_is "$(shown .prove.stale)" false 'of the same one it is not'
api PATCH "$P/network" '{"lockdown":true}'
tap_is "$(shown .prove.stale)" true 'nor of what lockdown leaves'
api PATCH "$P/network" '{"lockdown":false}'
told "$(echo "$V" | jq -c '.at = "2026-02-03T05:00:00Z" | .result = "pass" | .failed = 0 | .failed_rows = [] | .generation = 1')"
tap_is "$(shown '[.prove.result, .prove.stale, .prove.failed_rows]')" '["pass",true,[]]' \
    'the newest counts; of another generation it is stale'
told "$(echo "$V" | jq -c '.at = "2026-02-03T06:00:00Z"')"
tap_is "$(shown .prove.stale)" false 'of this one it is not'
as "$AGENTD" api PUT "$P/sandbox" '{"state":"absent","reason":"","address":""}'
tap_is "$(shown .prove.stale)" true 'of a sandbox that was taken away it is'
stop_cofferd
start_cofferd
tap_is "$(shown '[.prove.at, .prove.stale]')" '["2026-02-03T06:00:00Z",true]' 'it lives through a restart'
tap_done
