#!/bin/sh
# The pages of a project's settings, without JavaScript: what they say, what
# they change, and who may not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
X=/api/coffer/v1/projects/$PROJECT
S=/$PROJECT/settings
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }

sign_in admin "$ADMIN"
page GET "/$PROJECT"
tap_ok 'the project leads to its settings' shows "href=\"$S\""
for at in '' /mirror /agent /sandbox /gate /checks /branches /collaboration; do
	page GET "$S$at"
	tap_is "$STATUS" 200 "there is a page settings$at"
	tap_ok 'it is sound' sound
	tap_ok "its link is its own, and the project's" test "$(grep -o 'aria-current="page"' "$BODY" | wc -l)" = 2
done

# ---- general ----
page GET "$S"
send "$S" "description=$XSS" website=https://example.org/ has_issues=1 has_pulls=1 style_merge=1 style_squash=1 merge_style=squash
tap_is "$STATUS,$(location)" "303,$S" 'a profile is saved'
api GET "$R"
tap_is "$(field .description)" "$XSS" 'the description is what was written'
tap_is "$(field '[.allow_merge_commits,.allow_rebase,.allow_squash_merge,.default_merge_style] | map(tostring) | join(",")')" \
    true,false,true,squash 'and so is how one may merge'
page GET "$S"
tap_ok 'what was written is shown as text' sound
tap_not 'and is no tag' shows '<script>alert'
page GET "$S"
send "$S" of=profile "description=typed $XSS" has_pulls=1 merge_style=merge
tap_is "$STATUS" 422 'a project with no way to merge is refused'
tap_ok 'the page comes again and says so in the form' test -n "$(refused)"
tap_ok 'with what was typed' shows 'value="typed &quot;&gt;&lt;img'
tap_is "$(grep -o 'name="has_issues" value="1"[a-z ]*' "$BODY")" 'name="has_issues" value="1"' 'what was not ticked is not'
tap_ok 'what was is' shows 'name="has_pulls" value="1" checked'
tap_ok 'and what was chosen' shows '<option value="merge" selected>'
tap_ok 'it is as sound as ever' sound
tap_not 'and asks for nothing new, which would take it away' shows data-after
api GET "$R"
tap_is "$(field .description)" "$XSS" 'nothing was changed'

# ---- rows ----
page GET "$S/mirror"
send "$S/mirror" interval_s=77 keep_days=9 hold=1
tap_is "$STATUS,$(location)" "303,$S/mirror" 'the mirror is saved'
api GET "$X"
tap_is "$(field '[.settings.interval_s,.settings.keep_days,.settings.hold] | map(tostring) | join(",")')" 77,9,true 'as it was written'
page GET "$S/mirror"
send "$S/mirror" of=rows interval_s=0 keep_days=4242
tap_is "$STATUS" 422 'a number that may not be is refused'
tap_ok 'by its label' grep -q 'autofocus>Seconds between looks at upstream' "$BODY"
tap_ok 'beside what was typed' shows 'name="interval_s" type="number" value="0"'
tap_ok 'as in the other fields' shows 'name="keep_days" type="number" value="4242"'
page GET "$S/mirror"
send "$S/mirror" interval_s=78 keep_days=9
api GET "$X"
tap_is "$(field .settings.hold)" false 'a tick that is not set is off'
page GET "$S/agent"
send "$S/agent" agent=command 'agent_command=sh
-c
echo "a b"' pickup=1 trigger_label=fix-me wall_s=600 max_wakes=1 max_retries=2 retry_s=3 max_item_runs=4 max_day_runs=5
tap_is "$STATUS" 303 'the agent is saved'
api GET "$X"
tap_is "$(field '.settings.agent_command | tojson')" '["sh","-c","echo \"a b\""]' 'a line is an argument'
tap_is "$(field '[.settings.trigger_label,.settings.max_day_runs,.settings.interval_s] | map(tostring) | join(",")')" fix-me,5,78 'and other pages keep what is theirs'
page GET "$S/agent"
send "$S/agent" of=rows agent=nobody 'agent_command=one
two' wall_s=600 max_wakes=1 max_retries=2 retry_s=3 max_item_runs=4 max_day_runs=5
tap_is "$STATUS" 422 'an agent that there is not is refused'
tap_ok 'and lines stay lines' grep -qx 'two</textarea>.*' "$BODY"
page GET "$S/sandbox"
tap_ok 'sizes are shown as people write them' grep -q 'name="memory" type="text" value="[0-9]*[MG]"' "$BODY"
send "$S/sandbox" network=web memory=3G cpus=2 pids=300 disk=1536M profile= branch=main
tap_is "$STATUS" 303 'the sandbox is saved'
api GET "$X"
tap_is "$(field '[.settings.memory,.settings.disk,.settings.network,.settings.branch] | map(tostring) | join(",")')" \
    3221225472,1610612736,web,main 'sizes are bytes, words are words'
