#!/bin/sh
# Names that try to forge the router's log: one line, valid JSON, no entry more.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup
tap_plan 6
mode 7 web >/dev/null
log() { ask '{"op":"log","id":7,"limit":200}' >"$T/log"; }
# question BYTES: a label of these (printf), below evil.test
question()
{
	# shellcheck disable=SC2059
	hex=$(printf "$1" | od -An -tx1 | tr -d ' \n')
	p7 raw 10.214.0.1 53 "126701000001000000000000$(printf %02x $((${#hex} / 2)))${hex}046576696c04746573740000010001" >/dev/null
}

log
before=$(jq '.entries | length' "$T/log")
question 'x\n{"seq":1,"verdict":"answered"}'
question 'x"},{"verdict":"answered","name":"y'
question 'x\033[2J\033]0;t\007'
question 'x\r\\u0000'
question '\303\050\377\376'
log
tap_is "$(wc -l <"$T/log")" 1 'the answer is one line'
tap_ok 'and valid JSON' jq -e .ok "$T/log"
tap_not 'without control characters' env LC_ALL=C grep -q '[[:cntrl:]]' "$T/log"
tap_ok 'there is an entry for what was asked at most' [ "$(($(jq '.entries | length' "$T/log") - before))" -le 5 ]
tap_is "$(jq '[.entries[] | select(.verdict == "answered")] | length' "$T/log")" 0 'and none says what was not'
tap_not 'nor does its own log' env LC_ALL=C grep -q "$(printf '\033')" "$T/router.log"
tap_done
