#!/bin/sh
# A run and a session get a token of the model gateway, good for them alone and
# as long as they live; what a run spends is told.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
command -v curl >/dev/null || tap_skip_all 'needs curl'
models_before()
{
	grep -q '^\[gateway\]' "$HOME_DIR/coffer.conf" || echo '[gateway]' >>"$HOME_DIR/coffer.conf"
	sed -i '/^\[gateway\]/a run_budget = 0.05' "$HOME_DIR/coffer.conf"
	gateway_provider
	gateway_files anthropic anthropic
	gateway_prices
	printf -- '---\ndescription: asks a model\naccess: read\n---\nDo it.\n' \
	    >"$HOME_DIR/prompts/commands/ask.md"
}
ATTACK_BEFORE=models_before
attack_start
for p in alpha beta; do
	make_upstream "$p"
	coffer create "$UPSTREAM" --network none --wait -- \
	    /opt/coffer/agents/agent >"$T/create.log" 2>&1 ||
	    tap_bail "$(cat "$T/create.log")"
done

# What each agent begins with.
cat >"$HOME_DIR/agents/ask" <<'A'
# ask TOKEN [MORE]: what the model says, and the status
ask() {
	curl -sS -m 20 -H "x-api-key: $1" -H 'Content-Type: application/json' -w ' %{http_code}\n' \
	    -d '{"model":"m","max_tokens":1000'"${2-}"',"messages":[]}' "${ANTHROPIC_BASE_URL:-http://coffer:81/anthropic}/v1/messages" 2>&1
}
A
in_session() { # PROJECT COMMAND
	coffer exec "$1" -- sh -c ". /work/ask; $2" 2>&1
}
for p in alpha beta; do coffer cp "$HOME_DIR/agents/ask" "$p:/work/ask" >"$T/cp.log" 2>&1 || tap_bail "$(cat "$T/cp.log")"; done
# Backwards, so that the record does not mask it.
run_token() { cat "$HOME_DIR/runs/$RID/agent/out.log" "$HOME_DIR/runs/$RID/record/out.log" 2>/dev/null | sed -n 's/^nekot //p' | head -n 1 | rev; }
has_token() { [ -n "$(run_token)" ]; }
dead() { # WHAT
	tap_like "$(in_session alpha "ask $TOK")" '*invalid_token* 401' "$1"
}

# ---- a run ----
agent_does <<'A'
. /opt/coffer/agents/ask
echo "base $ANTHROPIC_BASE_URL"
echo "nekot $(echo "$ANTHROPIC_API_KEY" | rev)"
echo "openai ${OPENAI_API_KEY-none}"
ask "$ANTHROPIC_API_KEY"
ask "$ANTHROPIC_API_KEY"
tr '\0' ' ' </proc/self/cmdline
echo I asked. >"$COFFER_OUT"
A
attack_order alpha /ask
attack_end
tap_is "$(attack_state)" 'done' 'a run asks a model'
tap_ok 'where the gateway is' grep -q '^base http://coffer:81/anthropic$' "$T/run.log"
tap_is "$(grep -c '"text":"hello".* 200$' "$T/run.log")" 2 'and gets answers'
tap_ok 'of a provider that has a key, and no other' grep -q '^openai none$' "$T/run.log"
tap_is "$(jq -s "[.[] | select(.run == $RID and .item == $ITEM)] | length" "$HOME_DIR/gateway/log/exchanges.jsonl")" 2 \
    'they are of this run and issue'
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'its comment says what they cost' grep -q 'models took \$0.0030' "$T/said"
tap_is "$(jq -c .record.models "$HOME_DIR/runs/$RID/result.json")" \
    '{"spent_micros":3000,"limit_micros":50000,"out":false}' 'so does its report'
TOK=$(run_token)
dead 'its token ended with it'
tap_not 'and stands in no file of agentd' test -e "$HOME_DIR/runs/$RID/model"

# ---- a session ----
tap_like "$(in_session alpha 'ask "$ANTHROPIC_AUTH_TOKEN"')" '*"text":"hello"* 200' 'a session asks, too'
STOK=$(in_session alpha 'echo "$ANTHROPIC_AUTH_TOKEN"' | tr -d '\r\n')
tap_like "$(in_session beta "ask $STOK")" '*foreign_token* 403' 'its token is no good in another sandbox'
tap_not 'no process has it among its arguments' sh -c "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -v sed | grep -q -- '$STOK'"

