#!/bin/bash
# A run that has spent its limit waits, a maintainer is asked for as much again,
# and the run goes on when he says yes.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
command -v curl >/dev/null || tap_skip_all 'needs curl'
. "$SYSTEM_DIR/money_lib.sh"
pid_of() { coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .pid"; }
raised() { grep -c "model raise run=$RID scope=${2-run} micros=$1" "$HOME_DIR/log/agentd.log"; }

attack_order alpha /ask
tap_ok 'a run at its limit asks for as much again' wait_for 60 asks 50000
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'in the issue, in dollars' grep -q 'to spend 0.05 dollars more on models, because .0.0[34] of 0.05 dollars are spent' "$T/said"
control "{\"op\":\"usage\",\"scope\":\"run\",\"run\":$RID}"
tap_is "$(field .frozen)" true 'it is frozen meanwhile'
# Killed while it asks: the next one asks the same, which is there already.
AGENTD=$(pid_of agentd)
kill -KILL "$AGENTD"
is_new() { [ "$(pid_of agentd)" != "$AGENTD" ] && coffer status --json | jq -e '.services[] | select(.name == "agentd") | .state == "up"'; }
tap_ok 'agentd is killed and starts again' wait_for 30 is_new
api POST "/api/v1/repos/admin/alpha/issues/$ITEM/comments" "{\"body\":\"/allow $A\"}"
attack_end
tap_is "$(attack_state)" 'done' 'a yes lets it go on, to its end'
tap_is "$(count)" 1 'it was asked once'
tap_ok 'and twice the limit was its limit' [ "$(raised 100000)" -ge 1 ]
tap_is "$(jq -c '.record.models | [.limit_micros, .spent_micros]' "$HOME_DIR/runs/$RID/result.json")" '[100000,90000]' \
    'as its report says'

# A no.
sed -i 's/-m 120/-m 8/' "$HOME_DIR/agents/do"
attack_order alpha /ask
tap_ok 'another run asks, too' wait_for 60 asks 50000
coffer approvals deny "$A" >"$T/deny" 2>&1
attack_end
tap_is "$(attack_state),$(raised 100000),$(count)" 'failed,0,1' 'a no raises nothing, and is not asked again'

# Frozen by hand is no question.
sed -i '1i sleep 3' "$HOME_DIR/agents/do"
attack_order alpha /ask
has_model() { [ -e "$HOME_DIR/runs/$RID/go" ]; }
wait_for 30 has_model
control "{\"op\":\"freeze\",\"scope\":\"run\",\"run\":$RID}"
control '{"op":"waiting"}'
tap_is "$(field '.runs | length')" 0 'a run that somebody froze does not ask'
coffer run cancel "$RID" >/dev/null 2>&1
attack_end
tap_is "$(count)" 0 'nor later'
tap_done
