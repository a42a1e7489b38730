#!/bin/sh
# coffer: help, usage, exit codes, dry runs; against canned replies.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"


run
tap_is "$RC" 2 'no command: usage'
run help
tap_is "$RC" 0 'help'
tap_ok 'lists the commands' out_has '^  create '
run help pr merge
tap_is "$RC" 0 'help of a command of two words'
tap_ok 'lists its options' out_has '--style STYLE'
run pr merge --help
tap_is "$RC" 0 '--help of a command'
run xcreate x
tap_is "$RC" 2 'an unknown command'
tap_ok 'suggests the nearest' err_has 'did you mean `coffer create`'
run issue
tap_is "$RC" 2 'a family without its second word'
run status --bogus
tap_is "$RC" 2 'an unknown option'
run issue show acme/calc
tap_is "$RC" 2 'an argument is missing'
run issue show acme/calc x7
tap_is "$RC" 2 'an item that is no number'
run issue list 'acme/../x'
tap_is "$RC" 1 'a project that is none'
run wait acme/calc
tap_is "$RC" 2 'wait without an event'
COFFER_URL=http://127.0.0.1:9 run issue list acme/calc
tap_is "$RC" 5 'nobody listens: 5'
tap_ok 'with a hint' err_has 'hint:'
run --url ftp://x status
tap_is "$RC" 2 'an address that is none'

for bad in 'http://' 'http://:80' 'http://h:99999' 'http://h:x' 'http://u:p@h:80' 'http://[::1]:0' ''; do
	run --url "$bad" issue list acme/calc
	tap_is "$RC $(grep -c 'u:p' "$T/err")" '2 0' "an address that is none: $bad"
done
for bad in 'u:secret-p@h:80' 'ftp://u:secret-p@h' 'u:secret/p@h:80' 'http://u:secret/p@h' 'http:/u:secret-p@h' 'https://u:secret-p@h?x'; do
	COFFER_URL=$bad run --json issue list acme/calc
	tap_is "$RC $(cat "$T/out" "$T/err" | grep -c secret)" '2 0' "a password is in no message: $bad"
done
COFFER_TOKEN='a b' run issue list acme/calc
tap_is "$RC" 2 'a token with a space is none'
run --url https://127.0.0.1:9 issue list acme/calc
tap_ok 'the hint asks for the address that was given' err_has 'hint: is https://127.0.0.1:9 (from --url) the address'
run --home "$T/a b" issue list acme/calc --url ''
tap_is "$RC" 2 'an empty address'
unset COFFER_URL
run --home "$T/a b" exec acme/calc -- ls
tap_is "$RC" 5 'no agentd'
tap_ok 'a home with a space is a word for the shell' err_has "coffer --home '$T/a b' up -d"

