#!/bin/sh
# The web of mode locked: by name, on the address that was answered for it.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
router_setup

WEB=$SYSTEM_DIR/router_web.pl
A=203.0.113.5 # ok.test, alias.test and shared.test
B=203.0.113.6 # evil.test, other.test and *.wild.test
say() { in_ns p7 perl "$WEB" say "$@"; }
dns() { p7 dns 10.214.0.1 "$1" A; }
sink_is() { tap_is "$(cat "$SINK")" "$1" "$2"; : >"$SINK"; }
log_of() { ask "{\"op\":\"log\",\"id\":$1,\"limit\":200}"; }
# passed_is NAME PATTERN: in the entry of what passed to it
passed_is()
{
	case $(log_of 7 | tr '{' '\n' | grep "\"verdict\":\"passed\",\"name\":\"$1\"") in
	*$2*) ;;
	*) return 1 ;;
	esac
}
locked() { ask "{\"op\":\"project.set\",\"id\":7,\"mode\":\"locked\",$1}"; }
soon() { perl -MPOSIX -e 'print strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time + shift))' "$1"; }
proxy_pid() { pgrep -P "$(pgrep -P "$ROUTER_PID" -f @keeper.*@proxy)"; }
[ "${V:-}" != asan ] || SMALL=400000 # KiB
ALERT='\x15\x03\x03\x00\x02\x021'
H='Host: ok.test\r\n'
denied='HTTP/1.1 403 Forbidden*'

locked '"allow":[{"domain":"ok.test"},{"domain":"other.test"},{"domain":"*.wild.test"},{"domain":"shared.test"}]' >/dev/null
dns ok.test >/dev/null
dns shared.test >/dev/null
dns other.test >/dev/null

# TLS
tap_like "$(say $A 443 hello:ok.test read)" '*ok.test*open' 'a listed name on its address passes'
tap_ok 'from the router' wait_for 5 grep -q "tcp $A:443 from 10.99.0.2" "$SINK"
sink_saw "data $A:443"
tap_like "$(say $A 443 hello:OK.TEST. read)" '*OK.TEST*' 'however it is spelt'
tap_like "$(say $A 443 records:ok.test read)" '*\\x16*' 'in many records'
tap_like "$(say $A 443 bits:ok.test read)" '*ok.test*' 'and a byte at a time'
sink_saw "data $A:443"
# Who says nothing, and who stops in the middle, while the others are tried.
start "$T/silent" ip netns exec "coffer-$INST-p7" perl "$WEB" say $A 443 sleep:5.5 read
silent=$PID
start "$T/begun" ip netns exec "coffer-$INST-p7" perl "$WEB" say $A 443 '\x16' sleep:5.5 read
begun=$PID
sleep 0.2
: >"$SINK"
while read -r what how; do
	tap_is "$(say $A 443 "$how" read)" "$(printf '%s\nclosed' "$ALERT")" "refused with an alert: $what"
done <<-ROWS
	name_not_listed hello:evil.test
	suffix hello:notok.test
	prefix hello:ok.test.evil.test
	address_of_another hello:other.test
	no_answer_yet hello:a.wild.test
	no_name none:
	address_for_a_name hello:$A
	nul hello:evil.test\\0.ok.test
	nul_after hello:ok.test\\0.evil.test
	outer_name_of_ech ech:evil.test
	space hello:ok.test\\x20
	not_tls \\x16\\x03\\x01\\x00\\x00
	too_long big:
ROWS
tap_is "$(say $B 443 hello:ok.test read)" "$(printf '%s\nclosed' "$ALERT")" 'a good name on another address'
tap_like "$(say $A 443 ech:ok.test read; : >"$SINK")" '*ok.test*' 'an encrypted hello passes by its outer name'
sleep 0.2
: >"$SINK"

# What is neither TLS nor HTTP.
tap_is "$(say $A 443 '\x00\x01\x02' read)" reset 'other bytes are cut off'
tap_like "$(say $A 80 'SSH-2.0-x\r\n' read)" "$denied" 'SSH'
tap_like "$(say $A 80 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' read)" "$denied" 'HTTP/2 in the clear'

