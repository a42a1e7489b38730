#!/bin/sh
# The pages of a pull request: a maintainer's day without JavaScript, from the
# list to the merge, and what strangers write there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
# checked: the runner does what waits for SHA
checked()
{
	while :; do
		as "$RUNNER" api POST /api/coffer/v1/ci/poll '{"slots":1}'
		[ "$STATUS" = 200 ] || return 1
		JOB=$(field .id)
		of=$(field .sha)
		as "$RUNNER" api POST "/api/coffer/v1/ci/jobs/$JOB/result" "{\"lease\":\"$(field .lease)\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
		[ "$of" != "$SHA" ] || return 0
	done
}
head_is() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }

push_branch topic src/one.c "int x; // $XSS" "$BOB"
as "$BOB" api POST "$R/pulls" "$(jq -n --arg t "$XSS" '{title: $t, body: $t, head: "topic", base: "main"}')"
N=$(field .number)
P=/$PROJECT/pulls/$N

sign_in admin "$ADMIN"
page GET "/$PROJECT/pulls"
tap_ok 'the list has it' shows "href=\"$P\""
page GET "$P"
tap_ok 'the page is sound' sound
tap_ok 'it says that the gate is closed' shows 'data-kind="bad">closed'
tap_ok 'and what is missing' shows 'approved'
tap_ok 'a check that nobody declared is explained' shows '.coffer/checks.yml'
tap_not 'nothing of a stranger is a tag' shows '<script>alert'
page GET "$P/commits"
tap_ok 'its commits are sound' sound
tap_ok 'and there' shows "Write src/one.c"
page GET "$P/files"
tap_ok 'its files are sound' sound
tap_ok 'with the line that came' shows '<td class="add">'
tap_not 'and no tag of it' shows '<script>alert'
tap_ok 'each line can be talked about' shows "say=R1&amp;file=src%2Fone.c#say"
page GET "$P/files?view=split"
tap_ok 'side by side is sound' sound

# ---- words on a line ----
page GET "$P/files?say=R1&file=src%2Fone.c"
tap_ok 'the form of a line is sound' sound
tap_ok 'and there' shows 'id="say"'
send "$P/reviews" event=COMMENT "head=$SHA" path=src/one.c at=R1 "body=why? $XSS"
tap_is "$STATUS,$(location)" "303,$P/files?at=R1&file=src%2Fone.c#f1R1" 'a word on a line leads back to the line'
page GET "$P/files"
tap_ok 'it stands at its line' shows 'why? &quot;'
tap_ok 'soundly' sound
WORD=$(sed -n "s#.*action=\"$P/words/\([0-9]*\)\".*#\1#p" "$BODY" | head -n 1)
tap_ok 'with a form to answer' test -n "$WORD"
page GET "$P"
tap_ok 'the gate knows that it is open' shows 'to resolve, in src/one.c'
page GET "$P/files"
send "$P/words/$WORD" what=reply 'body=because'
page GET "$P/files"
tap_ok 'an answer stands there, too' shows 'because'
send "$P/words/$WORD" what=resolve
page GET "$P/files"
tap_ok 'who asked resolves it' shows 'resolved by admin'

# ---- a check ----
push_branch checks .coffer/checks.yml 'checks:
  - name: unit
    test: make check'
as "$BOB" api POST "$R/pulls" '{"title":"checks","head":"checks","base":"main"}'
CHECKS=$(field .number)
api POST "$R/pulls/$CHECKS/merge" '{"Do":"merge","force_merge":true,"force_reason":"the first"}'
has_job() { api GET "/api/coffer/v1/ci/jobs?project=$PROJECT&pull=$N"; JOB=$(jq -r '.[0].id // empty' "$BODY"); [ -n "$JOB" ]; }
wait_for 10 has_job
SHA=$(api GET "$R/pulls/$N" && field .head.sha)
page GET "$P"
tap_ok 'a check that waits is shown' shows "href=\"/-/jobs/$JOB\""
as "$RUNNER" api POST /api/coffer/v1/ci/poll '{"slots":1}'
LEASE=$(field .lease)
printf 'one line %s\n' "$XSS" >"$T/log"
TOKEN=$RUNNER http_t=$RUNNER http PATCH "/api/coffer/v1/ci/jobs/$JOB/log" -H "X-Coffer-Lease: $LEASE" -H 'Content-Range: bytes 0-9/*' --data-binary "@$T/log"
http_t=
page GET "/-/jobs/$JOB"
tap_ok 'the page of a job is sound' sound
tap_ok 'it says what runs' shows 'make check'
as "$RUNNER" api POST "/api/coffer/v1/ci/jobs/$JOB/result" "{\"lease\":\"$LEASE\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
page GET "/-/jobs/$JOB"
tap_ok 'and how it ended' shows 'passed'

api POST "$R/statuses/$SHA" '{"state":"success","context":"far","target_url":"https://ci.test/run/7?a=1&b=2"}'
api POST "$R/statuses/$SHA" '{"state":"success","context":"near"}'
page GET "$P"
tap_ok 'what another system says leads to its page there' grep -q 'href="https://ci.test/run/7?a=1&amp;b=2" rel="nofollow noopener noreferrer">far<' "$BODY"
tap_ok 'if it named one' shows '<span>near</span>'
tap_ok 'soundly' sound

