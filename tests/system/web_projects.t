#!/bin/sh
# The list of projects, without JavaScript: first steps, search and order, what
# waits for whom; and a project made in the browser.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
BOB=$(make_user bob)
EVE=$(make_user eve)
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
# names: of the projects on the page, in their order
names() { grep -o '<strong>[^<]*</strong>' "$BODY" | sed 's/<[^>]*>//g' | tr '\n' ' '; }

# ---- the first steps ----
sign_in admin "$ADMIN"
page GET /
tap_ok 'without a project the first steps are told' shows 'coffer prove NAME'
tap_ok 'soundly' sound
tap_ok 'the first is a form' shows 'href="/-/new"'
sign_in eve "$EVE"
page GET /
tap_ok 'who can make none is told who can give one' shows 'gives you a part'
tap_not 'and has no such form' shows '/-/new'
page GET /-/new
tap_is "$STATUS" 403 'not by its address either'
send /-/new of=new name=eves agent=command network=web
tap_is "$STATUS" 403 'nor by a form of his own'
api GET /api/coffer/v1/projects
tap_is "$(field length)" 0 'nothing is made'

# ---- a new one ----
sign_in admin "$ADMIN"
page GET /-/new
tap_ok 'the form of a new one is sound' sound
send /-/new of=new upstream= name= agent=command network=locked token=typed-token
tap_is "$STATUS,$(refused)" '422,Give an upstream, or a name for one without.' 'it needs an upstream or a name'
tap_ok 'what was chosen stays' shows '<option value="locked" selected>'
tap_not 'a token does not' shows typed-token
page GET /-/new
send /-/new of=new "upstream=$XSS" name= agent=command network=web
tap_is "$STATUS" 422 'an upstream that is none is refused'
tap_ok 'and is there to be mended' shows 'value="&quot;&gt;&lt;img'
tap_ok 'soundly' sound
page GET /-/new
send /-/new of=new upstream= name=../x agent=command network=web
tap_is "$STATUS" 422 'a name that may not be is refused'
page GET /-/new
send /-/new of=new upstream= name=own agent=nobody network=web
tap_is "$STATUS" 422 'an agent that there is not is refused'
page GET /-/new
send /-/new of=new upstream= name=own agent=command network=everything
tap_is "$STATUS" 422 'and a network that there is not'
page GET /-/new
send /-/new of=new upstream= name=own agent=claude network=locked
tap_is "$STATUS,$(location)" '303,/admin/own' 'one without upstream is made'
api GET /api/coffer/v1/projects/admin/own
tap_is "$(field '[.settings.agent,.settings.network,.sandbox.want] | join(",")')" claude,locked,stopped 'as the form said'
api GET /api/v1/repos/admin/own
tap_is "$(field '[.empty,.default_branch] | map(tostring) | join(",")')" false,main 'with something to clone'
page GET /-/new
send /-/new of=new upstream= name=own agent=command network=web
tap_is "$STATUS" 409 'a name is for one project'
make_upstream mirrored
page GET /-/new
send /-/new of=new "upstream=$UPSTREAM" name= agent=command network=web start=1 token=upstream-secret-2
tap_is "$STATUS,$(location)" 303,/admin/mirrored 'a mirror is made'
api GET /api/coffer/v1/projects/admin/mirrored
tap_is "$(field .sandbox.want)" running 'its sandbox starts'
tap_is "$(cat "$HOME_DIR/secrets/upstream/$(field .id).token")" upstream-secret-2 'the token is kept'
page GET /admin/mirrored
tap_not 'and not shown' shows upstream-secret

# ---- many ----
for n in alpha beta gamma delta; do
	page GET /-/new
	send /-/new of=new upstream= "name=$n" agent=command network=web
done
api PATCH /api/v1/repos/admin/beta '{"description":"counts sheep"}'
page GET '/?sort=name'
tap_is "$(names)" 'alpha beta delta gamma mirrored own ' 'they come by name'
tap_ok 'the list is sound' sound
page GET '/?sort=new'
tap_is "$(names | cut -d' ' -f1)" delta 'or the newest first'
page GET '/?q=sheep'
tap_is "$(names)" 'beta ' 'a word of the description finds one'
page GET '/?q=AMM'
tap_is "$(names)" 'gamma ' 'as a part of the name does'
page GET "/?sort=%3Cscript%3E&q=%22%3E%3Cscript%3E"
tap_ok 'nothing found says so' shows 'No project is called so'
tap_ok 'soundly' sound
page GET "/?q=$(printf '%0101d' 0)"
tap_is "$STATUS" 422 'a long word is refused'
seed()
{
	i=0
	while [ "$i" -lt 24 ]; do
		i=$((i + 1))
		api POST /api/v1/user/repos "{\"name\":\"n$i\"}"
		[ "$STATUS" = 201 ] || return 1
	done
}
tap_ok 'with more than a page of them' seed
page GET '/?sort=name&q=n'
tap_ok 'there is a next page' grep -q 'href="?page=2&amp;sort=name&amp;q=n"' "$BODY"
page GET '/?sort=name&page=2'
tap_ok 'which has the rest' shows '>own<'
tap_not 'and no more' shows '>alpha<'

# ---- what waits for whom ----
PROJECT=admin/mirrored
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
push_branch topic one.c 'int x;' "$BOB"
as "$BOB" api POST "$R/pulls" '{"title":"one","head":"topic","base":"main"}'
N=$(field .number)
page GET '/?q=mirrored'
tap_ok 'a pull request without its approval waits for a maintainer' shows '>1 to review<'
sign_in bob "$BOB"
page GET /
tap_not 'but not for who wrote it' shows 'to review'
sign_in eve "$EVE"
page GET /
tap_ok 'a reader sees the project' shows '>mirrored<'
tap_not 'whose approval would not count' shows 'to review'
api POST "$R/pulls/$N/requested_reviewers" '{"reviewers":["eve"]}'
page GET /
tap_ok 'until he is asked for one' shows '>1 to review<'
as "$EVE" api POST "$R/pulls/$N/reviews" '{"event":"COMMENT","body":"read"}'
page GET /
tap_not 'and has answered' shows 'to review'
sign_in admin "$ADMIN"
api POST "$R/pulls/$N/reviews" '{"event":"APPROVED","body":""}'
page GET '/?q=mirrored'
tap_not 'nor for who has approved it' shows 'to review'

# ---- what cannot be counted ----
page GET '/?q=mirrored'
tap_not 'numbers are numbers' shows 'not counted'
sqlite3 "$HOME_DIR/db/coffer.db" 'ALTER TABLE net_seen RENAME TO net_hidden' || tap_bail 'sqlite3'
page GET '/?q=mirrored'
tap_ok 'what cannot be counted is not shown as none' shows 'not counted'
page GET "/$PROJECT"
tap_ok 'nor on the page of the project' shows 'not counted'
sqlite3 "$HOME_DIR/db/coffer.db" 'ALTER TABLE net_hidden RENAME TO net_seen' || tap_bail 'sqlite3'
tap_done
