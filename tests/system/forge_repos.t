#!/bin/sh
# Repositories as Gitea's clients see them: shown, found, changed, removed;
# collaborators, topics, subscriptions; migrate and mirror-sync.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
EVE=$(make_user eve)

# The shape.
api GET "$R"
tap_is "$STATUS" 200 'a repository is shown'
tap_ok 'with its names and addresses' jq -e --arg u "$URL" '
	.full_name == "admin/calc" and .owner.login == "admin" and
	.clone_url == $u + "/admin/calc.git" and .html_url == $u + "/admin/calc" and
	.private and (.mirror | not) and (.fork | not) and (.empty | not) and
	.default_branch == "main" and .parent == null and .ssh_url == "" and
	.original_url != "" and .object_format_name == "sha1"' "$BODY"
tap_ok 'with what it has' jq -e '
	.has_issues and .has_pull_requests and .has_code and (.has_wiki | not) and
	.open_issues_count == 0 and .open_pr_counter == 0 and .branch_count == 1 and
	.topics == [] and .licenses == [] and .stars_count == 0 and
	.watchers_count == 1 and .permissions == {admin: true, push: true, pull: true}' "$BODY"
tap_ok 'with its ways to merge' jq -e '
	.allow_merge_commits and .allow_rebase and .allow_rebase_explicit and
	.allow_squash_merge and .allow_fast_forward_only_merge and
	(.allow_manual_merge | not) and .default_merge_style == "merge" and
	(.default_delete_branch_after_merge | not)' "$BODY"
tap_ok 'every field of the schema is there' jq -e '
	[("allow_merge_update allow_rebase_update archived archived_at autodetect_manual_merge avatar_url created_at default_allow_maintainer_edit default_target_branch default_update_style description forks_count has_actions has_packages has_projects has_releases id ignore_whitespace_conflicts internal internal_tracker language languages_url link mirror_interval mirror_last_sync_at mirror_updated projects_mode release_counter repo_transfer size template updated_at url website" | split(" "))[] as $k | has($k)] | all' "$BODY"
api GET "/api/v1/repositories/$(field .id)"
tap_is "$STATUS,$(field .full_name)" 200,admin/calc 'by id'
api GET /api/v1/repositories/999
tap_is "$STATUS" 404 'an id that is none'
as "$BOB" api GET "/api/v1/repositories/$PROJECT_ID"
tap_is "$STATUS" 404 'nor for who may not see it'

# PATCH: what is absent stays.
api PATCH "$R" '{"description":"A calculator","website":"https://example.org/"}'
tap_is "$STATUS,$(field '.description + " " + .website')" '200,A calculator https://example.org/' 'texts change'
api PATCH "$R" '{"allow_rebase":false,"default_merge_style":"squash","default_delete_branch_after_merge":true,"unknown":[1]}'
tap_ok 'ways to merge, and the texts stay' jq -e '(.allow_rebase | not) and .allow_squash_merge and .default_merge_style == "squash" and .default_delete_branch_after_merge and .description == "A calculator"' "$BODY"
api PATCH "$R" '{"allow_squash_merge":false}'
tap_is "$STATUS,$(field .message)" '422,default_merge_style: squash is not allowed here' 'the default way must be allowed'
api PATCH "$R" '{"website":"javascript:alert(1)"}'
tap_is "$STATUS" 422 'a website is http'
api PATCH "$R" '{"archived":"yes"}'
tap_like "$STATUS,$(field .message)" '422,*archived*' 'a wrong type names the field'
api PATCH "$R" '{"default_branch":"other"}'
tap_like "$STATUS,$(field .message)" '422,default_branch: upstream says*' 'the default branch is upstream'\''s'
api PATCH "$R" '{"name":"other"}'
tap_like "$STATUS,$(field .message)" '422,name: *' 'a name stays'
api PATCH "$R" '{"name":"calc","default_branch":"main","private":true,"mirror_interval":"10m0s"}'
tap_is "$STATUS,$(field .mirror_interval)" 200,10m0s 'what is said again is no change; an interval'
api PATCH "$R" '{"mirror_interval":"soon"}'
tap_is "$STATUS" 422 'no interval'
api PATCH "$R" '{"private":false}'
tap_is "$STATUS" 422 'nothing is public'
api PATCH "$R" '{"has_issues":false}'
tap_is "$STATUS,$(field .has_issues),$(field 'has("internal_tracker")')" 200,false,false 'without issues'
api POST "$R/issues" '{"title":"x"}'
tap_is "$STATUS,$(field .message)" '404,issues are switched off here' 'there are none'
api PATCH "$R" '{"has_issues":true}'
as "$BOB" api PATCH "$R" '{"description":"x"}'
tap_is "$STATUS" 404 'not by who may not see it'

