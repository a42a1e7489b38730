#!/bin/sh
# The pages of labels and milestones, without JavaScript.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }

sign_in admin "$ADMIN"
page GET "/$PROJECT/milestones"
tap_ok 'without a milestone the page says so' shows 'no milestone yet'
send "/$PROJECT/milestones" act=put "title=$XSS" "description=for it"
tap_is "$STATUS,$(location)" "303,/$PROJECT/milestones" 'one is made'
page GET "/$PROJECT/milestones"
tap_ok 'its page is sound' sound
tap_not 'and its title no tag' shows '<script>alert'
api GET "$R/milestones"
ID=$(field '.[0].id')
tap_is "$(field '.[0].title')" "$XSS" 'it is called as was written'
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" act=close "id=$ID"
api GET "$R/milestones/$ID"
tap_is "$(field .state)" closed 'it is closed'
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" act=open "id=$ID"
api GET "$R/milestones/$ID"
tap_is "$(field .state)" open 'and opened again'
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" act=remove "id=$ID"
api GET "$R/milestones/$ID"
tap_is "$STATUS" 404 'and removed'
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" act=put title=
tap_is "$STATUS" 422 'a title is needed'

page GET "/$PROJECT/labels"
tap_ok 'the page of labels is sound' sound
send "/$PROJECT/labels" act=put "name=x$XSS" 'color=#12ab34' "description=$XSS"
tap_is "$STATUS" 422 'a name that is too long is refused'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=put 'name=<b>bug</b>' 'color=#12ab34' "description=$XSS"
tap_is "$STATUS,$(location)" "303,/$PROJECT/labels" 'a label is made'
page GET "/$PROJECT/labels"
tap_ok 'the list is sound' sound
tap_not 'and no tag' shows '<script>alert'
api GET "$R/labels?limit=50"
ID=$(field '.[] | select(.name == "<b>bug</b>") | .id')
tap_is "$(field '.[] | select(.name == "<b>bug</b>") | .color')" 12ab34 'as it was written'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=archive "id=$ID"
api GET "$R/labels/$ID"
tap_is "$(field '[.is_archived,.color] | map(tostring) | join(",")')" true,12ab34 'it is archived, and as it was'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=remove "id=$ID"
api GET "$R/labels/$ID"
tap_is "$STATUS" 404 'and removed'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=put name=x color=red
tap_is "$STATUS" 422 'a colour that is none is refused'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=remove id=999999
tap_is "$STATUS" 404 'one that there is not is not removed'

sign_in eve "$EVE"
page GET "/$PROJECT/labels"
tap_is "$STATUS" 200 'a reader sees labels'
tap_not 'but no form' shows 'name="act"'
send "/$PROJECT/labels" act=put name=x color=#ffffff
tap_is "$STATUS" 403 'and none that works'
page GET "/$PROJECT/milestones"
tap_not 'nor one for milestones' shows 'name="act"'
tap_done
