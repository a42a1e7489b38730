#!/bin/bash
# coffer run start --repo: a command in a throw-away sandbox on a copy of a
# folder; hostile folders; a kill of agentd; signals.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

attack_start
SRC=$T/src
mkdir "$SRC"
git -C "$SRC" init -q -b main
printf 'one\n' >"$SRC/a.txt"
mkdir "$SRC/deep"
printf '#!/bin/sh\necho tool\n' >"$SRC/deep/tool"
chmod 755 "$SRC/deep/tool"
ln -s ../a.txt "$SRC/deep/link"
printf '.env\n' >"$SRC/.gitignore"
git -C "$SRC" add -A
git -C "$SRC" commit -q -m first
printf 'two\n' >>"$SRC/a.txt"                # not committed: it is copied
printf 'SECRET=of-the-user\n' >"$SRC/.env"   # git does not know it: it is not
# Whatever git on the host would run here leaves a mark.
cat >>"$SRC/.git/config" <<C
[core]
	fsmonitor = "touch $T/mark; false"
	hooksPath = $T/hooks
	sshCommand = touch $T/mark
[filter "evil"]
	clean = "touch $T/mark; cat"
	smudge = "touch $T/mark; cat"
	required = true
[diff]
	external = touch $T/mark
C
mkdir "$T/hooks"
for h in pre-commit post-checkout pre-push post-index-change reference-transaction; do
	printf '#!/bin/sh\ntouch %s\n' "$T/mark" >"$T/hooks/$h"
	cp "$T/hooks/$h" "$SRC/.git/hooks/$h"
done
chmod 755 "$T"/hooks/* "$SRC"/.git/hooks/*
printf '*.txt filter=evil\n' >"$SRC/.git/info/attributes"

start_run() { coffer run start --repo "$@" >"$T/out" 2>"$T/err"; RC=$?; }
projects() { coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep -c oneshot; }
gone() { [ "$(projects)" -eq 0 ]; }
show() { [ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/out" "$T/err"; }

FOO=of-the-caller OTHER=x start_run "$SRC" --env FOO --record "$T/record.tar" -- sh -c \
    'echo three >>a.txt; ls -a; cat a.txt; sh deep/link; deep/tool; echo "foo=$FOO other=$OTHER net=$(grep -c : /proc/net/dev)"; id -u'
tap_is "$RC" 0 'a command on a copy'
tap_ok 'has what git knows, as it is' grep -q '^two$' "$T/err"
tap_not 'and not what it does not' grep -q '^\.env$' "$T/err"
tap_ok 'a file that can be run still can' grep -q '^tool$' "$T/err"
tap_ok 'of the environment what is named alone' grep -q 'foo=of-the-caller other= net=1' "$T/err"
tap_is "$(grep -c '^+three' "$T/out"),$(head -c 10 "$T/out")" '1,diff --git' 'its patch is standard output'
cp -R "$SRC" "$T/copy" && rm -rf "$T/copy/.git"
tap_ok 'which applies' sh -c "cd '$T/copy' && git apply '$T/out' && grep -q three a.txt"
tap_is "$(cat "$SRC/a.txt")" "$(printf 'one\ntwo')" 'the folder is as it was'
tap_ok 'the record is there' sh -c "tar tf '$T/record.tar' | grep -q manifest.json"
tap_ok 'nothing of it stays' wait_for 30 gone
tap_not 'no git ran on the folder' test -e "$T/mark"
show

start_run "$SRC" --verify 'grep -q three a.txt' -o "$T/patch" -- sh -c 'echo three >>a.txt'
tap_is "$RC" 0 'verified in a fresh container'
tap_ok 'with the patch in a file' grep -q '^+three' "$T/patch"
tap_is "$(wc -c <"$T/out")" 0 'and nowhere else'
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

# ---- in the midst of one ----
oneshot_id() { RID=$(coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep oneshot | head -n 1); [ -n "$RID" ] &&
	RID=$(coffer run list "$RID" --json | jq -r '[.[].id] | max // empty') && [ -n "$RID" ]; }
oneshot_works() { oneshot_id && coffer run logs "$RID" 2>/dev/null | grep -q begun; }
agentd_pid() { jq -r '.. | objects | select(.name? == "agentd") | .pid' "$HOME_DIR/run/services.json"; }
begin() { wait_for 60 gone || return; "$O/bin/coffer" run start --repo "$SRC" "$@" >"$T/out" 2>"$T/err" & BG=$!; wait_for 60 oneshot_works; }
let_go() { for d in "$HOME_DIR"/sandboxes/*/ws/runs/"$RID"/tree; do touch "$d/go"; done; }

begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go; echo three >>a.txt'
kill -9 "$(agentd_pid)"
let_go
wait "$BG"
tap_is "$?,$(grep -c '^+three' "$T/out")" 0,1 'agentd is killed, the run goes on'
show
begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go; echo four >>a.txt'
kill -9 "$(jq -r '.. | objects | select(.name? == "cofferd") | .pid' "$HOME_DIR/run/services.json")"
let_go
wait "$BG"
tap_is "$?,$(grep -c '^+four' "$T/out")" 0,1 'so it does when cofferd is'
show
wait_for 60 gone
"$O/bin/coffer" run start --repo "$SRC" --json -- sh -c 'echo once >>a.txt' >"$T/out" 2>"$T/err" &
BG=$!
wait_for 60 oneshot_id
kill -9 "$(agentd_pid)"
wait "$BG"
tap_is "$?,$(jq -r '.run.state, .run.attempt, .patch.bytes > 0' "$T/out" | tr '\n' ' ')" '0,done 1 true ' 'agentd is killed before it begins'
show
begin -- sh -c 'echo begun; until [ -e go ]; do sleep 0.1; done; rm go'
printf 'meanwhile\n' >>"$SRC/a.txt"
let_go
wait "$BG"
tap_is "$?,$(grep -c 'a.txt' "$T/err")" 80,1 'the folder changed meanwhile'
begin -- sh -c 'echo begun; sleep 600'
kill -TERM "$BG"
wait "$BG"
tap_is $? 1 'a signal'
tap_ok 'cancels it' grep -q 'cancelled' "$T/err"
tap_ok 'and takes it all away' wait_for 60 gone
tap_not 'nothing ran on the host' test -e "$T/mark"
show
tap_done