# Collaborators.
api PUT "$R/collaborators/bob" '{"permission":"read"}'
tap_is "$STATUS" 204 'a collaborator'
as "$BOB" api GET "$R"
tap_is "$STATUS,$(field '.permissions | "\(.admin) \(.push) \(.pull)"')" '200,false false true' 'who reads'
as "$BOB" api PATCH "$R" '{"description":"x"}'
tap_is "$STATUS" 403 'does not change it'
as "$BOB" api PUT "$R/topics" '{"topics":["a"]}'
tap_is "$STATUS" 403 'nor its topics'
as "$BOB" api PUT "$R/collaborators/eve"
tap_is "$STATUS" 403 'nor its collaborators'
as "$BOB" api DELETE "$R"
tap_is "$STATUS" 403 'nor removes it'
api PUT "$R/collaborators/eve"
api GET "$R/collaborators?limit=1"
tap_is "$STATUS,$(field '[.[].login] | join(" ")'),$(sed -n 's/^[Xx]-[Tt]otal-[Cc]ount: //p' "$HEADERS" | tr -d '\r')" 200,bob,2 'a list, in pages'
tap_ok 'with a link' grep -qi '^link: <.*rel="next"' "$HEADERS"
api GET "$R/collaborators/bob"
tap_is "$STATUS" 204 'bob is one'
api GET "$R/collaborators/admin"
tap_is "$STATUS" 404 'the owner is none'
api GET "$R/collaborators/nobody"
tap_is "$STATUS" 404 'nor who is not there'
api GET "$R/collaborators/eve/permission"
tap_is "$STATUS,$(field '.permission + " " + .role_name + " " + .user.login')" '200,write write eve' 'the permission by default is write'
api GET "$R/collaborators/admin/permission"
tap_is "$(field .permission)" owner 'the owner'\''s'
as "$EVE" api GET "$R/collaborators/eve/permission"
tap_is "$STATUS" 200 'one asks for his own'
as "$EVE" api GET "$R/collaborators/bob/permission"
tap_is "$STATUS" 403 'not for another'\''s'
api PUT "$R/collaborators/eve" '{"permission":"admin"}'
as "$EVE" api PUT "$R/collaborators/bob" '{"permission":"write"}'
tap_is "$STATUS" 204 'an admin of the repository sets roles'
as "$EVE" api GET "$R"
tap_is "$(field .permissions.admin)" true 'and sees that he may'
as "$EVE" api GET /api/v1/admin/users
tap_is "$STATUS" 403 'but is none of the site'
api PUT "$R/collaborators/bob" '{"permission":"owner"}'
tap_is "$STATUS" 422 'a permission that is none'
api PUT "$R/collaborators/admin" '{"permission":"read"}'
tap_is "$STATUS" 422 'the owner stays'
api PUT "$R/collaborators/nobody" '{"permission":"read"}'
tap_is "$STATUS" 422 'nobody is no collaborator'
api DELETE "$R/collaborators/nobody"
tap_is "$STATUS" 422 'nor was one'
api PUT "$R/collaborators/agent" '{"permission":"write"}'
tap_is "$STATUS" 422 'the agent never'
as "$AGENTD" api PUT "$R/collaborators/bob" '{"permission":"admin"}'
tap_is "$STATUS" 403 'nor by the service'
api GET "$R/assignees"
tap_is "$(field '[.[].login] | join(" ")')" 'admin bob eve' 'who may be assigned'
api PUT "$R/collaborators/bob" '{"permission":"read"}'
api GET "$R/assignees"
tap_is "$(field '[.[].login] | join(" ")')" 'admin eve' 'not who reads alone'
api GET "$R/reviewers"
tap_is "$(field '[.[].login] | join(" ")')" 'admin bob eve' 'who may be asked for a review'

