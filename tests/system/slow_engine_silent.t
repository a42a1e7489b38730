#!/bin/sh
# An engine whose socket takes a connection and never answers: agentd does not
# begin, and who waits for it is told why in time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 3
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
silent_on_exit() {
	coffer down >/dev/null 2>&1
	lib_on_exit
}
trap silent_on_exit EXIT
run setup
start "$T/silent.log" perl -MIO::Socket::UNIX -e '
	my $l = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 8) or die;
	my @kept; while (my $c = $l->accept) { push @kept, $c }' "$T/silent.sock"
wait_for 5 test -S "$T/silent.sock"
sed -i -e "s|^\[agentd\]|[agentd]\ndriver = engine\nengine_socket = $T/silent.sock|" "$COFFER_HOME/coffer.conf"
FROM=$(date +%s)
run up -d --listen 127.0.0.1:0
TOOK=$(($(date +%s) - FROM))
tap_not 'up fails' test "$RC" = 0
tap_ok "in time ($TOOK s)" test "$TOOK" -lt 60
sed 's/^/# /' "$T/err"
tap_ok 'and says why' grep -rqi 'engine.*\(silent.sock\|did not answer\|timed out\|Timeout\)' "$T/err" "$COFFER_HOME/log"
tap_done
