#!/bin/sh
# What the API of an upstream's forge says: asked conditionally, shown, told as
# events; a move is recorded and not followed; rate limits are obeyed.
. "$(dirname "$0")/lib.sh"

command -v perl >/dev/null || tap_skip_all 'perl is not there'
tap_plan 34
F=$T/forge
mkdir "$F"
echo ok >"$F/mode"
echo '"v1"' >"$F/etag"
repo() {
	printf '{"id":1,"full_name":"%s","description":"%s","default_branch":"%s","archived":%s,"private":false,"disabled":false,"pushed_at":"2026-01-01T00:00:00Z","parent":{"full_name":"up/calc"},"owner":{"login":"o"}}\n' "$@" >"$F/body"
}
repo o/calc 'A calculator' main false
start "$T/forge.log" perl "$SYSTEM_DIR/mirror_github.pl" "$F"
wait_for 10 test -s "$F/port" || tap_bail 'no forge'

coffer_home
coffer_conf <<-CONF
	github_api = forge.invalid=http://127.0.0.1:$(cat "$F/port")
	github_interval = 1s
	$(lib_router_ids)
CONF
start_cofferd
UPSTREAM=https://forge.invalid/o/calc.git
api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\"}"
tap_is "$STATUS" 201 'a project of that forge'
P=/api/coffer/v1/projects/admin/calc

info() { api GET "$P"; field ".upstream_info.$1"; }
is_info() { [ "$(info "$1")" = "$2" ]; }
events() {
	api GET "/api/coffer/v1/events?after=0&limit=100"
	jq -c "[.events[] | select(.kind==\"$1\") | .data]" "$BODY"
}
asked() { wc -l <"$F/log"; }
asked_more() { [ "$(asked)" -ge $(($1 + $2)) ]; }

tap_ok 'facts come by themselves' wait_for 10 is_info full_name o/calc
tap_is "$(info description)" 'A calculator' 'the description'
tap_is "$(info default_branch)" main 'the default branch of its API'
tap_is "$(info archived)" false 'not archived'
tap_is "$(info parent)" up/calc 'what it is a fork of'
tap_is "$(info moved_to)" null 'not moved'
tap_is "$(info error)" null 'no error'
tap_is "$(events upstream.changed)" '[]' 'what is new at first is no change'
tap_is "$(sed -n 1p "$F/log")" 'GET /repos/o/calc etag=- auth=-' 'the first question has no etag and no token'
N=$(asked)
tap_ok 'it is asked again' wait_for 10 asked_more "$N" 2
tap_like "$(tail -n 1 "$F/log")" 'GET /repos/o/calc etag="v1" auth=-' 'with the etag'

# A change, each field its event.
repo o/calc 'A better calculator' trunk true
echo '"v2"' >"$F/etag"
tap_ok 'an archived upstream is shown' wait_for 10 is_info archived true
tap_is "$(events upstream.changed | jq -c '[.[] | .field] | sort')" '["archived","default_branch","description"]' 'each change is an event'
tap_is "$(events upstream.changed | jq -c '.[] | select(.field=="default_branch") | [.old, .new]')" '["main","trunk"]' 'with old and new'
api GET "$P"
tap_is "$(field .default_branch)" '' 'the default branch stays what git says: nothing yet'

# A token goes there, and nowhere else.
api PUT "$P/upstream-token" '{"token":"ghp_verysecret"}'
tap_is "$STATUS" 204 'a token is set'
sent() { tail -n 1 "$F/log" | grep -q 'auth=Bearer ghp_verysecret'; }
tap_ok 'it is sent to that API' wait_for 10 sent

# A rename that still answers, then a move.
repo o/calculator 'A better calculator' trunk true
echo '"v3"' >"$F/etag"
tap_ok 'a rename is seen' wait_for 10 is_info moved_to o/calculator
tap_is "$(events upstream.moved | jq length)" 1 'and told once'
echo moved >"$F/mode"
tap_ok 'a move is recorded' wait_for 10 is_info moved_to https://api.github.com/repositories/42
tap_like "$(events upstream.moved | jq -r '.[1].text')" '*create a project with its new URL*' 'with what to do'
tap_is "$(grep -c repositories "$F/log")" 0 'and not followed'
api GET "$P"
tap_is "$(field .upstream)" "$UPSTREAM" 'the URL stays'

# Refused, gone, broken: shown, no event.  (A start forgets the wait after a
# failure.)
stop_cofferd
start_cofferd
echo refused >"$F/mode"
# shellcheck disable=SC2254 # a pattern
is_like() { case $(info error) in $1) return 0 ;; esac; return 1; }
tap_ok 'a refusal is shown' wait_for 20 is_like '*401*Bad credentials*'
B=$(events upstream.moved | jq length)
tap_is "$B" 2 'without an event'
stop_cofferd
start_cofferd
echo broken >"$F/mode"
tap_ok 'nonsense is shown' wait_for 20 is_like "*API's reply*"
tap_is "$(info description)" 'A better calculator' 'and what was known stays'
stop_cofferd
start_cofferd
echo gone >"$F/mode"
tap_ok 'gone is shown' wait_for 20 is_like '*404*Not Found*'
tap_like "$(info error)" '*404*' 'as the API said it'

# The budget is spent: it is left alone until it is renewed.
stop_cofferd
echo rate >"$F/mode"
start_cofferd
tap_ok 'a rate limit is shown' wait_for 20 is_like '*rate limit*'
N=$(asked)
tap_not 'it is not asked again' within 9 asked_more "$N" 1

# Nothing of the token anywhere.
stop_cofferd
grep -rl ghp_verysecret "$HOME_DIR" "$T/cofferd.log" >"$T/found"
tap_is "$(cat "$T/found")" "$HOME_DIR/secrets/upstream/1.token" 'the token is in its file alone'
"$O/bin/cofferd" --home "$HOME_DIR" -n >/dev/null 2>&1 || :
coffer_conf <<-CONF
	github_api = github.com
CONF
tap_not 'a wrong map is refused' "$O/bin/cofferd" --home "$HOME_DIR" -n
tap_done