make_user zoe >/dev/null
api DELETE "$R/collaborators/zoe"
tap_is "$STATUS" 204 'who has no role loses none'

# Topics.
api PUT "$R/topics" '{"topics":[" Math ","c-lang","math"]}'
tap_is "$STATUS" 204 'topics'
api GET "$R/topics"
tap_is "$(field '.topics | join(" ")')" 'c-lang math' 'in lower case, once'
api PUT "$R/topics" '{"topics":["a b","ok","-x"]}'
tap_is "$STATUS,$(field '.invalidTopics | join("|")')" '422,a b|-x' 'those that are none are told'
api PUT "$R/topics/new.one"
tap_is "$STATUS" 204 'one more'
api DELETE "$R/topics/math"
tap_is "$STATUS" 204 'one less'
api DELETE "$R/topics/math"
tap_is "$STATUS" 404 'which was there'
api GET "$R"
tap_is "$(field '.topics | join(" ")')" 'c-lang new.one' 'the repository shows them'
api PUT "$R/topics" "{\"topics\":[$(seq 26 | sed 's/.*/"t&"/' | paste -sd,)]}"
tap_is "$STATUS" 422 'at most 25'

# Subscription.
as "$BOB" api GET "$R/subscription"
tap_is "$STATUS" 404 'bob does not watch'
as "$BOB" api PUT "$R/subscription"
tap_ok 'then he does' jq -e --arg u "$URL$R" '.subscribed and (.ignored | not) and .reason == null and .url == $u + "/subscription" and .repository_url == $u' "$BODY"
as "$BOB" api GET "$R/subscription"
tap_is "$STATUS" 200 'and is told so'
as "$BOB" api GET /api/v1/user/subscriptions
tap_is "$(field '[.[].full_name] | join(" ")')" admin/calc 'his list'
api GET "$R/subscribers"
tap_is "$(field '[.[].login] | join(" ")')" 'admin bob' 'the repository'\''s'
as "$BOB" api DELETE "$R/subscription"
tap_is "$STATUS" 204 'no longer'

# Empty answers.
api GET "$R/languages"
tap_is "$(cat "$BODY")" '{}' 'no languages'
api GET "$R/forks"
tap_is "$(cat "$BODY")" '[]' 'no forks'

# Archived: read, not written.
as "$BOB" api PATCH "$R" '{"archived":true}'
tap_is "$STATUS" 403 'who reads archives nothing'
api PATCH "$R" '{"archived":true}'
tap_is "$STATUS,$(field .archived)" 200,true 'archived'
api POST "$R/issues" '{"title":"x"}'
tap_is "$STATUS" 423 'no issues then'
api DELETE "$R/issues/1"
tap_is "$STATUS" 423 'nor are they deleted'
api POST "$R/branch_protections" '{"rule_name":"late"}'
tap_is "$STATUS" 423 'no protections'
as "$EVE" api PUT "$R/topics/other"
tap_is "$STATUS" 423 'no topics'
tap_not 'no pushes' push_branch topic/x b.txt two
tap_ok 'with a reason' grep -q 'archived' "$T/push.err"
api GET "$R"
tap_is "$STATUS" 200 'it is read'
api GET '/api/v1/repos/search?archived=false'
tap_is "$(field '.data | length')" 0 'and found as what it is'
api PATCH "$R" '{"archived":false}'
tap_is "$STATUS,$(field .archived)" 200,false 'and back'

