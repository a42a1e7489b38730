#!/bin/bash
# The real agent CLIs by the gateway: each runs a tool and ends, with a token in
# place of the key.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"
CLIS=${COFFER_TEST_CLIS-}
for n in claude codex opencode goose; do
	[ -n "$CLIS" ] && [ -x "$CLIS/bin/$n" ] || tap_skip_all "no $n: set COFFER_TEST_CLIS (tests/clis.sh)"
done
coffer_home
gateway_conf </dev/null
# The script is read for each start, so each CLI has a model of its own.
port() { wait_for 10 test -s "$T/$1.port" && cat "$T/$1.port"; }
model() { # CLI KIND TOOL ARGUMENTS
	printf '[{"tools":[{"name":"%s","args":%s}]},{"text":"all done"}]' "$3" "$4" >"$T/$1.steps"
	start "$T/model.log" perl "$SYSTEM_DIR/model_stub.pl" "0:$T/$1.port" "$T/$1.steps" "$T/$1.log"
	UP_PORT=$(port "$1") || tap_bail 'no model'
	gateway_files "$1" "$2"
}
model claude anthropic Bash '{"command":"env"}'
model goose openai shell '{"command":"env"}'
model codex openai exec_command '{"cmd":"env"}'
model opencode openai bash '{"command":"env","description":"look"}'
start_gateway
gateway_relay 7
mkdir -p "$T/work" "$T/codex/conf" "$T/tmp"
cd "$T/work" || exit 1
git init -q && echo a >a && git add a && git commit -q -m a

# run CLI NAME=VALUE... -- ARGUMENT...: with nothing else in its environment
run() {
	cli=$1
	shift
	grant 1 7 1 "\"providers\":[\"$cli\"]"
	mkdir -p "$T/$cli"
	env=()
	while [ "$1" != -- ]; do
		env+=("${1//TOKEN/$TOKEN_NEW}")
		shift
	done
	shift
	env -i PATH="$PATH" HOME="$T/$cli" TMPDIR="$T/tmp" "${env[@]}" timeout 240 "$CLIS/bin/$cli" "$@" \
	    </dev/null >"$T/$cli.out" 2>"$T/$cli.err"
	tap_ok "$cli says what the model said" grep -q 'all done' "$T/$cli.out"
	tap_ok "after its tool ran" grep -q '"results":1' "$T/$cli.log"
	tap_ok "asked with the key" grep -q "$KEY" "$T/$cli.log"
	jq -r .last "$T/$cli.log" >"$T/seen"
	tap_ok 'the tool saw the token' grep -q "$TOKEN_NEW" "$T/seen"
	tap_not 'and nothing of the CLI the key' grep -rq "$KEY" "$T/seen" "$T/$cli" "$T/$cli.out" "$T/$cli.err" "$T/work" "$T/tmp"
	tap_is "$(jq -s "[.[] | select(.provider == \"$cli\" and .result == \"done\" and (.estimated | not) and .cost_micros > 0)] | length >= 2" \
	    "$HOME_DIR/gateway/log/exchanges.jsonl")" true 'each exchange costs what the model says'
	control '{"op":"revoke","run":1}'
}
run claude "ANTHROPIC_BASE_URL=$RELAY/claude" ANTHROPIC_API_KEY=TOKEN CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 \
    DISABLE_AUTOUPDATER=1 IS_SANDBOX=1 -- -p go --output-format stream-json --verbose --permission-mode bypassPermissions \
    --setting-sources ''
run goose GOOSE_PROVIDER=openai GOOSE_MODEL=gpt-4o "OPENAI_HOST=$RELAY/goose" OPENAI_API_KEY=TOKEN GOOSE_DISABLE_KEYRING=1 \
    GOOSE_TELEMETRY_ENABLED=false GOOSE_DISABLE_SESSION_NAMING=true -- \
    run -q --no-session --no-profile --with-builtin developer --output-format stream-json -t go
cat >"$T/codex/conf/config.toml" <<CONF
model = "gpt-5"
model_provider = "gw"
check_for_update_on_startup = false
web_search = "disabled"
[analytics]
enabled = false
[model_providers.gw]
name = "gw"
base_url = "$RELAY/codex/v1"
env_key = "GW_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
CONF
run codex "CODEX_HOME=$T/codex/conf" GW_KEY=TOKEN -- exec --json -s danger-full-access \
    --disable plugins --disable apps --disable remote_plugin go
run opencode GW_KEY=TOKEN OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_PROJECT_CONFIG=1 \
    OPENCODE_DISABLE_LSP_DOWNLOAD=1 "OPENCODE_CONFIG_CONTENT={\"autoupdate\":false,\"share\":\"disabled\",\"model\":\"gw/gpt-5\",\"small_model\":\"gw/gpt-5\",\"enabled_providers\":[\"gw\"],\"provider\":{\"gw\":{\"npm\":\"@ai-sdk/openai-compatible\",\"options\":{\"baseURL\":\"$RELAY/opencode/v1\",\"apiKey\":\"{env:GW_KEY}\"},\"models\":{\"gpt-5\":{\"limit\":{\"context\":100000,\"output\":8000}}}}}}" \
    -- run --format json go
tap_done
