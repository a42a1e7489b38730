#!/bin/sh
# The pages: what they show, to whom, that what strangers write stays text, and
# that a click is what the API's call is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api PATCH "$C/projects/$PROJECT" '{"settings":{"network":"locked","max_item_runs":100}}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
alone() { ! grep -Eq '<img|<script>' "$BODY"; }

sign_in admin "$ADMIN"
page GET /
tap_ok 'a project that nobody proved says so' shows 'not proved'
page GET /-/approvals
tap_ok 'an empty inbox says what comes here' shows 'Nobody asks'
page GET /-/runs
tap_ok 'and where runs come from' shows '/plan'

# Everything that strangers write.
api POST "$R/issues" "$(jq -n --arg t "$XSS" '{title: $t, body: "x"}')"
web_run fix
web_log 0 "$XSS"
web_ask command "rm -rf /tmp/x; echo $XSS" "$XSS"
FIRST=$ASK
web_ask tool "$(printf 'Bash \342\200\256 gnp.exe')"
web_ask budget 2500000
web_blocked files.test "$XSS"
web_blocked "x.$(printf '\342\200\256')test" 'no rule'
web_prove fail 1 "$XSS"
as "$AGENTD" api PUT "$C/projects/$PROJECT/sandbox" "$(jq -n --arg r "$XSS" '{state: "failed", cause: "oom", reason: $r}')"

page GET /
tap_ok 'the list of projects is sound' sound
tap_ok 'it has the count of what waits' shows 'to approve'
tap_ok 'what was blocked' grep -Eq '[0-9]+ blocked' "$BODY"
tap_ok 'and the verdict' shows 'data-kind="bad">fail'
page GET "/$PROJECT"
tap_ok 'the page of a project is sound' sound
tap_ok 'it has the row that failed' shows 'dns-rebind'
tap_ok 'with its evidence as text' shows '&lt;script&gt;alert(2)'
tap_ok 'and nothing of it as a tag' alone
tap_ok 'the name that was blocked' shows 'files.test:443'
tap_ok 'the title of the issue' shows '#1'
tap_ok 'the run' shows "href=\"/-/runs/$RUN\""
page GET /-/approvals
tap_ok 'the inbox is sound' sound
tap_ok 'without a tag of a stranger' alone
tap_ok 'what turns text around is written out' shows '&lt;U+202E&gt;'
tap_ok 'money is money' shows '$2.50'
tap_ok 'a maintainer may answer' shows "/-/approvals/$FIRST/allow"
page GET "/-/runs/$RUN"
tap_ok 'the page of a run is sound' sound
tap_ok 'without a tag of a stranger' alone
tap_ok 'it may be stopped' shows "/-/runs/$RUN/stop"
page GET /-/runs
tap_ok 'the list of runs is sound' sound
page GET "/-/runs/$RUN/log"
tap_is "$STATUS,$(header Content-Type),$(header X-Content-Type-Options)" '200,text/plain;charset=utf-8,nosniff' 'its log is text'
tap_is "$(cat "$BODY")" "$XSS" 'whole'
page GET "/-/runs/$RUN/report"
tap_is "$STATUS" 404 'without a record there is no report'
web_record "<h1>Report</h1>$XSS"
tap_is "$STATUS" 201 'with one'
page GET "/-/runs/$RUN"
tap_ok 'the page leads to it' shows "/-/runs/$RUN/report"
page GET "/-/runs/$RUN/report"
tap_is "$STATUS,$(cat "$BODY")" "200,<h1>Report</h1>$XSS" 'it is shown as it is'
tap_is "$(header Content-Security-Policy)" "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'" 'where it can do nothing'
page GET "/-/runs/$RUN/record"
tap_ok 'the record itself is there' cmp "$BODY" "$T/record.tar"
page GET "/-/runs?page=%22%3E%3Cscript%3E"
tap_is "$STATUS" 422 'a page that is no number is refused'
tap_ok 'soundly' sound
page GET "/-/runs?owner=%3Cscript%3E&name=x"
tap_is "$STATUS" 404 'a project that is none, too'
tap_ok 'soundly' sound
page GET '/-/sign-in?next=%22%3E%3Cscript%3E'
page GET /nobody/nothing
tap_is "$STATUS" 404 'what is not there is not there'
tap_ok 'on a page' sound
page GET /-/runs/99999
tap_is "$STATUS" 404 'nor a run'

