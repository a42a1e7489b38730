#!/bin/sh
# A CI job gets its head's tree as a tar: all of it, and nothing of git.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_upstream
(
	cd "$WORK" && mkdir .coffer &&
	    printf 'checks:\n  - name: test\n    test: make\n' >.coffer/checks.yml &&
	    git add . && git commit -qm checks && git push -q origin main
) >/dev/null 2>&1
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\"}"
PROJECT=$(field .full_name)
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
tap_plan 8

git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1
git checkout -q -b agent/a
# An attribute of the commit must not hide a file from its test.
echo '*.secret export-ignore' >.gitattributes
echo x >the.secret
# shellcheck disable=SC2016
echo '$Format:%H$' >subst && echo 'subst export-subst' >>.gitattributes
git add . && git commit -qm a && git push -q origin agent/a
api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"a","head":"agent/a","base":"main","body":""}'
tap_is "$STATUS" 201 'a pull request'
has_job() {
	as "$RUNNER" api POST '/api/coffer/v1/ci/poll?wait=5' '{"runner":"r","slots":1}'
	[ "$STATUS" = 200 ]
}
tap_ok 'its check is queued and leased' wait_for 20 has_job
JOB=$(field .id)
LEASE=$(field .lease)
http GET "/api/coffer/v1/ci/jobs/$JOB/tree.tar" -H "Authorization: Bearer $RUNNER" -H "X-Coffer-Lease: $LEASE"
tap_is "$STATUS" 200 'the tree is given'
mkdir "$T/x" && tar -C "$T/x" -xf "$BODY"
tap_ok 'it is the head'\''s' diff -r --exclude=.git "$T/c" "$T/x"
tap_not 'nothing of git is in it' test -e "$T/x/.git"
tap_not 'no commit id either' grep -qa "$(git rev-parse HEAD)" "$BODY"
http GET "/api/coffer/v1/ci/jobs/$JOB/tree.tar" -H "Authorization: Bearer $RUNNER" -H 'X-Coffer-Lease: 00000000000000000000000000000000'
tap_like "$STATUS" '40[0-9]' 'another lease gets nothing'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
