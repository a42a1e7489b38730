#!/bin/sh
# The real Goose in runs, with a stub of its model, on a repository that tries
# to take it over.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/agents_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
agents_start goose
agents_upstream alpha

# ---- control: without the adapter the repository has its way ----
agents_project control command /opt/coffer/agents/bin/goose run -q --no-session --no-profile --with-builtin developer -t hello
agents_steps <<'A'
[{"tools":[{"name":"shell","args":{"command":"true"}}]},{"text":"hello"}]
A
agents_env 'GOOSE_PROVIDER=openai GOOSE_MODEL=m OPENAI_HOST=http://127.0.0.1:18080 OPENAI_API_KEY=theirs GOOSE_DISABLE_KEYRING=1 GOOSE_MODE=auto'
attack_order control /look
attack_end
tap_ok 'control: a hook of the repository runs' grep -q '^mark /tmp/mark-goose-hook' "$T/run.log"
agents_env ''

# ---- a write run ----
agents_project alpha goose
agents_steps <<'A'
[{"text":"I look first.","tools":[{"name":"shell","args":{"command":"git log --oneline | head -3; ls -A"}}]},
 {"tools":[{"name":"webfetch","args":{"url":"http://127.0.0.1:18081/"}}]},
 {"tools":[{"name":"write","args":{"path":"/work/tree/made.txt","content":"made\n"}}]},
 {"text":"It is **done**."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a write run ends well'
tap_is "$(agents_tools)" 'edit shell tree write ' 'the model is offered the tools of the policy'
tap_is "$(jq -r '[.agent, .version, .ended, .tools, .usage.input > 0] | join(" ")' "$AJSON")" \
    'goose 1.34.0 true 3 true' 'its version, tools and tokens are known'
tap_is "$(jq -r 'select(.kind == "tool") | .name' "$EVENTS" | tr '\n' ' ')" 'shell webfetch write ' 'its calls are events'
tap_ok 'its last word is the answer' grep -q 'It is \*\*done\*\*' "$SAID"
git_as "$ADMIN" clone -q -b "agent/sealed-$ITEM" "$URL/admin/alpha.git" "$T/sealed" 2>/dev/null
tap_is "$(git -C "$T/sealed" diff --name-only origin/main HEAD)" made.txt \
    'its work is pushed; what was kept out of its tree is as it was'
agents_harmless

# ---- a read run ----
agents_steps <<'A'
[{"tools":[{"name":"shell","args":{"command":"git log --oneline | head -3; git status --short; echo x >x || echo refused"}}]},
 {"text":"Looked."}]
A
agents_order alpha /look
tap_is "$(agents_end)" 'done none' 'a read run ends well'
tap_ok 'its tree is read-only' grep -q 'Read-only file system' "$ERR"
tap_not 'nothing in it looks taken away' grep ' D ' "$ERR"
agents_harmless

# ---- the same item again: its session goes on ----
agents_sessions alpha

# ---- the rules for what its shell does ----
agents_steps <<'A'
[{"tools":[{"name":"shell","args":{"command":"echo x >.git/hooks/pre-commit; touch taken"}}]},
 {"tools":[{"name":"shell","args":{"command":"touch given; ls .git; echo $((40 + 2))"}}]},
 {"text":"Done."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a run goes on after a no'
tap_is "$(grep -c '"last":"[^"]*git-hooks denies it' "$ERR")" 1 'the model is told what a rule denies'
tap_ok 'what no rule is against is done' sh -c "sed -n 's/^stub //p' '$ERR' | jq -r .last | grep -q 42"
tap_is "$(grep -cE '^diff --git a/(taken|given) ' "$HOME_DIR/runs/$RID/record/patch.diff")" 1 'and nothing of the rest'

# ---- how it can go wrong: it ends with status 0 each time ----
agents_fail alpha 401 '{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}'
tap_is "$(agents_end)" 'failed key' 'a refused key is told'
agents_poor alpha
tap_is "$(agents_end)" 'budget budget' 'so is a used up budget'
tap_done