# migrate.
make_upstream other
M="\"clone_addr\":\"$UPSTREAM\",\"repo_name\":\"other\""
as "$EVE" api POST /api/v1/repos/migrate "{$M}"
tap_is "$STATUS" 403 'a person migrates nothing'
api POST /api/v1/repos/migrate "{$M,\"repo_owner\":\"bob\",\"description\":\"second\",\"mirror\":true,\"mirror_interval\":\"8h0m0s\",\"private\":true,\"service\":\"git\",\"wiki\":false}"
tap_is "$STATUS,$(field '.full_name + " " + .default_branch + " " + .description + " " + .mirror_interval')" '201,bob/other main second 8h0m0s' 'migrate waits for the first sync'
as "$BOB" api GET /api/v1/repos/bob/other
tap_is "$STATUS,$(field .permissions.admin)" 200,true 'its owner is its admin'
api GET /api/v1/repos/bob/other/collaborators/bob/permission
tap_is "$(field .permission)" owner 'by name'
api POST /api/v1/repos/migrate "{$M}"
tap_is "$STATUS,$(field .message)" '409,The repository with the same name already exists.' 'a name is taken'
api POST /api/v1/repos/migrate '{"clone_addr":"https://u:p@example.org/x.git","repo_name":"x1"}'
tap_is "$STATUS" 422 'no credential in the address'
api POST /api/v1/repos/migrate '{"clone_addr":"https://example.org/x.git","repo_name":"../x"}'
tap_is "$STATUS" 422 'a name is a name'
api POST /api/v1/repos/migrate '{"repo_name":"x1"}'
tap_like "$STATUS,$(field .message)" '422,clone_addr*' 'what is missing is named'
api POST /api/v1/repos/migrate "{\"clone_addr\":\"file://$T/up/none.git\",\"repo_name\":\"none\",\"repo_owner\":\"carol\"}"
tap_is "$STATUS" 422 'an owner must be there'
api POST /api/v1/repos/migrate "{\"clone_addr\":\"file://$T/up/none.git\",\"repo_name\":\"none\"}"
tap_like "$STATUS,$(field .message)" '422,Migration failed: *' 'an upstream that is none'
api POST /api/v1/repos/migrate '{"clone_addr":"http://127.0.0.1:1/x.git","repo_name":"none"}'
tap_like "$STATUS,$(field .message)" '422,*migrate again later*' 'one whose host is away is not tried again'
api GET /api/v1/repos/admin/none
tap_is "$STATUS" 404 'leaves no repository'
api GET /api/coffer/v1/projects/admin/none
tap_is "$STATUS" 404 'nor a project'
api GET "/api/coffer/v1/events?after=0&limit=1000"
tap_is "$(field '[.events[] | select(.project.full_name == "admin/none") | .kind] | join(" ")' | grep -o 'project\.[a-z]*$')" project.deleted 'as its events say'

# mirror-sync.
(cd "$WORK" && echo 2 >>a.txt && git commit -qam second && git push -q origin main) >/dev/null 2>&1
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
api POST '/api/v1/repos/bob/other/mirror-sync?wait=1'
tap_is "$STATUS,$(cat "$BODY")" 200, 'a sync that is waited for'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/bob/other.git" main | cut -f1)" "$(git -C "$WORK" rev-parse HEAD)" 'has brought it'
api POST /api/v1/repos/bob/other/mirror-sync
tap_is "$STATUS" 200 'one that is not'
as "$EVE" api POST /api/v1/repos/bob/other/mirror-sync
tap_is "$STATUS" 404 'not by others'