page GET "/$PROJECT/issues"
tap_ok 'the list of issues is sound' sound
tap_ok 'it leads to each' shows "href=\"/$PROJECT/issues/1\""
page GET "/$PROJECT/issues?state=closed"
tap_ok 'none is closed' shows 'There is none'
page GET "/$PROJECT/pulls"
tap_ok 'nor is there a pull request' shows 'There is none'
api POST "$R/issues/1/comments" "$(jq -n --arg b "$XSS" '{body: $b}')"
page GET "/$PROJECT/issues/1"
tap_ok 'the page of an issue is sound' sound
tap_ok 'what is said is text' shows '&lt;script&gt;alert(2)'
tap_ok 'and nothing else' alone
send "/$PROJECT/issues/1/comments" "body=Said here.
$XSS"
tap_is "$STATUS,$(location)" "303,/$PROJECT/issues/1?page=1#$(location | sed 's/.*#//')" 'one says something there'
api GET "$R/issues/1/comments"
tap_is "$(field '.[-1] | "\(.user.login) \(.body)"')" "admin Said here.
$XSS" 'which is a comment as any'
page GET "/$PROJECT/issues"
send "/$PROJECT/issues" "title=$XSS" 'body=/status'
tap_is "$STATUS,$(location)" "303,/$PROJECT/issues/2" 'and opens an issue'
page GET "/$PROJECT/issues/2"
tap_ok 'whose page is sound' sound
page GET "/$PROJECT/issues"
send "/$PROJECT/issues" 'title=' 'body=x'
tap_is "$STATUS" 422 'not without a title'
page GET "/$PROJECT/issues/99"
tap_is "$STATUS" 404 'an issue that is none is not there'
push_branch feature b.txt two
api POST "$R/pulls" "$(jq -n --arg t "$XSS" '{title: $t, head: "feature", base: "main"}')"
page GET "/$PROJECT/pulls/3"
tap_ok 'the page of a pull request is sound' sound
tap_ok 'and says what goes where' shows '<code>feature</code> into <code>main</code>'
page GET "/$PROJECT"
tap_ok 'the project has them' shows "href=\"/$PROJECT/pulls/3\""
tap_ok 'soundly' sound

page GET "/$PROJECT/network"
tap_ok 'the page of the network is sound' sound
tap_ok 'it has what was blocked, by whom' shows 'curl'
tap_ok 'as text' alone
send "/$PROJECT/network" act=allow domain=files.test for_s=3600
tap_is "$STATUS,$(location)" "303,/$PROJECT/network" 'a name is allowed by a click'
api GET "$C/projects/$PROJECT/network"
tap_ok 'for that time' jq -e '.allow[] | select(.domain == "files.test") | .until != null and .by == "admin"' "$BODY"
RULE=$(field '.allow[] | select(.domain == "files.test") | .id')
page GET "/$PROJECT/network"
tap_ok 'and shown, soundly' sound
send "/$PROJECT/network" act=allow "domain=$XSS" for_s=3600
tap_is "$STATUS" 422 'what is no name is refused'
tap_ok 'soundly' sound
page GET "/$PROJECT/network"
send "/$PROJECT/network" act=allow domain='*' for_s=0
tap_is "$STATUS" 422 'so is what lets more out than it looks like'
page GET "/$PROJECT/network"
send "/$PROJECT/network" act=drop "id=$RULE"
api GET "$C/projects/$PROJECT/network"
tap_is "$STATUS,$(field '[.allow[] | select(.domain == "files.test")] | length')" 200,0 'a rule is removed'
page GET "/$PROJECT/network"
send "/$PROJECT/network" act=lockdown
page GET "/$PROJECT/network"
tap_ok 'lockdown is one click' shows 'End lockdown'
send "/$PROJECT/network" act=unlock
page GET "/$PROJECT/network"
tap_not 'and its end' shows 'End lockdown'
send "/$PROJECT/network" act=nothing
tap_is "$STATUS" 422 'another act is none'

