#!/bin/bash
# Smart HTTP in its forms, and the push rule with the real git: credentials, bodies, probes, protocols, names, collisions,
# atomic, shallow, options, hidden refs, both views.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 87
R=$HOME_DIR/repos/$PROJECT_ID.git
H=${URL#http://}
MAINT=$(make_user mary)
READER=$(make_user rita)
STRANGER=$(make_user sam)
api PUT "/api/v1/repos/$PROJECT/collaborators/mary" '{"permission":"write"}'
api PUT "/api/v1/repos/$PROJECT/collaborators/rita" '{"permission":"read"}'
W=http://x:$MAINT@$H/$PROJECT.git
said() { grep -q -- "$1" "$T/why"; }
try() { "$@" 2>"$T/why"; }

# Every form of the credential.
INFO="/$PROJECT.git/info/refs?service=git-upload-pack"
for how in "x:$MAINT" "mary:$MAINT" "$MAINT:" "$MAINT:x-oauth-basic" "x-access-token:$MAINT" "oauth2:$MAINT"; do
	http GET "$INFO" -u "$how"
	tap_is "$STATUS" 200 "Basic ${how//$MAINT/TOKEN}"
done
for how in "Bearer $MAINT" "bearer $MAINT" "token $MAINT" "Token $MAINT"; do
	http GET "$INFO" -H "Authorization: $how"
	tap_is "$STATUS" 200 "${how//$MAINT/TOKEN}"
done
for how in "Bearer" "Basic" "Basic !!" "Basic eA==" "Digest x" "Bearer $MAINT x" "Bearer ${MAINT%?}"; do
	http GET "$INFO" -H "Authorization: $how"
	tap_is "$STATUS" 401 "refused: ${how//$MAINT/TOKEN}"
done
http GET "$INFO" -u "x:$STRANGER"
tap_is "$STATUS" 404 'who may not see it hears 404'
http GET "/$PROJECT.git/info/refs?service=git-receive-pack" -u "x:$READER"
tap_is "$STATUS" 403 'who may not push hears 403'
try git push -q "http://x:$READER@$H/$PROJECT.git" HEAD:refs/heads/x
git clone -q "$W" "$T/c"
cd "$T/c" || exit 1
try git push -q "http://x:$READER@$H/$PROJECT.git" HEAD:refs/heads/x
tap_ok 'in the terminal, too' said 'remote: you may read this project, not write to it'
try git push -q "http://x:$MAINT@$H/upstream/${PROJECT#*/}.git" HEAD:refs/heads/x
tap_ok 'a push to the mirror says where to push' said 'remote: upstream is a read-only mirror: push to the project'
try git ls-remote "http://x:0123456789012345678901234567890123456789@$H/$PROJECT.git"
tap_ok 'a wrong token' said 'Authentication failed'

# Paths, methods, types.
for p in "$PROJECT.git" "$PROJECT" "$PROJECT.git/" "$PROJECT/"; do
	tap_ok "ls-remote $p" git ls-remote "http://x:$MAINT@$H/$p"
done
http GET "$INFO" -I -u "x:$MAINT"
tap_is "$STATUS" 200 'HEAD'
http GET "/$PROJECT.git/objects/info/packs" -u "x:$MAINT"
tap_is "$STATUS" 404 'no dumb protocol'
http POST "/$PROJECT.git/info/refs?service=git-upload-pack" -u "x:$MAINT"
tap_is "$STATUS" 405 'POST where GET belongs'
http POST "/$PROJECT.git/git-receive-pack" -u "x:$MAINT" -d 0000
tap_is "$STATUS" 415 'a form'\''s content type'
try git archive --remote="$W" HEAD
tap_not 'git archive --remote' test -s "$T/tap.out"
http POST "/$PROJECT.git/git-upload-archive" -u "x:$MAINT" -H 'Content-Type: application/x-git-upload-archive-request' -d 0000
tap_is "$STATUS" 404 'is no service'

# Bodies: the probe, Expect, gzip, chunks, a length that is wrong.
RECV=(-u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request')
post() { http POST "/$PROJECT.git/git-receive-pack" "${RECV[@]}" "$@"; }
post -d 0000
tap_is "$STATUS$(cat "$BODY")" 200 'the probe'
post -d 0000 -H 'Expect:'
tap_is "$STATUS" 200 'with an empty Expect'
post -d 0000 -H 'Expect: 100-continue'
tap_is "$STATUS" 200 'with Expect: 100-continue'
tap_ok 'which is answered' grep -q '100 Continue' "$HEADERS"
post -d 0000 -H 'Transfer-Encoding: chunked'
tap_is "$STATUS" 200 'in chunks'
printf 0000 | gzip >"$T/gz"
post --data-binary "@$T/gz" -H 'Content-Encoding: gzip'
tap_is "$STATUS" 200 'with gzip'
post -d 0000 -H 'Content-Encoding: gzip'
tap_is "$STATUS" 400 'gzip that is none'
post -d 0000 -H 'Content-Encoding: br'
tap_is "$STATUS" 415 'another coding'
head -c 300000000 /dev/zero | gzip -9 >"$T/bomb"
http POST "/$PROJECT.git/git-upload-pack" -u "x:$MAINT" -H 'Content-Type: application/x-git-upload-pack-request' -H 'Content-Encoding: gzip' --data-binary "@$T/bomb"
tap_like "$STATUS" '4??' 'a gzip bomb'
post -d zzzz
tap_is "$STATUS" 400 'no packet'
post -d 00
tap_is "$STATUS" 400 'half a packet'
c="$(printf '%040d' 0) $(git rev-parse HEAD) refs/heads/agent/n"
{ printf '%04x%s\0 report-status side-band-64k0000' $((${#c} + 33)) "$c"; } >"$T/head"
{ cat "$T/head"; printf 'KCAP\0\0\0\2\0\0\0\0'; } >"$T/nopack"
post --data-binary "@$T/nopack"
tap_ok 'no pack behind the commands' grep -q 'what follows the push commands is no pack' "$BODY"
post --data-binary "@$T/head"
tap_ok 'nothing behind them' grep -q 'the push ends before its pack' "$BODY"
two() { # two requests at once on one connection: the second's status
	exec 3<>"/dev/tcp/${H%:*}/${H#*:}"
	for _ in 1 2; do
		printf 'POST /%s.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\n\r\n0000' "$PROJECT" "$MAINT"
	done >&3
	two_n=0
	while [ $two_n -lt 2 ] && IFS= read -r -t 60 two_l <&3; do
		case $two_l in 'HTTP/1.1 200'*) two_n=$((two_n + 1)) ;; esac
	done
	echo $two_n
	exec 3>&-
}
tap_is "$(two)" 2 'two requests in one go'
# No body: a reset for what is unread could overtake the answer.
both() {
	exec 3<>"/dev/tcp/${H%:*}/${H#*:}"
	printf 'POST /%s.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n' "$PROJECT" "$MAINT" >&3
	IFS= read -r -t 60 both_l <&3
	echo "${both_l:9:3}"
	exec 3>&-
}
tap_is "$(both)" 400 'a length and chunks'

# Protocols.
for v in 0 1 2; do
	tap_ok "ls-remote in protocol $v" git -c protocol.version=$v ls-remote "$W"
done
git checkout -q -b agent/a && echo a >a && git add a && git commit -q -m a && git push -q origin agent/a
tap_ok 'a shallow clone' git clone -q --depth 1 -b agent/a "$W" "$T/shallow"
(cd "$T/shallow" && echo s >s && git add s && git commit -q -m s && git push -q origin HEAD:refs/heads/agent/s) 2>"$T/why"
tap_ok 'pushes what it made' git ls-remote --exit-code origin refs/heads/agent/s
tap_ok 'a partial clone' git clone -q --no-checkout --filter=blob:none -b agent/a "$W" "$T/partial"
tap_ok 'gets what it needs on demand' git -C "$T/partial" checkout -q agent/a
tap_ok 'a commit by its id' git -C "$T/partial" fetch -q origin "$(git rev-parse HEAD~1)"
git push -q -f origin HEAD~1:refs/heads/agent/s
GONE=$(git -C "$T/shallow" rev-parse HEAD)
tap_ok 'a kept tip is there' git --git-dir="$R" cat-file -e "$GONE"
git init -q "$T/plain"
# As docs/security.md says.
tap_ok 'and can be had by who knows its id: git does not ask what reaches it' git -C "$T/plain" fetch -q "$W" "$GONE"
tap_is "$(git ls-remote origin | grep -c 'refs/coffer\|refs/namespaces')" 0 'hidden refs are not shown'
http GET "/$PROJECT.git/info/refs?service=git-receive-pack" "${RECV[@]}"
tap_not 'nor are refs/pull to a pusher' grep -qa 'refs/pull\|refs/coffer\|refs/namespaces' "$BODY"

# Options, atomic.
tap_ok 'push options are taken' git push -q -o ci.skip -o a=b origin HEAD:refs/heads/agent/o
# shellcheck disable=SC2046
try git push -q $(printf -- '-o x%s ' $(seq 65)) origin HEAD:refs/heads/agent/o2
tap_ok 'but not any number' said 'too many push options'
try git push -q --atomic origin HEAD:refs/heads/agent/p HEAD:refs/pull/1/head
tap_ok 'atomic: one refused' said 'refs/pull is written by the server'
tap_ok 'refuses all' said 'atomic push: another ref was refused'
tap_not 'and moves none' git ls-remote --exit-code origin refs/heads/agent/p
try git push -q origin HEAD:refs/heads/agent/p HEAD:refs/pull/1/head
tap_ok 'else the others pass' git ls-remote --exit-code origin refs/heads/agent/p

# The rule: who may what is in test_push_policy; here what the terminal says.
rule() { # REFSPEC TEXT
	try git push -q -f origin "$1"
	tap_ok "$1: ${2#*;}" said "$2"
}
rule HEAD:refs/heads/main 'main is protected: open a pull request'
rule :refs/heads/main 'main is protected: open a pull request'
rule HEAD:refs/heads/agent/A 'collides with refs/heads/agent/a'
rule HEAD:refs/heads/Agent/b 'collides with refs/heads/agent/'
rule HEAD:refs/heads/agent/a/b 'collides with refs/heads/agent/a'
rule HEAD:refs/heads/agent 'collides with refs/heads/agent/'
rule HEAD:refs/coffer/kept/1/x 'refs/coffer is written by the server'
rule HEAD:refs/namespaces/upstream/refs/heads/x 'refs/namespaces is written by the mirror'
rule "HEAD:refs/heads/agent/\$(x)" 'special character'
git push -q origin "HEAD:refs/heads/agent/$(git rev-parse HEAD)x"
tap_ok 'a long name that is no id' git ls-remote --exit-code origin "refs/heads/agent/$(git rev-parse HEAD)x"
rule "HEAD:refs/heads/$(git rev-parse HEAD)" "reads as an object's id"
rule HEAD:refs/heads/heads/x 'begins with'
rule $'HEAD:refs/heads/agent/e\xcc\x81' 'outside ASCII'
rule HEAD:refs/tags/HEAD "git's own"
rule "HEAD:refs/heads/agent/$(printf 'x%.0s' $(seq 201))" '200 bytes'
git push -q origin HEAD:refs/tags/own
tap_ok 'a tag' git ls-remote --exit-code origin refs/tags/own
git push -q -f origin HEAD~1:refs/heads/agent/p
tap_ok 'a forced push keeps the old tip' sh -c "git --git-dir='$R' for-each-ref refs/coffer/kept | grep -q '$(git rev-parse HEAD).*agent/p'"

# A push under way brings a name that no ref has yet.
c="$(printf '%040d' 0) $(git rev-parse HEAD) refs/heads/agent/slow"
{ printf '%04x%s\0report-status side-band-64k0000PACK\0\0\0\2\0\0\0\3' $((${#c} + 32)) "$c"; wait_for 20 test -e "$T/go"; } |
    curl -sS -m 60 -u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request' -X POST -T - -o /dev/null \
	"$URL/$PROJECT.git/git-receive-pack" 2>/dev/null &
SLOW=$!
wait_for 10 sh -c "ls -d '$R'/objects/tmp_objdir-incoming-*"
rule HEAD:refs/heads/agent/SLOW 'collides with refs/heads/agent/slow, which another push brings'
touch "$T/go"
wait "$SLOW"
tap_ok 'which is free when that push came to nothing' git push -q origin HEAD:refs/heads/agent/SLOW

# Upstream comes to have a name that was pushed here: it is upstream's from then on.
git push -q origin HEAD:refs/heads/later
(cd "$WORK" && git checkout -q -b later && echo u >u && git add u && git commit -q -m u && git push -q origin later) 2>/dev/null
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
rule HEAD:refs/heads/later 'later follows upstream: open a pull request'
tap_is "$(ls "$HOME_DIR/git/tmp")" '' 'nothing is left of any of it'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
