#!/bin/bash
# Requests in the forms in which clients of Gitea send them: paging, headers, gates on the version, odd paths.  What each of
# them needs is in its source; here is what it would do with our replies.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
header() { sed -n "s/^$1: //Ip" "$HEADERS" | tr -d '\r' | tail -n 1; }
for i in 1 2 3 4 5; do api POST "$R/issues" "{\"title\":\"issue $i\"}"; done
push_branch topic b.txt two
api POST "$R/pulls" '{"title":"Add b","head":"topic","base":"main"}'
N=$(field .number)

# HTTP caching.
http GET "$R/issues" -H "Authorization: token $ADMIN"
TAG=$(header ETag)
tap_like "$TAG" '"*"' 'a list has a tag'
tap_is "$(header Content-Type)" 'application/json;charset=utf-8' 'its type is what clients compare'
http GET "$R/issues" -H "Authorization: token $ADMIN" -H "If-None-Match: W/$TAG"
tap_is "$STATUS,$(stat -c %s "$BODY")" 304,0 'who has it gets 304'
tap_is "$(header X-Total-Count)" 6 'with the total'
api POST "$R/issues" '{"title":"one more"}'
http GET "$R/issues" -H "Authorization: token $ADMIN" -H "If-None-Match: $TAG"
tap_is "$STATUS" 200 'until something changes'
http GET "$R/issues" -I -H "Authorization: token $ADMIN"
tap_is "$STATUS,$(header X-Total-Count)" 200,7 'HEAD is answered as GET'

# Go SDK: the version decides what it sends; page=0 and limit=0 are none.
http GET /api/v1/version
V=$(field .version)
tap_ok 'hashicorp/go-version takes it' grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+(\+[0-9A-Za-z.-]+)?' <<<"$V"
tap_not 'no pre-release: that sorts before the release' grep -q -- - <<<"${V%%+*}"
tap_not 'nor Forgejo, to Renovate' grep -q 'gitea-' <<<"$V"
api GET "$R/issues?page=0&limit=0"
tap_is "$STATUS" 200 'page=0&limit=0'
api GET "$R/issues?page=-1&limit=-1&state=open&type=&q=&labels=&milestones=&since=0001-01-01T00:00:00Z&before=0001-01-01T00:00:00Z&created_by=&assigned_by=&mentioned_by="
tap_is "$STATUS" 200 'and the empty rest of its ListIssueOption'
api GET "$R/contents/?ref=main"
tap_is "$STATUS,$(field '.[0].name')" 200,a.txt 'contents of no path end with a slash'
api GET "$R/git/refs/"
tap_is "$STATUS" 200 'so do the refs'
api DELETE "$R/issues/1/labels/"
tap_is "$STATUS" 404 'but nothing is deleted by an empty name'
http GET /api/v1/user -H "Authorization: token $ADMIN" -H 'Sudo: bob'
tap_is "$STATUS,$(field .message)" '403,sudo is not served: use a token of that user' 'nobody acts as another: not as the caller either'
http GET '/api/v1/user?sudo=bob' -H "Authorization: token $ADMIN"
tap_is "$STATUS" 403 'nor by the query'
api GET "$R/issues/999"
tap_is "$STATUS" 404 'not there'
tap_ok 'an error has message and url' jq -e '(.message | type) == "string" and (.url | type) == "string"' "$BODY"

# Jenkins: a greedy expression finds next, so it comes first; exactly 200 and
# exact content types; tags and hooks are asked for.
api GET "$R/issues?limit=2&state=all"
NEXT=$(header Link | perl -ne 'print $1 if /<(.*)>;\s*rel="next"/')
tap_like "$NEXT" "$URL$R/issues?*page=2*" 'the greedy expression finds the next page'
tap_is "$(header Link | grep -o 'rel="[a-z]*"' | tr '\n' ' ')" 'rel="next" rel="last" ' 'next, then last'
SEEN=
NEXT="$URL$R/issues?limit=2&state=all"
while [ -n "$NEXT" ]; do
	api GET "${NEXT#"$URL"}"
	SEEN="$SEEN $(field '[.[].number] | join(" ")')"
	NEXT=$(header Link | perl -ne 'print $1 if /<([^>]*)>;\s*rel="next"/')
	[ "${#SEEN}" -lt 200 ] || break
done
tap_is "$(echo "$SEEN" | xargs -n1 | sort -n | xargs)" '1 2 3 4 5 6 7' 'following it sees each once'
api GET "$R/issues?limit=2&state=all&page=2"
tap_is "$(header Link | grep -o 'rel="[a-z]*"' | tr '\n' ' ')" 'rel="next" rel="last" rel="first" rel="prev" ' 'all four in the middle'
api GET "$R/issues?limit=500"
tap_is "$STATUS,$(field length)" 200,7 'limit=500 is 50, not an error'
for p in /api/v1/user "$R" "$R/branches" "$R/tags" "$R/collaborators" "$R/pulls?state=open" "$R/hooks" "/api/v1/users/admin" \
    "/api/v1/users/admin/repos" /api/v1/user/repos /api/v1/user/orgs "$R/labels" "$R/milestones"; do
	api GET "$p"
	tap_is "$STATUS" 200 "GET $p"
	tap_not '  no null for a list' jq -e '. == null' "$BODY"
done
api GET "/api/v1/orgs/${PROJECT%/*}"
tap_is "$STATUS" 404 'a user is no organisation'
api GET "/api/v1/orgs/${PROJECT%/*}/repos"
tap_is "$STATUS" 404 'and has no repositories as one'

