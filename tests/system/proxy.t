#!/bin/sh
# cofferd behind a reverse proxy with TLS: nginx with the file that is shipped
# (compose/nginx/coffer.conf), its name, ports and certificate changed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

NGINX=$(command -v nginx || command -v /usr/sbin/nginx) ||
    tap_bail 'no nginx; ./deps.sh install'
NAME=coffer.example.org

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 30 -subj "/CN=$NAME" -addext "subjectAltName=DNS:$NAME" \
    -keyout "$T/key.pem" -out "$T/cert.pem" 2>"$T/openssl.log" ||
    tap_bail 'openssl'

free_port()
{
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	    LocalAddr => "127.0.0.1")->sockport'
}

# start_nginx: in front of $DIRECT; sets TLS_PORT and PLAIN_PORT.
start_nginx()
{
	TLS_PORT=$(free_port)
	PLAIN_PORT=$(free_port)
	mkdir -p "$T/ng"
	{
		printf 'daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\n' "$T/ng"
		printf 'events { }\nhttp {\naccess_log off;\n'
		for dir in client_body proxy fastcgi uwsgi scgi; do
			echo "${dir}_temp_path $T/ng/$dir;"
		done
		sed -e "s/server 127.0.0.1:3000;/server ${DIRECT#http://};/" \
		    -e "s/listen 80;/listen 127.0.0.1:$PLAIN_PORT;/" \
		    -e "s/listen 443 /listen 127.0.0.1:$TLS_PORT /" \
		    -e "s,/etc/ssl/coffer/fullchain.pem,$T/cert.pem," \
		    -e "s,/etc/ssl/coffer/privkey.pem,$T/key.pem," \
		    "$SYSTEM_DIR/../../compose/nginx/coffer.conf"
		echo '}'
	} >"$T/ng/nginx.conf"
	start "$T/nginx.log" "$NGINX" -p "$T/ng" -c "$T/ng/nginx.conf"
	NGINX_PID=$PID
	wait_for 10 curl -s -o /dev/null "http://127.0.0.1:$PLAIN_PORT/" ||
	    tap_bail "nginx: $(tail -n 3 "$T/nginx.log")"
}

# The curl and the git of a client who knows only the name.
cat >"$T/curlrc" <<-CURL
cacert = $T/cert.pem
CURL
curl() { command curl -K "$T/curlrc" "$@"; }

# from ADDRESS N [ARGUMENT...]: N requests of somebody unknown; how many were
# let through and how many were not.
from()
{
	from_a=$1
	from_n=$2
	shift 2
	command curl -s --cacert "$T/cert.pem" --interface "$from_a" \
	    --connect-to "$NAME::127.0.0.1:" -o /dev/null -w '%{http_code}\n' \
	    "$@" "https://$NAME:$TLS_PORT/api/v1/version?n=[1-$from_n]" >"$T/codes"
}
refused() { grep -c 429 "$T/codes"; }

