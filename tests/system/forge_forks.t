#!/bin/sh
# Forks: made, listed, seen, removed; pull requests from their branches.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
CAROL=$(make_user carol)
DAVE=$(make_user dave)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/carol" '{"permission":"read"}'
api PUT "$R/collaborators/dave" '{"permission":"read"}'
F=/api/v1/repos/dave/calc
push_branch topic t.txt 'of the project'
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" HEAD:refs/tags/own-1 2>"$T/push.err"

# Made.
as "$EVE" api POST "$R/forks" '{}'
tap_is "$STATUS" 404 'what one may not see one does not fork'
as "$DAVE" api POST "$R/forks" '{"organization":"acme"}'
tap_like "$STATUS,$(field .message)" '422,organization: *acme*' 'there are no organizations'
as "$DAVE" api POST "$R/forks" '{"name":"../x"}'
tap_is "$STATUS" 422 'a name is a name'
as "$DAVE" api POST "$R/forks"
tap_is "$STATUS" 202 'a reader forks, without a body'
FORK_ID=$(field .id)
tap_ok 'the fork says what it is of' jq -e '.full_name == "dave/calc" and .fork and
	.owner.login == "dave" and .parent.full_name == "admin/calc" and .parent.parent == null and
	.permissions.admin and .default_branch == "main" and (.empty | not) and .branch_count == 2 and
	.original_url == "" and .parent.forks_count == 1 and (.parent.fork | not)' "$BODY"
as "$DAVE" api POST "$R/forks" '{"name":"second"}'
tap_is "$STATUS" 409 'one fork of it each'
as "$DAVE" api POST "$R/forks" '{"organization":"dave"}'
tap_is "$STATUS" 409 'also when one names oneself'
api POST "$R/forks" '{}'
tap_is "$STATUS" 409 'its own name is taken for its owner'
as "$DAVE" api GET "$F/branches"
tap_is "$(field '[.[].name] | sort | join(" ")')" 'main topic' 'it has the branches'
as "$DAVE" api GET "$F/tags"
tap_is "$(field '.[].name')" own-1 'and the tags'
as "$CAROL" api GET "$F"
tap_is "$STATUS" 404 'it is its owner'\''s'
tap_ok 'it is cloned as any other' git_as "$DAVE" clone -q "$URL/dave/calc.git" "$T/fork"
tap_is "$(git -C "$T/fork" symbolic-ref HEAD)" refs/heads/main 'with the same default branch'
tap_not 'and borrows no objects' test -e "$HOME_DIR/repos/$FORK_ID.git/objects/info/alternates"
tap_ok 'what is hidden in the parent stays there' test -z "$(git --git-dir="$HOME_DIR/repos/$FORK_ID.git" for-each-ref refs/namespaces refs/coffer refs/pull)"
tap_ok 'the upstream mirror is still the parent'\''s' git_as "$ADMIN" ls-remote -q --exit-code "$URL/upstream/calc.git" main

# Listed.
as "$DAVE" api GET "$R/forks"
tap_is "$STATUS,$(field '.[].full_name')" 200,dave/calc 'its owner sees it among the forks'
as "$CAROL" api GET "$R/forks"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'others see those they may see'
as "$DAVE" api GET '/api/v1/repos/search?mode=fork'
tap_is "$(field '[.data[].full_name] | join(" ")')" dave/calc 'found as a fork'
as "$DAVE" api GET '/api/v1/repos/search?mode=source'
tap_is "$(field '[.data[].full_name] | join(" ")')" admin/calc 'and not as a source'
api POST /api/v1/users/dave/tokens '{"name":"bound","scopes":["all","repo:admin/calc"]}'
BOUND=$(field .sha1)
as "$BOUND" api POST "$R/forks" '{}'
tap_is "$STATUS" 403 'a token of one repository makes no other'

