#!/bin/sh
# `coffer net`: what a sandbox asked for, how often, by what program, and the
# one command that would allow it, which then does.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start calc
# row FILTER: one value of the rows for which it holds
row() { coffer net calc --json | jq -r "[.[] | select($1)] | last | $2"; }
row_is() { [ "$(row "$1" "$2")" = "$3" ]; }
soon() { [ "$(dial calc "$1" "$2")" = "$3" ]; }

tap_is "$(name_of calc ok.test)" none 'a name that no rule allows'
tap_ok 'is there' wait_for 10 row_is '.name == "ok.test"' .verdict name-unlisted
tap_is "$(row '.name == "ok.test"' .to_allow)" "coffer net admin/calc allow 'ok.test'" \
    'with the command that would allow it'
tap_like "$(row '.name == "ok.test"' .reason)" '*no rule allows*' 'and the reason'
tap_is "$(row '.name == "ok.test"' .allowed)" false 'as blocked'
tap_is "$(dial calc 203.0.113.6 8080)" refused 'an address without a name'
tap_ok 'is there' wait_for 10 row_is '.address == "203.0.113.6"' '.verdict + " " + (.port | tostring)' 'denied-pin 8080'
tap_is "$(row '.address == "203.0.113.6"' .to_allow)" null 'and no command would allow it'
run net calc
tap_ok 'people read a table' out_has 'blocked *ok.test'
tap_ok 'with the command' out_has "coffer net admin/calc allow 'ok.test'"

# It is counted, and once only.
n=$(row '.name == "ok.test"' .count)
inside calc 'getent ahostsv4 ok.test; getent ahostsv4 ok.test' >/dev/null
counted() { [ "$(row '.name == "ok.test"' .count)" -gt "$n" ]; }
tap_ok 'more of the same is counted' wait_for 10 counted
sleep_until_quiet() { m=$(row '.name == "ok.test"' .count); sleep 1; [ "$(row '.name == "ok.test"' .count)" = "$m" ]; }
wait_for 10 sleep_until_quiet
n=$(row '.name == "ok.test"' .count)
first=$(row '.name == "ok.test"' .first)
pid_of() { coffer status --json | jq -r --arg n "$1" '.services[] | select(.name == $n) | .pid'; }
AGENTD=$(pid_of agentd)
kill -9 "$AGENTD"
is_new() { [ "$(pid_of agentd)" != "$AGENTD" ] && coffer status --json | jq -e '.services[] | select(.name == "agentd") | .state == "up"'; }
tap_ok 'agentd starts again' wait_for 20 is_new
goes_on() { inside calc 'getent ahostsv4 fresh.test' >/dev/null; row_is '.name == "fresh.test"' .verdict name-unlisted; }
tap_ok 'and goes on' wait_for 10 goes_on
tap_is "$(row '.name == "ok.test"' .count)" "$n" 'what was told twice is counted once'
kill -9 "$(pid_of router)"
router_is_back() { inside calc 'getent ahostsv4 ok.test' >/dev/null; counted; }
tap_ok 'a router that begins anew counts on top' wait_for 20 router_is_back
tap_is "$(row '.name == "ok.test"' .first)" "$first" 'since the first'

# Who: a socket that is still open when it is looked for.
coffer exec calc -- perl -MIO::Socket::INET -e '$0 = "the-agent";
	my $s = IO::Socket::INET->new(PeerAddr => "203.0.113.5", PeerPort => 8080, Proto => "udp");
	for (1 .. 60) { $s->send("x"); sleep 1 }' >/dev/null 2>&1 &
WHO=$!
tap_ok 'the program is named' wait_for 10 row_is '.proto == "udp" and .port == 8080' '.process | startswith("the-agent")' true
tap_is "$(row '.proto == "udp" and .port == 8080' .to_allow)" 'coffer net admin/calc mode open' 'UDP needs mode open'
stop_pid "$WHO"

# And one that is connected to where the name that it asked for led.
stays() { inside calc 'exec 3<>/dev/tcp/ok.test/22; for i in $(seq 30); do getent ahostsv4 ok.test; sleep 1; done' >/dev/null & }
coffer net calc allow ok.test --port 22 >/dev/null
wait_for 10 soon ok.test 22 connected
stays
tap_ok 'the program of a name that is let is named' wait_for 10 row_is '.name == "ok.test" and .verdict == "answered"' '.process | startswith("bash")' true
coffer net calc forget ok.test >/dev/null