# HTTP: refused before anything goes out
while IFS='|' read -r what text; do
	tap_like "$(say $A 80 "$text" read)" "$denied" "refused: $what"
done <<-ROWS
	a name that is not listed|GET / HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n
	no name|GET / HTTP/1.0\\r\\n\\r\\n
	an address for a name|GET / HTTP/1.1\\r\\nHost: $A\\r\\n\\r\\n
	two names|GET / HTTP/1.1\\r\\n${H}Host: evil.test\\r\\n\\r\\n
	a tunnel|CONNECT evil.test:443 HTTP/1.1\\r\\n$H\\r\\n
	a tunnel to itself|CONNECT ok.test:443 HTTP/1.1\\r\\n$H\\r\\n
	another host in the line|GET http://evil.test/ HTTP/1.1\\r\\n$H\\r\\n
	an upgrade|GET / HTTP/1.1\\r\\n${H}Connection: Upgrade, HTTP2-Settings\\r\\nUpgrade: h2c\\r\\nHTTP2-Settings: AA\\r\\n\\r\\n
	two lengths|POST / HTTP/1.1\\r\\n${H}Content-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n
	a folded line|GET / HTTP/1.1\\r\\nX: y\\r\\n Host: ok.test\\r\\n\\r\\n
	a bare line feed|GET / HTTP/1.1\\nHost: ok.test\\n\\n
ROWS
sleep 0.2
sink_is '' 'nothing of all this arrived'
tap_like "$(say $A 80 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n' read)" \
    '*evil.test: the mode is locked and no rule allows the name*coffer net PROJECT allow evil.test*closed' \
    'a refusal says why, and what would allow it'
tap_like "$(log_of 7)" '*"verdict":"denied-unlisted","name":"evil.test","address":"203.0.113.5","port":443*' \
    'the log has the name'
tap_like "$(log_of 7)" '*"verdict":"denied-mismatch","name":"other.test"*"rule":"other.test"*' 'and the rule'
for v in denied-no-name denied-protocol; do
	tap_like "$(log_of 7)" "*\"verdict\":\"$v\"*" "$v is told"
done

# Told while it lasts, and counted once.
start "$T/lasts" ip netns exec "coffer-$INST-p7" perl "$WEB" say $A 443 hello:shared.test read sleep:2 read
tap_ok 'what begins to pass is told' wait_for 5 passed_is shared.test '"count":1'
tap_is "$(cat "$T/lasts")" '' 'while it lasts'
wait "$PID"
tap_ok 'and once, with its bytes' wait_for 5 passed_is shared.test '"count":1*"up":[1-9]*'
: >"$SINK"

# A WebSocket: a tunnel when the server says so, and only as the first request.
ws="Connection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
out=$(say $A 80 "GET /ws HTTP/1.1\\r\\n$H$ws\\r\\n" read '\x81\x02no http' read sleep:0.2 '\x82\x00' read)
tap_like "$out" '*HTTP/1.1 101*\\x81\\x02no http*\\x82*open' 'a WebSocket passes, both ways'
tap_like "$(say $A 80 "GET /ws HTTP/1.1\\r\\n$H$ws\\r\\n\\x81early" read read)" '*101*\\x81early*open' \
    'what is sent before the answer goes behind it'
: >"$SINK"
out=$(say $A 80 "GET /no HTTP/1.1\\r\\n$H$ws\\r\\nGET /evil HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n" read read)
tap_like "$out" '*/no*403 Forbidden*evil.test*closed' 'a server that says no: what follows is judged'
tap_like "$(say $A 80 "GET /one HTTP/1.1\\r\\n$H\\r\\n" read "GET /ws HTTP/1.1\\r\\n$H$ws\\r\\n" read)" \
    '*/one*403 Forbidden*closed' 'not behind another request'
tap_like "$(say $A 80 "GET /ws HTTP/1.1\\r\\nHost: evil.test\\r\\n$ws\\r\\n" read)" '*403*evil.test*' 'nor to another name'
wait_for 5 grep -q /one "$SINK"
tap_not 'and nothing of it arrived' grep -q evil "$SINK"
: >"$SINK"