# commit_fork BRANCH FILE TEXT: pushed to the fork; SHA
commit_fork()
{
	SHA=$(cd "$T/fork" && git checkout -q -B "$1" && printf '%s\n' "$3" >"$2" &&
	    git add "$2" && git commit -q -m "Write $2" &&
	    git_as "$DAVE" push -q "$URL/dave/calc.git" "+HEAD:refs/heads/$1" >&2 && git rev-parse HEAD) 2>"$T/push.err"
}
at_head() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }

# Proposed.
commit_fork topic f.txt 'from the fork'
as "$DAVE" api POST "$R/pulls" '{"title":"x","head":"topic","base":"main"}'
tap_is "$STATUS" 403 'a reader proposes no branch of the project'
as "$DAVE" api POST "$R/pulls" '{"title":"x","head":"dave:none","base":"main"}'
tap_is "$STATUS,$(field .message)" '404,head: no such branch' 'a branch must be there'
as "$DAVE" api POST "$R/pulls" '{"title":"x","head":"eve:topic","base":"main"}'
tap_is "$STATUS" 404 'and be of a fork'
as "$CAROL" api POST "$R/pulls" '{"title":"x","head":"dave:topic","base":"main"}'
tap_is "$STATUS" 404 'that one may see'
as "$DAVE" api POST "$R/pulls" '{"title":"From a fork","head":"dave:topic","base":"main"}'
tap_is "$STATUS" 201 'a reader proposes a branch of a fork'
N=$(field .number)
tap_ok 'the head is the fork'\''s' jq -e --arg s "$SHA" '.head.label == "dave:topic" and .head.ref == "topic" and
	.head.sha == $s and .head.repo_id == .head.repo.id and .head.repo.full_name == "dave/calc" and
	.head.repo.fork and .base.repo.full_name == "admin/calc" and .mergeable and .changed_files == 1 and
	.user.login == "dave"' "$BODY"
as "$DAVE" api POST "$R/pulls" '{"title":"x","head":"dave/calc:topic","base":"main"}'
tap_is "$STATUS" 409 'once, in either form'
as "$CAROL" api GET "$R/pulls/$N"
tap_is "$(field '.head.label,.head.ref,.head.repo' | xargs)" 'dave:topic topic null' 'who may not see the fork sees the pull request'
as "$CAROL" http GET "$R/pulls/$N.diff" -H "Authorization: Bearer $CAROL"
tap_ok 'its diff' grep -q '^+from the fork' "$BODY"
as "$CAROL" api GET "$R/pulls/$N/commits"
tap_is "$(field '.[0].sha')" "$SHA" 'and its commits'
api GET "$R/pulls?head=dave:topic"
tap_is "$(field '.[].number')" "$N" 'it is found by its head'
api GET "$R/pulls/main/dave:topic"
tap_is "$(field .number)" "$N" 'and by the pair'
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/pull/$N/head" | cut -f 1)" "$SHA" 'its ref is in the project'

# It goes on.
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
commit_fork topic f.txt 'better'
tap_ok 'a push to the fork moves the head' wait_for 10 at_head
tap_is "$(field '.mergeable')" true 'and is compared'
api GET "$R/pulls/$N/reviews"
tap_is "$(field '.[0].stale')" true 'the approval was of another'
api GET "$R/issues/$N/timeline"
tap_is "$(field '[.[] | select(.type == "pull_push") | .user.login] | join(" ")')" dave 'who pushed is told'
api POST "$R/pulls/$N/update" '{}'
tap_like "$STATUS,$(field .message)" '422,*fork*' 'its branch is not the project'\''s to move'

# A start finds what moved meanwhile.
stop_cofferd
OLD=$SHA
SHA=$(cd "$T/fork" && echo more >>f.txt && git commit -q -a -m More && git rev-parse HEAD)
git --git-dir="$HOME_DIR/repos/$FORK_ID.git" fetch -q "$T/fork" +topic:topic
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$HOME_DIR/repos/$FORK_ID.git"
start_cofferd
tap_ok 'what moved while it was down is found' wait_for 20 at_head
tap_not 'it was another' test "$OLD" = "$SHA"

