#!/bin/sh
# A run in mode locked asks for a name that no rule allows: a maintainer is
# asked, says yes in the issue, and the run gets there.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start
mkdir -p "$HOME_DIR/agents"
cat >"$HOME_DIR/agents/agent" <<'A'
#!/bin/sh
getent ahostsv4 bad.test
until getent ahostsv4 ok.test; do sleep 0.5; done
echo 'I got there.' >"$COFFER_OUT"
A
chmod 755 "$HOME_DIR/agents/agent"
make_upstream calc
coffer create "$UPSTREAM" --network locked --wait --timeout 60s -- /opt/coffer/agents/agent >"$T/create.log" 2>&1 ||
    tap_bail "$(cat "$T/create.log")"
coffer net calc deny bad.test >/dev/null
TOKEN=$ADMIN
C=/api/coffer/v1
coffer exec calc -- sh -c 'getent ahostsv4 other.test' >/dev/null 2>&1
seen() { coffer net calc --json | jq -e '.[] | select(.name == "other.test")'; }
wait_for 20 seen

ITEM=$(coffer issue new calc -t 'Do it' -b '/plan' --json | jq -r .number)
asked() { api GET "$C/approvals?state=open"; A=$(field '.[0].id'); [ "$(field 'map(.subject) | join(",")')" = ok.test ]; }
tap_ok 'a name that a run is kept from is asked, and no other' wait_for 60 asked
api GET "$C/projects/admin/calc/network"
tap_is "$(field '.allow | length')" 0 'it is not allowed yet'
coffer issue show calc "$ITEM" >"$T/said"
tap_ok 'the issue says so' grep -q 'to reach .ok.test.' "$T/said"
coffer issue comment calc "$ITEM" -b "/allow $A for 1h" >/dev/null
RID=$(coffer run list calc --json | jq -r '.[0].id')
coffer run wait "$RID" --timeout 60s >/dev/null 2>&1
tap_is "$(coffer run show "$RID" --json | jq -r .state)" 'done' 'a yes lets the run get there'
api GET "$C/approvals"
tap_is "$(field 'map("\(.subject) \(.state)") | join(",")')" 'ok.test allowed' 'nothing else was asked'
api GET "$C/projects/admin/calc/network"
tap_ok 'the rule has its end' test "$(field '.allow[0].until')" != null
tap_is "$(field '.allow | map(.domain) | join(",")'),$(field '.deny | map(.domain) | join(",")')" ok.test,bad.test 'what is denied stays so'
tap_done
