#!/bin/bash
# The rules for what agents do, as a run meets them: by the program that a CLI
# asks before it uses a tool.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
rules_before()
{
	mkdir "$HOME_DIR/policy"
	printf '# ours\ndrop publish\ndeny command no-touch: touch   # ours\n' >"$HOME_DIR/policy/own.policy"
	printf 'deny command never: echo\n' >"$HOME_DIR/policy/not-this"
}
ATTACK_BEFORE=rules_before
attack_start alpha
C=/api/coffer/v1

# What each agent begins with.
cat >"$HOME_DIR/agents/lib" <<'A'
hook() { /run/coffer/policy/hook 2>&1; echo "status $?"; }
# bash LINE: as a CLI asks about its shell
bash() { printf '{"tool_name":"Bash","tool_input":{"command":"%s"},"cwd":"/work/tree"}' "$1" | hook; }
# tool NAME FILE
tool() { printf '{"tool_name":"%s","tool_input":{"file_path":"%s"}}' "$1" "$2" | hook; }
A
agent_does <<'A'
. /opt/coffer/agents/lib
echo "one $(bash 'make && git status')"
echo "two $(bash 'true; rm -rf /')"
echo "three $(bash 'touch x')"
echo "four $(bash 'npm publish')"
echo "five $(tool Read src/a.c)"
echo "six $(tool Write .git/hooks/pre-commit)"
echo "seven $(tool mcp__x__y a)"
echo "eight $(echo '{"tool_name":' | hook)"
echo "nine $(echo '{"tool_name":"Bash","tool_input":{}}' | hook)"
echo "ten $(head -c 2000000 /dev/zero | hook)"
echo "eleven $(echo x 2>&1 >>/run/coffer/policy/rules)"
echo "twelve $(rm -f /run/coffer/policy/hook 2>&1)"
echo "thirteen $(bash 'echo x')"
echo "fourteen $(/run/coffer/policy/bash -c 'echo $((40 + 2)) $0' zero)"
echo "fifteen $(/run/coffer/policy/bash -lc 'touch x' 2>&1; echo "status $?") "
echo done >"$COFFER_OUT"
A
attack_order alpha /plan
attack_end
tap_is "$(attack_state)" 'done' 'a run asks what it may'
said() { tr '\n' ' ' <"$T/run.log" | grep -o "$1 .* $2 " | sed "s/ $2 \$//"; }
tap_is "$(said one two)" 'one status 0' 'what no rule is against'
tap_like "$(said two three)" '*rm-all denies it: it would empty*status 2' 'what is denied, with the reason'
tap_like "$(said three four)" '*no-touch denies it: ours*status 2' 'by a rule of the operator, too'
tap_is "$(said four five)" 'four status 0' 'who takes shipped ones away'
tap_is "$(said five six)" 'five status 0' 'a tool'
tap_like "$(said six seven)" '*git-hooks denies it*status 2' 'and its file'
tap_like "$(said seven eight)" '*(none) denies it: no rule is for this tool*status 2' 'a tool that no rule knows'
for n in 'eight nine' 'nine ten' 'ten eleven'; do
	# shellcheck disable=SC2086
	tap_like "$(said $n)" '*the policy cannot judge it*status 2' 'what is not understood is a no'
done
tap_like "$(said eleven twelve)" '*annot create*' 'the rules are not the sandbox'"'"'s to change'
tap_like "$(said twelve thirteen)" '*Read-only*' 'nor the program'
tap_is "$(said fourteen fifteen)" 'fourteen 42 zero' 'as a shell it runs what it may'
tap_like "$(tr '\n' ' ' <"$T/run.log")" '*fifteen *no-touch denies it*status 126*' 'and nothing else'
tap_like "$(tr '\n' ' ' <"$T/run.log")" '*thirteen status 0*' 'only files called .policy are rules'

tap_is "$(jq -r .rules "$HOME_DIR/runs/$RID/record/policy.json" | grep -c -e '^deny command no-touch: touch # ours$' -e '^deny command rm-all: ')" 2 'its record has the rules'

