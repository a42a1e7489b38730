#!/bin/sh
# Health, readiness and the numbers for Prometheus: who may ask, that the text
# is what its format says, and that it tells what is so.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
wait_for 10 sh -c "curl -sf '$URL/readyz' >/dev/null" || tap_bail 'never ready'

http GET /healthz
tap_is "$STATUS,$(cat "$BODY")" 200,ok 'it is alive, says it to everybody'
http GET /readyz
tap_is "$STATUS,$(field '[.ready,.database,.git,.disk,.started] | unique | join(",")')" 200,true 'and ready, in every part'
http GET /metrics
tap_is "$STATUS" 401 'the numbers are not for everybody'
BOB=$(make_user bob)
as "$BOB" api GET /metrics
tap_is "$STATUS" 403 'nor for every user'
as "$AGENTD" api GET /metrics
tap_is "$STATUS" 403 'nor for agentd'
api POST /api/v1/users/admin/tokens '{"name":"prometheus","scopes":["read:admin"]}'
PROM=$(field .sha1)
as "$PROM" api GET /metrics
tap_is "$STATUS" 200 'a token of an admin that may only read what is for admins is enough'
tap_like "$(grep -i '^content-type:' "$HEADERS")" '*text/plain; version=0.0.4*' 'they are in the format of that name'
api POST /api/v1/users/admin/tokens '{"name":"repo","scopes":["write:repository"]}'
as "$(field .sha1)" api GET /metrics
tap_is "$STATUS" 403 'one for repositories is not'

# The format, strictly: HELP and TYPE once and before the samples, samples of a
# name together, no sample twice, buckets that grow and end with the count.
cat >"$T/format.pl" <<'PERL'
use strict; use warnings;
my (%help, %type, %seen, %bucket, %count, $now, %closed);
sub bad { print "line $.: $_[0]\n"; exit 1 }
while (<>) {
	chomp;
	if (/^# HELP ([a-z_]+) (\S.*)$/) { bad "HELP twice: $1" if $help{$1}++; next }
	if (/^# TYPE ([a-z_]+) (counter|gauge|histogram)$/) {
		bad "TYPE twice: $1" if $type{$1}; bad "no HELP: $1" if !$help{$1};
		$closed{$now}++ if defined $now; $now = $1; $type{$1} = $2;
		bad "a counter is a _total: $1" if $2 eq 'counter' && $1 !~ /_total$/;
		next;
	}
	/^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[n"\\])*",?)+)\})? (-?\d+(?:\.\d+)?)$/ or bad "no sample: $_";
	my ($name, $labels, $v) = ($1, $2 // '', $3);
	my $base = $name;
	$base =~ s/_(bucket|sum|count)$// if ($type{$now} // '') eq 'histogram';
	bad "$name is not of $now" if $base ne $now;
	bad "twice: $_" if $seen{"$name\{$labels"}++;
	bad "below zero: $_" if $type{$base} eq 'counter' && $v < 0;
	if ($name =~ /_bucket$/) {
		(my $rest = $labels) =~ s/,?le="([^"]*)"//; my $le = $1;
		bad "it shrinks: $_" if $v < ($bucket{$rest} // 0);
		$bucket{$rest} = $v; $count{$rest} = $v if $le eq '+Inf';
	}
	if ($name =~ /_count$/ && $type{$base} eq 'histogram') {
		bad "not the last bucket: $_" if $count{$labels} != $v;
	}
}
for (keys %help) { print("no TYPE: $_\n"), exit 1 if !$type{$_} }
print "sound\n";
PERL
api GET /metrics
tap_is "$(perl "$T/format.pl" "$BODY")" sound 'the text is what the format says'
printf '# HELP a_total x\n# TYPE a_total counter\na_total 1\na_total 2\n' >"$T/bad"
tap_like "$(perl "$T/format.pl" "$T/bad")" '*twice*' '(which is really looked at)'