# ---- what the provider searches for it ----
search='ask "$ANTHROPIC_AUTH_TOKEN" ",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]"'
may_search() { in_session alpha "$search" >"$T/search"; grep -q " 200$" "$T/search"; }
may_not_search() { in_session alpha "$search" >"$T/search"; grep -q "reach the web.* 403$" "$T/search"; }
tap_ok 'a sandbox without a network has no provider search for it' may_not_search
coffer net alpha mode web >"$T/net.log" 2>&1
tap_ok 'one in mode web has' wait_for 10 may_search
coffer net alpha lockdown >"$T/net.log" 2>&1
tap_ok 'but not in a lockdown' wait_for 10 may_not_search
coffer net alpha unlock >"$T/net.log" 2>&1
tap_ok 'until that is over' wait_for 10 may_search
coffer net alpha mode locked >"$T/net.log" 2>&1
tap_ok 'nor in a mode that is narrower than before' wait_for 10 may_not_search
coffer net alpha mode web >"$T/net.log" 2>&1
tap_ok 'and again' wait_for 10 may_search
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/net.log"

# ---- a budget ----
agent_does <<'A'
. /opt/coffer/agents/ask
for i in $(seq 60); do
	r=$(ask "$ANTHROPIC_API_KEY")
	case $r in *' 200') ;; *) echo "$i $r"; exit 1 ;; esac
done
A
attack_order alpha /ask
attack_end
tap_is "$(attack_state)" 'budget' 'a run whose budget is used up ends by it'
tap_ok 'with a 403' grep -q 'budget_exceeded.* 403$' "$T/run.log"
tap_like "$(jq -r .why "$T/run.json")" 'the models may take no more: *of $0.05 are spent*' 'and says so'

# ---- it waits for a gateway that is away ----
agent_does <<'A'
. /opt/coffer/agents/ask
echo "nekot $(echo "$ANTHROPIC_API_KEY" | rev)"
ask "$ANTHROPIC_API_KEY"
until [ -e /opt/coffer/agents/go ]; do sleep 0.1; done
ask "$ANTHROPIC_API_KEY"
echo I asked. >"$COFFER_OUT"
A
pid_of() { coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .pid"; }
G=$(pid_of gateway)
kill -STOP "$G"
attack_order alpha /ask
prepared() { [ -e "$HOME_DIR/runs/$RID/model" ]; }
tap_ok 'a run asks a gateway that does not answer' wait_for 30 prepared
tap_not 'its agent does not begin' test -e "$HOME_DIR/runs/$RID/go"
kill -CONT "$G"
tap_ok 'until it does' wait_for 60 has_token

# ---- agentd is killed ----
kill -KILL "$(pid_of agentd)"
touch "$HOME_DIR/agents/go"
attack_end
tap_is "$(attack_state)" 'done' 'agentd is killed: the run goes on'
tap_is "$(grep -c '"text":"hello".* 200$' "$T/run.log")" 2 'with its token'
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'what it cost is told' grep -q 'models took \$0.0030' "$T/said"
TOK=$(run_token)
dead 'its token ended with it, too'

# ---- cancelled ----
rm "$HOME_DIR/agents/go"
attack_order alpha /ask
tap_ok 'a run that waits' wait_for 60 has_token
coffer run cancel "$RID" >/dev/null 2>&1
attack_end
tap_is "$(attack_state)" 'cancelled' 'is cancelled'
TOK=$(run_token)
dead 'its token ended'

# ---- a session that begins while the gateway is away ----
G=$(pid_of gateway)
kill -STOP "$G"
coffer stop beta >"$T/stop.log" 2>&1
coffer start beta >"$T/start.log" 2>&1
tap_is "$(in_session beta 'echo "${ANTHROPIC_AUTH_TOKEN-none}"' | tr -d '\r\n')" none 'a session does not wait for the gateway'
kill -CONT "$G"
late() { in_session beta 'ask "$ANTHROPIC_AUTH_TOKEN"' >"$T/late"; grep -q '"text":"hello".* 200' "$T/late"; }
tap_ok 'and has its token when that is there again' wait_for 40 late

# ---- the end of a session ----
# The gateway has not read it when both are killed: the next agentd says it again.
G=$(pid_of gateway)
kill -STOP "$G"
coffer stop beta >"$T/stop.log" 2>&1
kill -KILL "$(pid_of agentd)" "$G"
one() { control '{"op":"hello"}' && [ "$(field .tokens)" = 1 ]; }
tap_ok 'one session is left, and one token' wait_for 20 one

# ---- the key ----
tap_not 'the key is nowhere but at the gateway' grep -rqF "$KEY" "$HOME_DIR/runs" "$HOME_DIR/log" "$HOME_DIR/sandboxes" "$HOME_DIR/logs" "$HOME_DIR/db"
tap_ok 'the provider got it' grep -q "$KEY" "$T/up.log"
tap_not 'and no token of ours' grep -q 'sk-coffer' "$T/up.log"
tap_done
