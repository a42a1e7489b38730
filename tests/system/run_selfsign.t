#!/bin/sh
# An agent that signs in by itself: it has its own credential in the sandbox and
# asks its provider by the router, past the gateway, in mode locked.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
command -v curl >/dev/null || tap_skip_all 'needs curl'

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
RUN_OWN=sk-ant-oat01-$(random)
SESSION_OWN=sk-ant-oat01-$(random)

# The gateway has a key, and nobody is to have a token for it.
selfsign_before()
{
	gateway_provider
	gateway_files anthropic anthropic
	gateway_prices
	sed -i '/^\[agentd\]/a providers = none' "$HOME_DIR/coffer.conf"
	mkdir -p "$HOME_DIR/agents" "$HOME_DIR/seed/.model" "$HOME_DIR/prompts/commands"
	printf 'Authorization: Bearer %s\n' "$RUN_OWN" >"$HOME_DIR/seed/.model/login"
	printf '[{"text":"hello"}]' >"$T/steps.json"
	: >"$T/own.log"
	start "$T/own.err" ip netns exec "coffer-$INST-inet" \
	    perl "$SYSTEM_DIR/model_stub.pl" "0:$T/own.port" "$T/steps.json" "$T/own.log" 203.0.113.5
	wait_for 10 test -s "$T/own.port" || tap_bail "no stub: $(cat "$T/own.err")"
	OWN_PORT=$(cat "$T/own.port")
	cat >"$HOME_DIR/agents/ask" <<A
# What has a login file asks its provider, and says what it got.
env | grep -E '^(ANTHROPIC|OPENAI)_' | sed 's/=.*/ is given/'
curl -sS -m 20 -H "@\$HOME/.model/login" -H 'Content-Type: application/json' -w ' %{http_code}\n' \\
    -d '{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hello"}]}' \\
    http://ok.test:$OWN_PORT/v1/messages 2>&1
A
	cat >"$HOME_DIR/agents/agent" <<'A'
#!/bin/sh
sh /opt/coffer/agents/ask
echo I asked. >"$COFFER_OUT"
A
	chmod 755 "$HOME_DIR/agents/agent"
	printf -- '---\ndescription: asks a model\naccess: read\n---\nDo it.\n' \
	    >"$HOME_DIR/prompts/commands/ask.md"
	sed -i "s|^prompts_dir = .*|prompts_dir = $HOME_DIR/prompts|" "$HOME_DIR/coffer.conf"
}
# shellcheck disable=SC2034
NET_BEFORE=selfsign_before
net_start
make_upstream calc
coffer create "$UPSTREAM" --network locked --wait --timeout 60s -- /opt/coffer/agents/agent \
    >"$T/create.log" 2>&1 || tap_bail "$(cat "$T/create.log")"

has_run()
{
	RID=$(coffer run list "$1" --json | jq -r "[.[] | select(.item == $ITEM)] | last | .id // empty")
	[ -n "$RID" ]
}
order() # PROJECT
{
	ITEM=$(coffer issue new "$1" -t 'Do it' -b /ask --json | jq -r .number)
	wait_for 20 has_run "$1" || tap_bail "no run for #$ITEM"
	coffer run wait "$RID" --timeout 60s >/dev/null 2>&1
	coffer run logs "$RID" >"$T/run.log" 2>&1
	STATE=$(coffer run show "$RID" --json | jq -r .state)
}
keys() { jq -r .key "$T/own.log"; }
answer() { grep -c '"role":"assistant".* 200$' "$1"; }
session() { inside calc 'sh /work/ask' >"$T/session.log"; }

# ---- its provider is one more name ----
printf 'Authorization: Bearer %s\n' "$SESSION_OWN" >"$T/login"
inside calc 'mkdir -p ~/.model'
{ coffer cp "$T/login" calc:/home/agent/.model/login && coffer cp "$HOME_DIR/agents/ask" calc:/work/ask; } \
    >"$T/cp.log" 2>&1 || tap_bail "$(cat "$T/cp.log")"
session
tap_is "$(answer "$T/session.log"),$(keys)" 0, 'without a rule no provider is reached'
coffer net calc allow ok.test --port "$OWN_PORT" >"$T/net.log" 2>&1 || tap_bail "$(cat "$T/net.log")"
soon() { [ "$(dial calc ok.test "$OWN_PORT")" = connected ]; }
tap_ok 'a rule opens it' wait_for 10 soon

