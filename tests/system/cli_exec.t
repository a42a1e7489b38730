#!/bin/sh
# coffer exec and attach: a program and a terminal in a project's sandbox; the
# terminal is filtered, and down leaves nothing behind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 22
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
exec_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap exec_on_exit EXIT
run setup
INST=$(cat "$COFFER_HOME/instance")
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
run up -d --listen 127.0.0.1:0
tap_is "$RC" 0 'up with sandboxes'
tap_is "$(coffer status --json | jq -r '[.services[].state] | join(" ")')" \
    'up up up up up' 'five services'
run create "$UPSTREAM" --network none --wait --timeout 60s
tap_is "$RC" 0 'create'
tap_is "$(coffer status calc --json | jq -r .project.sandbox.state)" running \
    'the sandbox runs'
run status calc
tap_ok 'status says what it is made with' out_has "^  driver *${COFFER_TEST_MADE:-oci$}"

run exec calc -- id -u
tap_is "$RC $(cat "$T/out")" "0 ${COFFER_TEST_UID:-1000}" 'a program and its output'
run exec calc -- sh -c 'echo why >&2; exit 7'
tap_is "$RC $(cat "$T/out")" '7 why' 'its status and its errors'
tap_is "$(printf 'in\n' | coffer exec calc -- cat)" in 'its input, from a pipe'
tap_is "$(coffer exec calc -- wc -c </etc/services)" "$(wc -c </etc/services)" \
    'its input, from a file'
tap_is "$(head -c 5000000 /dev/zero | coffer exec calc -- wc -c)" 5000000 \
    'much of it'
tap_is "$(coffer exec calc -- head -c 5000000 /dev/zero | wc -c)" 5000000 \
    'much output'
{ timeout 30 "$O/bin/coffer" exec calc -- yes; echo $? >"$T/rc"; } |
    head -n 1 >"$T/out"
tap_is "$(cat "$T/out" "$T/rc" | tr '\n' ' ')" 'y 141 ' 'until nobody reads it'
run attach calc
tap_is "$RC" 2 'attach needs a terminal'

# A terminal of script(1), driven through a FIFO.
mkfifo "$T/keys"
TERM=xterm
export TERM
script -qec "$O/bin/coffer attach calc; echo status-\$?; stty -a" /dev/null \
    <"$T/keys" >"$T/screen" 2>&1 &
PIDS="$! $PIDS"
exec 9>"$T/keys"
on_screen() { grep -aq -e "$1" "$T/screen"; }
prompt() { printf '\r' >&9; on_screen '/work\$'; }
tap_ok 'attach shows a shell' wait_for 20 prompt
# shellcheck disable=SC2016
printf 'echo marker-$((40 + 2))\r' >&9
tap_ok 'that obeys' wait_for 10 on_screen marker-42
printf 'printf "\\033]52;c;aGk=\\007\\033]0;x\\007done-%%d" 1\r' >&9
wait_for 10 on_screen done-1
# On a loaded machine the bytes of a key come apart, and are no key.
for _ in 1 2 3; do
	printf '\033[17~' >&9
	wait_for 5 on_screen 'detached from' && break
done
tap_ok 'F6 detaches' on_screen 'detached from'
tap_ok 'with status 0' wait_for 5 on_screen status-0
tap_ok 'the terminal is as before' wait_for 5 on_screen '[^-]icanon'
tap_not 'no clipboard, no title came through' grep -aq "$(printf '\033]')" "$T/screen"
exec 9>&-

run destroy calc --yes
tap_is "$RC" 0 'destroy'
run down
tap_is "$RC" 0 'down'
left() {
	find /run/netns -name "coffer-$INST-*" 2>/dev/null
	grep -F "$T" /proc/mounts
	losetup -a | grep -F "$T"
	iptables-save 2>/dev/null | grep "COFFER-$INST"
	pgrep -f -- "--home $COFFER_HOME"
}
tap_is "$(left)" '' 'nothing is left'
tap_done
