#!/bin/sh
# Opening a pull request from a page: two branches are chosen, what they differ
# is shown, it is proposed; a reader and a stranger's words; a fork's branch.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
OUT=$(make_user out)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
alert() { grep -o '<p class="alert" role="alert">[^<]*' "$BODY"; }

push_branch fix/the-one a.c "int a; // $XSS" "$BOB"
(
	cd "$WORK" && printf 'more\n' >b.txt && git add b.txt && git commit -q -m 'And b' &&
	    git_as "$BOB" push -q "$URL/$PROJECT.git" HEAD:refs/heads/two-of_them &&
	    git checkout -q --detach HEAD~1 && git commit -q --amend -m "Say $XSS

Because <b>it</b> was wrong." && git_as "$BOB" push -q "$URL/$PROJECT.git" HEAD:refs/heads/worded
) 2>"$T/push.err" || tap_bail "push: $(cat "$T/push.err")"

# ---- the way there ----
sign_in bob "$BOB"
page GET "/$PROJECT/pulls"
tap_ok 'the list leads to a new one' shows "href=\"/$PROJECT/compare\">New pull request"
page GET "/$PROJECT/branches"
tap_ok 'so do the branches' shows "href=\"/$PROJECT/compare\">New pull request"
page GET "/$PROJECT/compare"
tap_is "$STATUS" 200 'two branches are chosen'
tap_ok 'soundly' sound
tap_ok 'the branches are offered' shows '<option value="fix/the-one">'
tap_ok 'the default branch is the base' shows 'name="base" type="text" value="main"'
page GET "/$PROJECT/compare?base=main&head=fix%2Fthe-one"
tap_is "$STATUS,$(location)" "303,/$PROJECT/compare/main...fix%2Fthe-one" 'what was chosen has an address'
page GET "/$PROJECT/compare?base=main&head=%2F%2Fevil.example%2F%0d%0aX:%20y"
tap_is "$STATUS,$(location)" "303,/$PROJECT/compare/main...%2F%2Fevil.example%2F%0D%0AX%3A%20y" 'and leads nowhere else'

# ---- what is offered ----
page GET "/$PROJECT/compare/main...fix%2Fthe-one"
tap_is "$STATUS" 200 'two that differ'
tap_ok 'soundly' sound
tap_ok 'with a form' shows "action=\"/$PROJECT/pulls\""
tap_ok 'of one commit its first line is the title' shows 'name="title" type="text" maxlength="255" required value="Write a.c"'
tap_ok 'the commit is listed' shows '>Write a.c</a>'
tap_ok 'and the change' shows '<td class="add">'
tap_not 'nothing of a stranger is a tag' shows '<script>alert'
page GET "/$PROJECT/compare/main...two-of_them"
tap_ok 'of more the name of the branch is' shows 'value="Two of them"'
page GET "/$PROJECT/compare/main...worded"
tap_ok 'a stranger wrote the message' sound
tap_ok 'whose rest is the text' shows 'Because &lt;b&gt;it&lt;/b&gt; was wrong.</textarea>'
tap_not 'and no tag' shows '<script>alert'
page GET "/$PROJECT/compare/main...main"
tap_not 'of one branch there is no form' shows "action=\"/$PROJECT/pulls\""
tap_ok 'but the reason' shows 'There is no commit to propose'
page GET "/$PROJECT/compare/main...$SHA"
tap_not 'a commit is not proposed' shows "action=\"/$PROJECT/pulls\""
tap_ok 'but a branch is' shows 'A pull request is of two branches'
page GET "/$PROJECT/compare/main...no-such"
tap_is "$STATUS" 404 'what is not there is not compared'

