#!/bin/sh
# The pages of issues, without JavaScript: how they are found, what was said and
# done, what is set on them and by whom, and that what strangers write is text.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
I=/$PROJECT/issues
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
alone() { ! grep -Eq '<img|<script>' "$BODY"; }
flat() { tr '\n' ' ' <"$BODY" | grep -q "$1"; }
safe() { sound && alone; }
issue() { api POST "$R/issues" "$(jq -n --arg t "$1" --arg b "${2:-}" '{title: $t, body: $b}')"; }
# rows: the numbers that the list has, in its order.
rows() { grep -o '<li><a href="/[^"]*/[0-9]*"><bdi>' "$BODY" | tr -dc '0-9\n' | tr '\n' ' ' | sed 's/ $//'; }
# list QUERY
list() { page GET "$I?$1"; }

sign_in admin "$ADMIN"
page GET "$I"
tap_ok 'an empty list says what an issue is for' shows 'or wanted; one of a maintainer that begins with /plan'
tap_ok 'and leads to a new one' shows "href=\"$I/new\""
tap_ok 'soundly' sound
page GET "/$PROJECT/pulls"
tap_ok 'one of pull requests says where they come from' shows '/fix'

# ---- lists ----
api POST "$R/labels" "$(jq -n --arg n 'bug' --arg d "$XSS" '{name: $n, color: "#EE0701", description: $d}')"
BUG=$(field .id)
api POST "$R/labels" "$(jq -n --arg n '"><script>l</script>' '{name: $n, color: "00aabb"}')"
ODD=$(field .id)
api POST "$R/milestones" "$(jq -n --arg t "$XSS" '{title: $t}')"
MILE=$(field .id)
issue 'Walrus sings' 'about tusks'
as "$EVE" issue "$XSS" "$XSS"
issue Third 'tusks again'
issue Fourth
api POST "$R/issues/1/labels" "{\"labels\":[$BUG,$ODD]}"
api POST "$R/issues/3/labels" "{\"labels\":[$BUG]}"
api PATCH "$R/issues/3" "{\"milestone\":$MILE,\"assignees\":[\"bob\"]}"
api PATCH "$R/issues/4" '{"state":"closed"}'

page GET "$I"
tap_is "$(rows)" '3 2 1' 'the open ones are listed, newest first'
tap_ok 'soundly, whatever is in them' safe
tap_ok 'with how many are open and closed' shows '>Open 3</a>'
tap_ok 'of both' shows '>Closed 1</a>'
tap_ok 'a label has its own colour' shows 'fill="#ee0701"'
tap_ok 'and leads to what has it' shows "href=\"$I?labels=bug\""
tap_ok 'who is to do it is said' shows 'for bob'
list state=closed
tap_is "$(rows)" 4 'the closed ones are behind a link'
list 'state=all&sort=oldest'
tap_is "$(rows)" '1 2 3 4' 'all of them are, too, in any order'
list labels=bug
tap_is "$(rows)" '3 1' 'a label narrows the list'
tap_ok 'the links of state keep it' shows 'href="?state=closed&amp;labels=bug"'
list "labels=bug&label=%22%3E%3Cscript%3El%3C/script%3E"
tap_is "$(rows)" 1 'a second label narrows it more'
tap_ok 'soundly' safe
tap_ok 'each can be let go of' shows 'without this label'
list q=tusks
tap_is "$(rows)" '3 1' 'words are found in titles and texts'
list 'q=tusks&author=eve'
tap_ok 'what nothing fits leads back to all' shows 'Show all that are open'
list author=eve
tap_is "$(rows)" 2 'by who opened it'
list assignee=bob
tap_is "$(rows)" 3 'by who is to do it'
list "milestone=$MILE"
tap_is "$(rows)" 3 'by milestone'
tap_ok 'which the form keeps' shows "value=\"$MILE\" selected"
list 'q=is%3Aclosed'
tap_ok 'words of other trackers are not taken for words in silence' shows 'Words are looked for as they are'
list 'q=%22unfinished'
tap_is "$STATUS" 200 'a word in open quotes is a word'
list "q=$(head -c 600 /dev/zero | tr '\0' a)"
tap_is "$STATUS" 422 'words without end are refused'
tap_ok 'on the list' shows 'at most 500 bytes'
list "q=%22%3E%3Cscript%3E&author=%22%3E%3Cscript%3E&labels=%22%3E%3Cscript%3E&sort=%3Cx%3E&state=%22%3E"
tap_ok 'what is asked is text everywhere' safe
list 'page=%3Cx%3E'
tap_is "$STATUS" 422 'a page is a number'
page GET "/$PROJECT/pulls?labels=bug"
tap_ok 'pull requests are found likewise' shows 'There is none of that kind'

