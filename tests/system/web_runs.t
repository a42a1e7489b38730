#!/bin/sh
# The pages of runs, without JavaScript: found by project and state, told in
# words, with what was said and done folded up.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"max_item_runs":100}}'
api POST "$R/issues" '{"title":"one","body":"x"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }

sign_in admin "$ADMIN"
web_run fix
page GET "/-/runs/$RUN"
tap_ok 'a run says what began it' grep -q 'Started by.*a comment of admin' "$BODY"
tap_ok 'and leads to its branch' shows "/$PROJECT/src/branch/agent/fix-1"
tap_ok 'stopping it asks once more' shows 'Stop this run'
tap_ok 'it is sound' sound
web_log 0 'plain output of a program
> quoted words: not a tool
'
page GET "/-/runs/$RUN"
tap_not 'the output of a program is not taken for tools' shows 'class="tool"'
tap_ok 'and is there' shows 'plain output of a program'
had=$(stat -c %s "$T/part")
web_log "$had" "[session]: model-1
I look at the tests.
Then I mend them.
> Bash: ls -la $XSS
> (not done) WebFetch: https://example.org/
[error] rate: too many $XSS
"
page GET "/-/runs/$RUN"
tap_is "$(grep -o 'class="tool"' "$BODY" | wc -l)" 2 'tools are folded up, one by one'
tap_ok 'with what they were given' shows '<strong>Bash</strong>'
tap_ok 'one that was not let is told' grep -q 'WebFetch</strong> <span class="badge" data-kind="bad">not done' "$BODY"
tap_ok 'what was said is text' shows 'I look at the tests.
Then I mend them.'
web_log $((had + $(stat -c %s "$T/part"))) "Now **bold** of \`main.c\`, see #1 $XSS

![a picture](https://elsewhere.test/x.png)
"
page GET "/-/runs/$RUN"
tap_ok 'what it says is Markdown' shows 'Now <strong>bold</strong> of <code>main.c</code>'
tap_ok 'with links to issues of the project' shows "href=\"/$PROJECT/issues/1\""
tap_not 'and no picture of elsewhere' shows '<img'
tap_ok 'what went wrong is told' grep -q 'class="alert">error: rate: too many' "$BODY"
tap_not 'no tag of an agent is one' shows '<script>alert'
tap_ok 'the page is sound' sound
tap_ok 'the lines as they came are there, too' shows 'Output, line by line'
send "/-/runs/$RUN/stop"
tap_is "$STATUS,$(location)" "303,/-/runs/$RUN" 'it is stopped'
page GET "/-/runs/$RUN"
tap_ok 'which takes a moment' shows 'is being stopped'
tap_not 'and is not offered again' shows 'Stop this run'
as "$AGENTD" api POST "/api/coffer/v1/runs/$RUN/finish" '{"state":"cancelled","why":"asked for","message":""}'
FIRST=$RUN
web_record '<p>done' '{"resources":{"samples":3,"memory_peak":104857600,"cpu_ms":65000,"pids_peak":12},"agent":{"usage":{"input":1200,"output":340,"turns":7}},"patch":{"files":2,"added":10,"deleted":3}}'
page GET "/-/runs/$RUN"
tap_ok 'with a record it says what it took' shows '100 MiB'
tap_ok 'tokens' grep -q 'Tokens out</dt><dd>340' "$BODY"
tap_ok 'and what it changed' shows '2 files, +10 −3'
tap_ok 'soundly' sound
web_run plan
as "$AGENTD" api POST "/api/coffer/v1/runs/$RUN/finish" "$(jq -n --arg w "$XSS" '{state: "failed", why: $w, message: ("It is **not** done " + $w)}')"
page GET "/-/runs/$RUN"
tap_ok 'its last words are Markdown' shows 'It is <strong>not</strong> done'
tap_ok 'one that failed says what to do' shows 'order again'
tap_ok 'whatever the reason is' sound

# ---- what becomes many times as long ----
many() { perl -e 'print substr($ARGV[0] x $ARGV[1], 0, $ARGV[1])' "$1" "$2"; }
for what in '#1 ' '"' '<!--#2 ' "> Bash: &
"; do
	web_run plan
	web_log 0 "> Bash: true
I **begin**.
> Bash: $(many "$what" 65000)
$(many "$what" 60000)
"
	page GET "/-/runs/$RUN"
	tap_is "$STATUS" 200 'a page has room for what an agent said, whatever it becomes'
	tap_ok 'soundly' sound
	tap_ok 'and not much of it' test "$(wc -c <"$BODY")" -lt 2000000
	as "$AGENTD" api POST "/api/coffer/v1/runs/$RUN/finish" "$(many "$what" 16000 | jq -Rs '{state: "failed", why: "x", message: .}')"
	tap_is "$STATUS" 200 'as last words, too'
	page GET "/-/runs/$RUN"
	tap_is "$STATUS" 200 'they have room'
	tap_ok 'soundly' sound
done

# ---- found ----
page GET /-/runs
tap_ok 'the list has both' test "$(grep -c "/-/runs/$FIRST\"" "$BODY")" -gt 0 -a "$(grep -c "/-/runs/$RUN\"" "$BODY")" -gt 0
tap_ok 'it is sound' sound
page GET '/-/runs?state=failed'
tap_ok 'by state: that one' shows "/-/runs/$RUN\""
tap_not 'and no other' shows "/-/runs/$FIRST\""
tap_ok 'which is chosen' shows '<option value="failed" selected>'
page GET "/-/runs?project=$PROJECT&state=queued"
tap_ok 'none is queued' shows 'No run is in that state'
page GET "/-/runs?project=$PROJECT"
tap_ok 'by project' shows "/-/runs/$FIRST\""
page GET '/-/runs?project=nobody/nothing'
tap_is "$STATUS" 404 'a project that there is not has none'
page GET '/-/runs?project=word'
tap_is "$STATUS" 422 'and a word is no project'
sign_in eve "$EVE"
page GET "/-/runs/$FIRST"
tap_is "$STATUS" 200 'a reader sees a run'
page GET /-/runs
send "/-/runs/$RUN/stop"
tap_is "$STATUS" 403 'and stops none'
tap_done