# HTTP: what passes, request by request
tap_like "$(say $A 80 "GET /one HTTP/1.1\\r\\n$H\\r\\n" read "GET /two HTTP/1.1\\r\\n$H\\r\\n" read)" \
    '*/one*/two*open' 'two requests on one connection'
tap_ok 'arrive on one' wait_for 5 grep -q 'GET /two' "$SINK"
tap_is "$(grep -c '^tcp' "$SINK")" 1 'connection'
: >"$SINK"
out=$(say $A 80 "GET /one HTTP/1.1\\r\\n$H\\r\\n" read 'GET /two HTTP/1.1\r\nHost: evil.test\r\n\r\n' read)
tap_like "$out" '*/one*403 Forbidden*evil.test*closed' 'the second for another name is refused'
wait_for 5 grep -q /one "$SINK"
tap_not 'and did not arrive' grep -q 'evil' "$SINK"
: >"$SINK"
out=$(say $A 80 "GET /one HTTP/1.1\\r\\n$H\\r\\nGET /two HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n" read)
tap_like "$out" '*/one*403 Forbidden*' 'nor behind the first in one piece'
out=$(say $A 80 "POST /one HTTP/1.1\\r\\n${H}Content-Length: 4\\r\\n\\r\\nbody" \
    "GET /two HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n" read)
tap_like "$out" '*403 Forbidden*' 'nor behind a body'
out=$(say $A 80 "POST /one HTTP/1.1\\r\\n${H}Transfer-Encoding: chunked\\r\\n\\r\\n" \
    '4\r\nbody\r\n' '0\r\n\r\n' "GET /two HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n" read)
tap_like "$out" '*403 Forbidden*' 'nor behind chunks'
tap_ok 'the bodies arrived' wait_for 5 grep -q body "$SINK"
tap_not 'the other name did not' grep -q evil "$SINK"
tap_like "$(say $A 80 "POST / HTTP/1.1\\r\\n${H}Content-Length: 45\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHost: evil.test in a body\\r\\n" read)" \
    '*in a body*open' 'a body may hold anything'
: >"$SINK"
tap_is "$(in_ns p7 perl "$WEB" echo $A 443 shared.test 2000000)" same 'much passes whole, both ways'
tap_like "$(log_of 7)" '*"verdict":"passed","name":"shared.test"*"up":20[0-9][0-9][0-9][0-9][0-9],"down":20*' \
    'what passed is told, with its bytes'
: >"$SINK"

wait "$silent" "$begun"
tap_is "$(cat "$T/silent")" reset 'who says nothing is cut off in five seconds'
tap_is "$(cat "$T/begun")" reset 'and who stops in the middle'

# Live flows.
# hold NAME ADDR PART...
hold()
{
	hold_out=$T/$1
	hold_to=$2
	shift 2
	start "$hold_out" ip netns exec "coffer-$INST-p7" perl "$WEB" say "$hold_to" 443 "$@"
}
dns ok.test >/dev/null
hold one $A hello:ok.test read sleep:1.2 late read
one=$PID
hold two $B hello:other.test read sleep:1.2 late read
two=$PID
wait_for 5 grep -q "data $A:443" "$SINK" && wait_for 5 grep -q "data $B:443" "$SINK" || tap_bail 'no flows'
: >"$SINK"
tap_is "$(locked '"allow":[{"domain":"other.test"}]')" '{"ok":true}' 'ok.test is taken back'
wait "$one" "$two"
tap_like "$(cat "$T/one")" '*reset' 'its flow is reset'
tap_like "$(cat "$T/two")" '*late*open' 'the other goes on'
tap_not 'what was sent after did not arrive' grep -q "data $A:443 late" "$SINK"
tap_is "$(say $A 443 hello:ok.test read)" refused 'and it cannot be made again'

