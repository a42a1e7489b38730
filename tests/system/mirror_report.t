#!/bin/sh
# What a sync tells: its report, a comment on each pull request that it touched,
# pull requests whose change upstream has, and what a mirror does not bring.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 50
P=/api/coffer/v1/projects/$PROJECT
R=$HOME_DIR/repos/$PROJECT_ID.git
UP=$T/up/calc.git
COFFER_HOME=$HOME_DIR
export COFFER_HOME
up() { (cd "$WORK" && "$@") >/dev/null 2>&1; }
owned() { [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"; }
sync() {
	owned
	api POST "$P/sync?wait=30"
}
rev() { git --git-dir="$R" rev-parse -q --verify "$1" || echo none; }
counts() { field '.mirror.report.counts | tostring'; }
# pull TITLE HEAD: prints its number
pull() {
	api POST "/api/v1/repos/$PROJECT/pulls" "{\"title\":\"$1\",\"head\":\"$2\",\"base\":\"main\",\"body\":\"\"}"
	field .number
}
comments() { api GET "/api/v1/repos/$PROJECT/issues/$1/comments"; }
said() { comments "$1"; jq -e --arg t "$2" '[.[] | select(.user.login=="agentd" and (.body | contains($t)))] | length == 1' "$BODY"; }
pull_is() { api GET "/api/v1/repos/$PROJECT/pulls/$1"; [ "$(field "$2 | tostring")" = "$3" ]; }
branch() {
	(cd "$T/c" && git fetch -q origin && git checkout -q -B "$1" origin/main && echo "$2" >"$3" && git add "$3" && git commit -qm "$1" && git push -qf origin "$1") >/dev/null 2>&1
}

sync
tap_is "$(field '.mirror.report | [.first, .counts.created] | tostring')" '[true,1]' 'the first sync has a report'
tap_is "$(field '.contents.lfs.pointers') $(field '.contents.submodules | length')" '0 0' 'nothing is left out'
A=$(field .mirror.report.at)
sync
tap_is "$(field .mirror.report.at)" "$A" 'a sync without news leaves it'

# Forced under open pull requests.
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
branch one 1 one.txt
branch two 2 two.txt
ONE=$(pull one one)
TWO=$(pull two two)
tap_ok 'two pull requests' wait_for 10 pull_is "$TWO" .mergeable true
up sh -c 'git commit -q --allow-empty -m m && git push -q origin main'
sync
tap_is "$(counts)" '{"forwarded":1}' 'a fast-forward'
comments "$ONE"
tap_is "$(field length)" 0 'is no news for a pull request'
OLD=$(rev refs/heads/main)
up sh -c 'git commit -q --amend --allow-empty -m other && git push -qf origin main'
sync
tap_is "$(counts)" '{"forced":1}' 'a force push'
tap_ok 'the report has the tips' jq -e --arg o "$OLD" '.mirror.report.moves[0] | .ref=="refs/heads/main" and .what=="forced" and .old==$o and (.kept | startswith("refs/coffer/kept/"))' "$BODY"
tap_ok 'is told on the pull request' said "$ONE" 'force-pushed'
tap_ok 'with where the old tip is' said "$ONE" refs/coffer/kept/
tap_ok 'on the other too' said "$TWO" 'force-pushed'
sync
sync
comments "$ONE"
tap_is "$(field length)" 1 'once'
api GET "/api/coffer/v1/events?after=0&limit=100"
tap_ok 'by agentd, whose comments trigger nothing' jq -e '[.events[] | select(.kind=="comment.created") | .actor | select(.kind=="service" and .role=="none")] | length == 2' "$BODY"

# Upstream moves the base so that one conflicts.
up sh -c 'echo clash >two.txt && git add two.txt && git commit -qm clash && git push -q origin main'
sync
tap_ok 'a conflict that upstream made' wait_for 10 said "$TWO" 'conflicts with it now'
tap_ok 'is shown' wait_for 10 pull_is "$TWO" .mergeable false
tap_ok 'the other one is evaluated again' wait_for 10 pull_is "$ONE" .mergeable true

# Upstream takes a change as it is, and another one as its own commit.
branch three 3 three.txt
THREE=$(pull three three)
tap_ok 'a third' wait_for 10 pull_is "$THREE" .mergeable true
up sh -c "git fetch -q '$R' one && git merge -q --no-ff --no-edit FETCH_HEAD && git push -q origin main"
sync
tap_ok 'a change that upstream merged is merged' wait_for 10 pull_is "$ONE" .merged true
tap_ok 'and says so' said "$ONE" 'Upstream has this change'
tap_is "$(rev refs/heads/main)" "$(git --git-dir="$UP" rev-parse main)" 'main is upstream'
up sh -c "git fetch -q '$R' three && git cherry-pick -n FETCH_HEAD && git commit -qm theirs && git push -q origin main"
sync
tap_ok 'a change that upstream has as another commit' wait_for 10 pull_is "$THREE" .merged true
tap_ok 'says so' said "$THREE" 'other commits with the same changes'
tap_ok 'the one that conflicts stays open' pull_is "$TWO" .state open
api PATCH "/api/v1/repos/$PROJECT/pulls/$TWO" '{"state":"closed"}'

# Upstream deletes the branch of an open pull request.
up sh -c 'git checkout -qb rel && echo r >r && git add r && git commit -qm r && git push -q origin rel && git checkout -q main'
sync
(cd "$T/c" && git fetch -q origin && git checkout -q -B four origin/rel && echo 4 >four.txt && git add four.txt && git commit -qm four && git push -q origin four) >/dev/null 2>&1
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"four","head":"four","base":"rel","body":""}'
FOUR=$(field .number)
up git push -q origin :rel
sync
tap_is "$(field '.mirror.waiting | map(.ref) | tostring')" '["refs/heads/rel"]' 'a deleted base of an open pull request waits'
tap_ok 'and is told there' said "$FOUR" 'deleted a branch of an open pull request'
api PATCH "/api/v1/repos/$PROJECT/pulls/$FOUR" '{"state":"closed"}'
sync
tap_is "$(rev refs/heads/rel) $(field '.mirror.waiting | length')" 'none 0' 'closed: it goes'

# Local merges ahead of upstream.
api PATCH "$P" '{"settings":{"approvals":0}}'
branch five 5 five.txt
FIVE=$(pull five five)
merged() {
	api POST "/api/v1/repos/$PROJECT/pulls/$FIVE/merge" '{"Do":"merge"}'
	[ "$STATUS" = 200 ]
}
tap_ok 'a merge here' wait_for 20 merged
up sh -c 'mkdir .coffer && printf "checks:\n  - name: test\n    test: make\n" >.coffer/checks.yml && git add .coffer && git commit -qm n && git push -q origin main'
sync
tap_is "$(counts)" '{"merged":1}' 'upstream is merged into it'
tap_is "$(field .mirror.report.moves[0].new)" "$(rev refs/heads/main)" 'with the merge'

# Nobody has tested that: it is shown until the required checks passed on it.
MERGE=$(rev refs/heads/main)
tap_is "$(field '.mirror.unverified | tostring')" "[{\"ref\":\"refs/heads/main\",\"sha\":\"$MERGE\",\"checks\":[{\"name\":\"test\",\"state\":\"pending\"}]}]" 'the merge is unverified'
tap_ok 'status says so' sh -c "'$O/bin/coffer' status calc | grep -q 'unverified main .*test pending'"
as "$RUNNER" api POST "/api/coffer/v1/ci/poll?wait=5" '{"runner":"r","slots":1}'
tap_is "$STATUS $(field .sha) $(field .pull)" "200 $MERGE null" 'its checks are queued'
JOB=$(field .id)
as "$RUNNER" api POST "/api/coffer/v1/ci/jobs/$JOB/result" "{\"lease\":\"$(field .lease)\",\"state\":\"passed\",\"phase\":\"test\",\"exit_code\":0}"
tap_is "$STATUS" 200 'they pass'
api GET "$P"
tap_is "$(field '.mirror.unverified | length')" 0 'then it is verified'

# Submodules and LFS.
POINTER='version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345'
printf '[submodule "sub"]\n\tpath = lib/sub\n\turl = ../sub.git\n[submodule "far"]\n\tpath = far\n\turl = https://far.invalid/x.git\n' >"$WORK/.gitmodules"
printf '*.bin filter=lfs diff=lfs merge=lfs -text\n' >"$WORK/.gitattributes"
mkdir -p "$WORK/d"
printf '%s\n' "$POINTER" >"$WORK/a.bin"
printf '%s\n' "$POINTER" >"$WORK/d/b.bin"
printf 'version https://git-lfs' >"$WORK/d/not.bin"
up sh -c 'git add -A && git update-index --add --cacheinfo 160000,4d7a214614ab2935c943f9e0ff69d22eadbb8f32,lib/sub && git commit -qm contents && git push -q origin main'
sync
tap_is "$(field .contents.sha)" "$(rev refs/heads/main)" 'contents of the new tip'
tap_is "$(field '.contents.submodules | map(.path) | tostring')" '["lib/sub","far"]' 'the submodules'
tap_is "$(field '.contents.submodules[0].resolved')" "file://$T/up/sub.git" 'where a relative URL would be'
tap_is "$(field '.contents.submodules[1].resolved')" null 'an absolute one is itself'
tap_is "$(field .contents.gitlinks)" 1 'a commit of another repository'
tap_is "$(field '.contents.lfs | [.filters, .pointers, .bytes, .truncated] | tostring')" '[true,2,24690,false]' 'the LFS objects'
tap_ok 'status says it' sh -c "'$O/bin/coffer' status calc >'$T/out'"
tap_ok 'in a line' grep -q 'not mirrored: 2 submodules, 2 LFS objects of 24690 bytes' "$T/out"
tap_ok 'project show too' sh -c "'$O/bin/coffer' project show calc | grep -q 'submodule far of https://far.invalid/x.git'"
tap_not 'nothing of it was asked for' grep -q far.invalid "$T/cofferd.log"

# Hostile files are read as bytes; git itself stumbles over the first.
printf '%s' "[submodule \"x\\" >"$T/gitmodules"
head -c 300000 /dev/urandom >"$T/gitattributes"
# plant MODE FILE: a commit of .gitmodules and .gitattributes alone, pushed.
plant() {
	(
		cd "$WORK" || exit 1
		a=$(git hash-object -w --stdin <"$2") && b=$(git hash-object -w "$T/gitattributes") || exit 1
		t=$(printf '%s blob %s\t.gitmodules\n100644 blob %s\t.gitattributes\n' "$1" "$a" "$b" | git mktree) || exit 1
		k=$(git commit-tree -p main -m planted "$t") || exit 1
		git push -q "$UP" "$k:refs/heads/main" && git update-ref refs/heads/main "$k"
	) >"$T/plant.out" 2>&1
}
tap_ok 'malformed files upstream' plant 100644 "$T/gitmodules"
sync
tap_is "$STATUS $(field .mirror.state)" '200 ok' 'stop nothing'
tap_is "$(field '.contents | [(.submodules | length), .lfs.filters, .lfs.pointers] | tostring')" '[0,false,0]' 'and say nothing'
SHA=$(field .contents.sha)
printf /etc/passwd >"$T/link"
tap_ok 'a symbolic link upstream' plant 120000 "$T/link"
sync
tap_is "$(field '[.mirror.state, .mirror.error_kind] | tostring')" '["failed","content"]' 'is refused'
tap_is "$(field .contents.sha)" "$SHA" 'and the report stays'
tap_done