# value SAMPLE: of a new reading
value() {
	api GET /metrics
	awk -v s="$1" '$1 == s { print $2 }' "$BODY"
}
tap_is "$(value coffer_projects)" 0 'no project yet'
make_project
tap_is "$(value coffer_projects)" 1 'then one'
tap_is "$(value 'coffer_mirrors{state="ok"}')" 1 'whose mirror is well'
tap_is "$(value 'coffer_jobs{state="queued"}')" 0 'nothing waits for a runner'
N=$(value 'cofferd_http_requests_total{kind="api",code="4xx"}')
as "$BOB" api GET "/api/v1/repos/$PROJECT"
tap_is "$STATUS,$(($(value 'cofferd_http_requests_total{kind="api",code="4xx"}') - N))" 404,1 'a request that failed is counted'
N=$(value 'cofferd_http_requests_total{kind="git",code="2xx"}')
git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" >/dev/null 2>&1
tap_ok 'so is what git asks' [ "$(value 'cofferd_http_requests_total{kind="git",code="2xx"}')" -gt "$N" ]
EVENTS=$(value coffer_events_total)
tap_ok 'events are counted' [ "$EVENTS" -gt 0 ]
tap_is "$(value coffer_agentd_lag_events)" -1 'agentd, which is not there, took none'
as "$AGENTD" api PUT /api/coffer/v1/cursors/agentd "{\"seq\":$((EVENTS - 1))}"
tap_is "$STATUS,$(value coffer_agentd_lag_events)" 200,1 'and is told from one that does'
# What agentd tells, as a service.
tap_is "$(value coffer_agentd_up),$(value coffer_router_up),$(value coffer_gateway_up)" 0,0,0 'agentd, the router and the gateway are not there'
as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use '{"driver":"runc","uses":[],"figures":{"runs_active":2,"runs_waiting":3,
    "router":{"verdicts":{"answered":7,"name-unlisted":4,"Bad Name\n":9,"":1},"up":10,"down":-5},
    "gateway":{"tokens":1,"exchanges":2,"results":{"done":5,"provider_5xx":1},"ms":1234,"own_ms":34,"micros":1500}}}'
tap_is "$STATUS,$(value coffer_agentd_up),$(value coffer_router_up),$(value coffer_gateway_up)" 204,1,1,1 'then agentd tells of them'
tap_is "$(value 'coffer_agentd_runs{state="active"}'),$(value 'coffer_agentd_runs{state="waiting"}')" 2,3 'runs'
tap_is "$(value 'coffer_router_verdicts_total{verdict="answered"}'),$(value 'coffer_router_verdicts_total{verdict="name-unlisted"}')" 7,4 'names'
tap_is "$(grep -c '^coffer_router_verdicts_total' "$BODY"),$(value 'coffer_router_bytes_total{direction="down"}')" 2,0 'what is no word or number is left out'
tap_is "$(value 'coffer_gateway_exchanges_total{result="provider_5xx"}'),$(value coffer_gateway_seconds_total),$(value coffer_gateway_cost_microdollars_total)" 1,1.234,1500 'requests to models'
api GET /metrics
tap_is "$(perl "$T/format.pl" "$BODY")" sound 'and the text is sound'
jq -n '{driver: "runc", uses: [], figures: {router: {verdicts: ([range(500) | {key: "w\(.)", value: 1}] | from_entries)}}}' >"$T/many"
as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use "$(cat "$T/many")"
api GET /metrics
tap_is "$STATUS,$(grep -c '^coffer_router_verdicts_total' "$BODY")" 200,32 'there are so many words, and not more'
LINES_BEFORE=$(wc -l <"$BODY")
i=0
while [ $i -lt 30 ]; do
	http GET "/x$i/y$i" -A "agent-$i"
	i=$((i + 1))
done
api GET /metrics
tap_is "$(wc -l <"$BODY")" "$LINES_BEFORE" 'whatever is asked, there are no more lines'
awk '/^# TYPE/ { print $3 }' "$BODY" | sort >"$T/names"
grep -o '^| `[a-z_]*`' "$SYSTEM_DIR/../../docs/observing.md" | tr -d '|` ' | grep '_' | sort >"$T/documented"
tap_is "$(comm -3 "$T/names" "$T/documented" | tr -d '\t' | paste -sd' ')" '' 'the docs name each of them and no other'

# Not ready: the workers for git hang, then the disk is too full.
WORKERS=$(pgrep -P "$COFFERD_PID" -f -- --git-worker)
tap_ok 'there are workers for git' [ -n "$WORKERS" ]
# shellcheck disable=SC2086
kill -STOP $WORKERS
http GET /readyz
tap_is "$STATUS,$(field '[.ready,.git,.database] | join(",")')" 503,false,false,true 'workers that hang are not ready, and said to be it'
http GET /healthz
tap_is "$STATUS" 200 'cofferd is alive meanwhile'
# shellcheck disable=SC2086
kill -CONT $WORKERS
http GET /readyz
tap_is "$STATUS" 200 'and ready when they go on'
stop_cofferd
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1000000G
$(lib_router_ids)
CONF
start_cofferd
http GET /readyz
tap_is "$STATUS,$(field '[.ready,.disk,.database] | join(",")')" 503,false,false,true 'a disk without room is not ready, and said to be it'
http GET /healthz
tap_is "$STATUS" 200 'but alive'
tap_done
