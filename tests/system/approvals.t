#!/bin/sh
# What runs ask maintainers, and their answers: in the item, by the API, by
# `coffer approvals`; once, for a time, by nobody else.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api PATCH "$C/projects/$PROJECT" '{"settings":{"network":"locked"}}'
api POST "$R/issues" '{"title":"One","body":"x"}'

export COFFER_URL="$URL" COFFER_TOKEN="$ADMIN" COFFER_HOME="$HOME_DIR"
coffer() { "$O/bin/coffer" "$@"; }
say() { as "$1" api POST "$R/issues/1/comments" "$(jq -n --arg b "$2" '{body: $b}')"; }
comments() { api GET "$R/issues/1/comments"; field length; }
last() { api GET "$R/issues/1/comments"; field '.[-1] | "\(.user.login): \(.body)"'; }
move() { as "$AGENTD" api PATCH "$C/runs/$1" "{\"from\":\"$2\",\"state\":\"$3\"}"; }
events() { api GET "$C/events?after=0&limit=1000"; field "[.events[] | select(.kind == \"$1\")] | length"; }
# begin: a run on issue 1 that goes on
begin()
{
	say "$ADMIN" '/fix it'
	api GET "$C/events?after=0&limit=1000"
	EV=$(field '[.events[] | select(.kind == "comment.created")][-1].seq')
	as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":1,\"command\":\"fix\",\"access\":\"write\"}"
	RUN=$(field .id)
	move "$RUN" queued preparing
	move "$RUN" preparing running
}
# blocked VERDICT NAME...: the router's log, as agentd tells it
blocked()
{
	verdict=$1
	shift
	at=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)
	rows=$(printf '%s\n' "$@" | jq -R --arg v "$verdict" --arg at "$at" --argjson p "$PROJECT_ID" \
	    '{id: $p, verdict: $v, name: ., address: "", port: 0, proto: "udp", count: 1, first: $at, last: $at, up: 0, down: 0,
	      reason: "no rule allows it", rule: "", process: ""}' | jq -s .)
	as "$AGENTD" api PUT "$C/sandboxes/network" "{\"rows\":$rows}"
}
open() { api GET "$C/approvals?state=open&limit=50&project=$PROJECT"; field length; }
rules() { api GET "$C/projects/$PROJECT/network"; field "[.allow[] | .domain] | join(\",\")"; }
# ask KIND SUBJECT: agentd's, of the run
ask() { as "$AGENTD" api POST "$C/approvals" "$(jq -n --argjson r "$RUN" --arg k "$1" --arg s "$2" '{run: $r, kind: $k, subject: $s, reason: "a rule"}')"; }

blocked name-unlisted early.test
tap_is "$STATUS,$(open)" 204,0 'a name that no run asked for is not asked'

begin
n=$(comments)
blocked name-unlisted packages.test files.test
tap_is "$STATUS,$(open)" 204,2 'names that a run was kept from are asked'
tap_is "$(comments)" $((n + 1)) 'in one comment'
tap_like "$(last)" 'agentd: Run * asks a maintainer:*to reach `packages.test`*to reach `files.test`*`/allow *' 'that says how to answer'
blocked name-unlisted packages.test
blocked denied-unlisted packages.test
tap_is "$(open),$(comments),$(events approval.asked)" "2,$((n + 1)),2" 'once'
blocked name-denied never.test
blocked name-filtered never2.test
blocked name-unlisted '*.flood.test'
blocked name-unlisted com
tap_is "$(open)" 2 'what is denied, or no name, is not asked'
api GET "$C/approvals?state=open&project=$PROJECT"
FILES=$(field '.[] | select(.subject == "files.test") | .id')
PACKAGES=$(field '.[] | select(.subject == "packages.test") | .id')
tap_is "$(field ".[] | select(.id == $PACKAGES) | \"\(.kind) \(.run) \(.item) \(.by)\"")" "domain $RUN 1 null" 'with its run and item'
as "$EVE" api GET "$C/approvals/$PACKAGES"
tap_is "$STATUS" 200 'a reader sees it'
MAL=$(make_user mal)
as "$MAL" api GET "$C/approvals/$PACKAGES"
tap_is "$STATUS" 404 'a stranger does not'
as "$MAL" api GET "$C/approvals"
tap_is "$STATUS,$(field length)" 200,0 'nor in a list'