page GET "$S/sandbox"
send "$S/sandbox" network=web memory=1 cpus=2 pids=300 disk=1G
tap_is "$STATUS" 422 'a size that may not be is refused'
page GET "$S/gate"
send "$S/gate" approvals=2 current=1 findings=ask
tap_is "$STATUS" 303 'the gate is saved'
api GET "$X"
tap_is "$(field '[.settings.approvals,.settings.current,.settings.conversations,.settings.findings] | map(tostring) | join(",")')" \
    2,true,false,ask 'as it was written'

# ---- upstream ----
page GET "$S/mirror"
send "$S/mirror/token" token=upstream-secret-1
tap_is "$STATUS,$(location)" "303,$S/mirror" 'a token for upstream is kept'
tap_is "$(cat "$HOME_DIR/secrets/upstream/$PROJECT_ID.token")" upstream-secret-1 'in its file'
page GET "$S/mirror"
tap_not 'and is never shown' shows upstream-secret
send "$S/mirror/token" token=
tap_not 'an empty one removes it' test -e "$HOME_DIR/secrets/upstream/$PROJECT_ID.token"
page GET "$S/mirror"
send "$S/mirror/key" of=key key=rubbish-of-a-key 'known_hosts=typed.example ssh-ed25519 A'
tap_is "$STATUS" 422 'a key that is none is refused'
tap_ok 'in its form' test -n "$(refused)"
tap_not 'and does not come back' shows rubbish-of-a-key
tap_ok 'as what is no secret does' shows typed.example
send "$S/mirror/key" of=nothing-like-it key=rubbish known_hosts=
tap_is "$STATUS" 422 'a refusal that no form is there for'
tap_ok 'is a page of its own' shows '<h1>That cannot be done'
page GET "$S/mirror"
send "$S/mirror/sync"
tap_is "$STATUS,$(location)" "303,$S/mirror" 'one may look at upstream now'

# ---- collaborators ----
page GET "$S/collaboration"
tap_ok 'who has a part is listed' shows 'value="bob"'
send "$S/collaboration" login=eve role=admin act=set
tap_is "$STATUS" 303 'a role is set'
api GET "$R/collaborators/eve/permission"
tap_is "$(field .permission)" admin 'and is so'
page GET "$S/collaboration"
send "$S/collaboration" login=eve role=admin act=remove
api GET "$R/collaborators/eve"
tap_is "$STATUS" 404 'it can be taken'
page GET "$S/collaboration"
send "$S/collaboration" of=new login=nobody-here role=admin act=set
tap_is "$STATUS" 422 'a user that there is not is refused'
tap_ok 'the name is still there' shows 'name="login" type="text" maxlength="100" required value="nobody-here"'
tap_is "$(grep -o '<option value="admin" selected>' "$BODY" | wc -l)" 1 'and the role, in that form alone'
page GET "$S/collaboration"
send "$S/collaboration" login=eve role=king act=set
tap_is "$STATUS" 422 'and a role that there is not'
api PUT "$R/collaborators/eve" '{"permission":"read"}'

# ---- protection ----
page GET "$S/branches"
tap_ok 'without a rule the page says what holds' shows 'No branch has a rule'
send "$S/branches" act=put 'rule_name=release/*' approvals=2 enable_push=1 enable_push_whitelist=1 'push_whitelist_usernames=bob, admin' \
    enable_status_check=1 'contexts=ci/*
