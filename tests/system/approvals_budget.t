#!/bin/bash
# A run that has spent its limit waits, a maintainer is asked for as much again,
# and the run goes on when he says yes.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
command -v curl >/dev/null || tap_skip_all 'needs curl'
money_before()
{
	grep -q '^\[gateway\]' "$HOME_DIR/coffer.conf" || echo '[gateway]' >>"$HOME_DIR/coffer.conf"
	sed -i '/^\[gateway\]/a run_budget = 0.05\nat_limit = freeze' "$HOME_DIR/coffer.conf"
	gateway_provider
	gateway_files anthropic anthropic
	gateway_prices
	printf -- '---\ndescription: asks a model\naccess: read\n---\nDo it.\n' \
	    >"$HOME_DIR/prompts/commands/ask.md"
}
ATTACK_BEFORE=money_before
attack_start alpha
C=/api/coffer/v1
pid_of() { coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .pid"; }
# asks LIMIT: the run's open ask is about so many micros; A is its id
asks() { api GET "$C/approvals?state=open&run=$RID"; A=$(field '.[0].id'); [ "$(field 'map("\(.kind) \(.subject)") | join(",")')" = "budget $1" ]; }
count() { api GET "$C/approvals?run=$RID"; field length; }
raised() { grep -c "model raise run=$RID scope=${2-run} micros=$1" "$HOME_DIR/log/agentd.log"; }

# 60 requests cost $0.09, of which each reserves $0.0105 before it goes out.
agent_does <<'A'
for i in $(seq 60); do
	r=$(curl -sS -m 120 -H "x-api-key: $ANTHROPIC_API_KEY" -H 'Content-Type: application/json' -w ' %{http_code}\n' \
	    -d '{"model":"m","max_tokens":1000,"messages":[]}' "$ANTHROPIC_BASE_URL/v1/messages" 2>&1)
	case $r in *' 200') ;; *) echo "$i $r"; exit 1 ;; esac
done
echo "I asked $i times." >"$COFFER_OUT"
A
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

# Of the whole project's money, and of everybody's.
PID=$(api GET /api/coffer/v1/projects/admin/alpha; field .id)
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PID}"
LIMIT=$(($(field .spent) + 20000))
control "{\"op\":\"limit\",\"scope\":\"project\",\"project\":$PID,\"micros\":$LIMIT}"
sed -i 's/-m 8/-m 120/; s/seq 60/seq 20/' "$HOME_DIR/agents/do"
attack_order alpha /ask
tap_ok 'a run that the limit of the project stops asks, too' wait_for 60 asks "project $LIMIT"
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'and says whose money' grep -q 'dollars more on models for the whole project, because' "$T/said"
tap_like "$(coffer approvals alpha)" '*dollars more for project*' 'in the list, too'
coffer approvals approve "$A" >"$T/allow" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'a yes lets it go on'
control "{\"op\":\"usage\",\"scope\":\"project\",\"project\":$PID}"
tap_is "$(field .limit)" $((2 * LIMIT)) 'with twice the limit of the project'
control '{"op":"usage","scope":"day"}'
control "{\"op\":\"limit\",\"scope\":\"day\",\"micros\":$(($(field .spent) + 1000))}"
LIMIT=$(field .limit)
attack_order alpha /ask
tap_ok 'and one that everybody'"'"'s money stops' wait_for 60 asks "day $LIMIT"
DAY=$A
BOB=$(make_user bob 2>/dev/null) || :
api PUT /api/v1/repos/admin/alpha/collaborators/bob '{"permission":"write"}'
as "$BOB" api POST "$C/approvals/$DAY/allow" '{}'
tap_is "$STATUS" 403 'which a maintainer does not answer'
coffer approvals approve "$DAY" >"$T/allow" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'but an administrator'

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