push_branch feature b.txt two
api POST "$R/pulls" "$(jq -n --arg t "$XSS" '{title: $t, head: "feature", base: "main"}')"
PULL=$(field .number)
SHA=$(field .head.sha)
page GET "/$PROJECT/pulls"
tap_not 'a head that nobody judged has no badge' shows 'checks '
api POST "$R/statuses/$SHA" '{"state":"success","context":"a"}'
page GET "/$PROJECT/pulls"
tap_ok 'one that passed has' shows 'checks passed'
api POST "$R/statuses/$SHA" '{"state":"failure","context":"b"}'
page GET "/$PROJECT/pulls"
tap_ok 'one failure is a failure' shows 'checks failed'
api POST "$R/statuses/$SHA" '{"state":"success","context":"b"}'
page GET "/$PROJECT/pulls"
tap_ok 'until it passes' shows 'checks passed'
tap_ok 'soundly' safe

# ---- what is set ----
page GET "$I/1"
tap_ok 'the page of an issue is sound' safe
tap_ok 'a maintainer may set labels' shows 'name="unlabel"'
send "$I/1/change" "unlabel=$ODD"
tap_is "$STATUS,$(location)" "303,$I/1" 'one is taken away'
page GET "$I/1"
tap_ok 'and may be set again' shows "<option value=\"$ODD\" selected>"
send "$I/1/change" act=label "label=$ODD"
page GET "$I/1"
tap_ok 'which the lines say' shows ' added the label '
send "$I/1/change" "unlabel=$ODD"
page GET "$I/1"
send "$I/1/change" act=assign assignee=bob
page GET "$I/1"
send "$I/1/change" act=milestone "milestone=$MILE"
page GET "$I/1"
send "$I/1/change" act=due due=2031-05-06
page GET "$I/1"
send "$I/1/change" act=pin
page GET "$I/1"
send "$I/1/change" act=lock "reason=$(printf '%.40s' "$XSS")"
api GET "$R/issues/1"
tap_is "$(field '"\([.labels[].name] | join(",")) \(.assignees[0].login) \(.milestone.id) \(.due_date) \(.pin_order) \(.is_locked)"')" \
    "bug bob $MILE 2031-05-06T23:59:59Z 1 true" 'all of it is as the API has it'
