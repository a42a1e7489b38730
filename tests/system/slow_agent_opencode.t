#!/bin/sh
# The real OpenCode in runs, with a stub of its model, on a repository that
# tries to take it over.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/agents_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
agents_start opencode
agents_upstream alpha

# ---- control: without the adapter the repository has its way ----
agents_project control command timeout 100 /opt/coffer/agents/bin/opencode run --pure --format json hello
agents_steps <<'A'
[{"text":"hello"}]
A
agents_env 'COFFER_MODEL_TOKEN=theirs OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_AUTOUPDATE=1'
cat >>"$HOME_DIR/agents/env" <<'A'
export OPENCODE_CONFIG_CONTENT='{"model":"coffer/m","small_model":"coffer/m","enabled_providers":["coffer"],"provider":{"coffer":{"npm":"@ai-sdk/openai-compatible","options":{"apiKey":"{env:COFFER_MODEL_TOKEN}"},"models":{"m":{}}}}}'
A
attack_order control /sealed
attack_end
tap_ok 'control: a server of the repository is started' grep -q '^mark /tmp/mark-opencode-mcp' "$T/run.log"
tap_ok 'control: the key goes where the repository says' grep -q '^trap .*theirs' "$T/run.log"
agents_env ''

# ---- a write run ----
agents_project alpha opencode
agents_steps <<'A'
[{"text":"I look first.","tools":[{"name":"bash","args":{"description":"log","command":"git log --oneline | head -3"}}]},
 {"tools":[{"name":"webfetch","args":{"url":"http://127.0.0.1:18081/","format":"text"}}]},
 {"tools":[{"name":"write","args":{"filePath":"/work/tree/made.txt","content":"made\n"}}]},
 {"text":"It is **done**."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a write run ends well'
tap_is "$(agents_tools)" 'bash edit glob grep read write ' 'the model is offered the tools of the policy'
tap_is "$(jq -r '[.agent, .version, .ended, .tools, .usage.input, .usage.output] | join(" ")' "$AJSON")" \
    'opencode 1.18.33 true 3 4000 200' 'its version, tools and tokens are known'
tap_is "$(jq -r 'select(.kind == "tool") | .name + (if .done then "" else "-" end)' "$EVENTS" | tr '\n' ' ')" \
    'bash webfetch- write ' 'its calls are events'
tap_ok 'its last word is the answer' grep -q 'It is \*\*done\*\*' "$SAID"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/admin/alpha.git" | grep -c 'agent/sealed-')" 1 'its work is pushed'
git_as "$ADMIN" clone -q -b "agent/sealed-$ITEM" "$URL/admin/alpha.git" "$T/sealed" 2>/dev/null
tap_is "$(git -C "$T/sealed" diff --name-only origin/main HEAD)" made.txt 'and nothing but its work'
agents_harmless

# ---- a read run ----
agents_steps <<'A'
[{"tools":[{"name":"bash","args":{"description":"log","command":"git log --oneline"}}]},
 {"tools":[{"name":"bash","args":{"description":"w","command":"echo x >/tmp/mark-bash"}}]},
 {"tools":[{"name":"bash","args":{"description":"o","command":"git diff --output=/tmp/mark-output HEAD~1"}}]},
 {"tools":[{"name":"bash","args":{"description":"q","command":"git diff --o'ut'put=/tmp/mark-output HEAD~1"}}]},
 {"tools":[{"name":"bash","args":{"description":"g","command":"git grep -Otouch one"}}]},
 {"tools":[{"name":"write","args":{"filePath":"/tmp/mark-write","content":"x"}}]},
 {"text":"Looked."}]
A
agents_order alpha /look
tap_is "$(agents_end)" 'done none' 'a read run ends well'
tap_is "$(agents_tools)" 'bash glob grep read ' 'with tools that read'
tap_ok 'git may look' grep -q '"last":"[0-9a-f]* Settings' "$ERR"
agents_harmless

# ---- the same item again: its session goes on ----
agents_sessions alpha

# ---- the rules for what its shell does ----
agents_steps <<'A'
[{"tools":[{"name":"bash","args":{"command":"echo x >.git/hooks/pre-commit; touch taken","description":"x"}}]},
 {"tools":[{"name":"bash","args":{"command":"touch given; ls .git; echo $((40 + 2))","description":"x"}}]},
 {"text":"Done."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a run goes on after a no'
tap_is "$(grep -c '"last":"[^"]*git-hooks denies it' "$ERR")" 1 'the model is told what a rule denies'
tap_ok 'what no rule is against is done' sh -c "sed -n 's/^stub //p' '$ERR' | jq -r .last | grep -q 42"
tap_is "$(grep -cE '^diff --git a/(taken|given) ' "$HOME_DIR/runs/$RID/record/patch.diff")" 1 'and nothing of the rest'

# ---- how it can go wrong ----
agents_fail alpha 401 '{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}'
tap_is "$(agents_end)" 'failed key' 'a refused key is told'
agents_poor alpha
tap_is "$(agents_end)" 'budget budget' 'so is a used up budget'
tap_done
