#!/bin/sh
# coffer-runner killed at each step, cofferd killed under it, a head that moves
# on, a cancel; and over TLS with a file of authorities.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ci_lib.sh"
[ "$(id -u)" -eq 0 ] || tap_skip_all 'needs root'

ci_start
ci_checks <<'CHECKS'
checks:
  - {name: slow, setup: "echo in-setup; sleep 2", network: {setup: "off"}, test: "echo in-test; sleep 4; cat a.txt"}
CHECKS
ci_runner r1 'slots = 1' 'disk = 64M'
state() { ci_jobs "$PULL"; ci_job slow .state; }
is_state() { [ "$(state)" = "$1" ]; }
ends() { tap_ok "$1" wait_for 60 ci_ended "$PULL"; }
says() { state >"$T/state" && [ "$(ci_job slow .attempt)" = "$1" ] && ci_log slow | grep -q "^$2"; }
attempt() { ci_jobs "$PULL"; [ "$(ci_job slow .attempt)" = "$1" ]; }
kill_runner()
{
	kill -KILL "$RUNNER_PID"
	wait "$RUNNER_PID" 2>/dev/null
	ci_runner_start r1
}
one_end()
{
	api GET "$C/events?after=0&limit=1000"
	tap_is "$(field "[.events[] | select(.kind == \"check.finished\" and .item == $PULL)] | length")" 1 "$1"
}

ci_pull begin
tap_ok 'a job begins' wait_for 20 is_state running
kill_runner
tap_ok 'killed at its beginning, it is given out again at once' wait_for 20 attempt 2
tap_ok 'and gets to its setup' wait_for 20 says 2 in-setup
kill_runner
tap_ok 'killed in the setup, again' wait_for 20 attempt 3
ends 'and ends'
tap_is "$(ci_job slow '"\(.state) \(.attempt)"')" 'passed 3' 'as what it is'
tap_is "$(ci_log slow | grep -c '^in-test')" 1 "with the last one's log alone"
one_end 'one result'
tap_ok 'nothing is left' wait_for 20 ci_clean "$T/r1"

ci_pull thrice
for i in 1 2 3; do
	tap_ok "attempt $i gets to its test" wait_for 30 says $i in-test
	kill_runner
done
ends 'a runner that dies of it three times is enough'
tap_is "$(ci_job slow '"\(.state) \(.why)"')" 'infrastructure_error the runner was lost' \
    'it is told so'
one_end 'once'
tap_ok 'nothing is left of it either' wait_for 20 ci_clean "$T/r1"

ci_pull server
tap_ok 'a job is in its test' wait_for 30 says 1 in-test
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
start "$T/cofferd2.log" "$O/bin/cofferd" --home "$HOME_DIR" --listen "127.0.0.1:${URL##*:}"
COFFERD_PID=$PID
ends 'a kill of cofferd is no end of it'
tap_is "$(ci_job slow '"\(.state) \(.attempt)"')" 'passed 1' 'its verdict arrives'
one_end 'once'

# The rows' clock may say what it wants: leases end by the process' own.
ci_pull clock
tap_ok 'a job runs' wait_for 30 says 1 in-setup
sqlite3 -cmd '.timeout 5000' "$HOME_DIR/db/coffer.db" 'UPDATE job SET lease_until = 1 WHERE state = 2'
ends 'a lease that the clock says is over is not'
tap_is "$(ci_job slow '"\(.state) \(.attempt)"')" 'passed 1' 'it is the same attempt'

ci_pull moved
OLD=$PULL
tap_ok 'one is in its test' wait_for 30 says 1 in-test
push_branch moved moved.txt again
old_gone() { ci_jobs "$OLD"; [ "$(jq -r '[.[].state] | index("superseded") != null' "$T/jobs.json")" = true ]; }
tap_ok 'a new head supersedes it' wait_for 20 old_gone
ends 'and gets a job of its own'
tap_is "$(jq -r 'map(.state) | sort | join(" ")' "$T/jobs.json")" 'passed superseded' 'which passes'

ci_pull cancel
tap_ok 'one runs' wait_for 30 says 1 in-test
api POST "$C/ci/jobs/$(ci_job slow .id)/cancel"
tap_is "$STATUS,$(field .cancel)" 200,true 'it is told to stop'
ends 'it does'
tap_is "$(ci_job slow .state)" cancelled 'cancelled'
tap_ok 'nothing is left of them' wait_for 20 ci_clean "$T/r1"

# Over TLS, by an authority of its own.
stop_pid "$RUNNER_PID"
(cd "$T" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem \
    -subj /CN=ca && openssl req -newkey rsa:2048 -nodes -keyout tls.key -out tls.csr \
    -subj /CN=127.0.0.1 && printf 'subjectAltName=IP:127.0.0.1' >ext &&
    openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
	-extfile ext -out tls.pem) >"$T/openssl.log" 2>&1 || tap_bail "$(cat "$T/openssl.log")"
if command -v nginx >/dev/null; then
	tls_port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    Listen => 1, LocalAddr => "127.0.0.1")->sockport')
	cat >"$T/nginx.conf" <<-CONF
	daemon off; pid $T/nginx.pid; error_log $T/nginx.log; worker_processes 1;
	events { worker_connections 64; }
	http {
		access_log off; client_max_body_size 64m; client_body_temp_path $T/nb;
		proxy_temp_path $T/np; fastcgi_temp_path $T/nf; uwsgi_temp_path $T/nu; scgi_temp_path $T/ns;
		server {
			listen 127.0.0.1:$tls_port ssl;
			ssl_certificate $T/tls.pem; ssl_certificate_key $T/tls.key;
			location / { proxy_pass $URL; proxy_read_timeout 90s; }
		}
	}
	CONF
	start "$T/tls.log" nginx -c "$T/nginx.conf" -e "$T/nginx.log"
	TLS_PID=$PID
	TLS=https://127.0.0.1:$tls_port
	wait_for 10 sh -c "curl -sk '$TLS/api/v1/version' >/dev/null"
	as "$ADMIN" api POST "$C/ci/runners" '{"name":"r2"}'
	field .token >"$T/r2.token"
	tap_not sh -c "'$O/bin/coffer-runner' --register '$TLS' - --home '$T/r2' <'$T/r2.token' 2>/dev/null"
	tap_ok 'a runner registers over TLS' sh -c \
	    "'$O/bin/coffer-runner' --register '$TLS' - --ca '$T/ca.pem' --home '$T/r2' <'$T/r2.token'"
	printf '[runner]\ndisk = 64M\n' >"$T/r2/coffer.conf"
	ci_runner_start r2
	ci_pull tls
	ends 'and runs its jobs'
	tap_is "$(ci_job slow '"\(.state) \(.runner.name)"')" 'passed r2' 'by TLS alone'
	stop_pid "$RUNNER_PID"
	stop_pid "$TLS_PID"
else
	tap_skip 'TLS' 'needs nginx'
fi
tap_done
