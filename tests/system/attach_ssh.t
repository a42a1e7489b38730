#!/bin/sh
# coffer dial and ssh-config: the real ssh, scp and sftp in a sandbox, without
# a port; what is forwarded and what is not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/attach_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 56
attach_up calc
CONF=$T/ssh_config
EDIT=$T/ssh_config_editor
KEYS=$XDG_CONFIG_HOME/coffer/ssh/$INST/admin/calc
run ssh-config calc
cp "$T/out" "$CONF"
tap_is "$RC" 0 'ssh-config'
run ssh-config calc --editor --host "edit"
cp "$T/out" "$EDIT"
tap_is "$RC" 0 'ssh-config for an editor'
tap_is "$(stat -c '%a %n' "$KEYS/id_ed25519")" "600 $KEYS/id_ed25519" \
    'a key of its own'
tap_is "$(ssh-keygen -y -f "$KEYS/id_ed25519" | cut -d' ' -f1,2)" \
    "$(cut -d' ' -f1,2 "$KEYS/id_ed25519.pub")" 'that OpenSSH reads'

# An agent and an X display of the user's, which must not come along.
eval "$(ssh-agent -s)" >/dev/null
PIDS="$SSH_AGENT_PID $PIDS"
DISPLAY=:0
export DISPLAY
sshc() { timeout 60 ssh -F "$CONF" coffer-calc "$@" </dev/null; }
ssh_say() { sshc "$@" 2>&1; }
# shellcheck disable=SC2016
tap_is "$(ssh_say 'id -u; pwd')" "$(coffer exec calc -- sh -c 'id -u; echo $HOME')" 'ssh'
sshc 'exit 7' 2>/dev/null
tap_is "$?" 7 'its status'
tap_is "$(sshc 'echo out; echo err >&2' 2>/dev/null)" out \
    'standard error is apart'
tap_is "$(printf in | timeout 60 ssh -F "$CONF" coffer-calc cat)" in 'its input'
tap_is "$(head -c 20000000 /dev/urandom | tee "$T/sent" |
    timeout 100 ssh -F "$CONF" coffer-calc cat | sha256sum)" \
    "$(sha256sum <"$T/sent")" 'much of it, both ways'
# shellcheck disable=SC2016
tap_is "$(ssh_say 'echo $LANG; git --version | cut -c1-3; echo $SSH_AUTH_SOCK$DISPLAY')" \
    "$(printf 'C.UTF-8\ngit\n')" 'its environment: no agent, no display'
tap_like "$(ssh_say -v 'cat /etc/gitconfig')" '*alias*' 'the session it is'
tap_like "$(sshc -tt 'tty; stty size' 2>/dev/null | tr -d '\r' | tr '\n' ' ')" \
    '/dev/pts/*' 'a terminal'

tap_is "$(awk '{ print $1, $2 }' "$KEYS/known_hosts")" 'sandbox ssh-ed25519' \
    'the host key is pinned'
tap_is "$(cut -d' ' -f2,3 "$KEYS/known_hosts")" \
    "$(ssh-keygen -y -f "$COFFER_HOME/sandboxes/1/ssh/host" | cut -d' ' -f1,2)" \
    'it is the one agentd keeps'
tap_is "$(stat -c '%u %a' "$COFFER_HOME/sandboxes/1/ssh" \
    "$COFFER_HOME/sandboxes/1/ssh/host" | tr '\n' ' ')" '0 700 0 600 ' \
    'where only root reads it'
echo 'sandbox ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0dZlmQV8XIMFLkmqO8m0n0zZnUQ0m1e0oVQwQ0m1e0' \
    >"$KEYS/known_hosts"
tap_is "$(sshc 'echo again' 2>/dev/null)" again 'what agentd tells is pinned anew'
cp "$KEYS/known_hosts" "$T/known"
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
printf 'sandbox %s\n' "$(cut -d' ' -f1,2 "$T/other.pub")" >"$T/known.wrong"
tap_not 'another host key is refused' timeout 60 ssh -F "$CONF" \
    -o UserKnownHostsFile="$T/known.wrong" coffer-calc true
sed "s|IdentityFile.*|IdentityFile $T/other|" "$CONF" >"$T/ssh_config_other"
tap_not 'another user key is refused' timeout 60 ssh -F "$T/ssh_config_other" \
    coffer-calc true
