#!/bin/sh
# coffer config: get, set, list, edit, check; what a program does not take is
# refused with its line, and the file is as it was.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

unset COFFER_TOKEN
COFFER_HOME=$T/home
CONF=$COFFER_HOME/coffer.conf
run config list
tap_is "$RC" 4 'no home'
tap_ok 'names setup' err_has 'coffer --home .* setup'
run setup
cp "$CONF" "$T/new"
run config list
tap_is "$RC $(cat "$T/out")" '0 ' 'a new one sets nothing'
run config get server.rate
tap_is "$RC" 4 'what is not set is not found'
run config set server.rate 500
tap_is "$RC" 0 'set'
tap_is "$(grep -A1 '^#rate = ' "$CONF" | tail -n 1)" 'rate = 500' 'below its remark'
run config get server.rate
tap_is "$RC $(cat "$T/out")" '0 500' 'and got'
run config set server.rate 501
tap_is "$(grep -c '^rate' "$CONF")" 1 'set again, in its line'
run config set agentd.max_runs 2
run config set runner.name '  a b  '
run config list
tap_is "$(cat "$T/out")" 'server.rate = 501
agentd.max_runs = 2
runner.name = a b' 'listed'
run config list --json
tap_is "$(jq -c . "$T/out")" '{"server.rate":"501","agentd.max_runs":"2","runner.name":"a b"}' 'as JSON'
run config get agentd.max_runs --json
tap_is "$(jq -r '."agentd.max_runs"' "$T/out")" 2 'one as JSON'
printf 'min_free\ngit_workers\npack_cache\nrate\n' >"$T/keys"
cp "$CONF" "$T/alone"
while read -r key; do
	start "$T/at_once.log" "$O/bin/coffer" config set "server.$key" 7
done <"$T/keys"
for pid in $PIDS; do wait "$pid"; done
PIDS=
tap_is "$(grep -c '^[a-z_]* = 7$' "$CONF")" 4 'of four at once none undoes another'

# Somebody else holds HOME's lock.
exec 9<"$COFFER_HOME"
flock -x 9
start "$T/waits.log" sh -c "exec 9<&-; exec '$O/bin/coffer' config set server.rate 8"
waits=$PIDS
says() { grep -q "coffer: .*another coffer config" "$T/waits.log"; }
tap_ok 'who waits for another is told so' wait_for 20 says
run config get server.rate
tap_is "$(cat "$T/out")" 7 'and changes nothing meanwhile'
exec 9<&-
wait "$waits"
PIDS=
run config get server.rate
tap_is "$(cat "$T/out")" 8 'then it is set'
cp "$CONF" "$T/unheld"
exec 9<"$COFFER_HOME"
flock -x 9
run config set server.rate 6
tap_is "$RC" 1 'nobody waits for ever'
tap_ok 'and who gave up is told why' err_has 'somebody else .* lock'
tap_ok 'nothing is changed then' cmp -s "$CONF" "$T/unheld"
exec 9<&-
cp "$T/alone" "$CONF"

cat >"$T/editor" <<ED
#!/bin/sh
"$O/bin/coffer" --home "$COFFER_HOME" config set server.rate 9
echo '# mine' >>"\$1"
ED
chmod +x "$T/editor"
EDITOR=$T/editor run config edit
tap_is "$RC $(grep -c 'rate = 9' "$CONF") $(grep -c mine "$CONF")" '1 1 0' 'an edit does not undo what was set meanwhile'
rm -rf "$(grep -o '/tmp/coffer-edit[^/]*' "$T/err" | head -n 1)"
cp "$T/alone" "$CONF"
run config check
tap_is "$RC" 0 'every program takes its part'

cp "$CONF" "$T/before"
same() { cmp -s "$CONF" "$T/before"; }
for bad in 'server.rate much' 'server.ratte 1' 'agentd.max_runs 0' 'router.range 8.8.8.0/24' 'gateway.frob 1' 'runner.frob x' 'runner.driver x' 'agentd.driver x'; do
	# shellcheck disable=SC2086
	run config set $bad
	tap_is "$RC" 1 "refused: $bad"
	tap_ok 'and the file is as it was' same
done
run config set server.ratte 1
tap_ok 'the line is told, without a folder that nobody knows' err_has ': coffer.conf:[0-9]*: unknown key ratte'
for bad in 'rate 5' 'nowhere.rate 5' 'server.Rate 5' 'server. 5' 'server.rate' 'server.rate 5 --default'; do
	# shellcheck disable=SC2086
	run config set $bad
	tap_is "$RC" 2 "bad usage: $bad"
done
run config set server.rate '5
[agentd]'
tap_is "$RC" 2 'a value of two lines'
run config set server.rate 7 --dry-run
tap_is "$RC" 0 '--dry-run'
tap_ok 'changes nothing' same
run config set server.rate much --dry-run
tap_is "$RC" 1 '--dry-run says that it would be refused'

EDITOR="sed -i s/501/502/" run config edit
tap_is "$RC $(coffer config get server.rate)" '0 502' 'edit'
cp "$CONF" "$T/before"
EDITOR="sed -i s/^rate/rat/" run config edit
tap_is "$RC" 1 'an edit that is wrong'
tap_ok 'is not taken' same
KEPT=$(sed -n 's/.*your text is in //p' "$T/err")
tap_ok 'the text is kept' grep -q '^rat = 502' "$KEPT"
rm -rf "${KEPT%/*}"
EDITOR=false run config edit
tap_is "$RC" 1 'an editor that fails'
rm -rf "$(dirname "$(sed -n 's/.*your text is in //p' "$T/err")")"
EDITOR=true run config edit
tap_ok 'one that changes nothing' err_has 'nothing was changed'
for k in server.rate agentd.max_runs runner.name; do
	run config set $k --default
done
tap_ok 'all defaults again: the file is what setup made' cmp "$CONF" "$T/new"
rm "$CONF"
printf 'x' >"$CONF"
run config check
tap_is "$RC" 1 'a file that is none'
tap_is "$(find /tmp -maxdepth 1 -name 'coffer-conf.*' -newer "$T/new" | wc -l)" 0 'no folder is left in /tmp'
tap_done
