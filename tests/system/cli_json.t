#!/bin/sh
# With --json each command prints JSON and nothing else, with --dry-run none of
# them changes a thing: all commands of the table but those named below.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

command -v sqlite3 >/dev/null || tap_skip_all 'no sqlite3'
unset COFFER_TOKEN
coffer_home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
start_cofferd
make_project
BOB=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
push_branch fix a.txt two "$BOB"
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"One"}'
as "$BOB" api POST "/api/v1/repos/$PROJECT/pulls" '{"title":"Two","head":"fix","base":"main"}'
push_branch lost b.txt lost
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" :lost
kept_one() { KEPT=$(coffer kept list calc --json | jq -r '.[0].name // empty'); [ -n "$KEPT" ]; }
wait_for 20 kept_one || tap_bail 'nothing was kept'
api POST "/api/coffer/v1/projects/$PROJECT/runs" '{"command":"task","task":"Say hello"}'
RID=$(coffer run list calc --json | jq -r '.[0].id // empty')
mkdir -p "$HOME_DIR/log"
cp "$T/cofferd.log" "$HOME_DIR/log/cofferd.log"
echo 'a long sentence is fine' >"$T/password"
echo secret >"$T/secret"
mkdir -p "$T/me/.claude" "$T/clone"
echo 'Be brief.' >"$T/me/.claude/CLAUDE.md"
export HOME="$T/me"

# ~: what there is to change is changed, so it is tried with --dry-run, too.
cat >"$T/rows" <<ROWS
status
status calc
project show calc
doctor --no-sandbox
config list
~ config set server.rate 500
config get server.rate
config check
logs
open calc
top
~ settings calc interval_s=5m
~ set-branch calc main
~ stop calc --no-wait
~ start calc --no-wait
~ pause calc --no-wait
~ unpause calc --no-wait
~ recreate calc --yes --no-wait
kept list calc
~ kept restore calc $KEPT --as saved
~ kept drop calc $KEPT --yes
~ maintain calc --step refs
profile list
~ seed --from $T/me
seed --list
~ seed --remove
~ init $T/clone
presets
~ credential calc --token-file $T/secret
~ credential calc --remove --yes
~ sync calc
~ project hook calc
~ issue new calc -t T
issue list calc
issue show calc 1
~ issue comment calc 1 Hello
~ issue close calc 1
~ issue reopen calc 1
pr list calc
pr show calc 2
pr gate calc 2
pr findings calc 2
~ pr reject calc 2 -b No
~ pr approve calc 2
~ pr merge calc 2
events calc
wait calc --event issue.opened
run list calc
run show $RID
~ run pause calc
~ run resume calc
~ run cancel $RID
approvals list
approvals
check list calc 2
runner list
~ runner add one
~ runner set one --slots 2
~ runner pause one
~ runner resume one
~ runner remove one
fetch rules
~ user add ann --password <password
~ user password ann <password
~ user grant calc ann read
user list
~ token new day --user ann
token list
~ user remove ann --purge --yes
~ admin backup $T/one.tar
admin check
audit list
audit verify
audit export
help
~ create $UPSTREAM --name two --no-start
~ destroy two --yes --force --no-wait
ROWS
# What another test has, or what is no list of facts: text of a program, a
# terminal, a stream, git's own output.
cat >"$T/others" <<OTHERS
setup unsetup up down: cli_service.t
config edit: an editor
profile build: cli_profile.t
net: net_log.t
attach shell exec ssh-config dial cp: a terminal, a stream
prove: prove_cmd.t
pr diff: a diff
pr dismiss: gate_findings.t
run logs run watch run wait run start run inspect run report run replay run compare: run_record.t run_oneshot.t
approvals show approvals approve approvals deny: approvals.t
check logs: a stream
fetch fetch merge fetch undo fetch held fetch list fetch diff fetch review fetch propose verify fetch policy fetch config: fetch_*.t
model list model key model reload budget show budget set budget freeze budget thaw: gateway_cli.t
token revoke: forge_accounts.t
completion: text for a shell
admin restore: backup.t
OTHERS
coffer help --json | jq -r '.commands[].name' >"$T/names"
tap_is "$(while read -r name; do
	grep -q -e "^~* *$name\( \|\$\)" "$T/rows" || sed 's/:.*//; s/^/ /; s/$/ /' "$T/others" | grep -q " $name " || echo "$name"
done <"$T/names")" '' 'each command is tried, or has its reason'

# What it says of itself, without when it was asked.
state() { sqlite3 "$HOME_DIR/db/coffer.db" 'SELECT max(seq) FROM event; SELECT count(*) FROM token; SELECT count(*) FROM audit; SELECT count(*) FROM hook' && cat "$HOME_DIR/coffer.conf" && ls "$HOME_DIR" "$HOME_DIR/seed" "$T/clone" "$T" 2>/dev/null; }
try() # ARGUMENT...: $T/out, $T/err, RC
{
	case $try_in in
	'') coffer "$@" >"$T/out" 2>"$T/err" </dev/null ;;
	*) coffer "$@" >"$T/out" 2>"$T/err" <"$T/$try_in" ;;
	esac
	RC=$?
}
: >"$T/out"
: >"$T/err"
while read -r row <&5; do
	change=
	case $row in '~ '*) change=1 row=${row#??} ;; esac
	try_in=
	case $row in *' <password') try_in=password row=${row%' <password'} ;; esac
	if [ -n "$change" ]; then
		before=$(state)
		# shellcheck disable=SC2086
		try $row --dry-run
		tap_is "$RC $(state)" "0 $before" "$row --dry-run changes nothing"
		[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
	fi
	# shellcheck disable=SC2086
	try $row --json
	case $row in pr\ gate* | doctor*) [ "$RC" = 3 ] || [ "$RC" = 1 ] && RC=0 ;; esac
	tap_is "$RC $(jq -es 'length > 0' "$T/out" 2>&1)" '0 true' "$row --json"
	[ "$RC" = 0 ] || sed 's/^/# /' "$T/err"
done 5<"$T/rows"
tap_done
