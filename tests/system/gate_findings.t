#!/bin/sh
# What the checks of a fetch find in a pull request keeps the gate shut until
# it is mended or a maintainer who did not write it lets it pass.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
CAT=$(make_user cat)
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
G=$C/repos/$PROJECT/pulls
for who in bob cat; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done

met() { jq -r '.requirements[] | select(.id == "findings") | .met' "$BODY"; }
why() { jq -r '.requirements[] | select(.id == "findings") | .why' "$BODY"; }
gate() { api GET "$G/$N/gate"; }
opened() # BRANCH FILE TEXT [TOKEN]
{
	push_branch "$@"
	as "${4:-$ADMIN}" api POST "$R/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"main\"}"
	N=$(field .number)
}
approve() { as "$1" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'; }
merge() { as "$1" api POST "$R/pulls/$N/merge" "${2:-{\"Do\":\"merge\"\}}"; }
dismiss() # TOKEN ID REASON
{
	as "$1" api POST "$G/$N/findings/$2/dismiss" "{\"reason\":\"$3\"}"
}
finding() { api GET "$G/$N/findings"; jq -r ".findings[] | select(.rule == \"$1\") | .id" "$BODY" | head -n 1; }
head_is() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }

# ---- an ordinary change ----
opened plain src.c 'int x;'
approve "$BOB"
gate
tap_is "$(field .open),$(met),$(why)" 'true,true,nothing is' 'an ordinary change has no finding'
api GET "$G/$N/findings"
tap_is "$(field .known),$(jq -c .findings "$BODY")" 'true,[]' 'and the list says that it was looked at'
merge "$BOB"
tap_is "$STATUS" 200 'it merges'

# ---- one that has a finding ----
bidi=$(printf 'if (a) \342\200\256 return;')
opened bad bad.c "$bidi"
approve "$BOB"
gate
tap_is "$(field .open),$(met)" 'false,false' 'text that turns its direction keeps the gate shut'
tap_like "$(why)" '1 to mend or to dismiss: bidi in bad.c' 'and the gate says what and where'
merge "$BOB"
tap_like "$STATUS $(field .message)" '405 There are open findings*' 'a merge says the same'
api GET "$G/$N/findings"
tap_is "$(jq -r '.findings[0] | "\(.rule) \(.severity) \(.file):\(.line) \(.open)"' "$BODY")" \
    'bidi block bad.c:1 true' 'the list has rule, severity and place'
ID=$(finding bidi)
dismiss "$ADMIN" "$ID" 'mine'
tap_like "$STATUS $(field .message)" '403 who wrote a part*' 'who wrote it cannot dismiss it'
as "$AGENTD" api POST "$G/$N/findings/$ID/dismiss" '{"reason":"x"}'
tap_is "$STATUS" 403 'nor can agentd'
dismiss "$BOB" "$ID" ''
tap_is "$STATUS" 422 'a reason is wanted'
dismiss "$BOB" 999999 x
tap_is "$STATUS" 404 'and a finding that is there'
dismiss "$BOB" "$ID" 'it is a test of right-to-left text'
tap_is "$STATUS,$(field .dismissed.by),$(field .dismissed.reason)" '200,bob,it is a test of right-to-left text' 'a maintainer lets it pass'
dismiss "$CAT" "$ID" 'again'
tap_is "$STATUS" 409 'once'
gate
tap_is "$(field .open),$(met)" 'true,true' 'and the gate is open'
api GET "$C/events?limit=1000"
tap_is "$(jq -r '[.. | objects | select(.kind? == "pull.finding_dismissed")] | length' "$BODY")" 1 'an event tells it'
api GET "$R/issues/$N/timeline"
tap_is "$(jq -r '[.[] | select(.type == "dismiss_finding")] | length' "$BODY")" 1 'and the timeline'

# ---- through the links of the tree ----
push_branch linked docs/claude/notes.json '{}'
(
	cd "$WORK" && ln -s docs/claude .claude && git add -A && git commit -qm 'a link' &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/linked &&
	    echo '{"hooks":{}}' >docs/claude/settings.json && git add -A && git commit -qm 'settings' &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/reached
) 2>"$T/push.err" || tap_bail "$(cat "$T/push.err")"
api POST "$R/pulls" '{"title":"reached","head":"reached","base":"linked"}'
N=$(field .number)
gate
tap_is "$(met)" false 'a file that a link of the tree makes an agent obey keeps the gate shut'
api GET "$G/$N/findings"
tap_is "$(jq -r '.findings[] | select(.rule == "agent-config") | "\(.file) \(.message)"' "$BODY")" \
    'docs/claude/settings.json through a link of the tree it is .claude/settings.json' 'and the list says under which name'

# ---- whose word counts ----
opened words words.c "$(printf 'x \342\200\256 y')"
approve "$CAT"
gate
ID=$(finding bidi)
dismiss "$BOB" "$ID" 'seen'
gate
tap_is "$(met)" true 'a dismissal counts'
api DELETE "$R/collaborators/bob"
gate
tap_is "$(met)" false 'while who gave it is a maintainer'
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api DELETE "$R/collaborators/bob"
ID=$(finding bidi)
dismiss "$CAT" "$ID" 'seen by me'
tap_is "$STATUS" 200 'another may give his'
gate
tap_is "$(met)" true 'which counts'
api PUT "$R/collaborators/bob" '{"permission":"write"}'
SECRET="ghp_$(head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n')"
push_branch words2 seen.txt "$SECRET"
(
	cd "$WORK" && printf 'gone\n' >seen.txt && git commit -qam 'take it away' &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" "HEAD:refs/heads/words2"
) 2>"$T/push.err"
api POST "$R/pulls" '{"title":"words2","head":"words2","base":"main"}'
N=$(field .number)
gate
tap_is "$(met)" false 'what came and went in the history is found'
api GET "$G/$N/findings"
tap_like "$(jq -r '[.findings[].rule] | join(" ")' "$BODY")" '*history-hidden*' 'as what it is'