page GET "$I/1"
tap_ok 'and the page' shows 'value="2031-05-06"'
tap_ok 'soundly' safe
tap_ok 'what was done is told in lines' shows ' removed the label '
tap_ok 'of whom' shows ' assigned '
tap_ok 'of the milestone' shows ' set the milestone '
tap_ok 'of the day' shows ' set the day it is due to 2031-05-06'
tap_ok 'of the pin' shows ' pinned it'
tap_ok 'of the lock' shows ' locked it'
tap_is "$(grep -o ' removed the label \| set the milestone \| locked it' "$BODY" | tr '\n' ,)" ' removed the label , removed the label , set the milestone , locked it,' 'in their order'
page GET "$I"
tap_ok 'what is pinned stands above' shows '<h2>Pinned</h2>'
page GET "$I/1"
send "$I/1/change" of=assign act=assign assignee=nobody
tap_is "$STATUS" 422 'somebody who is nobody cannot be assigned'
tap_ok 'which is said above the field' test -n "$(refused)"
tap_ok 'that has the name' shows 'placeholder="a name" value="nobody"'
tap_ok 'on the page of the issue' shows 'id="said"'
tap_ok 'soundly' sound
send "$I/1/change" act=assign assignee=nobody
tap_is "$STATUS,$(refused)" 422, 'a form without a name has a page of its own'
tap_ok 'soundly' sound
page GET "$I/1"
send "$I/1/change" of=due act=due due=tomorrow
tap_is "$STATUS" 422 'a day is a day'
tap_ok 'what was typed comes back' shows 'name="due" type="date" value="tomorrow"'
page GET "$I/1"
send "$I/1/change" act=explode
tap_is "$STATUS" 422 'an act that is none is refused'
FORM=0 send "$I/1/change" act=unlock
tap_is "$STATUS" 403 'a form of another session is not taken'
page GET "$I/1"
send "$I/1/change" unassign=bob
page GET "$I/1"
send "$I/1/change" act=milestone milestone=0
page GET "$I/1"
send "$I/1/change" act=due due=
page GET "$I/1"
send "$I/1/change" act=unpin
page GET "$I/1"
send "$I/1/change" act=close
api GET "$R/issues/1"
tap_is "$(field '"\(.assignees) \(.milestone) \(.due_date) \(.pin_order) \(.state)"')" '[] null null 0 closed' 'and all is taken back'
page GET "$I/1"
send "$I/1/change" act=reopen
page GET "$I/1"
tap_ok 'it is opened again, as the lines say' shows ' opened it again'

# Who may not sees no button, and his form does nothing.
sign_in eve "$EVE"
page GET "$I/1"
tap_not 'a reader sees no form of what is set' shows "$I/1/change"
tap_not 'nor of what is locked' shows 'name="body"'
tap_ok 'and why' shows 'only maintainers speak here'
tap_not 'nor a way to edit it' shows "$I/1/edit"
send "$I/1/change" act=unlock
tap_is "$STATUS" 403 'nor may he send one'
send "$I/1/comments" "body=long words $XSS"
tap_is "$STATUS" 403 'nor speak'
tap_ok 'but has his words back' flat 'readonly.*long words &quot;'
tap_ok 'soundly' safe
page GET "$I/1"
FORM=0 send "$I/1/comments" "body=of a session before"
tap_is "$STATUS" 403 'a form of a session before says nothing'
tap_ok 'and keeps the words, too' flat 'readonly.*of a session before</textarea>'
page GET "$I/1"
send "$I/1/react" 'react=+0:heart'
tap_is "$STATUS" 403 'nor react'
page GET "$I/1/edit"
tap_is "$STATUS" 403 'nor edit'
page GET "$I/2"
tap_ok 'his own he may close' shows 'value="close">Close'
tap_not 'and not label' shows 'value="label"'
send "$I/2/change" act=label "label=$BUG"
tap_is "$STATUS" 403 'by no form either'
send "$I/2/change" act=close
tap_is "$STATUS,$(location)" "303,$I/2" 'he closes it'
page GET "$I/2"
send "$I/2/change" act=reopen
sign_in admin "$ADMIN"
page GET "$I/1"
send "$I/1/change" act=unlock

