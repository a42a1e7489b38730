#!/bin/sh
# Clone, fetch and push through cofferd with the real git.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 60

# url TOKEN PATH: with the token as password.
url() { echo "http://x:$1@${URL#http://}/$2.git"; }
MAINT=$(make_user mary)
READER=$(make_user rita)
STRANGER=$(make_user sam)
api PUT "/api/v1/repos/$PROJECT/collaborators/mary" '{"permission":"write"}'
tap_is "$STATUS" 204 'mary may write'
api PUT "/api/v1/repos/$PROJECT/collaborators/rita" '{"permission":"read"}'
tap_is "$STATUS" 204 'rita may read'
W=$(url "$MAINT" "$PROJECT")

tap_ok 'clone, protocol 2' git -c protocol.version=2 clone -q "$W" "$T/c2"
tap_ok 'the file is there' grep -q one "$T/c2/a.txt"
tap_is "$(git -C "$T/c2" symbolic-ref --short HEAD)" main 'HEAD is main'
tap_ok 'clone, protocol 0' git -c protocol.version=0 clone -q "$W" "$T/c0"
tap_ok 'clone without .git' git clone -q "${W%.git}" "$T/cn"
tap_ok 'clone with a slash' git clone -q "$W/" "$T/cs"
tap_ok 'a second v2 advertisement comes from the cache' git ls-remote "$W"

# Credentials.
http GET "/$PROJECT.git/info/refs?service=git-upload-pack"
tap_is "$STATUS" 401 'no credential: 401'
tap_ok 'with WWW-Authenticate' grep -qi '^WWW-Authenticate: Basic realm="cofferd"' "$HEADERS"
for how in "Bearer $MAINT" "token $MAINT"; do
	http GET "/$PROJECT.git/info/refs?service=git-upload-pack" -H "Authorization: $how"
	tap_is "$STATUS" 200 "credential form ${how%% *}"
done
tap_ok 'the token as user name' git ls-remote "http://$MAINT:x-oauth-basic@${URL#http://}/$PROJECT.git"
http GET "/$PROJECT.git/info/refs?service=git-upload-pack" -u "x:0123456789012345678901234567890123456789"
tap_is "$STATUS,$(cat "$BODY")" '401,invalid username, password or token' 'a wrong token: 401, and it is told so'
http GET "/$PROJECT.git/info/refs?service=git-upload-pack" -u "x:$STRANGER"
tap_is "$STATUS" 404 'a stranger: 404'
http GET "/admin/nothing.git/info/refs?service=git-upload-pack" -u "x:$MAINT"
tap_is "$STATUS" 404 'no such project: 404'
http GET "/$PROJECT.git/info/refs?service=git-receive-pack" -u "x:$READER"
tap_is "$STATUS" 403 'a reader does not push: 403'
http GET "/$PROJECT.git/info/refs?service=git-receive-pack" -u "x:$MAINT"
tap_ok 'no caching' grep -qi '^Cache-Control: no-cache' "$HEADERS"
http GET "/$PROJECT.git/info/refs" -u "x:$MAINT"
tap_is "$STATUS" 403 'no dumb protocol'
http GET "/$PROJECT.git/HEAD" -u "x:$MAINT"
tap_is "$STATUS" 404 'no files'
http POST "/$PROJECT.git/git-upload-pack" -u "x:$MAINT" -H 'Content-Type: text/plain' -d x
tap_is "$STATUS" 415 'content type is checked'
printf 0000 >"$T/probe"
http POST "/$PROJECT.git/git-receive-pack" -u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request' --data-binary "@$T/probe"
tap_is "$STATUS" 200 'the probe of four bytes'

# Pushes.
cd "$T/c2" || exit 1
git checkout -q -b agent/fix-1
echo two >b.txt && git add b.txt && git commit -q -m two
tap_ok 'push a branch under agent/' git push -q origin agent/fix-1
tap_is "$(git ls-remote origin refs/heads/agent/fix-1 | cut -f1)" "$(git rev-parse HEAD)" 'it is there'
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'an event says so' jq -e '[.events[] | select(.kind=="branch.updated" and .data.ref=="refs/heads/agent/fix-1" and .data.source=="push" and .actor.login=="mary")] | length == 1' "$BODY"
git checkout -q main && echo m >>a.txt && git commit -q -am m
git push -q origin main 2>"$T/why"
tap_is $? 1 'main is protected'
tap_ok 'and says why' grep -q 'protected: open a pull request' "$T/why"
git push -q origin main agent/fix-1:refs/heads/agent/fix-9 2>"$T/why"
tap_ok 'so does the hook' grep -q 'remote: cofferd: refs/heads/main: main is protected' "$T/why"
tap_not 'part of a push is refused' git push -q origin main agent/fix-1:refs/heads/agent/fix-2
tap_ok 'the other part passes' git ls-remote --exit-code origin refs/heads/agent/fix-2
tap_not 'atomic: nothing passes' git push -q --atomic origin main agent/fix-1:refs/heads/agent/fix-3
tap_not 'not even the allowed part' git ls-remote --exit-code origin refs/heads/agent/fix-3
for ref in refs/pull/1/head refs/coffer/x refs/namespaces/upstream/refs/heads/x refs/notes/x 'refs/heads/agent/a$b' refs/heads/Agent/fix-1 refs/heads/agent/fix-1/x; do
	tap_not "refused: $ref" git push -q origin "HEAD:$ref"
