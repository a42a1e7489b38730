#!/bin/sh
# The real Claude Code in runs, with a stub of its model, on a repository that
# tries to take it over.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/agents_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
agents_start claude
agents_upstream alpha

# ---- control: without the adapter the repository has its way ----
agents_project control command /opt/coffer/agents/bin/claude -p hello --permission-mode acceptEdits --output-format json
agents_steps <<'A'
[{"text":"hello"}]
A
agents_env 'ANTHROPIC_BASE_URL=http://127.0.0.1:18080 ANTHROPIC_API_KEY=theirs CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1'
attack_order control /look
attack_end
tap_ok 'control: a hook of the repository runs' grep -q '^mark /tmp/mark-claude-hook' "$T/run.log"
tap_ok 'control: a server of the repository is started' grep -q '^mark /tmp/mark-claude-mcp' "$T/run.log"
tap_ok 'control: the key goes where the repository says' grep -q '^trap .*"key":"theirs"' "$T/run.log"
agents_env ''

# ---- a write run ----
agents_project alpha claude
agents_steps <<'A'
[{"text":"I look first.","tools":[{"name":"Bash","args":{"command":"git log --oneline | head -3","description":"log"}}]},
 {"tools":[{"name":"WebFetch","args":{"url":"http://127.0.0.1:18081/","prompt":"x"}}]},
 {"tools":[{"name":"Write","args":{"file_path":"/work/tree/made.txt","content":"made\n"}}]},
 {"tools":[{"name":"Bash","args":{"command":"env; cat /home/agent/.claude/settings.json","description":"env"}}]},
 {"text":"It is **done**."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a write run ends well'
tap_is "$(agents_tools)" 'Bash DeferredToolPlaceholder Edit Glob Grep Read Write ' \
    'the model is offered the tools of the policy'
tap_is "$(jq -r '[.agent, .version, .ended, .tools, .usage.input, .usage.output] | join(" ")' "$AJSON")" \
    'claude 2.1.329 true 4 5000 250' 'its version, tools and tokens are known'
tap_ok 'and its cost' jq -e '.usage.cost_micros > 0 and (.session | length) == 36' "$AJSON"
tap_is "$(jq -r 'select(.kind == "tool") | .name' "$EVENTS" | tr '\n' ' ')" 'Bash WebFetch Write Bash ' \
    'its calls are events'
tap_ok 'its last word is the answer' grep -q 'It is \*\*done\*\*' "$SAID"
tap_ok 'with what it took' grep -q '5000 tokens in, 250 out, \$' "$SAID"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/admin/alpha.git" | grep -c 'agent/sealed-')" 1 'its work is pushed'
agents_harmless

# ---- the rules for what it does ----
agents_steps <<'A'
[{"tools":[{"name":"Bash","args":{"command":"echo x >.git/hooks/pre-commit; touch taken","description":"x"}}]},
 {"tools":[{"name":"Write","args":{"file_path":"/work/tree/.git/hooks/pre-push","content":"x"}}]},
 {"tools":[{"name":"Bash","args":{"command":"touch given; ls .git; echo $((40 + 2))","description":"x"}}]},
 {"text":"Done."}]
A
agents_order alpha /sealed
tap_is "$(agents_end)" 'done none' 'a run goes on after a no'
tap_is "$(grep -c '"last":"[^"]*git-hooks denies it' "$ERR")" 2 'the model is told what a rule denies'
tap_ok 'what no rule is against is done' sh -c "sed -n 's/^stub //p' '$ERR' | jq -r .last | grep -qx 42"
tap_is "$(grep -cE '^\+\+\+ b/(taken|given)$|^diff --git a/(taken|given) ' "$HOME_DIR/runs/$RID/record/patch.diff")" 1 'and nothing of the rest'

# ---- a read run ----
agents_steps <<'A'
[{"tools":[{"name":"Bash","args":{"command":"git log --oneline | head -3","description":"log"}}]},
 {"tools":[{"name":"Bash","args":{"command":"echo x >/tmp/mark-bash","description":"w"}}]},
 {"tools":[{"name":"Bash","args":{"command":"git diff --output=/tmp/mark-output HEAD~1","description":"d"}}]},
 {"tools":[{"name":"Bash","args":{"command":"git grep -O'touch /tmp/mark-grep;:' one","description":"g"}}]},
 {"tools":[{"name":"Read","args":{"file_path":"/work/tree/link"}}]},
 {"tools":[{"name":"Read","args":{"file_path":"/proc/self/environ"}}]},
 {"tools":[{"name":"Write","args":{"file_path":"/work/tree/x","content":"x"}}]},
 {"text":"Looked."}]
A
agents_order alpha /look
tap_is "$(agents_end)" 'done none' 'a read run ends well'
tap_is "$(agents_tools)" 'Bash DeferredToolPlaceholder Glob Grep Read ' 'with tools that read'
tap_ok 'git may look' grep -q '"last":"[0-9a-f]* Settings' "$ERR"
tap_is "$(jq -r 'select(.kind == "denied") | .name' "$EVENTS" | sort -u | tr '\n' ' ')" 'Bash Read ' \
    'a shell and a link out of the tree are denied'
tap_not 'what is outside of the tree was not said' grep -e root: -e COFFER_OUT "$ERR"
agents_harmless

# ---- the same item again ----
agents_sessions alpha

# ---- how it can go wrong ----
agents_fail alpha 401 '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'
tap_is "$(agents_end)" 'failed key' 'a refused key is told'
agents_fail alpha 400 '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 300000 tokens"}}'
tap_is "$(agents_end)" 'failed context' 'so is a task that is too long'
agents_poor alpha
tap_is "$(agents_end)" 'budget budget' 'and a used up budget'
agents_project beta claude claude --tools WebFetch
agents_steps <<'A'
[{"text":"x"}]
A
agents_order beta /look
tap_is "$(agents_end)" 'failed tools' 'more tools than the policy has end the run'
tap_ok 'and are named' grep -q 'a tool that this run does not allow: WebFetch' "$T/run.json"
printf '#!/bin/sh\necho 3.0.1\n' >"$HOME_DIR/agents/bin/claude"
agents_order alpha /look
tap_is "$(agents_end)" 'failed version' 'a version that is not known is not started'
tap_done