# ---- words ----
page GET "$I/1"
send "$I/1/comments" act=preview "body=**bold** $XSS"
tap_is "$STATUS" 200 'a preview is a page'
tap_ok 'it shows what it would look like' shows '<strong>bold</strong>'
tap_ok 'soundly' safe
tap_ok 'and keeps what was typed' grep -q '^\*\*bold\*\* &quot;&gt;&lt;img' "$BODY"
api GET "$R/issues/1/comments"
tap_is "$(field length)" 0 'and says nothing'
page GET "$I/1"
send "$I/1/comments" act=say "body=First $XSS"
FIRST=$(location | sed 's/.*issuecomment-//')
tap_is "$STATUS,$(location)" "303,$I/1?page=1#issuecomment-$FIRST" 'a comment leads to itself'
page GET "$I/1"
tap_ok 'it is there, soundly' safe
tap_ok 'with its anchor' shows "id=\"issuecomment-$FIRST\""
tap_ok 'and a way to change it' shows "$I/1/comments/$FIRST"
page GET "$I/1/comments/$FIRST"
tap_ok 'which is a page' safe
send "$I/1/comments/$FIRST" act=preview 'body=*other*'
tap_ok 'with a preview' shows '<em>other</em>'
send "$I/1/comments/$FIRST" act=say 'body=Second words'
tap_is "$STATUS,$(location)" "303,$I/1?page=1#issuecomment-$FIRST" 'it is changed'
api GET "$R/issues/comments/$FIRST"
tap_is "$(field .body)" 'Second words' 'as the API has it'
page GET "$I/1"
tap_ok 'which is said' shows "$I/1/comments/$FIRST/history\">edited</a>"
page GET "$I/1/comments/$FIRST/history"
tap_ok 'what it was is kept, soundly' safe
tap_ok 'as it stood' shows 'First &quot;&gt;&lt;img'
page GET "$I/3/comments/$FIRST/history"
tap_is "$STATUS" 404 'and is of no other issue'
page GET "$I/3/history"
tap_ok 'what was never changed says so' shows 'never changed'
page GET "$I/1/comments/$FIRST"
page GET "$I/1/comments/$FIRST"
send "$I/1/comments/$FIRST" act=say body=
tap_is "$STATUS" 422 'it cannot become nothing'
tap_ok 'soundly' sound
page GET "$I/3/comments/$FIRST"
tap_is "$STATUS" 404 'it is on no other issue'
page GET "$I/1"
send "$I/1/comments" act=say body=
tap_is "$STATUS" 422 'nothing is not said'
tap_ok 'and the page says so' shows 'role="alert"'
page GET "$I/1"
send "$I/1/comments" act=say "body=$(head -c 66000 /dev/zero | tr '\0' x)"
tap_is "$STATUS" 422 'nor is too much'
tap_ok 'which stays in the field' grep -q 'xxxxxxxxxxxxxxxxxxxx' "$BODY"

page GET "$I/1"
send "$I/1/react" "react=+$FIRST:heart" page=1
tap_is "$STATUS,$(location)" "303,$I/1?page=1#issuecomment-$FIRST" 'one reacts to it'
page GET "$I/1"
send "$I/1/react" 'react=+0:rocket' page=1
page GET "$I/1"
tap_ok 'both are counted' shows "value=\"-$FIRST:heart\" aria-pressed=\"true\""
tap_ok 'on the issue, too' shows 'value="-0:rocket" aria-pressed="true"'
send "$I/1/react" "react=-$FIRST:heart" page=1
api GET "$R/issues/comments/$FIRST/reactions"
tap_is "$(field length)" 0 'and taken back'
page GET "$I/1"
send "$I/1/react" 'react=+0:<script>' page=1
tap_is "$STATUS" 403 'by words that are none, not'
send "$I/1/react" 'react=heart' page=1
tap_is "$STATUS" 422 'nor without a place'

sign_in eve "$EVE"
page GET "$I/1"
tap_not 'what others said is not hers to change' shows "$I/1/comments/$FIRST\""
page GET "$I/1/comments/$FIRST"
tap_is "$STATUS" 403 'by its address neither'
send "$I/1/comments/$FIRST" act=remove
tap_is "$STATUS" 403 'nor by its form'
tap_not 'she sees no orders, for she gives none' shows 'id="orders"'
send "$I/1/comments" act=say body=mine
MINE=$(location | sed 's/.*issuecomment-//')
page GET "$I/1"
tap_ok 'her own is' shows "$I/1/comments/$MINE"
sign_in admin "$ADMIN"
page GET "$I/1/comments/$MINE"
send "$I/1/comments/$MINE" act=remove
tap_is "$STATUS" 303 'an administrator deletes it'
api GET "$R/issues/comments/$MINE"
tap_is "$STATUS" 404 'it is gone'