done
git checkout -q agent/fix-1 && git commit -q --amend -m 'two again'
OLD=$(git rev-parse 'HEAD@{1}')
tap_ok 'a forced push' git push -q -f origin agent/fix-1
tap_ok 'the old tip is kept' sh -c "git --git-dir='$HOME_DIR/repos/$PROJECT_ID.git' for-each-ref refs/coffer/kept | grep '$OLD'"
tap_ok 'a fast-forward' sh -c 'echo 3 >c.txt && git add c.txt && git commit -q -m three && git push -q origin agent/fix-1'
tap_is "$(git --git-dir="$HOME_DIR/repos/$PROJECT_ID.git" for-each-ref refs/coffer/kept | wc -l)" 1 'keeps nothing'
tap_ok 'a branch is deleted' git push -q origin :agent/fix-2
tap_is "$(git --git-dir="$HOME_DIR/repos/$PROJECT_ID.git" for-each-ref refs/coffer/kept | wc -l)" 2 'its tip is kept'

# Large, chunked; gzip; shallow; partial.
head -c 6000000 /dev/urandom >big && git add big && git commit -q -m big
tap_ok 'a chunked push' git -c http.postBuffer=65536 push -q origin agent/fix-1
tap_ok 'shallow' git clone -q --depth 1 -b agent/fix-1 "$W" "$T/sh"
tap_ok 'without blobs' git clone -q --bare --filter=blob:none "$W" "$T/part"
git -C "$T/c0" fetch -q
i=0
while [ $i -lt 60 ]; do git -C "$T/c0" commit -q --allow-empty -m "x$i"; i=$((i + 1)); done
git commit -q --allow-empty -m more && git push -q origin agent/fix-1
tap_ok 'negotiation with a gzip body' git -C "$T/c0" fetch -q origin

# The mirror's view.
U=$(url "$MAINT" "upstream/${PROJECT#*/}")
tap_is "$(git ls-remote "$U" | cut -f2 | sort -u | tr '\n' ' ')" 'HEAD refs/heads/main ' 'upstream shows the mirror alone'
tap_ok 'it can be cloned' git clone -q "$U" "$T/up-clone"
tap_is "$(git -C "$T/up-clone" symbolic-ref --short HEAD)" main 'with its default branch'
cd "$T/c2" || exit 1
tap_not 'and takes no push' git push -q "$U" agent/fix-1

# A client that leaves in the middle of a push.
{ git rev-parse HEAD | sed "s/.*/$(printf '%040d' 0) & refs\/heads\/agent\/cut/" | tr -d '\n'
  printf '\0 report-status'; } >"$T/cmd"
{ printf '%04x' $(($(wc -c <"$T/cmd") + 4)); cat "$T/cmd"; printf '0000PACK'; } >"$T/cut"
{ cat "$T/cut"; sleep 3; } 2>/dev/null | timeout 1 curl -sS -u "x:$MAINT" -T - -X POST \
    -H 'Content-Type: application/x-git-receive-pack-request' \
    "$URL/$PROJECT.git/git-receive-pack" >/dev/null 2>&1
gone() { ! pgrep -P "$COFFERD_PID" -f receive-pack; }
tap_ok 'a client that leaves takes its git along' wait_for 10 gone
tap_not 'and moves nothing' git ls-remote --exit-code origin refs/heads/agent/cut
tap_ok 'no quarantine stays' sh -c "! ls '$HOME_DIR/repos/$PROJECT_ID.git/objects' | grep incoming"
tap_is "$(ls "$HOME_DIR/git/tmp")" '' 'no verdicts stay'
git checkout -q -b agent/last && git commit -q --allow-empty -m last
tap_ok 'the next push works' git push -q origin agent/last
tap_ok 'cofferd ends well' stop_cofferd
tap_done
