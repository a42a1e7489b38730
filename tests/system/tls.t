#!/bin/sh
# cofferd with TLS of its own: what is refused at the start, who gets in by it
# (curl, git, a browser's forms), other protocols on the port, a certificate
# that is exchanged, and clients that are slow, rude or gone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"
. "$(dirname "$0")/tls_lib.sh"

cert authority DNS:authority 30 '' TRUE
cert good "DNS:$TLS_NAME" 30 authority
cert next "DNS:$TLS_NAME" 60 authority
cert late "DNS:$TLS_NAME" -1 authority
openssl ec -aes128 -passout pass:x -in "$C/good.key" -out "$C/locked.key" 2>/dev/null
chmod 644 "$C/locked.key"

coffer_home

# said KEY=VALUE...: cofferd -n with these in place of the good ones
said()
{
	{
		printf '[server]\n'
		for said_kv in listen_tls=127.0.0.1:8443 tls_cert="$C/good.pem" \
		    tls_key="$C/good.key" public_url=https://x "$@"; do
			printf '%s\n' "$said_kv"
		done | awk -F= '{ v[$1] = substr($0, length($1) + 2); if (!($1 in at)) { at[$1] = ++n; k[n] = $1 } }
		    END { for (i = 1; i <= n; i++) if (v[k[i]] != "-") print k[i] " = " v[k[i]] }'
	} >"$HOME_DIR/coffer.conf"
	"$O/bin/cofferd" --home "$HOME_DIR" -n 2>"$T/said"
	echo "$? $(cat "$T/said")"
}
tap_is "$(said)" '0 ' 'a certificate and its key are taken'
tap_like "$(said tls_key=-)" '2 *:2: listen_tls: set tls_cert and tls_key, too' 'a key is wanted'
tap_like "$(said listen_tls=-)" '2 *tls_cert: is for listen_tls, which is not set' 'a certificate without an address is no TLS'
tap_like "$(said public_url=http://x)" '2 *listen_tls: set public_url = https://NAME, too' 'links must be for it'
tap_like "$(said listen_tls=coffer.example.org)" '2 *:2: listen_tls: *' 'an address is wanted'
tap_like "$(said tls_cert=good.pem)" '2 *tls_cert: want a full path' 'the path is full'
tap_like "$(said "tls_cert=$C/none.pem")" "2 *none.pem*" 'a certificate that is not there is named'
tap_like "$(said "tls_cert=$C/good.key")" "2 *good.key: no certificate in PEM*" 'so is a file that has none'
tap_like "$(said "tls_key=$C/good.pem")" "2 *good.pem: no private key in PEM*" 'and one without a key'
tap_like "$(said "tls_key=$C/next.key")" "2 *next.key: is not the certificate's key*" "another certificate's key is refused"
tap_like "$(said "tls_key=$C/locked.key")" "2 *locked.key: the key has a password*" 'nobody is asked for a password'
tap_like "$(said "tls_cert=$C/late.pem" "tls_key=$C/late.key")" '0 *warn*the certificate has expired*' 'one that has ended is a warning'
if [ "$(id -u)" = 0 ]; then
	chmod 600 "$C/next.key"
	tap_like "$(said "tls_cert=$C/next.pem" "tls_key=$C/next.key")" '2 *next.key*ermission denied*' 'a key that only root can read is not good, whoever checks it'
	chmod 644 "$C/next.key"
fi