# Asked.
agent_does <<'A'
. /opt/coffer/agents/lib
echo "one $(bash 'sudo id')"
echo "two $(bash 'sudo id')"
echo "three $(bash 'ssh example.org')"
echo done >"$COFFER_OUT"
A
attack_order alpha /plan
asked() { api GET "$C/approvals?state=open&run=$RID"; [ "$(field '.[0].subject')" = "$1" ]; }
tap_ok 'what a rule asks for is asked' wait_for 60 asked 'sudo id'
A=$(field '.[0].id')
tap_is "$(field '.[0] | "\(.kind) \(.reason)"')" 'command privilege: it would be another user' 'with the rule'
coffer issue show alpha "$ITEM" >"$T/said"
tap_ok 'in the issue' grep -q "to run .sudo id., because .privilege" "$T/said"
api POST "/api/v1/repos/admin/alpha/issues/$ITEM/comments" "{\"body\":\"/allow $A for 10m\"}"
tap_ok 'the next one' wait_for 60 asked 'ssh example.org'
B=$(field '.[0].id')
# Killed while it is asked: who waits goes on waiting.
pid_of() { coffer status --json | jq -r ".services[] | select(.name == \"$1\") | .pid"; }
WAS=$(pid_of cofferd)
kill -KILL "$WAS"
is_new() { [ "$(pid_of cofferd)" != "$WAS" ] && coffer status --json | jq -e '.services[] | select(.name == "cofferd") | .state == "up"'; }
tap_ok 'cofferd is killed and starts again' wait_for 30 is_new
wait_for 30 asked 'ssh example.org'
coffer approvals deny "$B" >"$T/deny.out" 2>&1
attack_end
tap_is "$(attack_state)" 'done' 'the run goes on when it is answered'
tap_is "$(said one two)" 'one status 0' 'what is allowed'
tap_is "$(said two three)" 'two status 0' 'also the next time'
tap_like "$(tr '\n' ' ' <"$T/run.log")" "*three *approval $B is denied*status 2*" 'what is denied'

# The repository's own.
rules() { (cd "$WORK" && mkdir -p .coffer && echo "$1" >.coffer/policy && git add -A && git commit -q -m 'Rules' && git push -q origin main) && coffer sync alpha >/dev/null 2>&1; }
rules 'deny command slow: sleep   # too slow here'
agent_does <<'A'
. /opt/coffer/agents/lib
echo "one $(bash 'sleep 1')"
echo "two $(bash 'touch x')"
echo done >"$COFFER_OUT"
A
attack_order alpha /plan
attack_end
tap_like "$(said one two)" '*slow denies it: too slow here*status 2' 'a repository denies more'
tap_like "$(tr '\n' ' ' <"$T/run.log")" '*two *no-touch denies it*' 'what was denied stays'
rules 'allow command slow: touch ...'
attack_order alpha /plan
attack_end
tap_like "$(jq -r .why "$T/run.json")" "*.coffer/policy: line 1: a repository's policy asks or denies*" 'and allows nothing'
rules '# none'

# The operator's, changed.
rules_are() { grep -q "$1" "$HOME_DIR/policy.run/rules"; }
echo 'deny command late: cal   # since now' >"$HOME_DIR/policy/z.policy"
tap_ok 'the rules of the operator are read again when they change' wait_for 30 rules_are '^deny command late: cal'
echo 'deny cmd late: cal' >"$HOME_DIR/policy/z.policy"
kept() { grep -q 'policy kept why=.*z.policy.*line 1' "$HOME_DIR/log/agentd.log"; }
tap_ok 'a wrong line is told in the log' wait_for 30 kept
tap_ok 'and the rules stay' rules_are '^deny command late: cal'
rm "$HOME_DIR/policy/z.policy"
gone() { ! rules_are 'cal'; }
tap_ok 'until it is mended' wait_for 30 gone

case ${V-} in
asan | tsan) ;;
*) tap_not 'the program needs no library of the image' ldd "$O/libexec/coffer/coffer-hook" ;;
esac

# Nobody can be asked.
agent_does <<'A'
. /opt/coffer/agents/lib
echo "one $(bash 'sudo id')"
echo "two $(bash 'true')"
echo done >"$COFFER_OUT"
A
attack_order alpha /look
attack_end
tap_like "$(tr '\n' ' ' <"$T/run.log")" '*one *a maintainer cannot be asked*status 2 two status 0*' 'without a network it is a no'
tap_done
