#!/bin/sh
# Notifications on the pages: what concerns one, read, unread and kept, by whom,
# and their number beside the way there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
N=/-/notifications
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
# the number in the navigation
count() { sed -n 's#.*href="/-/notifications"[^>]*>Notifications *\(<span class="count">\([0-9]*\)</span>\)\{0,1\}</a>.*#\2#p' "$BODY"; }
id_of() { sed -n "s#.*<span class=\"unseen\">: $1</span></button>.*#&#p" "$BODY" | grep -o "name=\"id\" value=\"[0-9]*\"[^/]*: $1<" | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p'; }

sign_in bob "$BOB"
page GET "$N"
tap_is "$STATUS" 200 'somebody new has a page of notifications'
tap_ok 'soundly' sound
tap_ok 'which says when there would be some' shows 'You are told of what names you'
tap_is "$(count)" '' 'and no number'

api POST "$R/issues" "$(jq -n --arg t "One $XSS" '{title: $t, body: "@bob look", assignees: ["bob"]}')"
I=$(field .number)
api POST "$R/issues" '{"title":"Two","body":"@bob and @eve"}'
J=$(field .number)
api POST "$R/issues/$I/comments" '{"body":"still there"}'
K=$(field .id)
page GET "$N"
tap_ok 'who is named is told' shows "href=\"/$PROJECT/issues/$J\""
tap_ok 'who is assigned, too' shows "href=\"/$PROJECT/issues/$I\""
tap_ok 'with what was said last' shows "href=\"/$PROJECT/issues/$I?said=$K\""
tap_ok 'soundly' sound
tap_not 'nothing of a stranger is a tag' shows '<script>alert'
tap_is "$(count)" 2 'their number is beside the way there'
page GET /
tap_is "$(count)" 2 'on each page'

api POST "$R/issues" '{"title":"Three","body":"@bob"}'
L=$(field .number)
api POST "$R/issues/$L/comments" '{"body":"taken back"}'
K=$(field .id)
page GET "$N"
tap_ok 'a third says what was said last' shows "issues/$L?said=$K\""
api DELETE "$R/issues/comments/$K"
page GET "$N"
tap_not 'which nothing leads to when it is gone' shows "?said=$K\""
tap_ok 'but to the issue' shows "href=\"/$PROJECT/issues/$L\""
THREE=$(id_of Three)
send "$N" "id=$THREE" to=read show=unread

# ---- marked ----
page GET "$N"
TWO=$(id_of Two)
tap_ok 'each has its button' test -n "$TWO"
send "$N" "id=$TWO" to=read show=unread
tap_is "$STATUS,$(location)" "303,$N" 'one is read'
page GET "$N"
tap_not 'and not among the unread' shows ">Two<"
tap_is "$(count)" 1 'nor counted'
page GET "$N?show=read"
tap_ok 'but among the read' shows '>Two<'
tap_ok 'soundly' sound
send "$N" "id=$TWO" to=unread show=read
tap_is "$(location)" "$N?show=read" 'and back to where one was'
page GET "$N"
tap_is "$(count)" 2 'it is unread again'
send "$N" "id=$TWO" to=pinned show=unread
page GET "$N"
tap_ok 'one that is kept stays there' shows '· kept'
tap_is "$(count)" 1 'uncounted'
page GET "$N?show=all"
tap_ok 'all of them' shows '>Two<'
UNTIL=$(sed -n 's/.*name="until" value="\([0-9]*\)".*/\1/p' "$BODY")
send "$N" id=0 to=read show=unread "until=$UNTIL"
page GET "$N"
tap_is "$(count)" '' 'all are read at once'
api POST "$R/issues/$I/comments" '{"body":"@bob once more"}'
page GET "$N"
send "$N" id=0 to=read show=unread until=1
page GET "$N"
tap_is "$(count)" 1 'but what came since the page was made is not'
send "$N" "id=$TWO" to=burnt
tap_is "$STATUS" 422 'nothing else is done with one'
page GET "$N?show=%3Cscript%3E&page=1"
tap_ok 'another word shows the unread' sound
page GET "$N?page=0"
tap_is "$STATUS" 422 'a page that is none'

# ---- who may not ----
sign_in eve "$EVE"
page GET "$N"
tap_ok 'another one has the own' shows '>Two<'
tap_not 'and no others' shows '>One'
send "$N" "id=$TWO" to=read
tap_is "$STATUS" 403 "nor marks another's"
page POST "$N" -H "Origin: $URL" -d form=0 -d id=0 -d until=9999999999999 -d to=read
tap_is "$STATUS" 403 'a form of elsewhere marks nothing'
api DELETE "$R/collaborators/eve"
page GET "$N"
tap_not 'who sees the project no more is told of it no more' shows '>Two<'
: >"$JAR"
page GET "$N"
tap_is "$STATUS" 303 'nobody has none'
tap_done