tls_use good
tls_conf </dev/null
start_cofferd
PLAIN=$URL
PLAIN_PORT=${URL##*:}
{
	printf 'cacert = %s\n' "$C/authority.pem"
	printf 'connect-to = "%s::127.0.0.1:"\n' "$TLS_NAME"
} >"$T/curlrc"
curl() { command curl -K "$T/curlrc" "$@"; }
URL=$TLS_URL

http GET /api/v1/version
tap_is "$STATUS" 200 'curl gets in, who knows the authority'
tap_not 'who does not is not fooled' command curl -s -m 20 --connect-to "$TLS_NAME::127.0.0.1:" "$URL/api/v1/version"
command curl -s -m 20 -o "$BODY" -w '%{http_code}' "$PLAIN/api/v1/version" >"$T/code"
tap_is "$(cat "$T/code")" 200 'the plain address is there for what runs on this host'
tap_not 'TLS 1.1 is not spoken' command curl -s -m 20 -K "$T/curlrc" --tls-max 1.1 "$URL/api/v1/version"
for v in 1.2 1.3; do
	http GET /api/v1/version "--tlsv$v" --tls-max $v
	tap_is "$STATUS" 200 "TLS $v is"
done
http GET "http://$TLS_NAME:$TLS_PORT/api/v1/version"
tap_is "$STATUS,$(cat "$BODY")" '400,this port speaks TLS: ask by https://' 'plain HTTP on the port of TLS is told so'
command curl -s -m 20 -k "https://127.0.0.1:$PLAIN_PORT/" 2>"$T/curl.err"
tap_is "$?" 35 'TLS on the plain port fails at once'
tap_is "$(curl -s -o /dev/null -o /dev/null -w '%{num_connects} ' "$URL/api/v1/version" "$URL/api/v1/version")" '1 0 ' 'a connection is kept'

sign_in admin "$ADMIN"
tap_is "$STATUS" 303 'a person signs in'
tap_ok 'the cookie is for TLS alone' grep -qi '^set-cookie: __Host-.*; Secure' "$HEADERS"
page GET /
tap_is "$STATUS" 200 'and is signed in'
tap_ok 'browsers are told to stay with TLS' grep -qi '^strict-transport-security: max-age=31536000' "$HEADERS"

make_upstream
head -c 3000000 /dev/urandom >"$WORK/large"
git -C "$WORK" add large
git -C "$WORK" commit -q -m large
git -C "$WORK" push -q origin main
[ "$(id -u)" != 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"
api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\",\"name\":\"p\"}"
synced() { api GET /api/v1/repos/admin/p/branches/main && [ "$STATUS" = 200 ]; }
tap_ok 'a project is made by it' wait_for 30 synced
secure_git()
{
	GIT_SSL_CAINFO=$C/authority.pem git -c "http.curloptResolve=$TLS_NAME:$TLS_PORT:127.0.0.1" \
	    -c "http.extraHeader=Authorization: Bearer $ADMIN" "$@"
}
tap_ok 'git clones' secure_git clone -q "$URL/admin/p.git" "$T/c"
tap_is "$(git -C "$T/c" rev-parse HEAD)" "$(git -C "$WORK" rev-parse HEAD)" 'what is there'
head -c 3000000 /dev/urandom >"$T/c/more"
git -C "$T/c" add more
git -C "$T/c" commit -q -m more
tap_ok 'and pushes' secure_git -C "$T/c" push -q origin HEAD:refs/heads/agent/x
tap_not 'git without the authority does not' env GIT_SSL_CAINFO=/dev/null git -c "http.curloptResolve=$TLS_NAME:$TLS_PORT:127.0.0.1" ls-remote "$URL/admin/p.git"
tap_is "$(secure_git ls-remote "$URL/admin/p.git" refs/heads/agent/x | cut -f1)" "$(git -C "$T/c" rev-parse HEAD)" 'and it is there'

# A reply to a request whose body was not read is read by the client.
head -c 20000000 /dev/zero >"$T/zeros"
http POST /api/v1/user/repos -H "Authorization: Bearer $ADMIN" -H 'Content-Type: application/json' -H 'Expect:' --data-binary "@$T/zeros"
tap_is "$STATUS" 413 'what is too large is said to be, before all of it came'
rm "$T/zeros"

# The stream of events lives through a change of the certificate.
start "$T/stream" command curl -sN -K "$T/curlrc" -H "Authorization: Bearer $ADMIN" \
    -H "Accept: text/event-stream" "$URL/api/coffer/v1/events?after=0"
tap_ok 'events come as they happen' wait_for 20 grep -q '^data:' "$T/stream"
ends() {
	openssl s_client -connect "127.0.0.1:$TLS_PORT" -servername "$TLS_NAME" </dev/null 2>/dev/null |
	    openssl x509 -noout -serial
}
serial() { openssl x509 -noout -serial -in "$C/$1.pem"; }
tap_is "$(ends)" "$(serial good)" 'the certificate is the one of the file'
tls_use next
kill -HUP "$COFFERD_PID"
changed() { [ "$(ends)" = "$(serial next)" ]; }
tap_ok 'after a HUP it is the new one' wait_for 20 changed
cp "$C/good.pem" "$C/now.pem"
kill -HUP "$COFFERD_PID"
tap_ok 'one that does not fit its key is refused in the log' wait_for 20 grep -q "server reload reason=.*now.key: is not the certificate's key" "$T/cofferd.log"
tap_is "$(ends)" "$(serial next)" 'and the one before stays'
BEFORE=$(grep -c '^data:' "$T/stream")
api POST /api/v1/repos/admin/p/issues '{"title":"seen"}'
more() { [ "$(grep -c '^data:' "$T/stream")" -gt "$BEFORE" ]; }
tap_ok 'whoever was connected still is' wait_for 20 more
api GET /metrics
tap_is "$(awk '$1 == "cofferd_tls_certificate_expires_seconds" { print $2 }' "$BODY")" \
    "$(date -d "$(openssl x509 -noout -enddate -in "$C/next.pem" | cut -d= -f2)" +%s)" 'its end is a number to watch'
sign_in admin "$ADMIN"
page GET /-/admin/health
tap_ok 'and stands on the page of health' grep -q 'Certificate</dt><dd><span class="badge" data-kind="good">' "$BODY"

tap_is "$(perl "$SYSTEM_DIR/tls_rude.pl" "$TLS_PORT" "$PLAIN_PORT" 7 400 2>&1)" alive 'broken handshakes are ended, each of them'
http GET /api/v1/version
tap_is "$STATUS" 200 'and nobody else notices'

# 600 clients that begin and say no more: those before them are ended, and who
# comes after gets in.
perl -MIO::Socket::INET -e '
	my @s = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0]) or die "connect: $!\n" } 1 .. 600;
	syswrite $_, "\x16\x03\x01\x02" for @s;
	$| = 1; print "open\n";
	my $r = ""; vec($r, fileno $s[0], 1) = 1;
	print "ended\n" if select($r, undef, undef, 60) && !sysread $s[0], my $x, 1;
	sleep 300;' "$TLS_PORT" >"$T/slow" 2>&1 &
SLOW=$!
PIDS="$SLOW $PIDS"
tap_ok '600 half-open handshakes are made' wait_for 20 grep -q open "$T/slow"
tap_ok 'the oldest is ended' wait_for 20 grep -q ended "$T/slow"
http GET /api/v1/version
tap_is "$STATUS" 200 'an honest one gets in'
kill "$SLOW" 2>/dev/null
wait "$SLOW" 2>/dev/null
few() { [ "$(find "/proc/$COFFERD_PID/fd" -lname 'socket:*' | wc -l)" -lt 60 ]; }
tap_ok 'and when they are gone, so is what they held' wait_for 30 few

stop_cofferd
tap_is "$?" 0 'it ends as it should'
tap_done