# Merged.
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
as "$DAVE" api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 405 'a reader does not merge'
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"merge","delete_branch_after_merge":true}'
tap_is "$STATUS" 200 'a maintainer merges'
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
tap_ok 'main has the commit' git -C "$WORK" merge-base --is-ancestor "$SHA" FETCH_HEAD
tap_is "$(git -C "$WORK" log -1 --format=%s FETCH_HEAD)" "Merge pull request #$N from dave:topic" 'and says where from'
api GET "$R/branches/topic"
tap_is "$STATUS" 200 'the project'\''s branch of that name stays'
api GET "$R/issues/$N/timeline"
tap_is "$(field '[.[]|select(.type=="delete_branch")]|length')" 0 'and no branch is said to be gone'
as "$DAVE" api GET "$F/branches/topic"
tap_is "$STATUS" 200 'and so does the fork'\''s'

# What runs is an admin's to give.
tap_is "$(api GET /api/coffer/v1/projects/dave/calc; field .sandbox.want)" stopped 'a fork has no sandbox'
as "$DAVE" api PATCH /api/coffer/v1/projects/dave/calc '{"sandbox":{"want":"running"}}'
tap_like "$STATUS,$(field .message)" '403,*an admin starts*' 'its owner starts none'
(
	cd "$T/fork" && mkdir -p .coffer && printf 'checks:\n  - name: test\n    test: "true"\n' >.coffer/checks.yml &&
	    git checkout -q -B ci && git add .coffer && git commit -q -m Checks &&
	    git_as "$DAVE" push -q "$URL/dave/calc.git" +ci:refs/heads/base-ci &&
	    echo x >x.txt && git add x.txt && git commit -q -m X && git_as "$DAVE" push -q "$URL/dave/calc.git" +ci:refs/heads/ci
) 2>"$T/push.err"
as "$DAVE" api POST "$F/pulls" '{"title":"CI","head":"ci","base":"base-ci"}'
tap_is "$STATUS" 201 'it has pull requests of its own'
api GET "/api/coffer/v1/ci/jobs?project=dave/calc"
tap_is "$(field length)" 0 'without jobs'
api PATCH /api/coffer/v1/projects/dave/calc '{"sandbox":{"want":"running"}}'
tap_is "$STATUS" 200 'an admin starts it'
as "$DAVE" api PATCH "$F/pulls/1" '{"state":"closed"}'
as "$DAVE" api PATCH "$F/pulls/1" '{"state":"open"}'
api GET "/api/coffer/v1/ci/jobs?project=dave/calc"
tap_is "$(field length)" 1 'then its pull requests have jobs'
as "$DAVE" api PATCH /api/coffer/v1/projects/dave/calc '{"sandbox":{"want":"stopped"}}'

# Back: what the project has, into the fork.
as "$DAVE" api POST "$F/pulls" '{"title":"Follow","head":"admin:main","base":"main"}'
tap_is "$STATUS,$(field .head.repo.full_name)" 201,admin/calc 'the fork takes from its parent the same way'
as "$DAVE" api PATCH "/api/coffer/v1/projects/dave/calc" '{"settings":{"approvals":0}}'
as "$DAVE" api POST "$F/pulls/2/merge" '{"Do":"fast-forward-only"}'
tap_is "$STATUS" 200 'and merges it'