# Who does not answer.
say "$EVE" "/allow $PACKAGES"
as "$EVE" api POST "$C/approvals/$PACKAGES/allow" '{}'
tap_is "$STATUS" 403 'a reader answers nothing'
as "$MAL" api POST "$C/approvals/$PACKAGES/allow" '{}'
tap_is "$STATUS" 404 'nor a stranger'
as "$AGENTD" api POST "$C/approvals/$PACKAGES/allow" '{}'
tap_is "$STATUS" 403 'nor agentd'
make_user robot >/dev/null
api PUT "$R/collaborators/robot" '{"permission":"write"}'
api PATCH /api/v1/admin/users/robot '{"type":"bot"}'
api POST /api/v1/users/robot/tokens '{"name":"t2"}'
ROBOT=$(field .sha1)
as "$ROBOT" api POST "$C/approvals/$PACKAGES/allow" '{}'
tap_is "$STATUS" 403 'nor a bot'
say "$ROBOT" "/allow $PACKAGES"
as "$BOB" api PATCH "$R/issues/comments/$(api GET "$R/issues/1/comments"; field '.[0].id')" "{\"body\":\"/allow $PACKAGES\"}"
say "$BOB" "$(printf '\140\140\140\n/allow %s\n\140\140\140' "$PACKAGES")"
say "$BOB" "> /allow $PACKAGES"
tap_is "$(open),$(rules)" 2, 'nor its word, an edit, a quote, a fence'

# Answers.
say "$BOB" "/allow $PACKAGES for 1h"
tap_like "$(last)" "agentd: Approval $PACKAGES, to reach \`packages.test\`: allowed by bob until *" 'a maintainer allows, and is told'
tap_is "$(open),$(rules)" 1,packages.test 'and the name is allowed'
api GET "$C/projects/$PROJECT/network"
left=$(($(date -d "$(field '.allow[0].until')" +%s) - $(date +%s)))
tap_ok 'for as long as he said' [ "$left" -gt 3000 -a "$left" -le 3602 ]
say "$BOB" "/deny $PACKAGES"
tap_like "$(last)" "*Approval $PACKAGES: approval $PACKAGES was allowed by bob already.*" 'it is answered once'
say "$BOB" "/deny $FILES $PACKAGES 999"
tap_like "$(last)" "*Approval $FILES, to reach \`files.test\`: denied by bob.*Approval $PACKAGES: *already*Approval 999: no such*" 'several at a time'
blocked name-unlisted files.test
tap_is "$(open),$(rules)" 0,packages.test 'what was denied is not asked again'
say "$BOB" '/allow'
tap_like "$(last)" '*Not allowed: want the number*' 'a word that is no answer is told so'
say "$BOB" "/allow $FILES for ever"
tap_like "$(last)" '*Not allowed: `for` wants a time*' 'and a time that is none'
tap_is "$(events approval.decided)" 2 'each answer is an event'

# Budgets, commands and tools: asked by agentd.
ask budget 5000000
B=$(field .id)
tap_is "$STATUS,$(field .state)" 201,open 'agentd asks for more money'
tap_like "$(last)" '*to spend 5.00 dollars more on models, because `a rule`*' 'which is said in dollars'
ask budget 5000000
tap_is "$STATUS,$(field .id)" "200,$B" 'once'
ask command 'echo `x` ``y``'
tap_like "$(last)" '*to run ``` echo `x` ``y`` ```*' 'a command is quoted whatever is in it'
CMD=$(field '.[-1].id' >/dev/null; api GET "$C/approvals?run=$RUN&state=open"; field '.[] | select(.kind == "command") | .id')
ask tool "$(printf 'echo a\nrm -rf / \342\200\256x')"
tap_like "$(last)" '*to use `echo a<U+000A>rm -rf / <U+202E>x`*' 'and what would not be seen in it is named'
api GET "$C/approvals?run=$RUN&state=open"
coffer approvals deny "$(field '.[] | select(.kind == "tool") | .id')" >/dev/null
ask domain x.test
tap_is "$STATUS" 422 'names are asked by the log alone'
as "$BOB" api POST "$C/approvals" "{\"run\":$RUN,\"kind\":\"budget\",\"subject\":\"1\"}"
tap_is "$STATUS" 403 'nobody else asks'

# The command line.
tap_like "$(coffer approvals "$PROJECT")" "*$B*open*budget*5.00 dollars more*" 'coffer approvals lists what is open'
tap_like "$(coffer approvals show "$CMD")" '*command*echo `x` ``y``*' 'show has it whole'
tap_is "$(coffer approvals approve "$B" --for 2h --json | jq -r '"\(.state) \(.by)"')" 'allowed admin' 'approve'
coffer approvals approve "$B" >"$T/out" 2>&1
tap_is "$?" 1 'once'
tap_ok 'and told why' grep -q 'was allowed by admin already' "$T/out"
tap_is "$(coffer approvals deny "$CMD" --json | jq -r .state)" denied 'deny'
tap_like "$(last)" '*denied by admin*' 'and said in the item'