# What is for good, or has ports, is not replaced by a click for a time.
send_net() { page GET "/$PROJECT/network"; send "/$PROJECT/network" "$@"; }
rules() { api GET "$C/projects/$PROJECT/network"; field "[.allow[], .deny[] | select(.domain == \"$1\") | \"\(.until) \(.ports)\"] | join(\";\")"; }
button() { page GET "/$PROJECT/network"; shows "name=\"domain\" value=\"$1\""; }
web_blocked kept.test 'no rule allows it'
tap_ok 'a name that was blocked has a button' button kept.test
send_net act=allow domain=kept.test for_s=0
tap_is "$STATUS" 303 'one is allowed for good'
WAS=$(rules kept.test)
tap_not 'then it has none' button kept.test
send_net act=deny domain=kept.test for_s=86400
tap_is "$STATUS" 409 'a day of no does not end that'
tap_ok 'soundly' sound
send_net act=allow domain=kept.test for_s=86400
tap_is "$STATUS,$(rules kept.test)" "409,$WAS" 'nor a day of yes'
api POST "$C/projects/$PROJECT/network/rules" '{"list":"allow","domain":"ports.test","ports":[22]}'
WAS=$(rules ports.test)
web_blocked ports.test 'not by that port'
api GET "$C/approvals?state=open"
PORTS=$(field '[.[] | select(.subject == "ports.test")][0].id')
page GET /-/approvals
send "/-/approvals/$PORTS/allow" for_s=600
tap_is "$STATUS" 409 'nor an approval one with ports'
tap_ok 'which says so' shows 'with ports'
tap_is "$(rules ports.test)" "$WAS" 'and leaves it'

# Who waits longest is the first.
page GET /-/approvals
tap_is "$(grep -o '/-/approvals/[0-9]*/deny' "$BODY" | tr -dc '0-9\n')" "$(grep -o '/-/approvals/[0-9]*/deny' "$BODY" | tr -dc '0-9\n' | sort -n)" 'what is asked comes below what is there'

# Long words.
long() { head -c "$1" /dev/zero | tr '\0' "$2"; }
api POST "$R/issues" "$(long 65000 '"' | jq -Rs '{title: "Long", body: .}')"
LONG=$(field .number)
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	long 65000 '"' | jq -Rs '{body: .}' >"$T/words"
	http POST "$R/issues/$LONG/comments" -H 'Content-Type: application/json' -H "Authorization: token $ADMIN" --data-binary "@$T/words"
done
page GET "/$PROJECT/issues/$LONG"
tap_is "$STATUS,$(($(wc -c <"$BODY") < 3000000))" 200,1 'many long words are a page all the same'
tap_ok 'soundly' sound
MORE=$(sed -n 's/.*href="?said=\([0-9]*\)">63976 bytes more.*/\1/p' "$BODY")
tap_like "$MORE" '[0-9]*' 'what is cut says by how much'
page GET "/$PROJECT/issues/$LONG?said=$MORE"
tap_is "$STATUS,$(grep -o '&quot;' "$BODY" | wc -l)" 200,65000 'and where it is whole'
tap_ok 'soundly' sound
page GET "/$PROJECT/issues/1?said=$MORE"
tap_is "$STATUS" 404 'only where it was said'
page GET "/$PROJECT/issues/$LONG?said=x"
tap_is "$STATUS" 422 'a number that is none is refused'

# Limits.
page GET "/$PROJECT/issues/1"
FORM=$(form_value)
awk 'BEGIN { for (i = 0; i < 30000; i++) printf "x\r\n" }' >"$T/said"
page POST "/$PROJECT/issues/1/comments" -H "Origin: $URL" --data-urlencode "form=$FORM" --data-urlencode "body@$T/said"
tap_is "$STATUS" 303 'lines count as they are kept'
long 65537 x >"$T/said"
page POST "/$PROJECT/issues/1/comments" -H "Origin: $URL" --data-urlencode "form=$FORM" --data-urlencode "body@$T/said"
tap_is "$STATUS" 422 'words that are too long are refused'
tap_ok 'and it is said how long they are' shows '1 to 65536 bytes; this one has 65537'
long 700000 x >"$T/said"
page POST "/$PROJECT/issues/1/comments" -H "Origin: $URL" --data-urlencode "form=$FORM" --data-urlencode "body@$T/said"
tap_is "$STATUS" 413 'so is a form that is'
tap_ok 'on a page' shows 'That is too much'
tap_ok 'soundly' sound
unset FORM

