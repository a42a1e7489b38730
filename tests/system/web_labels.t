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
send "/$PROJECT/milestones" of=new act=put title= 'description=what was typed' due=2030-02-03
tap_is "$STATUS" 422 'a title is needed'
tap_ok 'the page comes again and says so' test -n "$(refused)"
tap_ok 'with the text' shows 'what was typed</textarea>'
tap_ok 'and the day' shows 'type="date" value="2030-02-03"'
tap_ok 'soundly' sound
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" of=new act=put title=soon due=yesterday
tap_is "$STATUS" 422 'a day that is none is refused'
page GET "/$PROJECT/milestones"
send "/$PROJECT/milestones" act=put title=soon 'description=to do' due=2030-02-03
api GET "$R/milestones"
ID=$(field '.[0].id')
tap_is "$(field '.[0].due_on')" 2030-02-03T23:59:59Z 'it is due at the end of its day'
page GET "/$PROJECT/milestones"
tap_ok 'it can be changed' shows "?edit=$ID"
page GET "/$PROJECT/milestones?edit=$ID"
tap_ok 'by a form that says what it is' shows 'value="2030-02-03"'
tap_ok 'soundly' sound
send "/$PROJECT/milestones" of=edit act=put "id=$ID" 'title=later on' description= due=
api GET "$R/milestones/$ID"
tap_is "$(field '[.title,.description,.due_on,.state] | map(tostring) | join(",")')" 'later on,,null,open' 'it is what its form was last'
page GET "/$PROJECT/milestones?edit=$ID"
send "/$PROJECT/milestones" of=edit act=put "id=$ID" title= description=kept
tap_ok 'a refused change comes again as that' shows '<h2>Change the milestone</h2>'
tap_ok 'and keeps what was typed' shows 'kept</textarea>'
page GET "/$PROJECT/milestones?edit=999999"
tap_is "$STATUS" 200 'one that there is not is not edited'
tap_ok 'a new one is made instead' shows '<h2>A new milestone</h2>'

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
tap_ok 'it can be changed' shows "?edit=$ID"
page GET "/$PROJECT/labels?edit=$ID"
tap_ok 'by a form with its colour' shows 'name="color" type="color" value="#12ab34"'
tap_ok 'soundly' sound
send "/$PROJECT/labels" of=edit act=put "id=$ID" name=size/large color=#00ff00 'description=it is big' exclusive=1
tap_is "$STATUS,$(location)" "303,/$PROJECT/labels" 'a label is changed'
api GET "$R/labels/$ID"
tap_is "$(field '[.name,.color,.description,.exclusive,.is_archived] | map(tostring) | join(",")')" 'size/large,00ff00,it is big,true,true' 'to what was written, and is else as it was'
page GET "/$PROJECT/labels?edit=$ID"
send "/$PROJECT/labels" of=edit act=put "id=$ID" 'name=typed name' color=none
tap_is "$STATUS" 422 'a colour that is none is refused'
tap_ok 'in the form of that label' shows '<h2>Change the label</h2>'
tap_ok 'with the name that was typed' shows 'value="typed name"'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=remove "id=$ID"
api GET "$R/labels/$ID"
tap_is "$STATUS" 404 'and removed'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" of=new act=put name=x color=red
tap_is "$STATUS" 422 'a new one with no colour, too'
tap_ok 'with its name' shows 'required value="x"'
page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=remove id=999999
tap_is "$STATUS" 404 'one that there is not is not removed'

page GET "/$PROJECT/labels"
send "/$PROJECT/labels" act=bogus id=1
tap_is "$STATUS" 422 'a button that there is not does nothing'
send "/$PROJECT/milestones" act=archive id=1
tap_is "$STATUS" 422 'nor one of the other form'

sign_in eve "$EVE"
page GET "/$PROJECT/labels"
tap_is "$STATUS" 200 'a reader sees labels'
tap_not 'but no form' shows 'name="act"'
tap_not 'and no way to one' shows '?edit='
send "/$PROJECT/labels" act=put name=x color=#ffffff
tap_is "$STATUS" 403 'and none that works'
page GET "/$PROJECT/milestones"
tap_not 'nor one for milestones' shows 'name="act"'
tap_done