# The command does what it says.
coffer net calc --blocked --watch --json >"$T/watch" 2>/dev/null &
WATCH=$!
coffer net calc allow other.test --port 25 >/dev/null
denied() { dial calc other.test 22 >/dev/null; row_is '.name == "other.test" and .port == 22' .verdict denied-pin; }
tap_ok 'a port that no rule has is named' wait_for 10 denied
cmd=$(row '.name == "other.test" and .port == 22' .to_allow)
tap_is "$cmd" "coffer net admin/calc allow 'other.test' --port 22" 'with its command'
eval "$cmd" >/dev/null
tap_ok 'which allows it' wait_for 10 soon other.test 22 connected
tap_ok 'and is seen as allowed' wait_for 10 row_is '.name == "other.test" and .allowed' .verdict answered
coffer net calc deny bad.test >/dev/null
denied() { name_of calc bad.test >/dev/null; row_is '.name == "bad.test"' .verdict name-denied; }
tap_ok 'a denied name' wait_for 10 denied
tap_is "$(row '.verdict == "name-denied"' .to_allow)" "coffer net admin/calc forget 'bad.test'" 'is forgotten to allow it'
tap_ok 'watch saw what was blocked' wait_for 10 grep -q '"name":"bad.test"' "$T/watch"
tap_not 'and nothing from before' grep -q fresh.test "$T/watch"
tap_is "$(jq -s 'map(select(.allowed)) | length' "$T/watch")" 0 'nor what was allowed'
kill "$WATCH" 2>/dev/null
wait "$WATCH" 2>/dev/null
run net calc --allowed --json
tap_is "$(jq 'map(select(.allowed | not)) | length' "$T/out")" 0 '--allowed'
run net calc --blocked --limit 1 --json
tap_is "$(jq length "$T/out")" 1 '--limit'

# Through the proxy: by the name in the request, with a budget for what leaves.
# web HOST BYTES: a request to ok.test for this host; the first line back
web() {
	inside calc "exec 3<>/dev/tcp/ok.test/80; { printf 'POST / HTTP/1.1\\r\\nHost: $1\\r\\nContent-Length: $2\\r\\n\\r\\n'; head -c $2 /dev/zero | tr '\\0' x; } >&3; timeout 5 head -n 1 <&3" | tr -d '\r'
}
coffer net calc allow ok.test >/dev/null
tap_ok 'port 80 of an allowed name' wait_for 10 soon ok.test 80 connected
tap_is "$(web ok.test 10)" 'POST / HTTP/1.1' 'the other end answers'
tap_ok 'it passed' wait_for 10 row_is '.verdict == "passed"' '.name + " " + (.up > 50 | tostring)' 'ok.test true'
tap_like "$(web evil.test 10)" 'HTTP/1.1 403*' "another name's request is refused"
tap_ok 'with its name' wait_for 10 row_is '.verdict == "denied-unlisted"' '.name' evil.test
tap_is "$(row '.verdict == "denied-unlisted"' .to_allow)" "coffer net admin/calc allow 'evil.test'" 'and its command'
coffer net calc upload-max 4k >/dev/null
spent() { web ok.test 9000 >/dev/null; row_is '.verdict == "denied-upload"' .name ok.test; }
tap_ok 'the upload budget ends' wait_for 15 spent
tap_is "$(row '.verdict == "denied-upload"' .to_allow)" 'coffer net admin/calc upload-max 0' 'with its command'
coffer net calc upload-max 0 >/dev/null
again() { [ "$(web ok.test 10)" = 'POST / HTTP/1.1' ]; }
tap_ok 'which lets it' wait_for 10 again

# Nobody but agentd writes it, and only who may read the project reads it.
TOKEN=$(cat "$HOME_DIR/secrets/runner.token") api PUT /api/coffer/v1/sandboxes/network '{"rows":[]}'
tap_is "$STATUS" 403 'the runner does not write it'
TOKEN=$(cat "$HOME_DIR/secrets/agentd.token") api PUT /api/coffer/v1/sandboxes/network '{"rows":[{"id":999,"verdict":"x","count":1}]}'
tap_is "$STATUS" 204 'a row of no project is nothing'
TOKEN=$(cat "$HOME_DIR/secrets/agentd.token") api PUT /api/coffer/v1/sandboxes/network '{"rows":[{"id":1,"verdict":"a word that is longer than any","count":1}]}'
tap_is "$STATUS" 422 'one that is too long is refused'

# What a program calls itself, as if agentd had not made it plain (test_netproc): no row more, no column, no terminal.
put() { TOKEN=$(cat "$HOME_DIR/secrets/agentd.token") api PUT /api/coffer/v1/sandboxes/network "{\"rows\":[{\"id\":1,\"verdict\":\"denied-mode\",\"address\":\"203.0.113.5\",\"proto\":\"udp\",\"port\":$1,\"count\":1,\"process\":\"$2\"}]}"; }
put 8081 'a\n\"},{\"count\":9' && put 8082 'b\u001b[2J\u001b]0;t\u0007\r' && put 8083 '\u202ec\u0080\u009b2J'
tap_is "$STATUS" 204 "a program's name: it is taken"
run net calc --json
tap_ok "a program's name: valid JSON" jq -e . "$T/out"
tap_is "$(jq '[.[] | select(.port >= 8081 and .port <= 8083)] | length' "$T/out")" 3 "a program's name: a row for each"
run net calc
tap_is "$(tr -d '\n' <"$T/out" | LC_ALL=C.UTF-8 grep -c '[[:cntrl:]]')" 0 "a program's name: nothing for a terminal in the table"
tap_is "$(grep -c ':808[1-3] udp' "$T/out")" 3 "a program's name: a line for each"
tap_done