# A reader.
cp "$JAR" "$T/admin"
sign_in eve "$EVE"
page GET /-/approvals
tap_ok 'a reader sees what is asked' shows 'rm -rf'
tap_not 'and cannot answer' shows "/-/approvals/$FIRST/allow"
send "/-/approvals/$FIRST/allow" for_s=600
tap_is "$STATUS" 403 'nor by a form of his own'
page GET "/$PROJECT/network"
tap_not 'nor change the network' shows 'value="allow"'
send "/$PROJECT/network" act=allow domain=files.test for_s=60
tap_is "$STATUS" 403 'nor so'
page GET "/-/runs/$RUN"
tap_not 'nor stop' shows "/-/runs/$RUN/stop"
send "/-/runs/$RUN/stop"
tap_is "$STATUS" 403 'nor so'
tap_ok 'soundly' sound

# A maintainer.
sign_in bob "$BOB"
page GET /-/approvals
FORM=0 send "/-/approvals/$FIRST/allow" for_s=600
tap_is "$STATUS" 403 'a form without its value is refused'
page GET /-/approvals
MINE=$(form_value)
ORIGIN=http://evil.example send "/-/approvals/$FIRST/allow" for_s=600
tap_is "$STATUS" 403 'and one from another site'
http POST "/-/approvals/$FIRST/allow" -H "Origin: $URL" --data-urlencode "form=$MINE"
tap_is "$STATUS" 403 'and one without the session'
page GET /-/approvals
send "/-/approvals/$FIRST/allow" for_s=5
tap_is "$STATUS" 422 'a time that is too short'
page GET /-/approvals
send "/-/approvals/$FIRST/allow" for_s=600
tap_is "$STATUS,$(location)" 303,/-/approvals 'he allows it by a click'
api GET "$C/approvals/$FIRST"
tap_is "$(field '"\(.state) \(.by)"')" 'allowed bob' 'as the API says'
page GET '/-/approvals?state=answered'
tap_ok 'it is among what was answered' shows 'data-kind="good">allowed'
send "/-/approvals/$FIRST/deny"
tap_is "$STATUS" 409 'once'
page GET /-/approvals
send "/-/approvals/$ASK/deny"
api GET "$C/approvals/$ASK"
tap_is "$(field .state)" denied 'and denies'
page GET "/-/runs/$RUN"
send "/-/runs/$RUN/stop"
tap_is "$STATUS,$(location)" "303,/-/runs/$RUN" 'he stops the run'
page GET "/-/runs/$RUN"
tap_ok 'which says so' shows 'is being stopped'
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '[.events[] | select(.kind == "run.cancel")] | length')" 1 'as agentd hears'

# A stranger.
MAL=$(make_user mal)
sign_in mal "$MAL"
for p in "/$PROJECT" "/$PROJECT/network" "/$PROJECT/issues" "/$PROJECT/issues/1" "/$PROJECT/pulls/3" "/-/runs/$RUN" "/-/runs/$RUN/log" "/-/runs/$RUN/record" "/-/runs/$RUN/report" "/-/runs?owner=admin&name=calc" "/-/approvals?owner=admin&name=calc"; do
	page GET "$p"
	tap_is "$STATUS" 404 "a stranger finds no $p"
done
page GET /-/approvals
send "/-/approvals/$ASK/allow"
tap_is "$STATUS" 404 'and has nothing to answer'
page GET /-/approvals
send "/$PROJECT/issues/1/comments" body=/fix
tap_is "$STATUS" 404 'or to say'
page GET /-/approvals
send "/$PROJECT/issues" title=x
tap_is "$STATUS" 404 'or to open'

# Long lists.
JAR=$T/admin
n=0
while [ $n -lt 13 ]; do
	web_run plan
	web_run fix
	n=$((n + 1))
done
page GET /-/runs
tap_ok 'runs are on pages' shows '1 to 25 of 27'
page GET '/-/runs?page=2'
tap_ok 'the next has the rest' shows '26 to 27 of 27'
tap_ok 'soundly' sound

tap_done
