#!/bin/bash
# The real Claude Code in a one-shot run, on a copy of a hostile folder, with a
# stub of its model.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gateway_lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/agents_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
agents_start claude
agents_upstream alpha
git clone -q "$UPSTREAM" "$T/src"
coffer run start --repo "$T/src" --agent claude 'Look' >"$T/out" 2>"$T/err"
tap_is "$?,$(grep -c 'is a link that leaves the folder' "$T/err")" 3,1 'a hostile folder may be refused'
git -C "$T/src" rm -q link

agents_steps <<'A'
[{"text":"I look first.","tools":[{"name":"Bash","args":{"command":"git log --oneline | head -3","description":"log"}}]},
 {"tools":[{"name":"Write","args":{"file_path":"/work/tree/made.txt","content":"made\n"}}]},
 {"text":"It is **done**."}]
A
TOKEN_OF_MINE=value-of-the-caller coffer run start --repo "$T/src" --agent claude --env TOKEN_OF_MINE \
    --verify 'grep -qx made made.txt' --record "$T/record.tar" 'Make made.txt' >"$T/out" 2>"$T/err"
tap_is $? 0 'an agent works on a copy, and its work is verified'
tap_is "$(grep -c '^+made$' "$T/out")" 1 'its patch is standard output'
tap_is "$(git -C "$T/src" status --porcelain)" 'D  link' 'the folder is as it was'
mkdir "$T/record" && tar -C "$T/record" -xf "$T/record.tar"
AJSON=$(find "$T/record" -name agent.json)
tap_is "$(jq -r '[.agent, .ended, .fault, .usage.input > 0] | join(" ")' "$AJSON")" 'claude true none true' 'its record has what it took'
tap_not 'and no key, nor what the caller gave' grep -rqe value-of-the-caller -e "$KEY" "$T/record"
tap_ok 'no hook of the folder ran' sh -c "! grep -rq '^mark ' '$T/record'"
tap_ok 'nothing was asked elsewhere' sh -c "! grep -rq '^trap ' '$T/record'"
gone() { [ "$(coffer status --json | jq -r '.. | objects | .full_name? // empty' | grep -c oneshot)" -eq 0 ]; }
tap_ok 'nothing of it stays' wait_for 60 gone
coffer run start --repo "$T/src" --agent claude --network off 'Make made.txt' >"$T/out" 2>"$T/err2"
tap_is $? 30 'without any network it has no model, and says so'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/err" "$T/err2"
tap_done