# ---- a new one, title and text ----
page GET "$I/new"
tap_ok 'the page of a new issue is sound' safe
send "$I" act=preview "title=$XSS" 'body=# Big'
tap_ok 'it has a preview' shows '<h2>Big</h2>'
tap_ok 'that keeps the title' grep -q 'id="title"[^>]*value="&quot;&gt;&lt;img' "$BODY"
tap_ok 'soundly' safe
send "$I" act=say title= 'body=kept words'
tap_is "$STATUS" 422 'it has a title'
tap_ok 'the text is not lost for that' shows 'kept words'
page GET "$I/1/edit"
tap_ok 'the form of title and text is sound' safe
send "$I/1/edit" act=preview title=Renamed 'body=*new*' version=0
tap_ok 'its preview, too' shows '<em>new</em>'
send "$I/1/edit" act=say "title=Renamed $XSS" 'body=new text' version=0
tap_is "$STATUS,$(location)" "303,$I/1" 'both are changed'
page GET "$I/1"
tap_ok 'the line of it is sound' safe
tap_ok 'and has the old title' shows '<del>Walrus sings</del>'
page GET "$I/1/edit"
send "$I/1/edit" act=preview title=Again 'body=from an old page' version=0
tap_ok 'a preview makes no old page new' shows 'name="version" value="0"'
send "$I/1/edit" act=say title=Again 'body=from an old page' version=0
tap_is "$STATUS" 422 'who edits what was edited since is told'
tap_ok 'and keeps his words' shows 'from an old page'
tap_ok 'beside those that are there now' flat 'Somebody changed this text.*id="meanwhile".*new text'
tap_ok 'and may then send his' shows 'name="version" value="1"'
tap_ok 'soundly' safe
send "$I/1/edit" act=preview title=Again body= version=1
tap_not 'a text that is emptied stays so in its preview' grep -q 'new text</textarea>' "$BODY"
send "$I/1/edit" act=say "title=Renamed $XSS" 'body=new text' version=1 'was_title=Walrus sings'
api POST "/api/v1/repos/$PROJECT/issues/1/comments" '{"body":"as it was"}'
COMMENT=$(field .id)
page GET "$I/1/comments/$COMMENT"
SEEN=$(sed -n 's/.*name="version" value="\([0-9]*\)".*/\1/p' "$BODY")
FORM=$(form_value)
api PATCH "/api/v1/repos/$PROJECT/issues/comments/$COMMENT" '{"body":"as an admin has it"}'
send "$I/1/comments/$COMMENT" act=say 'body=as I have it' "version=$SEEN"
unset FORM
tap_is "$STATUS" 422 'a comment that changed since is not overwritten either'
tap_ok 'and both are shown' flat 'id="meanwhile".*as an admin has it.*as I have it</textarea>'