# Search and lists.
list() { api GET "$1"; field "${2:-.data} | [.[].full_name] | join(\" \")"; }
tap_is "$(list /api/v1/repos/search)" 'admin/calc bob/other' 'search: all, by name'
tap_is "$(field .ok)" true 'ok'
tap_is "$(list '/api/v1/repos/search?sort=id&order=desc')" 'bob/other admin/calc' 'newest first'
tap_is "$(list '/api/v1/repos/search?sort=updated&order=desc&limit=1')" "$(list '/api/v1/repos/search?sort=updated&order=desc' | cut -d' ' -f1)" 'changed last'
tap_is "$(list '/api/v1/repos/search?q=CAL')" admin/calc 'a part of the name'
tap_is "$(list '/api/v1/repos/search?q=second')" '' 'not of the description'
tap_is "$(list '/api/v1/repos/search?q=second&includeDesc=true')" bob/other 'but when asked'
tap_is "$(list '/api/v1/repos/search?q=c-lang&topic=true')" admin/calc 'by topic'
tap_is "$(list '/api/v1/repos/search?owner=bob')" bob/other 'by owner'
api GET /api/v1/users/bob
BOBID=$(field .id)
tap_is "$(list "/api/v1/repos/search?uid=$BOBID")" 'admin/calc bob/other' 'owned or shared'
tap_is "$(list "/api/v1/repos/search?uid=$BOBID&exclusive=true")" bob/other 'owned'
tap_is "$(list "/api/v1/repos/search?uid=$BOBID&mode=collaborative")" admin/calc 'shared'
tap_is "$(list "/api/v1/repos/search?priority_owner_id=$BOBID")" 'bob/other admin/calc' 'whose come first'
tap_is "$(list '/api/v1/repos/search?mode=mirror')$(list '/api/v1/repos/search?is_private=false')$(list '/api/v1/repos/search?template=true')" '' 'what is not here is not found'
api GET '/api/v1/repos/search?sort=size&order=up'
tap_is "$STATUS" 422 'an order that is none'
api GET '/api/v1/repos/search?sort=best'
tap_is "$STATUS" 422 'a sort that is none'
api GET '/api/v1/repos/search?mode=all'
tap_is "$STATUS" 422 'a mode that is none'
tap_is "$(as "$EVE" list /api/v1/repos/search)" admin/calc 'one sees what one may'
tap_is "$(as "$BOB" list /api/v1/user/repos .)" 'admin/calc bob/other' 'user/repos'
tap_is "$(list /api/v1/user/repos .)" admin/calc 'of an admin: his own'
tap_is "$(list /api/v1/users/bob/repos .)" bob/other 'users/{u}/repos'
tap_is "$(as "$EVE" list /api/v1/users/bob/repos .)" '' 'of those that one may see'
api GET /api/v1/users/nobody/repos
tap_is "$STATUS" 404 'of nobody'

# DELETE.
as "$EVE" api DELETE /api/v1/repos/bob/other
tap_is "$STATUS" 404 'not by others'
as "$BOB" api DELETE /api/v1/repos/bob/other
tap_is "$STATUS" 204 'its owner removes it'
api GET /api/v1/repos/bob/other
tap_is "$STATUS" 404 'it is gone'
tap_is "$(list /api/v1/repos/search)" admin/calc 'from lists too'

# Without an upstream.
for n in a.keys api upstream b.PNG; do
	api POST /api/v1/admin/users "{\"username\":\"$n\"}"
	tap_is "$STATUS" 422 "no user is named $n"
done
for n in a.git a.WIKI a.rss a.atom .. -a ''; do
	api POST /api/v1/user/repos "{\"name\":\"$n\"}"
	tap_is "$STATUS" 422 "no repository is named $n"
done
as "$BOB" api POST /api/v1/user/repos '{"name":"mine"}'
tap_is "$STATUS" 403 'only an admin makes repositories'
api POST /api/v1/user/repos '{"name":"mine","description":"Ours","private":false,"auto_init":true,"default_branch":"trunk","readme":"Default"}'
tap_is "$STATUS,$(field '.full_name + " " + .default_branch + " " + .original_url + .mirror_interval')" '201,admin/mine trunk ' 'one of our own'
tap_is "$(field .empty),$(field .branch_count)" false,1 'with a first commit'
git_as "$ADMIN" clone -q "$URL/admin/mine.git" "$T/mine" 2>"$T/clone.err"
tap_is "$(cat "$T/mine/README.md")" '# mine

