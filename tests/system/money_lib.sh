# shellcheck shell=bash disable=SC2034,SC2154
# For tests of limits of money: gateway_lib.sh and attack_lib.sh are read.
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
# asks LIMIT: the run's open ask is about so many micros; A is its id
asks() { api GET "$C/approvals?state=open&run=$RID"; A=$(field '.[0].id'); [ "$(field 'map("\(.kind) \(.subject)") | join(",")')" = "budget $1" ]; }
count() { api GET "$C/approvals?run=$RID"; field length; }

# 60 requests cost $0.09, of which each reserves $0.0105 before it goes out.
agent_does <<'A'
for i in $(seq 60); do
	r=$(curl -sS -m 120 -H "x-api-key: $ANTHROPIC_API_KEY" -H 'Content-Type: application/json' -w ' %{http_code}\n' \
	    -d '{"model":"m","max_tokens":1000,"messages":[]}' "$ANTHROPIC_BASE_URL/v1/messages" 2>&1)
	case $r in *' 200') ;; *) echo "$i $r"; exit 1 ;; esac
done
echo "I asked $i times." >"$COFFER_OUT"
A