tap_not 'no password is asked' timeout 60 ssh -F "$CONF" -o BatchMode=no \
    -o PreferredAuthentications=password,keyboard-interactive coffer-calc true
tap_not 'no other user' timeout 60 ssh -F "$CONF" -l root coffer-calc true

# Files.
printf 'a file\n' >"$T/a.txt"
head -c 3000000 /dev/urandom >"$T/big"
scp_to() { timeout 60 scp -q -F "$CONF" "$@" </dev/null; }
tap_ok 'scp in' scp_to "$T/a.txt" "$T/big" coffer-calc:/work/
tap_ok 'scp out' scp_to coffer-calc:/work/big "$T/big.back"
tap_ok 'the same bytes' cmp "$T/big" "$T/big.back"
tap_is "$(ssh_say 'stat -c "%U %n" /work/a.txt')" 'agent /work/a.txt' 'as its user'
printf 'cd /work\nls\nget a.txt %s\nrename a.txt b.txt\n' "$T/got" |
    timeout 60 sftp -q -b - -F "$CONF" coffer-calc >"$T/sftp.out" 2>&1
tap_is "$? $(cat "$T/got")" '0 a file' 'sftp'

# Nothing listens, inside or outside.
tap_is "$(ssh_say "awk '\$4 == \"0A\"' /proc/net/tcp /proc/net/tcp6 2>/dev/null")" '' \
    'no port in the sandbox'
one_left() { [ "$(ssh_say 'ls -d /tmp/.coffer-ssh.* | wc -l')" = 1 ]; }
tap_ok 'what a connection needs goes with it' wait_for 10 one_left

# Forwarding.  An echo server on the sandbox's loopback.
coffer exec calc -- perl -MIO::Socket::INET -MIO::Socket::UNIX -e '
	my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1:7777",
	    Listen => 5, ReuseAddr => 1) or die;
	my $u = IO::Socket::UNIX->new(Local => "/tmp/x", Listen => 5) or die;
	if (fork) { exit } close STDIN; close STDOUT; close STDERR;
	$l = $u if !fork;
	alarm 300; while (my $c = $l->accept) { print $c "hello\n"; close $c }
' >/dev/null 2>&1
talk() { # CONFIG HOST TARGET
	timeout 20 ssh -F "$1" -o ClearAllForwardings=no -W "$3" "$2" \
	    </dev/null 2>/dev/null
}
tap_is "$(talk "$EDIT" edit 127.0.0.1:7777)" hello 'an editor reaches its loopback'
tap_is "$(talk "$EDIT" edit localhost:7777)" hello 'by name, too'
tap_is "$(talk "$CONF" coffer-calc 127.0.0.1:7777)" '' 'nobody else does'
tap_is "$(talk "$EDIT" edit 10.214.0.1:80)" '' 'an editor reaches nothing beyond'
timeout 30 ssh -F "$EDIT" -N -L "$T/fwd:127.0.0.1:7777" -L "$T/fwd2:/tmp/x" edit \
    </dev/null >"$T/fwd.log" 2>&1 &
FWD=$!
PIDS="$FWD $PIDS"
wait_for 20 test -S "$T/fwd2"
tap_is "$(curl -s --http0.9 -m 5 --unix-socket "$T/fwd" http://x/)" hello \
    'a forwarded port'
tap_is "$(curl -s --http0.9 -m 5 --unix-socket "$T/fwd2" http://x/)" '' \
    'but no socket of it'
tap_is "$(coffer exec calc -- perl -MIO::Socket::UNIX -e \
    'print IO::Socket::UNIX->new(Peer => "/tmp/x")->getline')" hello \
    'which is there'
stop_pid $FWD
not_there() { ! kill -0 "$1"; }
# What editors do: a script on a shell's input, and a SOCKS proxy beside it.
SOCKS=$((20000 + $$ % 10000)) # below the ports that the kernel gives
mkfifo "$T/script"
timeout 60 ssh -F "$EDIT" -T -D "127.0.0.1:$SOCKS" edit bash <"$T/script" \
    >"$T/editor.out" 2>&1 &