Ours' 'which clones have'
api POST /api/v1/user/repos '{"name":"mine"}'
tap_is "$STATUS,$(field .message)" '409,The repository with the same name already exists.' 'once'
api POST /api/v1/user/repos '{"name":"a b"}'
tap_is "$STATUS" 422 'a name is a name'
api POST /api/v1/user/repos '{"name":"b1","default_branch":"a..b"}'
tap_is "$STATUS" 422 'and so is a branch'
api POST /api/v1/user/repos '{}'
tap_is "$STATUS" 422 'which is needed'
(cd "$T/mine" && echo 2 >>README.md && git commit -qam two && git_as "$ADMIN" push -q origin trunk && git checkout -qb next && git_as "$ADMIN" push -q origin next) 2>"$T/push.err"
api GET /api/v1/repos/admin/mine/branches
tap_is "$(field '[.[].name] | sort | join(" ")')" 'next trunk' 'its admin pushes, to the default branch too'
api POST /api/v1/repos/admin/mine/mirror-sync
tap_is "$STATUS,$(field .message)" '400,Repository is not a mirror' 'nothing to sync'
api POST /api/coffer/v1/projects/admin/mine/sync
tap_is "$STATUS" 422 'nor in our own way'
api GET /api/coffer/v1/projects/admin/mine
tap_is "$(field '.mirror | "\(.state) \(.stale)"')" 'none false' 'as the project says'
api PATCH /api/v1/repos/admin/mine '{"default_branch":"gone"}'
tap_is "$STATUS" 422 'a default branch must be there'
api PATCH /api/v1/repos/admin/mine '{"default_branch":"next"}'
tap_is "$STATUS,$(field .default_branch)" 200,next 'then it may change'
tap_is "$(git_as "$ADMIN" ls-remote --symref "$URL/admin/mine.git" HEAD | sed -n 's/^ref: \([^	]*\).*/\1/p')" refs/heads/next 'for clones too'
api PATCH /api/v1/repos/admin/mine '{"mirror_interval":"10m"}'
tap_is "$STATUS" 422 'there is no interval'
api POST /api/v1/admin/users/eve/repos '{"name":"empty"}'
tap_is "$STATUS,$(field '.full_name + " \(.empty) " + .default_branch')" '201,eve/empty true main' 'for a user, empty'
as "$EVE" api GET /api/v1/repos/eve/empty
tap_is "$(field .permissions.admin)" true 'who is its admin'
git -C "$T/mine" checkout -q trunk && git_as "$EVE" -C "$T/mine" push -q "$URL/eve/empty.git" HEAD:main 2>"$T/push.err"
tap_is "$(git_as "$EVE" ls-remote "$URL/eve/empty.git" HEAD | cut -f1)" "$(git -C "$T/mine" rev-parse HEAD)" 'and fills it'
api GET /api/v1/repos/eve/empty
tap_is "$(field .empty)" false 'it is empty no more'
api POST /api/v1/admin/users/nobody/repos '{"name":"x2"}'
tap_is "$STATUS" 404 'not for nobody'
as "$EVE" api POST /api/v1/admin/users/eve/repos '{"name":"x2"}'
tap_is "$STATUS" 403 'nor by a user'

# A crash in the middle of a migration leaves nothing either.
start "$T/silent.log" perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	open my $f, ">", "$ARGV[0].new"; print $f $s->sockport; close $f;
	rename "$ARGV[0].new", $ARGV[0];
	my @open; while (my $c = $s->accept) { push @open, $c }' "$T/silent.port"
wait_for 10 test -s "$T/silent.port"
(api POST /api/v1/repos/migrate "{\"clone_addr\":\"http://127.0.0.1:$(cat "$T/silent.port")/x.git\",\"repo_name\":\"half\"}") &
HALF=$!
there() { [ "$(list "/api/v1/repos/search?q=half")" = admin/half ]; }
tap_ok 'a migration is under way' wait_for 10 there
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" "$HALF" 2>/dev/null
start_cofferd
tap_is "$(list /api/v1/repos/search)" 'admin/calc eve/empty admin/mine' 'and gone after kill -9'
tap_is "$(find "$HOME_DIR/repos" -maxdepth 1 -name '[0-9]*.git' | wc -l)" 3 'with its files'

# What has rows is still right after a restart.
stop_cofferd
start_cofferd
api GET "$R"
tap_is "$(field '.description + " " + .default_merge_style + " " + (.topics | join(","))')" 'A calculator squash c-lang,new.one' 'all is kept'
tap_done
