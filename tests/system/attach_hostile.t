#!/bin/sh
# coffer's ssh against a sandbox that lies, and the host key that is pinned.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

tap_plan 24
start_canned
canned POST /api/coffer/v1/tickets 201 '{"ticket":"0123456789","expires_at":"2030-01-01T00:00:00Z"}'
mkdir -p "$COFFER_HOME/run"
SOCK=$COFFER_HOME/run/agentd.sock
chmod 711 "$T"
mkdir -m 700 "$T/keys"
ssh-keygen -q -t ed25519 -N '' -f "$T/keys/right"
ssh-keygen -q -t ed25519 -N '' -f "$T/keys/other"
RIGHT=$(cut -d' ' -f1,2 "$T/keys/right.pub")
OTHER=$(cut -d' ' -f1,2 "$T/keys/other.pub")
become=
if [ "$(id -u)" -eq 0 ]; then
	chown -R 65434:65434 "$T/keys"
	become='setpriv --reuid=65434 --regid=65434 --clear-groups --'
fi
SSHD="$become $(PATH=$PATH:/usr/sbin command -v sshd) -i -f /dev/null -o UsePAM=no -h $T/keys/right"
export SSHD

# against MODE KEY: cp from that sandbox; RC, $T/err.
against() {
	rm -f "$SOCK"
	start "$T/agentd.log" perl "$SYSTEM_DIR/attach_agentd.pl" "$SOCK" "$1" "$2"
	wait_for 10 test -S "$SOCK"
	# shellcheck disable=SC2086
	timeout 60 $LIMIT "$O/bin/coffer" cp a/b:/work/x "$T/got" \
	    >"$T/out" 2>"$T/err"
	RC=$?
	stop_pid "$PID"
}
# What ASan allocates is no measure.
LIMIT='prlimit --as=1000000000'
case $(nm -D "$O/bin/coffer" 2>/dev/null) in *__asan_init*) LIMIT= ;; esac

against sshd "$OTHER"
tap_is "$RC" 3 'another host key than agentd told is refused'
tap_ok 'with that reason' err_has 'host key is not the one'
against sshd "$RIGHT"
tap_ok 'the one it told is not' err_has 'log in'
tap_is "$RC" 1 'who may not log in does not'
for m in keyless badkey gone junk banner lines length frame; do
	against "$m" "$RIGHT"
	tap_ok "$m: an end" test "$RC" -eq 1 -o "$RC" -eq 3
	tap_ok "$m: a reason" err_has '^coffer: cp a/b:/work/x: .'
done
against error "$RIGHT"
tap_is "$RC" 1 'an error of agentd'
tap_not 'is shown without effect' grep -q "$(printf '\033')" "$T/err"
tap_ok 'as it is' err_has 'why <U+001B>'
tap_not 'nothing was made' test -e "$T/got"
tap_done
