#!/bin/bash
# coffer run start --repo: a command in a throw-away sandbox on a copy of a
# folder; hostile folders.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

. "$SYSTEM_DIR/oneshot_lib.sh"

FOO=of-the-caller OTHER=x start_run "$SRC" --env FOO --record "$T/record.tar" -- sh -c \
    'echo three >>a.txt; ls -a; cat a.txt; sh deep/link; deep/tool; echo "foo=$FOO other=$OTHER net=$(grep -c : /proc/net/dev)"; id -u'
tap_is "$RC" 0 'a command on a copy'
tap_ok 'has what git knows, as it is' grep -q '^two$' "$T/err"
tap_not 'and not what it does not' grep -q '^\.env$' "$T/err"
tap_ok 'a file that can be run still can' grep -q '^tool$' "$T/err"
tap_ok 'of the environment what is named alone, which the log does not show' grep -q 'foo=\*\{13\} other= net=1' "$T/err"
tap_is "$(grep -c '^+three' "$T/out"),$(head -c 10 "$T/out")" '1,diff --git' 'its patch is standard output'
cp -R "$SRC" "$T/copy" && rm -rf "$T/copy/.git"
tap_ok 'which applies' sh -c "cd '$T/copy' && git apply '$T/out' && grep -q three a.txt"
tap_is "$(cat "$SRC/a.txt")" "$(printf 'one\ntwo')" 'the folder is as it was'
tap_ok 'the record is there' sh -c "tar tf '$T/record.tar' | grep -q manifest.json"
tap_ok 'nothing of it stays' wait_for 30 gone
tap_not 'no git ran on the folder' test -e "$T/mark"
tap_is "$(grep -rlF of-the-caller "$HOME_DIR/db" "$HOME_DIR/secrets")" '' 'the environment was in no database, and its file is gone'
show

start_run "$SRC" --verify 'grep -q three a.txt' -o "$T/patch" -- sh -c 'echo three >>a.txt'
tap_is "$RC" 0 'verified in a fresh container'
tap_ok 'with the patch in a file' grep -q '^+three' "$T/patch"
tap_is "$(wc -c <"$T/out")" 0 'and nowhere else'
mkdir "$T/tmp" "$T/tmp/coffer-oneshot-abcdef" "$T/tmp/coffer-oneshot-young1" "$T/tmp/other" "$T/tmp/coffer-oneshot-theirs"
echo left >"$T/tmp/coffer-oneshot-abcdef/file"
chown 12345 "$T/tmp/coffer-oneshot-theirs"
touch -d '2 days ago' "$T/tmp/coffer-oneshot-abcdef" "$T/tmp/coffer-oneshot-theirs" "$T/tmp/other"
ln -s "$T/tmp/other" "$T/tmp/coffer-oneshot-link12"
TMPDIR=$T/tmp start_run "$SRC" -- true
tap_is "$RC,$(find "$T/tmp" -mindepth 1 -printf '%f ' | tr ' ' '\n' | sort | tr '\n' ' ')" \
    '0,coffer-oneshot-link12 coffer-oneshot-theirs coffer-oneshot-young1 other ' 'what a killed one left of its copy goes with the next'
start_run "$SRC" -o "$SRC/patch" --record "$SRC/record.tar" -- sh -c 'echo three >>a.txt'
tap_is "$RC,$(grep -c '^+three' "$SRC/patch")" 0,1 'both may be put into the folder itself'
rm -f "$SRC/patch" "$SRC/record.tar"
start_run "$SRC" --verify 'test ! -e left && grep -q four a.txt' -o "$T/patch" -- sh -c 'echo three >>a.txt; touch /tmp/left ~/left'
tap_is "$RC" 40 'one whose verification fails'
start_run "$SRC" --json --verify 'echo fine' -- true
tap_is "$RC,$(jq -r '.exit, .run.state, .verification.state, .source.changed, .patch.bytes' "$T/out" | tr '\n' ' ')" \
    '0,0 done done null 0 ' 'for programs'
tap_is "$(jq -r .source.before "$T/out")" "$(jq -r .source.after "$T/out")" 'the fingerprint is the same'
start_run "$SRC" -- sh -c 'echo three >>a.txt; exit 7'
tap_is "$RC,$(grep -c 'status 7' "$T/err"),$(grep -c '^+three' "$T/out")" 30,1,1 'one that fails, with what it did'
start_run "$SRC" --wall 2s -- sleep 600
tap_is "$RC" 124 'one that is out of time'
start_run "$SRC" --network none -- sh -c 'grep -c : /proc/net/dev'
tap_is "$RC,$(grep -cx 2 "$T/err")" 0,1 'a network is there when it is asked for'
show

# ---- other repositories ----
git init -q --object-format=sha256 "$T/sha256"
echo known >"$T/sha256/known"
git -C "$T/sha256" add known
echo unknown >"$T/sha256/unknown"
start_run "$T/sha256" -- sh -c 'ls; git rev-parse --show-object-format'
tap_is "$RC,$(grep -cx known "$T/err"),$(grep -cx unknown "$T/err"),$(grep -cx sha1 "$T/err")" 0,1,0,1 'one of SHA-256: what it knows'
git init -q "$T/super"
git -C "$T/super" update-index --add --cacheinfo "160000,$(printf '%040d' 1),inner"
git init -q "$T/super/inner"
echo own >"$T/super/own"
git -C "$T/super" add own
start_run "$T/super" -- sh -c 'ls -A; git status --short'
tap_is "$RC,$(grep -c 'left out: 1 submodules' "$T/err"),$(grep -cx own "$T/err"),$(grep -cx inner "$T/err")" 0,1,1,0 'a submodule is left out, and that is said'
show

# ---- folders that are refused ----
ln -s /etc/passwd "$SRC/deep/out"
git -C "$SRC" -c core.fsmonitor= -c core.hooksPath=/dev/null -c filter.evil.clean=cat add deep/out
rm -f "$T/mark"
start_run "$SRC" -- true
tap_is "$RC,$(grep -c 'deep/out is a link that leaves' "$T/err")" 3,1 'a link that leaves it'
ln -sf ../../x "$SRC/deep/out"
start_run "$SRC" -- true
tap_is "$RC" 3 'by dots, too'
rm "$SRC/deep/out"
mkfifo "$SRC/deep/out"
start_run "$SRC" -- true
tap_is "$RC,$(grep -c 'deep/out is no file' "$T/err")" 3,1 'a pipe'
rm "$SRC/deep/out"
truncate -s 1T "$SRC/deep/out"
start_run "$SRC" -- true
tap_is "$RC,$(grep -c 'deep/out: more than' "$T/err")" 1,1 'a sparse giant'
rm "$SRC/deep/out"
mv "$SRC/.git/index" "$T/index"
head -c 100 "$T/index" >"$SRC/.git/index"
start_run "$SRC" -- true
tap_is "$RC,$(grep -c 'index cannot be read' "$T/err")" 1,1 'an index that is cut off'
mv "$T/index" "$SRC/.git/index"
start_run "$T/nowhere" -- true
tap_is "$RC" 4 'a folder that is not there'
start_run "$SRC" --env COFFER_HOME -- true
tap_is "$RC,$(grep -c 'COFFER_HOME cannot be set' "$T/err")" 1,1 'a name that the run has itself'
gone || sleep 1
tap_ok 'none of them left a project' wait_for 30 gone
tap_not 'and nothing of them ran' test -e "$T/mark"
start_run "$SRC" --dry-run -- true
tap_is "$RC,$(grep -c 'would make a project' "$T/out"),$(projects)" 0,1,0 'what would be done'
show
tap_done