# Who may read no more is told no more, and moves nothing.
as "$DAVE" api POST "$F/pulls" '{"title":"More","head":"admin:topic","base":"main"}'
tap_is "$STATUS,$(field .number)" 201,3 'it is to take another branch'
SEEN=$(field .head.sha)
commit_fork out o.txt 'before'
as "$DAVE" api POST "$R/pulls" '{"title":"Out","head":"dave:out","base":"main"}'
N=$(field .number)
WAS=$SHA
api DELETE "$R/collaborators/dave"
push_branch topic secret.txt 'not for dave'
commit_fork out o.txt 'after'
push_branch other o.txt 'other'
api POST "$R/pulls" '{"title":"Other","head":"other","base":"main"}'
OTHER=$(field .number)
push_branch other o.txt 'once more'
other_moved() { api GET "$R/pulls/$OTHER"; [ "$(field .head.sha)" = "$(git -C "$WORK" rev-parse HEAD)" ]; }
tap_ok 'what moves later is seen' wait_for 10 other_moved
as "$DAVE" api GET "$F/pulls/3"
tap_is "$(field .head.sha)" "$SEEN" 'what the parent got since is not brought to a fork whose owner was put out'
tap_is "$(git --git-dir="$HOME_DIR/repos/$FORK_ID.git" rev-parse refs/pull/3/head)" "$SEEN" 'nor into its repository'
api GET "$R/pulls/$N"
tap_is "$(field .head.sha)" "$WAS" 'and his pushes move no pull request of the parent'
as "$DAVE" api POST "$F/hooks" '{"type":"gitea","active":true,"events":["issue_comment","pull_request_comment"],"config":{"url":"http://127.0.0.1:9/","content_type":"json"}}'
D=/api/coffer/v1/repos/dave/calc/hooks/$(field .id)/deliveries
api POST "$F/issues/3/comments" '{"body":"an admin says"}'
told() { as "$DAVE" api GET "$D"; [ "$(field length)" -gt 0 ]; }
tap_ok 'his hook is told what an admin says' wait_for 10 told
as "$DAVE" api GET "$D/$(field '.[0].id')"
tap_ok 'and nothing of the parent, which the admin sees' jq -e '.request.payload | .comment.body == "an admin says" and
	.repository.fork and .repository.parent == null and ([.. | objects | select(.full_name? == "admin/calc")] == [])' "$BODY"
api PUT "$R/collaborators/dave" '{"permission":"read"}'
commit_fork out o.txt 'back'
tap_ok 'until he is back' wait_for 10 at_head
for I in "$N" "$OTHER"; do api PATCH "$R/pulls/$I" '{"state":"closed"}'; done

# Gone.
commit_fork late l.txt 'late'
as "$DAVE" api POST "$R/pulls" '{"title":"Late","head":"dave:late","base":"main"}'
tap_is "$STATUS" 201 'another is proposed'
N=$(field .number)
api POST /api/v1/admin/users/dave/rename '{"new_username":"david"}'
api GET "$R/pulls/$N"
tap_is "$(field '.head.label + " " + .head.repo.full_name')" 'david:late david/calc' 'the owner'\''s new name'
DAVE=$(api POST /api/v1/users/david/tokens '{"name":"new"}'; field .sha1)
as "$DAVE" api DELETE /api/v1/repos/david/calc
tap_is "$STATUS" 204 'a fork is deleted'
api GET "$R/pulls/$N"
tap_is "$STATUS,$(field '.head.label,.head.ref,.head.sha,.head.repo' | xargs)" "200,david:late refs/pull/$N/head $SHA null" 'its pull request stays'
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
as "$BOB" api POST "$R/pulls/$N/merge" '{"Do":"squash"}'
tap_is "$STATUS" 200 'and can be merged'
api GET "$R"
tap_is "$(field .forks_count)" 0 'the parent has no fork'
api POST /api/v1/admin/users/bob/repos '{"name":"bobs","auto_init":true}'
api PUT /api/v1/repos/bob/bobs/collaborators/david '{"permission":"read"}'
as "$BOB" api POST /api/v1/repos/bob/bobs/hooks '{"type":"gitea","active":true,"events":["pull_request"],"config":{"url":"http://127.0.0.1:9/","content_type":"json"}}'
D=/api/coffer/v1/repos/bob/bobs/hooks/$(field .id)/deliveries
as "$DAVE" api POST /api/v1/repos/bob/bobs/forks
as "$DAVE" api POST /api/v1/repos/david/bobs/contents/z.txt '{"content":"eg==","branch":"main","message":"z"}'
as "$DAVE" api POST /api/v1/repos/bob/bobs/pulls '{"title":"z","head":"david:main","base":"main"}'
told() { as "$BOB" api GET "$D"; [ "$(field length)" -gt 0 ]; }
wait_for 10 told
as "$BOB" api GET "$D/$(field '.[0].id')"
tap_is "$(field .request.payload.pull_request.head.repo.full_name)" david/bobs 'the hooks of a project are told which fork its owner proposes'
as "$DAVE" api POST "$R/forks" '{"name":"other"}'
tap_is "$STATUS,$(field .full_name)" 202,david/other 'another is made, with a name of its own'
api PATCH "$R" '{"archived":true}'
as "$DAVE" api POST "$R/pulls" '{"title":"x","head":"david:topic","base":"main"}'
tap_is "$STATUS" 423 'an archived project takes none'
api DELETE "$R"
as "$DAVE" api GET /api/v1/repos/david/other
tap_is "$STATUS,$(field '.parent')" 200,null 'a fork outlives its parent'

