#!/bin/sh
# coffer attach and shell in a real terminal emulator (tmux): sizes, F6, several
# viewers, a client that is lost, a sandbox that is paused or gone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/attach_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
TM="tmux -L coffer-test-$$ -f $T/tmux.conf"
printf '%s\n' 'set -g default-terminal screen-256color' 'set -g escape-time 20' \
    'set -g status off' 'set -g remain-on-exit on' 'set -g default-shell /bin/sh' \
    >"$T/tmux.conf"
attach_end() { $TM kill-server 2>/dev/null; }

tap_plan 28
attach_up calc
TERM=screen-256color
LANG=C.UTF-8
unset TMUX
export TERM LANG
# term NAME COLS ROWS COMMAND: a window of its own.
term() { $TM new-session -d -s "$1" -x "$2" -y "$3" "$4; echo status-\$?"; }
screen() { $TM capture-pane -p -t "$1" 2>/dev/null; }
on_screen() { screen "$1" | grep -q -e "$2"; }
type_in() { $TM send-keys -t "$1" -l "$2" && $TM send-keys -t "$1" Enter; }
key() { $TM send-keys -t "$1" "$2"; }
prompt() { type_in "$1" '' && on_screen "$1" ':/work\$'; }
C="$O/bin/coffer"

term one 100 30 "$C attach calc"
tap_ok 'attach shows a shell' wait_for 30 prompt one
# shellcheck disable=SC2016
type_in one 'echo marker-$((40 + 2))'
tap_ok 'that obeys' wait_for 10 on_screen one marker-42
# shellcheck disable=SC2016
type_in one 'echo size-$(stty size)-'
tap_ok 'of this size' wait_for 10 on_screen one 'size-2[0-9] 100-'
$TM resize-window -t one -x 120 -y 40
resized() { type_in one "echo now-\$(stty size)-"; on_screen one 'now-3[0-9] 120-'; }
tap_ok 'and of another' wait_for 10 resized
# shellcheck disable=SC2016
type_in one 'echo $USER $SHELL $PWD; cat /proc/self/cgroup | head -1 | cut -c1-1'
tap_ok 'as its user' wait_for 10 on_screen one 'agent /bin/bash /work'

term two 120 40 "$C attach calc"
tap_ok 'a second viewer sees the same' wait_for 20 on_screen two marker-42
type_in two 'echo from-the-second'
tap_ok 'and the first sees him type' wait_for 10 on_screen one '^from-the-second'
key two F6
tap_ok 'F6 detaches one' wait_for 10 on_screen two 'detached from admin/calc'
tap_ok 'with status 0' wait_for 5 on_screen two status-0
term plain 100 30 "$C attach --plain calc"
tap_ok 'without ssh it is the same' wait_for 20 on_screen plain from-the-second
key plain F6
tap_ok 'and F6 ends it' wait_for 10 on_screen plain status-0
type_in one 'echo still-here-1'
tap_ok 'and not the other' wait_for 10 on_screen one '^still-here-1'

term sh 90 25 "$C shell calc"
tap_ok 'shell is a terminal beside it' wait_for 20 on_screen sh 'agent@sandbox'
type_in sh 'cd /work; touch by-shell; tty; stty size'
tap_ok 'of its own size' wait_for 10 on_screen sh '25 90'
type_in one 'ls'
tap_ok 'in the same sandbox' wait_for 10 on_screen one by-shell
tap_not 'the byobu does not show it' on_screen one '25 90'
type_in sh 'exit 5'
tap_ok 'with the status of its shell' wait_for 10 on_screen sh status-5

# What the terminal may be told.
# shellcheck disable=SC2016
term evil2 90 25 "script -qfc '$C shell calc' $T/typescript"
wait_for 20 on_screen evil2 'agent@sandbox'
type_in evil2 'printf "\033]52;c;aGk=\007\033]0;title\007\033P+q544e\033\\\\\033[c\033[6n"; echo over-$((1 + 1))'
tap_ok 'hostile output' wait_for 10 on_screen evil2 over-2
tap_not 'is filtered' grep -aqP '\x1b\]|\x1bP|\x1b\[c|\x1b\[6n' "$T/typescript"

# A client that is lost.
type_in one 'i=0; while [ $i -lt 600 ]; do i=$((i + 1)); echo $i >/work/count; sleep 0.1; done'
wait_for 10 coffer exec calc -- test -s /work/count
CLIENT=$(pgrep -f "^$C attach calc" | head -1)
[ -z "$CLIENT" ] || kill -9 "$CLIENT"
tap_ok 'the client is killed' wait_for 10 on_screen one status-137
N=$(coffer exec calc -- cat /work/count)
N=${N:-0}
more() { [ "$(coffer exec calc -- cat /work/count)" -gt "$((N + 3))" ]; }
tap_ok 'its program goes on' wait_for 10 more
term back 100 30 "$C attach calc"
tap_ok 'and is there when he comes back' wait_for 20 on_screen back still-here-1
clients() { coffer exec calc -- sh -c 'tmux list-clients 2>/dev/null | wc -l'; }
one_client() { [ "$(clients)" = 1 ]; }
tap_ok 'without the one that was lost' wait_for 15 one_client
key back C-c

# The connection is cut: agentd ends and comes back.
AGENTD=$(pgrep -f "coffer-agentd --home $COFFER_HOME" | head -1)
kill -9 "$AGENTD"
tap_ok 'a cut connection is told' wait_for 15 on_screen back 'come back with'
tap_ok 'with the command that helps' on_screen back 'coffer attach admin/calc'
again() { term "again$1" 100 30 "$C attach calc"; wait_for 8 on_screen "again$1" still-here-1; }
for i in 1 2 3 4; do again "$i" && break; done
tap_ok 'bring back the screen' on_screen "again$i" still-here-1

# It ends with the sandbox.
run stop calc
tap_ok 'a sandbox that stops ends it' wait_for 20 on_screen "again$i" status-
attach_end
run destroy calc --yes --force
run down
tap_is "$(attach_left)" '' 'nothing is left'
tap_done