build' 'files=*.lock;docs/**' block_admin_merge_override=1
tap_is "$STATUS,$(location)" "303,$S/branches" 'a rule is made'
api GET "$R/branch_protections"
tap_is "$(field '.[0] | [.rule_name,.required_approvals,.enable_push_whitelist,(.push_whitelist_usernames|sort|join("+")),(.status_check_contexts|join("+")),.protected_file_patterns,.block_admin_merge_override,.enable_force_push] | map(tostring) | join(",")')" \
    'release/*,2,true,admin+bob,ci/*+build,*.lock;docs/**,true,false' 'as it was written'
page GET "$S/branches"
send "$S/branches" act=put rule_name=main approvals=0
page GET "$S/branches?rule=release%2F%2A"
tap_ok 'the form of one is sound' sound
tap_ok 'and has what it says' grep -q 'name="push_whitelist_usernames" type="text" value="[a-z]* [a-z]*"' "$BODY"
send "$S/branches" act=put 'rule=release/*' approvals=1 enable_push=1
api GET "$R/branch_protections"
tap_is "$(field '[.[] | select(.rule_name == "release/*")][0] | [.required_approvals,.enable_push_whitelist,(.push_whitelist_usernames|length),(.status_check_contexts|length),.protected_file_patterns] | map(tostring) | join(",")')" \
    '1,false,0,0,' 'a rule is what its form was last'
page GET "$S/branches"
send "$S/branches" act=first rule=main
api GET "$R/branch_protections"
tap_is "$(field '.[0].rule_name')" main 'one may be asked first'
page GET "$S/branches"
send "$S/branches" act=put "rule_name=$XSS" approvals=0
page GET "$S/branches"
tap_ok 'whatever it is called the list is sound' sound
send "$S/branches" of=rule act=put rule_name=typed-name approvals=0 push_whitelist_usernames=nobody-here enable_push=1
tap_is "$STATUS" 422 'a user that there is not is refused'
tap_ok 'with what was typed' shows 'value="typed-name"'
tap_ok 'and ticked' shows 'name="enable_push" value="1" checked'
page GET "$S/branches?rule=release%2F%2A"
send "$S/branches" of=rule act=put 'rule=release/*' approvals=7 push_whitelist_usernames=nobody-here
tap_ok 'that of a rule comes again as the same' shows '<h2>The rule</h2>'
tap_ok 'with what was typed' shows 'name="approvals" type="number" value="7"'
page GET "$S/branches"
send "$S/branches" act=put rule_name=x approvals=many
tap_is "$STATUS" 422 'and a number that is none'
page GET "$S/branches"
send "$S/branches" act=remove rule=main
api GET "$R/branch_protections/main"
tap_is "$STATUS" 404 'a rule is removed'

# ---- checks ----
page GET "$S/checks"
tap_ok 'the first text is an example' shows 'test: make check'
send "$S/checks" of=checks act=put 'text=checks:
  - name: unit
    test: make check
  - wrong: key'
tap_is "$STATUS" 422 'a text that is wrong is refused'
tap_is "$(refused)" 'Text: line 4: unknown key: wrong' 'with the line'
tap_ok 'and is still there to be mended' shows 'wrong: key'
tap_ok 'soundly' sound
send "$S/checks" act=put 'text=checks:
  - name: own
    test: make own'
tap_is "$STATUS,$(location)" "303,$S/checks" 'one that is right is kept'
api GET "$X/checks"
tap_is "$(field '.source,.checks[0].name' | tr '\n' ,)" settings,own, 'and counts'
page GET "$S/checks"
tap_ok 'it is shown' shows 'make own'
send "$S/checks" act=drop
api GET "$X/checks"
tap_is "$(field .source)" none 'until the file counts again'

# ---- who may not ----
sign_in bob "$BOB"
page GET "$S"
tap_is "$STATUS" 200 'a maintainer sees settings'
tap_not 'but not how to delete it' shows "$S/delete"
page GET "$S/collaboration"
tap_not 'nor a form for collaborators' shows 'name="login"'
send "$S/collaboration" login=eve role=admin act=set
tap_is "$STATUS" 403 'and none that works'
page GET "$S/branches"
tap_not 'nor one for protections' shows 'name="rule_name"'
send "$S/branches" act=put rule_name=y approvals=0
tap_is "$STATUS" 403 'and none that works'
page GET "$S/mirror"
send "$S/mirror/token" token=x
tap_is "$STATUS" 403 'nor one for the token of upstream'
page GET "$S"
send "$S/delete" "confirm=$PROJECT" force=1
tap_is "$STATUS" 403 'nor to delete it'
sign_in eve "$EVE"
page GET "/$PROJECT"
tap_not 'a reader is not led to settings' shows "href=\"$S\""
page GET "$S"
tap_is "$STATUS" 403 'and sees none'
page POST "$S/gate" -H "Origin: $URL" --data-urlencode form=0 --data-urlencode approvals=0
tap_is "$STATUS" 403 'a form of elsewhere does nothing'
make_user mallory >"$T/mallory"
sign_in mallory "$(cat "$T/mallory")"
page GET "$S"
tap_is "$STATUS" 404 'a stranger learns nothing'

# ---- its end ----
sign_in admin "$ADMIN"
page GET "$S"
send "$S/archive" archived=1
page GET "$S"
tap_ok 'an archived one says so' shows 'It is archived'
send "$S/gate" approvals=1
tap_is "$STATUS" 423 'and keeps its settings'
page GET "$S"
send "$S/archive" archived=0
page GET "$S/gate"
send "$S/gate" approvals=1 findings=off
tap_is "$STATUS" 303 'until it is opened again'
page GET "$S"
send "$S/delete" confirm=other/name force=1
tap_is "$STATUS" 422 'a wrong name deletes nothing'
page GET "$S"
send "$S/delete" "confirm=$PROJECT" force=1
tap_is "$STATUS,$(location)" 303,/ 'the right one does'
api GET "$R"
tap_is "$STATUS" 404 'it is gone'
tap_done