# ---- a session ----
: >"$T/own.log"
session
tap_is "$(answer "$T/session.log")" 1 'a session asks with the login that was put into it'
tap_is "$(keys)" "Bearer $SESSION_OWN" 'which the provider has as it is'
tap_not 'and has no token' grep 'is given' "$T/session.log"

# ---- a run ----
: >"$T/own.log"
order calc
tap_is "$STATE,$(answer "$T/run.log")" 'done,1' 'a run asks with the login of the seed'
tap_is "$(keys)" "Bearer $RUN_OWN" 'which the provider has as it is'
tap_not 'and has no token' grep 'is given' "$T/run.log"
control '{"op":"hello"}'
tap_is "$(field '.tokens,.exchanges' | tr '\n' ' ')" '0 0 ' 'the gateway gave no token and was not asked'
tap_not 'nor was its provider' grep -v '^ready ' "$T/up.log"

# ---- a gateway without keys, which is asked for tokens ----
coffer down >"$T/down.log" 2>&1
sed -i '/^providers = none$/d' "$HOME_DIR/coffer.conf"
rm -r "$HOME_DIR/gateway/keys"
coffer up -d --listen 127.0.0.1:0 >"$T/up2.log" 2>&1 || tap_bail "$(cat "$T/up2.log")"
tap_ok 'again' wait_for 30 soon
: >"$T/own.log"
order calc
tap_is "$STATE,$(answer "$T/run.log"),$(keys)" "done,1,Bearer $RUN_OWN" 'it is the same when no provider has a key'
tap_not 'there is no token then' grep 'is given' "$T/run.log"

# ---- the real Claude Code, signed in with an account ----
claude_project()
{
	CLI_OWN=sk-ant-oat01-$(random)
	mkdir -p "$HOME_DIR/seed/.claude" "$HOME_DIR/agents/bin" "$HOME_DIR/agents/cli"
	printf '{"claudeAiOauth":{"accessToken":"%s","refreshToken":"none","expiresAt":9999999999999,"scopes":["user:inference","user:profile"],"subscriptionType":"max"}}\n' \
	    "$CLI_OWN" >"$HOME_DIR/seed/.claude/.credentials.json"
	claude_f=$(readlink -f "$COFFER_TEST_CLIS/bin/claude")
	ln "$claude_f" "$HOME_DIR/agents/cli/claude" 2>/dev/null || cp "$claude_f" "$HOME_DIR/agents/cli/claude"
	printf '#!/bin/sh\nexport ANTHROPIC_BASE_URL=http://ok.test:%s CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1\nexec /opt/coffer/agents/cli/claude "$@"\n' \
	    "$OWN_PORT" >"$HOME_DIR/agents/bin/claude"
	chmod 755 "$HOME_DIR/agents/bin/claude"
	make_upstream real
	coffer create "$UPSTREAM" --network locked --agent claude --wait --timeout 60s >"$T/create.log" 2>&1 ||
	    tap_bail "$(cat "$T/create.log")"
	coffer net real allow ok.test --port "$OWN_PORT" >"$T/net.log" 2>&1
	printf '[{"text":"Signed in."}]' >"$T/steps.json"
	: >"$T/own.log"
}
if [ -x "${COFFER_TEST_CLIS:-/nonexistent}/bin/claude" ]; then
	claude_project
	order real
	tap_is "$STATE,$(keys | sort -u)" "done,Bearer $CLI_OWN" 'Claude Code asks with the login of its account'
	coffer issue show real "$ITEM" >"$T/said"
	tap_ok 'and answers' grep -q 'Signed in' "$T/said"
else
	CLI_OWN=$RUN_OWN
	tap_skip 'Claude Code asks with the login of its account' 'set COFFER_TEST_CLIS (tests/clis.sh)'
fi

# ---- where it is not ----
coffer issue show calc 1 >>"$T/said"
coffer run show "$RID" >>"$T/said"
tap_is "$(grep -rlF --exclude-dir=engine -e "$RUN_OWN" -e "$SESSION_OWN" -e "$CLI_OWN" \
    "$HOME_DIR" "$T/said" "$T/run.log" "$T/session.log" "$T/up2.log" | sort)" \
    "$(find "$HOME_DIR/seed" -type f | sort)" \
    'no login is in a log, a record, the database or a comment: the seed alone has them'
tap_done