for args in '5 --json issue list acme/calc --url http://127.0.0.1:9' '2 --json frob' '2 issue show --json' \
    '2 --json' '2 destroy acme/calc --json' '5 sync --all --json --url http://127.0.0.1:9' '1 --json config check --home /none'; do
	# shellcheck disable=SC2086
	run ${args#* }
	tap_is "$RC $(jq -c 'has("error") or has("taken")' "$T/out" 2>&1)" "${args%% *} true" "one object on failure, too: ${args#* }"
done
tap_is "$(jq -r .exit "$T/out")" null 'or what the command has to say of it'
run --json issue show acme/calc x
tap_is "$(jq -r '[.error, .exit] | join(" | ")' "$T/out")" 'issue show: x is not the number of an item | 2' 'with the message and the exit code'
run --frob
tap_ok 'an option alone: a command must follow' err_has 'frob: a command must follow'

while read -r args; do
	# shellcheck disable=SC2086
	run $args --url http://127.0.0.1:9
	tap_is "$RC" 2 "wrong usage, before anybody is asked: $args"
	[ "$RC" = 2 ] || sed 's/^/# /' "$T/err"
done <<'WRONG'
net acme/calc allow
net acme/calc frobnicate
net acme/calc mode web open
run show abc
run wait 0
settings acme/calc memory
WRONG
run net acme/calc allow
tap_ok 'and what must follow is shown' err_has 'coffer net PROJECT allow registry.example.org'

start_canned
run --url "https://${COFFER_URL#http://}" issue list acme/calc
tap_is "$RC" 5 'TLS where none is spoken'
tap_ok 'is said so' err_has 'no TLS is spoken at'
canned GET /api/v1/repos/acme/calc/issues 401 '{"message":"invalid username, password or token"}'
run issue list acme/calc
tap_ok 'a bad token: where it is from' err_has 'hint: the token in COFFER_TOKEN is not valid'
canned GET /api/v1/repos/acme/calc/issues 403 '{"message":"this identity may not do that"}'
run issue list acme/calc
tap_ok 'what may not be done: who may' err_has 'hint: .*an admin may'
canned GET /api/v1/repos/acme/calc/issues 400 'this port speaks TLS: ask by https://'
run issue list acme/calc
tap_ok 'a short text instead of JSON is told' err_has 'ask by https:// (HTTP 400)'
run issue list acme/none
tap_is "$RC" 4 'not found: 4'
canned GET /api/v1/repos/acme/calc/issues 403 '{"message":"no \u001b[31mway"}'
run issue list acme/calc
tap_is "$RC" 3 'refused: 3'
tap_ok 'the message is escaped' err_has 'no <U+001B>\[31mway'
canned GET /api/coffer/v1/projects 200 '[{"id":1,"owner":"a","name":"x","full_name":"a/x"},{"id":2,"owner":"b","name":"x","full_name":"b/x"},{"id":3,"owner":"a","name":"y","full_name":"a/y"}]'
run issue list x
tap_is "$RC" 1 'a name that two projects have'
canned GET /api/v1/repos/a/y/issues 200 '[{"number":4,"title":"T\u202eX\u001b]0;t\u0007","state":"open","user":{"login":"u"},"updated_at":"2020-01-01T00:00:00Z"}]'
run issue list y
tap_is "$RC" 0 'a name that one has'
tap_ok 'a title is escaped' out_has 'T<U+202E>X<U+001B>]0;t<U+0007>'
run issue list y --json
tap_ok '--json is JSON' jq -e '.[0].number == 4' "$T/out"
: >"$CANNED/requests"
run issue new a/y -t Title -b Body --dry-run
tap_is "$RC" 0 '--dry-run'
tap_ok 'says what would be sent' out_has 'would send POST /api/v1/repos/a/y/issues'
tap_not 'and sends nothing' grep -q POST "$CANNED/requests"
canned POST /api/v1/repos/a/y/issues 201 '{"number":5}'
printf 'from a file\n' >"$T/body.txt"
run issue new a/y -t Title -F "$T/body.txt"
tap_is "$RC $(cat "$T/out")" '0 a/y#5' 'an issue with a body from a file'
tap_ok 'its text arrived' grep -q 'POST .*from a file' "$CANNED/requests"
tap_ok 'the token goes in a header' grep -q 'auth=Bearer secret-of-the-test' "$CANNED/requests"
canned GET /api/v1/repos/a/y/pulls/9 200 '{"number":9,"head":{"ref":"agent/x","sha":"1111111111111111111111111111111111111111"}}'
canned POST /api/v1/repos/a/y/pulls/9/merge 405 '{"message":"the gate is closed"}'
canned GET /api/coffer/v1/repos/a/y/pulls/9/gate 200 '{"open":false,"requirements":[{"id":"approval","met":false,"title":"Approval","why":"0 of 1"}]}'
run pr merge a/y 9
tap_is "$RC" 3 'a merge that the gate refuses: 3'
tap_ok 'with what is missing' err_has 'unmet  Approval: 0 of 1'
tap_ok 'asked for exactly the head' grep -q 'head_commit_id":"1111111111' "$CANNED/requests"
run pr gate a/y 9
tap_is "$RC" 3 'pr gate of a closed gate: 3'
canned GET /api/coffer/v1/events 200 '{"events":[],"last":0}'
canned GET /api/coffer/v1/projects/a/y 200 '{"id":3,"owner":"a","name":"y","full_name":"a/y"}'
run wait a/y --event pull.opened --timeout 300ms
tap_is "$RC" 124 'a wait that times out: 124'
canned GET /api/coffer/v1/events 200 '{"events":[{"seq":8,"kind":"issue.opened","item":2},{"seq":9,"kind":"pull.opened","item":3}],"last":9}'
run wait a/y --event pull.opened --timeout 5s
tap_is "$RC $(jq -r .seq "$T/out")" '0 9' 'a wait that finds its event'
run destroy a/y
tap_is "$RC" 2 'destroy without a terminal needs --yes'
tap_done