# Renovate: Bearer; ok:true; lists until X-Total-Count; the shape of a pull request.
http GET "/api/v1/repos/search?uid=1&archived=false&limit=1" -H "Authorization: Bearer $ADMIN"
tap_is "$STATUS,$(field .ok),$(header X-Total-Count)" 200,true,1 'autodiscovery'
tap_ok 'a repository it will work on' jq -e '.data[0] | .archived == false and .mirror == false and .empty == false
    and .permissions.pull and .permissions.push and .has_pull_requests and (.full_name | contains("/"))
    and (.allow_rebase or .allow_merge_commits or .allow_squash_merge or .allow_rebase_explicit)
    and (.clone_url | endswith(".git"))' "$BODY"
api GET "$R/pulls?state=all&sort=recentupdate&limit=50"
tap_ok 'a pull request it can use' jq -e --arg r "$PROJECT" '.[0] | .head.label == "topic" and .base.ref == "main"
    and (.head.sha | test("^[0-9a-f]{40}$")) and .head.repo.full_name == $r and (.mergeable | type) == "boolean"
    and .state == "open" and (.labels | type) == "array" and .html_url == .url' "$BODY"
api POST "$R/pulls" '{"title":"Again","head":"topic","base":"main","body":"","assignees":null,"labels":null,"milestone":null}'
tap_is "$STATUS" 409 'the same pair'
tap_like "$(field .message)" '*pull request already exists*' 'in the words it looks for'
api PATCH "$R/pulls/$N" '{"state":"open","title":"Add b","body":"x","assignees":null,"labels":null}'
tap_is "$STATUS" 201 'nulls change nothing'
api POST "$R/issues/$N/comments" '{"body":"renovate"}'
C=$(field .id)
api PATCH "$R/issues/comments/$C" '{"body":"renovate again"}'
tap_is "$STATUS" 200 'a comment is edited'
for i in 1 2 3; do api POST "$R/issues/$N/comments" "{\"body\":\"$i\"}"; done
api GET "$R/issues/$N/comments"
tap_is "$(field length)" 4 'comments come whole'
api GET "$R/issues/$N/comments?page=2"
tap_is "$(field length)" 0 'and not again for page 2'
api DELETE "$R/issues/comments/$C"
tap_is "$STATUS" 204 'and deleted'

# go-scm (Drone): the older form of raw; refs; statuses.
api GET "$R/raw/topic/b.txt"
tap_is "$STATUS,$(cat "$BODY")" 200,two 'raw/{ref}/{path}'
api GET "$R/raw/b.txt?ref=$SHA"
tap_is "$STATUS,$(cat "$BODY")" 200,two 'raw/{path}?ref='
api GET "$R/git/refs/heads/topic"
tap_is "$(field '.[0].object.sha')" "$SHA" 'git/refs is an array'
api GET "$R/git/refs/heads/nosuch"
tap_is "$STATUS" 404 'and 404 when nothing begins so'
api GET "$R/git/commits/topic"
tap_is "$STATUS,$(field .sha)" "200,$SHA" 'git/commits by a branch'
api GET "$R/contents/b.txt?ref=topic"
tap_is "$(field .type),$(field '.content | @base64d')" 'file,two' 'contents'
api GET "$R/contents?ref=topic"
tap_is "$(field type)" array 'a folder is an array'
api POST "$R/statuses/$SHA" '{"state":"pending","target_url":"http://x","description":"d","context":"drone"}'
tap_is "$STATUS,$(field .status)" 201,pending 'a status: state in, status out'
api GET "$R/commits/topic/status"
tap_is "$(field .state),$(field '.statuses[0].context')" pending,drone 'combined'
api GET "$R/commits/topic/statuses"
tap_is "$(field length)" 1 'and as a list'

# Woodpecker: settings, a hook with its events, refs of pull requests.
for p in api repository attachment ui; do
	api GET "/api/v1/settings/$p"
	tap_is "$STATUS" 200 "settings/$p"
done
api POST "$R/hooks" '{"type":"gitea","config":{"url":"http://203.0.113.7/hook?secret=x","secret":"s","content_type":"json"},"events":["push","create","pull_request","release"],"active":true}'
tap_is "$STATUS" 201 'a hook'
tap_is "$(field '.events | sort | join(" ")')" 'create pull_request push release' 'its events come back as they were'
tap_not 'its secret does not' grep -q '"secret":"s"' "$BODY"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/pull/$N/head" | cut -f1)" "$SHA" 'refs/pull/N/head'
api GET "/api/v1/repositories/$PROJECT_ID"
tap_is "$STATUS,$(field .full_name)" "200,$PROJECT" 'a repository by its id'

# Both spellings of a merge; a method that is not there; what is not there.
api POST "$R/pulls/$N/merge" '{"do":"nosuch"}'
tap_is "$STATUS" 422 'do'
api POST "$R/pulls/$N/merge" '{"Do":"nosuch"}'
tap_is "$STATUS" 422 'Do'
api POST "$R/pulls/$N/merge" '{}'
tap_is "$STATUS" 422 'neither'
api PUT "$R/issues" '{}'
tap_is "$STATUS" 405 'a method that is not there'
api GET /api/v1/nodeinfo
tap_is "$STATUS" 404 'what is not there'
tap_ok 'has the shape of an error' jq -e '.message and .url' "$BODY"
tap_ok 'cofferd ends well' stop_cofferd
tap_done