# Two names of one address: the flow of the one that is taken back ends.
locked '"allow":[{"domain":"ok.test"},{"domain":"shared.test"}]' >/dev/null
dns ok.test >/dev/null
dns shared.test >/dev/null
: >"$SINK"
hold one $A hello:ok.test read sleep:1.2 late read
one=$PID
hold two $A hello:shared.test read sleep:1.2 late read
two=$PID
wait_for 5 sh -c "[ \$(grep -c 'data $A:443' '$SINK') -ge 2 ]" || tap_bail 'no flows'
locked '"allow":[{"domain":"shared.test"}]' >/dev/null
wait "$one" "$two"
tap_like "$(tail -n 1 "$T/one")" reset 'one of two names of an address is taken back'
tap_like "$(cat "$T/two")" '*late*open' 'the flow of the other goes on'
tap_is "$(say $A 443 hello:ok.test read)" "$(printf '%s\nclosed' "$ALERT")" 'the name is refused'

# A rule for a time.
locked "\"allow\":[{\"domain\":\"ok.test\",\"until\":\"$(soon 3)\"}]" >/dev/null
dns ok.test >/dev/null
tap_like "$(say $A 443 hello:ok.test read sleep:4 late read)" '*reset' 'a flow ends with its rule'

# A budget.
locked '"allow":[{"domain":"ok.test"},{"domain":"other.test"},{"domain":"*.wild.test"}],"upload_max":200000' >/dev/null
dns ok.test >/dev/null
dns other.test >/dev/null
dns a.wild.test >/dev/null
dns b.wild.test >/dev/null
: >"$SINK"
tap_like "$(say $A 443 hello:ok.test read fill:2000000 read)" '*reset' 'more than the budget is cut off'
tap_ok 'with an alarm' wait_for 5 grep -q 'proxy alarm project=7 upload-used-up name=ok.test' "$T/router.log"
tap_ok 'what arrived is within it' sh -c "[ \$(grep -o x '$SINK' | wc -l) -le 200000 ]"
tap_is "$(say $A 443 hello:ok.test read)" "$(printf '%s\nclosed' "$ALERT")" 'the rest of the day is closed'
tap_like "$(say $A 80 "GET / HTTP/1.1\\r\\n$H\\r\\n" read)" '*403*upload budget*' 'and says why'
tap_like "$(say $B 443 hello:other.test read)" '*other.test*' 'another domain has its own'
tap_like "$(say $B 80 'GET /ws HTTP/1.1\r\nHost: a.wild.test\r\nUpgrade: websocket\r\n\r\n' read)" '*101*open' 'a WebSocket'
tap_like "$(say $B 80 'GET /ws HTTP/1.1\r\nHost: a.wild.test\r\nUpgrade: websocket\r\n\r\n' read fill:200000 read)" \
    '*101*reset' 'has the same budget'
tap_like "$(say $B 443 hello:a.wild.test read fill:2000000 read)" '*reset' 'names of one domain'
tap_is "$(say $B 443 hello:b.wild.test read)" "$(printf '%s\nclosed' "$ALERT")" 'share it'
tap_like "$(log_of 7)" '*"verdict":"denied-upload","name":"ok.test"*' 'the log has it'

# What was sent today outlives the proxy, and the router.
budget='"allow":[{"domain":"ok.test"},{"domain":"other.test"}],"upload_max":200000'
closed=$(printf '%s\nclosed' "$ALERT")
spent() { [ "$(say "$A" 443 hello:ok.test read)" = "$closed" ]; }
tap_ok 'it is written down' wait_for 5 grep -q '^[0-9]* 7 200000 ok.test$' "$HOME_DIR/run/router.uploads"
kill -9 "$(proxy_pid)"
tap_ok 'a new proxy knows the budget' wait_for 10 spent
tap_like "$(say $B 443 hello:other.test read)" '*other.test*' 'and lets the rest'
kill -9 "$ROUTER_PID"
wait "$ROUTER_PID" 2>/dev/null
# A line that was not written whole.
printf '99999 7 10' >>"$HOME_DIR/run/router.uploads"
start_router
locked "$budget" >/dev/null
dns ok.test >/dev/null
dns other.test >/dev/null
tap_ok 'so does a new router' wait_for 10 spent
tap_like "$(say $B 443 hello:other.test read)" '*other.test*' 'and lets the rest'
tap_is "$(stat -c '%a %u' "$HOME_DIR/run/router.uploads")" '600 0' 'the file is the router'"'"'s'

