#!/bin/sh
# coffer attach while the sandbox is paused: a short pause is none, a long one
# ends it with a word, and nothing is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/attach_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
TM="tmux -L coffer-test-$$ -f /dev/null"
attach_end() { $TM kill-server 2>/dev/null; }
tap_plan 9
attach_up calc
TERM=screen-256color
unset TMUX
export TERM
on_screen() { $TM capture-pane -p -t "$AT" 2>/dev/null | grep -q -e "$1"; }
type_in() { $TM send-keys -t "$AT" -l "$1" && $TM send-keys -t "$AT" Enter; }
prompt() { type_in '' && on_screen ':/work\$'; }
start_at() { # NAME
	AT=$1
	$TM new-session -d -s "$AT" -x 100 -y 30 \
	    "$O/bin/coffer attach calc; echo status-\$?; sleep 100"
}
start_at one
tap_ok 'attach' wait_for 30 prompt
run pause calc
type_in 'echo typed-$((40 + 2))'
sleep 20
run unpause calc
tap_ok 'a short pause is none' wait_for 10 on_screen typed-42
run pause calc
tap_ok 'a long one ends it' wait_for 60 on_screen status-124
tap_ok 'with a word' on_screen 'is it paused'
tap_ok 'and how to come back' on_screen 'coffer attach admin/calc'
run unpause calc
start_at two
tap_ok 'to what was there' wait_for 20 on_screen typed-42
one_client() {
	[ "$(coffer exec calc -- sh -c 'tmux list-clients | wc -l')" = 1 ]
}
tap_ok 'the old one is gone' wait_for 20 one_client
attach_end

# A client may leave at any moment.
coffer ssh-config calc >"$T/config"
i=0
while [ $i -lt 60 ]; do
	timeout -s KILL 0.5 ssh -F "$T/config" coffer-calc 'cat /dev/zero' \
	    </dev/null >/dev/null 2>&1 &
	i=$((i + 1))
	[ $((i % 6)) != 0 ] || wait
done
none_left() {
	coffer exec calc -- sh -c '! ls -d /tmp/.coffer-ssh.*'
}
tap_ok 'a hundred connections leave nothing' wait_for 10 none_left
run destroy calc --yes --force
run down
tap_is "$(attach_left)" '' 'nothing is left'
tap_done