EDITOR_PID=$!
PIDS="$EDITOR_PID $PIDS"
exec 9>"$T/script"
echo 'uname -s; echo begun' >&9
tap_ok "an editor's shell" wait_for 20 grep -q begun "$T/editor.out"
tap_is "$(curl -s --http0.9 -m 20 --socks5-hostname "127.0.0.1:$SOCKS" \
    http://127.0.0.1:7777/)" hello 'and its proxy'
tap_is "$(curl -s --http0.9 -m 20 --socks5-hostname "127.0.0.1:$SOCKS" \
    http://10.214.0.1/)" '' 'which leads nowhere else'
exec 9>&-
tap_ok 'and ends with its input' wait_for 10 not_there "$EDITOR_PID"
for f in -R12345:127.0.0.1:1 -R/tmp/x:127.0.0.1:1; do
	tap_not "no way back out: $f" timeout 20 ssh -F "$EDIT" \
	    -o ExitOnForwardFailure=yes "$f" edit true
done
# shellcheck disable=SC2016
tap_is "$(timeout 30 ssh -F "$CONF" -A -X coffer-calc \
    'echo "[$SSH_AUTH_SOCK$DISPLAY]"' 2>/dev/null </dev/null)" '[]' \
    'no agent and no display, even if asked for'
tap_is "$(timeout 30 ssh -F "$CONF" -o SetEnv=LD_PRELOAD=/x coffer-calc \
    'echo "[$LD_PRELOAD]"' 2>/dev/null </dev/null)" '[]' 'no variables'

many() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		timeout 60 ssh -F "$CONF" coffer-calc "echo $i" </dev/null \
		    >"$T/many.$i" 2>&1 &
	done
	for i in 1 2 3 4 5 6 7 8 9 10; do
		wait_for 40 grep -qx "$i" "$T/many.$i" || return 1
	done
}
tap_ok 'ten at once' many

# Clients that are killed while they read.
for i in 1 2 3 4; do
	timeout -s KILL 1 ssh -F "$CONF" coffer-calc 'cat /dev/zero' \
	    </dev/null >/dev/null 2>&1 &
	LAST=$!
done
wait "$LAST"

# Nobody without a ticket.
make_user eve >"$T/eve"
COFFER_TOKEN=$(cat "$T/eve") coffer dial admin/calc </dev/null \
    >"$T/out" 2>"$T/err"
tap_is "$?" 4 'who may not write does not get in'
run dial nowhere
tap_is "$RC" 4 'no such project'
tap_ok 'nothing is left of connections' wait_for 10 sh -c \
    "[ \"\$($O/bin/coffer exec calc -- sh -c 'ls -d /tmp/.coffer-ssh.* 2>/dev/null | wc -l')\" = 0 ]"


# A user of the host who is not root, with a token of his own.
mkdir -p "$T/guest"
chown 65432:65432 "$T/guest"
as_guest() {
	HOME=$T/guest XDG_CONFIG_HOME='' COFFER_TOKEN=$ADMIN setpriv \
	    --reuid=65432 --regid=65432 --clear-groups "$@"
}
as_guest "$O/bin/coffer" cp "$T/a.txt" calc:guest 2>"$T/guest.err"
tap_is "$? $(ssh_say 'cat /work/guest')" '0 a file' 'no root is needed'

HOST=$(cat "$COFFER_HOME/sandboxes/1/ssh/host")
run recreate calc --yes --force
tap_is "$RC $(ssh_say 'echo back')" '0 back' 'a sandbox that was made anew'
tap_is "$(cat "$COFFER_HOME/sandboxes/1/ssh/host")" "$HOST" 'has its host key'
run pause calc
tap_is "$RC" 0 'pause'
timeout 60 ssh -F "$CONF" coffer-calc true </dev/null >"$T/out" 2>&1
tap_is "$?" 255 'one that is paused'
tap_ok 'is told' grep -q 'paused' "$T/out"
run unpause calc
tap_is "$(ssh_say 'echo back')" back 'and is there again'
run stop calc
timeout 60 ssh -F "$CONF" coffer-calc true </dev/null >"$T/out" 2>&1
tap_ok 'one that does not run is told' grep -q 'not running' "$T/out"

run destroy calc --yes --force
tap_not 'its key goes with it' test -e "$COFFER_HOME/sandboxes/1/ssh"
run down
tap_is "$(attach_left)" '' 'nothing is left'
tap_done
