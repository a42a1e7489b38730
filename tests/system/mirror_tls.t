#!/bin/sh
# Upstreams by https: whose certificate is taken, and how little a poll costs.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mirror_lib.sh"

C=$T/ca
mkdir "$C"
# cert NAME SUBJECTALTNAME DAYS SIGNER: a certificate; SIGNER "" is itself.
cert()
{
	openssl req -newkey rsa:2048 -nodes -keyout "$C/$1.key" -subj "/CN=$1" -out "$C/$1.csr" 2>/dev/null
	printf 'subjectAltName=%s\nbasicConstraints=CA:%s\n' "$2" "${5:-FALSE}" >"$C/$1.ext"
	if [ -z "$4" ]; then
		openssl x509 -req -in "$C/$1.csr" -signkey "$C/$1.key" -days "$3" -extfile "$C/$1.ext" -out "$C/$1.pem" 2>/dev/null
	else
		openssl x509 -req -in "$C/$1.csr" -CA "$C/$4.pem" -CAkey "$C/$4.key" -CAcreateserial -days "$3" -extfile "$C/$1.ext" -out "$C/$1.pem" 2>/dev/null
	fi
}
cert authority DNS:authority 30 '' TRUE
cert good IP:127.0.0.1 30 authority
cert elsewhere DNS:example.org 30 authority
cert late IP:127.0.0.1 -1 authority
cert own IP:127.0.0.1 30 ''
chmod 644 "$C/authority.pem"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
upstream_stall = 10s
upstream_ca = $C/authority.pem
$(lib_router_ids)
CONF
chmod 755 "$C"
start_cofferd
start_upstream
tap_plan 20

# door CERT: https in front of the upstream; DOOR is its address.
door()
{
	[ -z "$DOOR_PID" ] || stop_pid "$DOOR_PID"
	rm -f "$UPDIR/tls.port"
	start "$T/door.log" perl "$SYSTEM_DIR/upstream.pl" --tls "$UPDIR" "$UPPORT" "$C/$1.pem" "$C/$1.key"
	DOOR_PID=$PID
	wait_for 5 test -s "$UPDIR/tls.port" || tap_bail "door: $(cat "$T/door.log")"
	DOOR=https://127.0.0.1:$(cat "$UPDIR/tls.port")/calc.git
}

for x in 'elsewhere: another name' 'late: one that has ended' 'own: one that nobody signed'; do
	door "${x%%:*}"
	: >"$UPDIR/log"
	project_of "$DOOR" "${x%%:*}"
	api PUT "/api/coffer/v1/projects/$PROJECT/upstream-token" '{"token":"s3cr3t-tls"}'
	sync
	look
	tap_is "$(state)" failed/tls "${x#*: } is refused"
	tap_like "$(field .mirror.last_error)" '*upstream_ca*' 'and it is said what to do'
	tap_not 'nothing was asked of it' grep -Eq "^(info|ls|fetch) " "$UPDIR/log"
	api DELETE "/api/coffer/v1/projects/$PROJECT"
done
tap_not 'the token is in no log' grep -q s3cr3t-tls "$T/cofferd.log"

door good
project_of "$DOOR" good
sync
look
tap_is "$(state)" ok 'one of the authority that the configuration names'
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'with its branch'

# Polls go on one connection; git fetch makes one each.
doors() { wc -l <"$UPDIR/tls.log"; }
before=$(doors)
: >"$UPDIR/log"
i=0
while [ $i -lt 20 ]; do
	sync
	i=$((i + 1))
done
tap_is "$(asked ls)" 20 'twenty polls are twenty requests'
tap_ok 'on one or two TLS connections' [ $(($(doors) - before)) -le 2 ]
up_commit more
sync
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'and it follows'

# Cut off in the middle of a kept connection: a new one is made.
stop_pid "$DOOR_PID"
sed -n 's/^connection //p' "$UPDIR/tls.log" | while read -r p; do kill "$p" 2>/dev/null; done
port=$(cat "$UPDIR/tls.port")
sync
look
tap_is "$(state)" failed/gone 'the door is closed'
DOOR_PID=
door good
tap_ok 'another address' [ "$port" != "$(cat "$UPDIR/tls.port")" ]

# Without the authority it is refused again, and git's fetch refuses, too.
stop_cofferd
coffer_conf <<CONF
upstream_stall = 5s
$(lib_router_ids)
CONF
start_cofferd
project_of "$DOOR" stranger
sync
look
tap_is "$(state)" failed/tls 'without that authority it is refused'
tap_is "$(rev refs/heads/main)" none 'and nothing came'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