# ---- proposing ----
page GET "/$PROJECT/compare/main...fix%2Fthe-one"
send "/$PROJECT/pulls" into=main from=fix/the-one title= "body=$XSS kept"
tap_is "$STATUS" 422 'a title is needed'
tap_ok 'what is wrong is said' test -n "$(alert)"
tap_ok 'what was typed is kept' shows '&lt;/main&gt; kept</textarea>'
tap_ok 'soundly' sound
send "/$PROJECT/pulls" into=main from=no-such title=x draft=1
tap_is "$STATUS" 404 'a branch that is gone'
tap_ok 'is said with what was typed' shows 'name="draft" value="1" checked'
send "/$PROJECT/pulls" into=main from=fix/the-one "title=The one $XSS" 'body=**Why** not' draft=1
tap_is "$STATUS" 303 'then it is opened'
api GET "$R/pulls"
N=$(field '.[0].number')
tap_is "$(field '.[0].draft') $(field '.[0].head.ref') $(field '.[0].base.ref')" 'true fix/the-one main' 'as it was proposed'
page GET "/$PROJECT/pulls/$N"
tap_ok 'it has a page' sound
tap_ok 'with its text' shows '<strong>Why</strong>'
page GET "/$PROJECT/compare/main...fix%2Fthe-one"
tap_ok 'the compared ones know it' shows "href=\"/$PROJECT/pulls/$N\""
tap_not 'and offer no second' shows "action=\"/$PROJECT/pulls\""
tap_ok 'soundly' sound
send "/$PROJECT/pulls" into=main from=fix/the-one title=again
tap_is "$STATUS" 409 'nor take one'
page GET "/$PROJECT/compare/main...two-of_them"
send "/$PROJECT/pulls" into=main from=two-of_them title=Two
tap_like "$STATUS,$(location)" "303,/$PROJECT/pulls/*" 'opening one leads to it'

# ---- who may not ----
page POST "/$PROJECT/pulls" -H "Origin: $URL" --data-urlencode form=0 -d 'into=main&from=worded&title=x'
tap_is "$STATUS" 403 'a form of elsewhere opens nothing'
sign_in eve "$EVE"
page GET "/$PROJECT/pulls"
tap_not 'a reader is not led there' shows 'New pull request'
page GET "/$PROJECT/compare/main...worded"
tap_is "$STATUS" 200 'he may compare'
tap_not 'and has no form' shows "action=\"/$PROJECT/pulls\""
page GET "/-/account"
send "/$PROJECT/pulls" into=main from=worded title=x
tap_is "$STATUS" 403 'nor one that works'
sign_in out "$OUT"
page GET "/$PROJECT/compare"
tap_is "$STATUS" 404 'to a stranger there is nothing'
page GET "/$PROJECT/compare/main...worded"
tap_is "$STATUS" 404 'nor to compare'
page GET "/-/account"
send "/$PROJECT/pulls" into=main from=worded title=x
tap_is "$STATUS" 404 'nor to propose'

# ---- a fork's ----
as "$EVE" api POST "$R/forks" '{}'
tap_is "$STATUS" 202 'a reader forks it'
forked() { as "$EVE" api GET "/api/v1/repos/eve/${PROJECT#*/}/branches/worded"; [ "$STATUS" = 200 ]; }
wait_for 20 forked
sign_in eve "$EVE"
page GET "/eve/${PROJECT#*/}/compare/main...worded"
tap_ok 'the fork leads to where it came from' shows "href=\"/$PROJECT/compare/...eve%3Aworded\""
tap_ok 'soundly' sound
page GET "/$PROJECT/compare/...eve%3Aworded"
tap_ok 'and its default branch' shows 'name="into" value="main"'
page GET "/$PROJECT/compare/main...eve:worded"
tap_is "$STATUS" 200 'and may propose a branch of it'
tap_ok 'soundly' sound
send "/$PROJECT/pulls" into=main from=eve:worded title='Of a fork'
tap_is "$STATUS" 303 'which opens one'
page GET "/$PROJECT/compare/main...nobody:worded"
tap_is "$STATUS" 404 'of no fork there is none'
tap_done