# ---- a review, and the merge ----
page GET "$P"
send "$P/merge" style=merge "head=$SHA" "title=Kept $XSS" "body=And its text $XSS"
tap_is "$STATUS" 409 'a merge past a closed gate is refused'
tap_ok 'with the text of the commit, too' shows 'And its text &quot;'
tap_ok 'with the reason' shows 'approvals'
tap_ok 'and with what was typed' shows 'value="Kept &quot;&gt;'
tap_ok 'soundly' sound
page GET "$P"
send "$P/reviews" event=APPROVED "head=0000000000000000000000000000000000000000" body=ok
tap_is "$STATUS" 409 'another head is not approved'
page GET "$P"
send "$P/reviews" event=APPROVED "head=$SHA" 'body=good'
tap_is "$STATUS" 303 'an approval'
page GET "$P"
tap_ok 'is among the reviews' shows 'approved</span> <strong>admin</strong>'
tap_ok 'and opens the gate' shows 'data-kind="good">open</span></h2>'
OLD=$SHA
push_branch topic src/one.c 'int y;' "$BOB"
wait_for 10 head_is
page GET "$P"
send "$P/merge" style=merge "head=$OLD"
tap_is "$STATUS" 409 'what was looked at is what is merged'
page GET "$P"
tap_ok 'the approval was of another head' shows 'not of this head'
wait_for 10 checked
page GET "$P"
send "$P/reviews" event=APPROVED "head=$SHA" body=
page GET "$P"
send "$P/merge" style=squash "head=$SHA" 'title=All of it' 'body=Kept.

Gate-Override: fine (admin)'
tap_is "$STATUS" 422 'it does not merge with the words of the server'
tap_ok 'which is said' shows 'Gate-Override is what the server writes'
tap_ok 'and what was written is there' shows 'Kept.'
send "$P/merge" style=squash "head=$SHA" 'title=All of it' "body=$(printf 'red \033[31m')"
tap_is "$STATUS" 422 'nor with words that are none'
page GET "$P"
send "$P/merge" style=squash "head=$SHA" 'title=All of it' 'body=Because of that.' delete=1
tap_is "$STATUS" 303 'then it merges'
api GET "$R/commits?limit=1"
tap_is "$(field '.[0].commit.message')" 'All of it

Because of that.' 'as one wrote it'
page GET "$P"
tap_ok 'it is merged' shows 'merged'
tap_not 'and has no gate any more' shows 'id="gate"'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/topic | wc -l)" 0 'its branch is gone'
page GET "/$PROJECT/commits/branch/main"
tap_ok 'its title is in the history' shows 'All of it'

# ---- states ----
push_branch other o.txt other "$BOB"
as "$BOB" api POST "$R/pulls" '{"title":"other","head":"other","base":"main"}'
N=$(field .number)
P=/$PROJECT/pulls/$N
page GET "$P"
send "$P/draft"
page GET "$P"
tap_ok 'a draft is one' shows '>draft<'
send "$P/ready"
page GET "$P"
send "$P/merge" style=merge "head=$SHA" wait=1
tap_is "$STATUS" 303 'a merge may wait for the gate'
page GET "$P"
tap_ok 'which it says' shows "action=\"$P/unschedule\""
send "$P/unschedule"
tap_is "$STATUS" 303 'or not any more'
page GET "$P"
tap_not 'and then there is no form of it' shows "action=\"$P/unschedule\""
send "$P/close"
page GET "$P"
tap_ok 'it can be closed' shows '>closed<'
send "$P/reopen"
page GET "$P"
tap_ok 'and opened again' shows '>open<'

# ---- what is found in it ----
push_branch bad bad.c "$(printf 'x \342\200\256 y')" "$BOB"
as "$BOB" api POST "$R/pulls" '{"title":"bad","head":"bad","base":"main"}'
N=$(field .number)
P=/$PROJECT/pulls/$N
page GET "$P"
tap_ok 'what was found is listed' shows '<code>bidi</code>'
ID=$(sed -n "s#.*action=\"$P/findings/\([0-9]*\)/dismiss\".*#\1#p" "$BODY" | head -n 1)
send "$P/findings/$ID/dismiss" "body=it is $(printf '%0600d' 0)"
tap_is "$STATUS" 422 'a reason that is too long is refused'
tap_ok 'in words for people' shows 'Reason: say in'
tap_ok 'and comes back' shows 'it is 000'
tap_ok 'soundly' sound
send "$P/findings/$ID/dismiss" body=meant
page GET "$P"
tap_ok 'a maintainer lets it pass' shows 'by admin: meant'
tap_ok 'soundly' sound

# ---- an admin's way past ----
send "$P/merge" style=merge "head=$SHA" 'override=it burns'
tap_is "$STATUS" 303 'an admin goes past the gate with a reason'

# ---- who may not ----
sign_in eve "$EVE"
page GET "$P"
tap_not 'a reader has no form to merge' shows "$P/merge"
tap_not 'nor to dismiss' shows '/dismiss'
page GET "/$PROJECT/pulls/2"
send "/$PROJECT/pulls/2/merge" style=merge "head=$SHA"
tap_is "$STATUS" 403 'and none that works'
page POST "$P/close" -H "Origin: $URL" --data-urlencode form=0
tap_is "$STATUS" 403 'a form of elsewhere does nothing'
tap_done