# Nor is it a new day when the project is stopped and started.
ask '{"op":"project.del","id":7}' >/dev/null
locked "$budget" >/dev/null
dns ok.test >/dev/null
tap_ok 'a project that comes back has the same budget' wait_for 10 spent

# Half-open connections of one do not hurt another.
locked '"allow":[{"domain":"ok.test"}]' >/dev/null
ask '{"op":"project.set","id":8,"mode":"locked","allow":[{"domain":"ok.test"}]}' >/dev/null
dns ok.test >/dev/null
p8 dns 10.214.0.1 ok.test A >/dev/null
mkfifo "$T/flood.in"
start "$T/flood" sh -c "ip netns exec coffer-$INST-p7 perl $WEB flood $A 443 20000 <$T/flood.in"
exec 9>"$T/flood.in"
flooded() { awk '{ n += $1 } END { print n + 0 }' "$T/flood"; }
wait_for 30 sh -c "[ \$(wc -l <$T/flood) -ge 23 ]" || tap_bail flood
tap_is "$(flooded)" 20000 'twenty thousand half-open connections'
tap_like "$(in_ns p8 perl "$WEB" say $A 443 hello:ok.test read)" '*ok.test*' 'a flood of one does not stop another'
exec 9>&-
tap_like "$(log_of 7)" '*"verdict":"denied-limit"*' 'and is told'
tap_ok 'the proxy has stayed small' sh -c \
    "[ \$(awk '/^VmRSS/ { print \$2 }' /proc/$(proxy_pid)/status) -lt ${SMALL:-65536} ]"

# The proxy is killed: nothing opens; its successor knows rules and pins.
old=$(proxy_pid)
tap_is "$(sed -n 's/^Cap\(Prm\|Eff\|Bnd\|Amb\):.*0000000000000000$/\1/p' "/proc/$old/status" | tr '\n' ' ')" \
    'Prm Eff Bnd Amb ' 'the proxy has no capability'
tap_is "$(sed -n 's/^Gid:\t\([0-9]*\).*/\1/p; s/^Seccomp:\t//p' "/proc/$old/status" | tr '\n' ' ')" \
    '64103 2 ' 'but its group, and a filter'
sleep 1 # the flood is over
dns ok.test >/dev/null
kill -9 "$old"
tap_like "$(say $A 443 hello:ok.test read read)" '*ok.test*' 'it is started again and lets what it let before'
: >"$SINK"
tap_is "$(say $A 443 hello:evil.test read)" "$(printf '%s\nclosed' "$ALERT")" 'and nothing else'
kill -STOP "$(proxy_pid)"
tap_is "$(say $A 443 hello:ok.test sleep:1)" open 'a proxy that hangs'
tap_like "$(p7 dns 10.214.0.1 ok.test A)" NOERROR* 'stops no name'
sink_is '' 'and opens nothing'
# Nor is a name lost that the proxy cannot be told of yet: it waits.
set --
for i in $(seq 300); do
	set -- "$@" "{\"op\":\"project.set\",\"id\":7,\"mode\":\"locked\",\"allow\":[{\"domain\":\"ok.test\"},{\"domain\":\"n$i.test\"}]}"
done
ask "$@" >/dev/null
start "$T/waits" ip netns exec "coffer-$INST-p7" perl "$NET" dns 10.214.0.1 ok.test A
waits=$PID
sleep 0.5
tap_is "$(cat "$T/waits")" '' 'a name whose pin the proxy cannot hear of waits'
kill -CONT "$(proxy_pid)"
wait "$waits"
tap_like "$(cat "$T/waits")" NOERROR* 'and is answered when it has'
tap_like "$(say $A 443 hello:ok.test read)" '*ok.test*' 'and let'
tap_done