# A pass for what was hidden in one head is none for what another hides.
ID=$(finding history-hidden)
dismiss "$BOB" "$ID" 'an example'
approve "$BOB"
gate
tap_is "$(met)" true 'it may pass, too'
OTHER="ghp_$(head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n')"
(
	cd "$WORK" && printf '%s\n' "$OTHER" >seen.txt && git commit -qam 'and again' &&
	    printf 'gone\n' >seen.txt && git commit -qam 'and away' &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" "HEAD:refs/heads/words2"
) 2>"$T/push.err"
SHA=$(git -C "$WORK" rev-parse HEAD)
wait_for 10 head_is
gate
tap_is "$(met)" false 'another that is hidden behind the same file is none that was let pass'

# A program lets nothing pass, and a merge that waits hears of a dismissal.
opened waits waits.c "$(printf 'z \342\200\256 y')"
approve "$BOB"
ID=$(finding bidi)
gate
ID=$(finding bidi)
api PATCH /api/v1/admin/users/cat '{"type":"bot"}'
dismiss "$CAT" "$ID" 'beep'
tap_is "$STATUS" 403 'a program lets nothing pass'
api PATCH /api/v1/admin/users/cat '{"type":"individual"}'
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
dismiss "$BOB" "$ID" 'seen'
is_merged() { api GET "$R/pulls/$N"; [ "$(field .merged)" = true ]; }
tap_ok 'a merge that waits for the gate goes on when the last finding is let pass' wait_for 20 is_merged

# Very many lines that all differ are looked at in a time that is known.
(
	cd "$WORK" && git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main && git checkout -q --detach FETCH_HEAD &&
	    seq 1 250000 >many.txt && git add many.txt && git commit -qm many &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" "HEAD:refs/heads/many" &&
	    seq 250000 -1 1 >many.txt && printf '%s\n' "$OTHER" >>many.txt && git commit -qam turned &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" "HEAD:refs/heads/turned"
) 2>"$T/push.err"
api POST "$R/pulls" '{"title":"turned","head":"turned","base":"many"}'
N=$(field .number)
gate
tap_like "$(why)" '*to mend or to dismiss*' 'a file of 250,000 lines that all moved is looked at'
api GET "$G/$N/findings"
tap_like "$(jq -r '[.findings[].rule] | join(" ")' "$BODY")" '*secret*' 'to its last line'

# ---- the next head ----
N=$(api GET "$R/pulls?state=open" && jq -r '.[] | select(.title == "bad") | .number' "$BODY")
push_branch bad bad.c "$bidi // more"
wait_for 10 head_is
approve "$BOB"
gate
tap_is "$(met)" false 'other content is a new finding'
push_branch bad bad.c 'if (a) return;'
wait_for 10 head_is
approve "$BOB"
gate
tap_is "$(field .open),$(met)" 'true,true' 'content that is mended is none'

# ---- the base moves ----
opened other other.txt other "$CAT"
approve "$BOB"
merge "$BOB"
tap_is "$STATUS" 200 'another is merged'
opened hidden also.c "$bidi"
approve "$BOB"
gate
tap_is "$(met)" false 'a finding is found on the moved base'

# ---- who decides what the gate waits for ----
api PATCH "$C/projects/$PROJECT" '{"settings":{"findings":"off"}}'
tap_is "$STATUS,$(field .settings.findings)" '200,off' 'a project may do without'
gate
tap_is "$(field .open),$(met)" 'true,' 'then the gate does not ask'
api PATCH "$C/projects/$PROJECT" '{"settings":{"findings":"nonsense"}}'
tap_is "$STATUS" 422 'a word that is none is refused'
api PATCH "$C/projects/$PROJECT" '{"settings":{"findings":"ask"}}'
opened make setup.py 'x = 1'
approve "$BOB"
gate
tap_is "$(met)" false 'with ask a file that runs by itself waits for a maintainer'
ID=$(finding build-file)
dismiss "$BOB" "$ID" 'it is what we build by'
gate
tap_is "$(field .open),$(met)" 'true,true' 'who lets it pass'
api PATCH "$C/projects/$PROJECT" '{"settings":{"findings":"block"}}'

# ---- the command line ----
N=$(api GET "$R/pulls?state=open" && jq -r '.[] | select(.title == "hidden") | .number' "$BODY")
out=$(COFFER_URL=$URL COFFER_TOKEN=$BOB "$O/bin/coffer" pr findings "$PROJECT" "$N" 2>&1)
tap_like "$out" '*bidi*also.c:1*open*' 'coffer pr findings shows them'
out=$(COFFER_URL=$URL COFFER_TOKEN=$BOB "$O/bin/coffer" pr dismiss "$PROJECT" "$N" "$(finding bidi)" --reason 'seen' 2>&1)
tap_is "$?" 0 'coffer pr dismiss lets one pass'
gate
tap_is "$(met)" true 'and the gate knows'

# ---- a restart ----
opened again again.c "$bidi"
stop_cofferd
start_cofferd
approve "$BOB"
gate
tap_is "$(met)" false 'what was found outlives a restart'
tap_done
