#!/bin/bash
# Limits of a push, and what the real git prints when one is met: too large, too many objects or refs, one object that is
# too large, one that costs too much memory.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<-CONF
	allow_file_upstream = yes
	push_max = 8M
	push_objects = 60
	push_object = 4M
	push_memory = 80M
	$(lib_router_ids)
CONF
start_cofferd
make_project
tap_plan 16
R=$HOME_DIR/repos/$PROJECT_ID.git
H=${URL#http://}
MAINT=$(make_user mary)
api PUT "/api/v1/repos/$PROJECT/collaborators/mary" '{"permission":"write"}'
git clone -q --single-branch "http://x:$MAINT@$H/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1
git config http.postBuffer 65536
git checkout -q -b agent/a
said() { grep -q -- "$1" "$T/why"; }
push() { git push -q origin "$@" 2>"$T/why"; }
# Size, objects, one object.
head -c 12000000 /dev/urandom >big && git add big && git commit -q -m big
tap_not 'a push over push_max' push agent/a
tap_ok 'the terminal names the limit' said 'remote: cofferd: the push is larger than 8 MiB (\[server\] push_max)'
tap_not 'no ref moved' git ls-remote --exit-code origin refs/heads/agent/a
git reset -q --hard main && rm -f big
for i in $(seq 70); do echo "$i" >"f$i"; done
git add . && git commit -q -m many
tap_not 'a push of too many objects' push agent/a
tap_ok 'the terminal says how many' said 'remote: cofferd: the push has 72 objects; at most 60 are taken at once (\[server\] push_objects)'
tap_is "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" '' 'git was not even started'
git reset -q --hard main
head -c 6000000 /dev/zero >bomb && git add bomb && git commit -q -m bomb
tap_not 'a blob that inflates too far' push agent/a
tap_ok 'the terminal names it' said "remote: cofferd: blob $(git rev-parse HEAD:bomb) has 6000000 bytes; at most 4194304 are taken in one object"
git reset -q --hard main
# A commit cannot be streamed: git's memory ends it.
{ printf 'tree %s\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n' "$(git rev-parse 'HEAD^{tree}')"; head -c 100000000 /dev/zero | tr '\0' a; } |
    git hash-object -t commit -w --stdin >"$T/huge"
tap_not 'a commit of 100 MB' push "$(cat "$T/huge"):refs/heads/agent/a"
tap_ok 'ends git, not the host' said 'remote: fatal: .*emory'
git prune --expire=now
tap_not 'nothing of all that came in' git ls-remote --exit-code origin refs/heads/agent/a
tap_is "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" '' 'no quarantine stays'
for i in $(seq 1100); do echo "create refs/heads/agent/n$i $(git rev-parse HEAD)"; done | git update-ref --stdin
tap_not 'a push of 1,100 refs' push 'refs/heads/agent/n*'
tap_ok 'the terminal says so' said 'a push may name at most 1000 refs'
git for-each-ref --format='delete %(refname)' 'refs/heads/agent/n*' | git update-ref --stdin
# A refused push without end: so much is read that a git reads why, no more.
c="$(printf '%040d' 0) $(git rev-parse HEAD) refs/heads/main"
{ printf '%04x%s\0 report-status side-band-64k0000PACK\0\0\0\2\0\0\0\3' $((${#c} + 33)) "$c"; head -c 100000000 /dev/zero; } >"$T/endless"
UP=$(curl -sS -m 60 -u "x:$MAINT" -H 'Content-Type: application/x-git-receive-pack-request' -H 'Transfer-Encoding: chunked' \
    --data-binary "@$T/endless" -o /dev/null -w '%{size_upload}' "$URL/$PROJECT.git/git-receive-pack" 2>/dev/null)
tap_ok "a push that goes on and on is cut after $UP bytes" [ "$UP" -lt 40000000 ]
tap_ok 'cofferd ends well' stop_cofferd
tap_done