# A crash loses and repeats nothing.
ask tool 'WebFetch https://x.test'
W=$(field .id)
say "$BOB" "/allow $W" &
wait $!
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
start_cofferd
export COFFER_URL="$URL"
api GET "$C/approvals/$W"
was=$(field .state)
say "$BOB" "/allow $W"
api GET "$C/approvals/$W"
tap_is "$was,$(field .state),$(events approval.decided)" allowed,allowed,6 'an answer survives a crash, once'

# Time that is over.
as "$AGENTD" api POST "$C/approvals" "{\"run\":$RUN,\"kind\":\"tool\",\"subject\":\"Quick\",\"open_s\":1}"
Q=$(field .id)
expired() { [ "$(events approval.expired)" = 1 ]; }
tap_ok 'what nobody answers in time is an event' wait_for 30 expired
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '.events[] | select(.kind == "approval.expired") | .data | "\(.approval) \(.state)"')" "$Q expired" 'of that one'
say "$BOB" "/allow $Q"
tap_like "$(last)" '*the time to answer approval*is over*' 'and not answered then'

# What a rule cannot be made for is told, and stays open.
blocked name-unlisted full.test
api GET "$C/approvals?state=open&project=$PROJECT"
F=$(field '.[] | select(.subject == "full.test") | .id')
seq 520 | while read -r n; do
	printf 'next\nurl = "%s"\nheader = "Authorization: token %s"\nheader = "Content-Type: application/json"\noutput = "/dev/null"\nsilent\n' \
	    "$URL$C/projects/$PROJECT/network/rules" "$ADMIN"
	printf 'data = "{\\"list\\":\\"allow\\",\\"domain\\":\\"n%s.full.test\\"}"\n' "$n"
done | sed 1d >"$T/curlrc"
curl -K "$T/curlrc"
say "$BOB" "/allow $F"
tap_like "$(last)" "*Approval $F: a project has at most * rules to allow.*" 'a yes that cannot be obeyed is told so'
api GET "$C/approvals/$F"
tap_is "$(field .state)" open 'and is none'
say "$BOB" "/deny $F"

# Secrets in a question.
key() { printf 'ghp_%036d' "$1"; }
ask command "push --token $(key 1) now"
K=$(field .id)
tap_like "$(field .subject)" 'push --token \*\*\*\**\* now \[with a secret that is not shown, SHA-256 *\]' 'a key in a question is not shown'
tap_is "$(last | grep -c ghp_)" 0 'nor in the comment'
ask command "push --token $(key 1) now"
tap_is "$STATUS,$(field .id)" "200,$K" 'the same is asked once'
ask command "push --token $(key 2) now"
L=$(field .id)
tap_is "$STATUS" 201 'with another key it is another'
ask command "$(printf -- '-----BEGIN RSA PRIVATE KEY-----\n%064d\nrm -rf ~; true' 7)"
tap_like "$(field .subject)" "*KEY-----
\*\*\*\*\*\*\*\**\*
rm -rf ~; true \[*" 'what is no key is not hidden by one'
say "$BOB" "/deny $K $L $(field .id)"

# What is left when the run ends.
ask tool 'WebFetch https://y.test'
Y=$(field .id)
blocked name-unlisted late.test
as "$AGENTD" api POST "$C/runs/$RUN/finish" '{"state":"failed","why":"x"}'
api GET "$C/approvals/$Y"
tap_is "$(field .state),$(events approval.withdrawn)" withdrawn,1 'what only the run needed is withdrawn'
say "$BOB" "/allow $Y"
tap_like "$(last)" '*has ended*' 'and not answered'
tap_is "$(open)" 1 'a name stays open'
ask tool more
tap_is "$STATUS" 422 'a run that ended asks nothing'

# Bounds.
begin
for i in 1 2 3 4 5 6; do
	# shellcheck disable=SC2046
	blocked name-unlisted $(seq -f "n$i-%g.test" 10)
done
tap_is "$(open)" 31 'a run asks only so much'
ask command 'true'
tap_is "$STATUS" 201 'names take no room of the rest'

# Without the item it is asked all the same.
as "$AGENTD" api POST "$C/runs/$RUN/finish" '{"state":"failed","why":"x"}'
begin
api DELETE "$R/issues/1"
was=$(open)
blocked name-unlisted gone.test
tap_is "$STATUS,$(open)" "204,$((was + 1))" 'an item that is gone hinders nothing'
tap_done
