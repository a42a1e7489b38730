#!/bin/sh
# The shortest way through every program: set up, start, mirror, an order in an
# issue, an answer from a sandbox, stop; nothing is left on the host.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 12

COFFER_HOME=$T/home
export COFFER_HOME
coffer() { "$O/bin/coffer" "$@"; }
down() { "$O/bin/coffer" down >"$T/down.log" 2>&1; }
smoke_on_exit() {
	down
	lib_on_exit
}
trap smoke_on_exit EXIT

# A careful shell must not close what the sandboxes have to reach.
umask 077
tap_ok 'coffer setup' coffer setup
INST=$(cat "$COFFER_HOME/instance")
sed -i 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1")->sockport')
tap_ok 'coffer up' coffer up -d --listen "127.0.0.1:$port"
umask 022

cat >"$COFFER_HOME/agents/echo" <<'A'
#!/bin/sh
echo "I am uid $(id -u); the tree has $(cat a.txt)"
touch a.txt 2>/dev/null && echo 'I could write'
grep CapEff /proc/self/status
echo "I read: $(cat a.txt)" >"$COFFER_OUT"
A
chmod 755 "$COFFER_HOME/agents/echo"
tap_ok 'coffer create' coffer create "$UPSTREAM" --network none --wait -- /opt/coffer/agents/echo
tap_ok 'an issue with an order' coffer issue new calc -t 'Read it' -b /plan
has_run() { coffer run list calc --json | jq -e 'length > 0'; }
tap_ok 'a run is made' wait_for 30 has_run
ID=$(coffer run list calc --json | jq -r '.[0].id')
tap_ok 'it ends' coffer run wait "$ID" --timeout 60s
tap_is "$(coffer run show "$ID" --json | jq -r .state)" 'done' 'it is done'
coffer run logs "$ID" >"$T/run.log" 2>&1
tap_ok 'its log is here' grep -q 'I am uid 1000; the tree has one' "$T/run.log"
tap_not 'a read run cannot write its tree' grep -q 'I could write' "$T/run.log"
tap_ok 'it has no capability' grep -q 'CapEff:.0000000000000000' "$T/run.log"
coffer issue show calc 1 >"$T/issue" 2>&1
tap_ok 'its answer is a comment' grep -q 'I read: one' "$T/issue"
[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$COFFER_HOME"/log/*.log | sed 's/^/# /'

nothing_left() {
	down || return 1
	! ip netns list | grep "coffer-$INST" &&
	    ! ip -o link | grep "cf$INST" &&
	    ! grep "$T" /proc/self/mounts &&
	    ! losetup -a | grep "$T" &&
	    ! iptables-save | grep "COFFER-$INST" &&
	    ! pgrep -af -- "--home $COFFER_HOME|coffer-shim $COFFER_HOME"
}
tap_ok 'coffer down leaves nothing behind' nothing_left
tap_done