coffer_home
cp "$HOME_DIR/coffer.conf" "$T/conf"
start_cofferd
DIRECT=$URL
start_nginx
stop_cofferd
{
	cat "$T/conf"
	echo "public_url = https://$NAME:$TLS_PORT"
	echo 'trusted_proxies = 127.0.0.1'
	echo 'rate = 1'
} >"$HOME_DIR/coffer.conf"
start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" \
    --listen "${DIRECT#http://}"
COFFERD_PID=$PID
wait_for 20 test -s "$HOME_DIR/run/cofferd.addr" || tap_bail cofferd
wait_for 20 command curl -fs -o /dev/null "$DIRECT/api/v1/version" ||
    tap_bail cofferd

from 127.0.0.2 40
tap_ok 'who asks too often through the proxy is turned away' \
    test "$(refused)" -ge 1
from 127.0.0.3 5
tap_is "$(refused)" 0 'and nobody else is'
from 127.0.0.2 40 -H 'X-Forwarded-For: 198.51.100.1'
tap_ok 'by what a client writes itself it does not become another' \
    test "$(refused)" -ge 1
command curl -s -o /dev/null -w '%{http_code}\n' --interface 127.0.0.4 \
    -H 'X-Forwarded-For: 127.0.0.2' "$DIRECT/api/v1/version" >"$T/codes"
tap_is "$(cat "$T/codes")" 200 'who is no proxy is not believed'

stop_cofferd
sed -i 's/^rate = 1$/rate = 0/' "$HOME_DIR/coffer.conf"
start "$T/cofferd.log" "$O/bin/cofferd" --home "$HOME_DIR" \
    --listen "${DIRECT#http://}"
COFFERD_PID=$PID
wait_for 20 command curl -fs -o /dev/null "$DIRECT/api/v1/version" ||
    tap_bail cofferd
URL=https://$NAME:$TLS_PORT
printf 'connect-to = "%s::127.0.0.1:"\n' "$NAME" >>"$T/curlrc"

http GET "http://127.0.0.1:$PLAIN_PORT/-/sign-in" -H "Host: $NAME"
tap_is "$STATUS,$(location)" "308,https://$NAME/-/sign-in" 'without TLS a browser is sent to it'
sign_in admin "$ADMIN"
tap_is "$STATUS" 303 'a person signs in'
tap_ok 'the cookie is for TLS alone' grep -qi '^set-cookie: __Host-.*; Secure' "$HEADERS"
page GET /
tap_is "$STATUS" 200 'and is signed in'
ORIGIN=https://evil.example page GET /-/sign-in
ORIGIN=https://evil.example send /-/sign-in login=admin "password=$ADMIN" next=/
tap_not 'a form of another site is refused' test "$STATUS" = 303

git init -q --bare "$T/up.git"
git init -q "$T/w"
git -C "$T/w" commit -q --allow-empty -m one
head -c 3000000 /dev/urandom >"$T/w/large"
git -C "$T/w" add large
git -C "$T/w" commit -q -m large
git -C "$T/w" push -q "$T/up.git" HEAD:refs/heads/main
git -C "$T/up.git" symbolic-ref HEAD refs/heads/main
chmod -R a+rX "$T/up.git"
[ "$(id -u)" != 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up.git"
api POST /api/coffer/v1/projects "{\"upstream\":\"file://$T/up.git\",\"name\":\"p\"}"
tap_is "$STATUS" 201 'a project is made through the proxy'
synced() { api GET /api/v1/repos/admin/p/branches/main && [ "$STATUS" = 200 ]; }
tap_ok 'it is mirrored' wait_for 30 synced
api GET /api/v1/repos/admin/p
tap_is "$(field .clone_url)" "$URL/admin/p.git" 'links have the public address'

# This one finds the address by a setting of git itself.
proxied() { GIT_SSL_CAINFO=$T/cert.pem git -c "http.curloptResolve=$NAME:$TLS_PORT:127.0.0.1" "$@"; }
tap_ok 'git clones' proxied clone -q "https://x:$ADMIN@$NAME:$TLS_PORT/admin/p.git" "$T/c"
tap_is "$(git -C "$T/c" rev-parse HEAD)" "$(git -C "$T/w" rev-parse HEAD)" 'what is there'
head -c 3000000 /dev/urandom >"$T/c/more"
git -C "$T/c" add more
git -C "$T/c" commit -q -m more
tap_ok 'git pushes more than nginx would take by itself' \
    proxied -C "$T/c" push -q origin HEAD:refs/heads/agent/x

# The stream of events comes as it happens, not when a buffer is full.
start "$T/stream" command curl -sN -K "$T/curlrc" -H "Authorization: Bearer $ADMIN" \
    -H "Accept: text/event-stream" "$URL/api/coffer/v1/events?after=0"
tap_ok 'events come as they happen' wait_for 20 grep -q '^data:' "$T/stream"

for bad in 'proxy.example.org' '10.0.0.0/99' '1.2.3'; do
	printf '[server]\ntrusted_proxies = %s\n' "$bad" >"$T/home/coffer.conf"
	"$O/bin/cofferd" --home "$HOME_DIR" -n 2>"$T/said"
	tap_is "$?" 2 "trusted_proxies = $bad is refused"
	tap_ok 'with its line' grep -q 'coffer.conf:2: trusted_proxies' "$T/said"
done
stop_pid "$NGINX_PID"

# What compose asks whether cofferd is well, at an address of either kind.
awk '/- \|$/ && test { on = 1; next } /test:/ { test = 1 } /interval:/ { on = test = 0 } on' \
    "$SYSTEM_DIR/../../compose/docker-compose.yml" | sed 's/\$\$/$/g' >"$T/well"
tap_ok 'compose asks for /readyz' grep -q 'GET /readyz' "$T/well"
well() { COFFER_HOME=$HOME_DIR timeout 20 bash -ec "$(cat "$T/well")"; }
stop_cofferd
tap_not 'a cofferd that is not there is not well' well
cp "$T/conf" "$HOME_DIR/coffer.conf"
start_cofferd
tap_ok 'one that listens on IPv4 is' wait_for 20 well
stop_cofferd
if perl -MSocket -e 'socket(S, AF_INET6, SOCK_STREAM, 0) && bind(S, pack_sockaddr_in6(0, inet_pton(AF_INET6, "::1"))) or exit 1'; then
	start_cofferd --listen '[::1]:0'
	tap_ok 'one that listens on IPv6, too' wait_for 20 well
else
	tap_skip 'one that listens on IPv6, too' 'no IPv6 here'
fi
tap_done