# ---- files ----
printf 'hello' >"$T/hello.txt"
printf '%s' "$XSS" >"$T/odd.txt"
attach() { # PATH [CURL-ARGUMENT...]
	attach_p=$1
	shift
	page POST "$attach_p" -H "Origin: $URL" -F "form=$(form_value)" "$@"
}
page GET "$I/1"
tap_ok 'files can be attached' shows 'enctype="multipart/form-data"'
attach "$I/1/files" -F "attachment=@$T/hello.txt" -F "attachment=@$T/odd.txt;filename=\"<b>&'.txt\""
tap_is "$STATUS,$(location)" "303,$I/1" 'two come at once'
page GET "$I/1"
tap_ok 'they are listed' shows '>hello.txt</a>'
tap_ok 'with their size' shows '5 B'
tap_ok 'soundly' safe
FILE=$(grep -o '/-/attachments/[0-9a-f-]*' "$BODY" | head -n 1)
page GET "$FILE"
tap_is "$STATUS,$(cat "$BODY")" 200,hello 'one is there'
tap_like "$(header Content-Security-Policy)" "*sandbox*" 'where it can do nothing'
page GET "$I/1"
send "$I/1/comments" act=say "body=[file](${FILE#/-}) ![pic](${FILE#/-}) [bad](/attachments/../x) [no](/attachments/$(printf %036d 0)/y)"
page GET "$I/1?page=1"
tap_ok 'a text links to it' shows "<a href=\"$FILE\">file</a>"
tap_ok 'and shows a picture' shows "<img src=\"$FILE\""
tap_is "$(grep -o '<a href="/-/attachments/[^"]*">[a-z]*</a>' "$BODY" | grep -c 'bad\|no')" 0 'nothing else is taken for one'
page GET "$I/1/comments/$FIRST"
attach "$I/1/comments/$FIRST/files" -F "attachment=@$T/hello.txt"
tap_is "$STATUS,$(location)" "303,$I/1/comments/$FIRST" 'a comment takes files, too'
page GET "$I/1/comments/$FIRST"
tap_ok 'and lists them' shows '>hello.txt</a>'
api POST "/api/v1/repos/$PROJECT/issues/1/comments" '{"body":"of one time"}'
FRESH=$(field .id)
page GET "$I/1/comments/$FRESH"
attach "$I/1/comments/$FRESH/files" -F "attachment=@$T/hello.txt"
page GET "$I/1?said=$FRESH"
tap_ok 'where it is' shows '>hello.txt</a>'
tap_not 'which makes no edited text of it' shows "/comments/$FRESH/history"
page GET "$I/1/comments/$FIRST"
send "$I/1/comments/$FIRST/unfile" "id=$(grep -o 'name="id" value="[0-9]*"' "$BODY" | tr -dc 0-9)"
tap_is "$STATUS" 303 'one is removed'
page GET "$I/1/comments/$FIRST"
tap_not 'and is gone' shows '>hello.txt</a>'
page GET "$I/1"
attach "$I/1/files" -F 'attachment=@/dev/null;filename='
tap_is "$STATUS" 422 'without a file there is nothing to attach'
page POST "$I/1/files" -H "Origin: $URL" -F form=0 -F "attachment=@$T/hello.txt"
tap_is "$STATUS" 403 'a form of another session brings none'
page POST "$I/1/files" -H "Origin: $URL" -F "attachment=@$T/hello.txt"
tap_is "$STATUS" 403 'nor one without its value'
page GET "$I/1"
FORM=$(form_value)
http POST "$I/1/files" -b "$JAR" -H "Origin: $URL" -F "form=$FORM" -F "attachment=@$T/hello.txt" -H 'Accept: application/json'
tap_is "$STATUS,$(field '.[0].name'),$(field '.[0].image')" '200,hello.txt,false' 'who drops one is told where it is'
unset FORM
api GET "$R/issues/1/assets"
tap_is "$(field length)" 3 'what was refused left nothing'
page GET "$I/1"
printf '<b>x</b>' >"$T/bad.html"
attach "$I/1/files" -F "attachment=@$T/hello.txt;filename=before.txt" -F "attachment=@$T/hello.txt;filename=after.txt" -F "attachment=@$T/bad.html"
tap_is "$STATUS" 422 'a file of a kind that is not taken is refused'
tap_ok 'it is said that the others are there' shows '2 of the files are attached already: send the others alone.'
api GET "$R/issues/1/assets"
tap_is "$(field '[.[] | select(.name == "before.txt" or .name == "after.txt")] | length')" 2 'which is true'
for f in $(field '.[] | select(.name == "before.txt" or .name == "after.txt") | .id'); do
	api DELETE "$R/issues/1/assets/$f"
done
sign_in eve "$EVE"
page GET "$I/1"
tap_not 'who may not attach sees no form' shows 'multipart/form-data'
attach "$I/1/files" -F "attachment=@$T/hello.txt"
tap_is "$STATUS" 403 'nor may send one'
: >"$JAR"
page GET "$FILE"
tap_is "$STATUS" 303 'who is nobody is sent to sign in'
MAL=$(make_user mal)
sign_in mal "$MAL"
page GET "$FILE"
tap_is "$STATUS" 404 'who may not see the project finds no file'
page GET "$I/1"
tap_is "$STATUS" 404 'nor the issue'
sign_in admin "$ADMIN"

# ---- orders ----
page GET "$I/1"
for f in "$SYSTEM_DIR"/../../prompts/commands/*.md; do
	basename "$f" .md
done | sort >"$T/shipped"
sed -n '/id="orders"/p' "$BODY" | grep -o '<code>/[a-z-]*' | sed 's/<code>.//' | sort >"$T/shown"
tap_is "$(comm -23 "$T/shipped" "$T/shown" | tr '\n' ' ')" '' 'each command that is shipped is helped with'
tap_ok 'with what it does' shows 'Plan a change, without making it'
tap_not 'what is for pull requests is not said of issues' grep -q '<code>/merge' "$BODY"
page GET "/$PROJECT/pulls/$PULL"
tap_ok 'there it is' grep -q '<code>/merge' "$BODY"
tap_ok 'the page of a pull request has what is set beside it' shows 'id="side"'
tap_ok 'soundly' safe

push_branch feature b.txt three
pushed() { page GET "/$PROJECT/pulls/$PULL"; shows "<a href=\"/$PROJECT/commit/$SHA\"><code>$(printf %.10s "$SHA")</code>"; }
tap_ok 'what is pushed is told in a line' wait_for 10 pushed
as "$BOB" api POST "$R/pulls/$PULL/reviews" "$(jq -n --arg b "$XSS" '{event: "REQUEST_CHANGES", body: $b}')"
page GET "/$PROJECT/pulls/$PULL"
tap_ok 'so is a review' shows ' wants changes to '
tap_ok 'soundly' safe

# ---- references ----
api POST /api/v1/user/repos '{"name":"hidden","private":true}'
api POST "$R/issues/4/comments" "{\"body\":\"see #1\"}"
page GET "$I/1"
tap_ok 'who refers to it is told' grep -q "referred to it in <a href=\"$I/4\">#4</a>" "$BODY"
api POST /api/v1/repos/admin/hidden/issues "{\"title\":\"Secret\",\"body\":\"see $PROJECT#1\"}"
page GET "$I/1"
tap_ok 'from another project, too' grep -q '<a href="/admin/hidden/issues/1">admin/hidden#1</a>' "$BODY"
sign_in eve "$EVE"
page GET "$I/1"
tap_ok 'who may not see that one' shows "$I/4"
tap_not 'is told nothing of it' shows admin/hidden
sign_in admin "$ADMIN"

# ---- the end of one ----
issue Doomed
DOOMED=$(field .number)
page GET "$I/$DOOMED/edit"
tap_ok 'an administrator may delete an issue' shows 'value="delete"'
send "$I/$DOOMED/change" of=delete act=delete number=1
tap_is "$STATUS" 422 'not by another number'
tap_ok 'which is said in its form' test -n "$(refused)"
tap_ok 'on the same page' shows 'Delete this issue'
page GET "$I/$DOOMED/edit"
send "$I/$DOOMED/change" act=delete "number=$DOOMED"
tap_is "$STATUS,$(location)" "303,$I" 'by its own he comes back to the list'
page GET "$I/$DOOMED"
tap_is "$STATUS" 404 'and it is gone'
sign_in bob "$BOB"
page GET "$I/1/edit"
tap_not 'a maintainer may not' shows 'value="delete"'
send "$I/1/change" act=delete number=1
tap_is "$STATUS" 403 'by no form either'
sign_in admin "$ADMIN"

# ---- many ----
issue Long 'of many words'
LONG=$(field .number)
as_many() {
	n=0
	while [ $n -lt 60 ]; do
		n=$((n + 1))
		api POST "$R/issues/$LONG/comments" "{\"body\":\"word $n.\"}"
	done
}
as_many
page GET "$I/$LONG"
tap_is "$(grep -o '<article' "$BODY" | wc -l)" 26 'a page has 25 comments, the first the issue besides'
tap_ok 'and leads on' shows 'page 1 of 3'
page GET "$I/$LONG?page=3"
tap_is "$(grep -o '<article' "$BODY" | wc -l)" 10 'the last has the rest'
send "$I/$LONG/comments" act=preview 'body=at the end'
tap_ok 'a preview stands below the last page' grep -q 'word 60\.' "$BODY"
long() { head -c "$1" /dev/zero | tr '\0' "$2"; }
for n in 1 2 3 4 5; do
	long 65000 '"' | jq -Rs '{body: .}' >"$T/words"
	http POST "$R/issues/$LONG/comments" -H 'Content-Type: application/json' -H "Authorization: token $ADMIN" --data-binary "@$T/words"
done
page GET "$I/$LONG"
send "$I/$LONG/comments" act=preview 'body=*below much*'
tap_ok 'however long the words above it are' shows '<em>below much</em>'
long 160000 '"' >"$T/words"
FORM=$(form_value)
page POST "$I/$LONG/comments" -H "Origin: $URL" --data-urlencode "form=$FORM" --data-urlencode "body@$T/words"
tap_is "$STATUS,$(grep -o '&quot;' "$BODY" | wc -l | awk '{ print ($1 >= 160000) }')" 422,1 'what is far too long comes back whole'
page GET "$I/new"
long 60000 x | sed 's/x/\xe4\xb8\x80/g' >"$T/words"
send "$I" "title=$(long 255 x | sed 's/x/\xc3\xa9/g')" "body@$T/words"
tap_is "$STATUS" 422 'what a browser lets one type in another script is too long'
tap_is "$(grep -o '一' "$BODY" | wc -l)" 60000 'and comes back whole'
tap_ok 'with its title' shows "$(long 255 x | sed 's/x/\xc3\xa9/g')"
unset FORM
for n in 1 2 3 4 5 6 7; do
	long 65000 '"' | jq -Rs --arg n "$n" '{body: ($n + .)}' >"$T/words"
	http PATCH "$R/issues/$LONG" -H 'Content-Type: application/json' -H "Authorization: token $ADMIN" --data-binary "@$T/words"
done
page GET "$I/$LONG/history"
tap_is "$STATUS,$(grep -o '<article' "$BODY" | wc -l)" 200,5 'long texts of before come in pages'
page GET "$I/$LONG/history?page=2"
tap_ok 'down to the first' shows 'of many words'
page GET "$I/$LONG?page=9"
tap_is "$STATUS" 200 'a page beyond the last is empty'

# ---- Markdown that becomes many times as long ----
many() { perl -e 'print substr($ARGV[0] =~ s/\\n/\n/gr x 20000, 0, 60000)' -- "$1"; }
for what in '#1 ' '@eve ' '- [ ] x\n' '""1' '[a](http://b)'; do
	api POST "$R/issues" '{"title":"grows"}'
	GROWS=$(field .number)
	api POST "$R/issues/$GROWS/comments" '{"body":"a **strong** word"}'
	{ [ "$what" != '""1' ] || printf '```c\n'; many "$what"; } | head -c 60000 | jq -Rs '{body: .}' >"$T/words"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		http POST "$R/issues/$GROWS/comments" -H 'Content-Type: application/json' -H "Authorization: token $EVE" --data-binary "@$T/words"
		[ "$STATUS" = 201 ] || tap_bail "words: $STATUS"
	done
	page GET "$I/$GROWS"
	tap_is "$STATUS" 200 "a page has room for what grows: $what"
	tap_ok 'with the words of others as they are meant' shows 'a <strong>strong</strong> word'
	tap_ok 'with a way to the whole of the rest' grep -q 'href="?said=[0-9]*">[0-9]* bytes more' "$BODY"
	tap_ok 'soundly' sound
	WHOLE=$(grep -o 'href="?said=[0-9]*"' "$BODY" | sed -n '$s/.*"\(.*\)"/\1/p')
	page GET "$I/$GROWS$WHOLE"
	tap_is "$STATUS" 200 'which has a page'
	tap_ok 'that is sound' sound
done
tap_done