# A stranger's code runs here when a maintainer has looked at it.
make_upstream checked
(
	cd "$WORK" && mkdir .coffer && printf 'checks:\n  - name: test\n    test: "true"\n' >.coffer/checks.yml &&
	    git add .coffer && git commit -q -m Checks && git push -q origin HEAD:main
) 2>"$T/push.err"
api POST /api/v1/repos/migrate "{\"clone_addr\":\"$UPSTREAM\",\"repo_name\":\"checked\"}"
K=/api/v1/repos/admin/checked
api PUT "$K/collaborators/bob" '{"permission":"write"}'
api PUT "$K/collaborators/david" '{"permission":"read"}'
as "$DAVE" api POST "$K/forks"
as "$DAVE" api POST /api/v1/repos/david/checked/contents/y.txt '{"content":"eQ==","branch":"main","new_branch":"y","message":"y"}'
as "$DAVE" api POST "$K/pulls" '{"title":"y","head":"david:y","base":"main"}'
tap_is "$STATUS" 201 'a reader proposes to a project with checks'
N=$(field .number)
jobs() { api GET '/api/coffer/v1/ci/jobs?project=admin/checked'; field '[.[] | .state] | join(" ")'; }
as "$CAROL" api GET "$K"
api PATCH "$K/pulls/$N" '{"title":"y, too"}'
tap_is "$(jobs)" '' 'nothing of it runs'
as "$DAVE" api POST "$K/pulls/$N/reviews" '{"event":"COMMENT","body":"please"}'
tap_is "$(jobs)" '' 'nor when he asks'
as "$BOB" api POST "$K/pulls/$N/reviews" '{"event":"APPROVED"}'
queued() { [ "$(jobs)" = queued ]; }
tap_ok 'until a maintainer approved this commit' wait_for 10 queued
as "$DAVE" api PUT /api/v1/repos/david/checked/contents/y.txt "{\"content\":\"eg==\",\"branch\":\"y\",\"message\":\"z\",\"sha\":\"$(printf y | git hash-object --stdin)\"}"
tap_is "$STATUS" 200 'he goes on'
superseded() { [ "$(jobs)" = superseded ]; }
tap_ok 'and what he adds does not run' wait_for 10 superseded

# A full disk.
stop_cofferd
{ printf 'allow_file_upstream = yes\nmin_free = 900000G\n'; lib_router_ids; } | coffer_conf
start_cofferd
as "$EVE" api POST /api/v1/repos/david/other/forks
tap_is "$STATUS" 404 'who may not see it is not told of the disk'
as "$BOB" api POST "$K/forks"
tap_like "$STATUS,$(field .message)" '503,*min_free*' 'a copy that the disk has no room for is refused'
as "$BOB" api GET /api/v1/repos/bob/checked
tap_is "$STATUS" 404 'and nothing is left of it'
tap_done
