#!/bin/sh
# The real Codex in runs, with a stub of its model, on a repository that tries
# to take it over.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/agents_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
agents_start codex
agents_upstream alpha

# ---- control: told to trust it, the repository has its way ----
agents_project control command /opt/coffer/agents/bin/codex exec --json --trust \
    -c 'model_provider="o"' -c 'model_providers.o.name="o"' \
    -c 'model_providers.o.base_url="http://127.0.0.1:18080/v1"' -c 'model_providers.o.wire_api="responses"' hello
agents_steps <<'A'
[{"text":"hello"}]
A
attack_order control /look
attack_end
tap_ok 'control: a server of the repository is started' grep -q '^mark /tmp/mark-codex-mcp' "$T/run.log"

# ---- a write run ----
agents_project alpha codex
agents_steps <<'A'
[{"text":"I look first.","tools":[{"name":"exec_command","args":{"cmd":"git log --oneline | head -3"}}]},
 {"tools":[{"name":"exec_command","args":{"cmd":"apply_patch <<'P'\n*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\nP"}}]},
 {"tools":[{"name":"exec_command","args":{"cmd":"env; exit 3"}}]},
 {"text":"It is **done**."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a write run ends well'
tap_is "$(agents_tools)" 'exec_command request_user_input view_image write_stdin ' \
    'the model is offered a shell, and no web, agents or apps'
tap_is "$(jq -r '[.agent, .version, .ended, .tools, .usage.input, .usage.output] | join(" ")' "$AJSON")" \
    'codex 0.169.0 true 3 4000 200' 'its version, tools and tokens are known'
tap_is "$(jq -r 'select(.kind == "tool") | .name' "$EVENTS" | tr '\n' ' ')" \
    'command_execution file_change command_execution ' 'its calls are events'
tap_ok 'its last word is the answer' grep -q 'It is \*\*done\*\*' "$SAID"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/admin/alpha.git" | grep -c 'agent/sealed-')" 1 'its work is pushed'
tap_not 'its shell does not get the key' grep 'CODEX_API_KEY' "$ERR"
agents_harmless

# ---- the rules for what it does ----
agents_steps <<'A'
[{"tools":[{"name":"exec_command","args":{"cmd":"echo x >.git/hooks/pre-commit; touch taken"}}]},
 {"tools":[{"name":"exec_command","args":{"cmd":"apply_patch <<'P'\n*** Begin Patch\n*** Add File: .git/hooks/pre-push\n+x\n*** End Patch\nP"}}]},
 {"tools":[{"name":"exec_command","args":{"cmd":"sudo id || touch given; ls .git; echo $((40 + 2))"}}]},
 {"text":"Done."}]
A
attack_order alpha /sealed
asked() { api GET "/api/coffer/v1/approvals?state=open&run=$RID"; A=$(field '.[0].id'); [ "$(field 'map(.kind) | join(",")')" = command ]; }
tap_ok 'what a rule asks for is asked' wait_for 60 asked
coffer approvals approve "$A" >"$T/allow" 2>&1
attack_end
agents_files alpha
tap_is "$(agents_end)" 'done none' 'a run goes on after a no'
tap_is "$(grep -c '"last":"[^"]*git-hooks denies it' "$ERR")" 2 'the model is told what a rule denies'
tap_ok 'what is allowed is done' sh -c "sed -n 's/^stub //p' '$ERR' | jq -r .last | grep -qx 42"
tap_is "$(grep -cE '^diff --git a/(taken|given) ' "$HOME_DIR/runs/$RID/record/patch.diff")" 1 'and nothing of the rest'

# ---- a read run ----
agents_steps <<'A'
[{"tools":[{"name":"exec_command","args":{"cmd":"git log --oneline | head -3; echo x >x || echo refused"}}]},
 {"text":"Looked."}]
A
agents_order alpha /look
tap_is "$(agents_end)" 'done none' 'a read run ends well'
tap_ok 'its tree is read-only' grep -q 'Read-only file system' "$ERR"
agents_harmless

# ---- the same item again ----
agents_sessions alpha

# ---- how it can go wrong ----
agents_fail alpha 401 '{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}'
tap_is "$(agents_end)" 'failed key' 'a refused key is told'
agents_fail alpha 400 '{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}'
tap_is "$(agents_end)" 'failed context' 'so is a task that is too long'
agents_poor alpha
tap_is "$(agents_end)" 'budget budget' 'and a used up budget'
tap_done
