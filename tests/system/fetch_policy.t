#!/bin/sh
# The policy of `coffer fetch`: the user's file and the base's, never the
# head's; what other tools found, in and out; what people see of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

tap_plan 59
XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
mkdir -p "$T/xdg/coffer"
USER_POLICY=$T/xdg/coffer/fetch.policy
start_canned
canned GET /api/coffer/v1/projects/acme/calc 200 \
    '{"id":7,"owner":"acme","name":"calc","full_name":"acme/calc"}'
SRV=$CANNED/acme/calc.git
SEED=$T/seed
CLONE=$T/clone
mkdir -p "$CANNED/acme"
git init -q --bare "$SRV"
git init -q -b main "$SEED"
cd "$SEED" || exit 1
mkdir src
printf 'int main(void)\n{\n\treturn 0;\n}\n' >src/main.c
git add . && git commit -q -m First && git push -q "$SRV" main
git clone -q "$SRV" "$CLONE" 2>/dev/null
git -C "$CLONE" checkout -q main
git -C "$CLONE" config coffer.project acme/calc
git -C "$CLONE" config coffer.url "$COFFER_URL"

branch() { cd "$SEED" && git checkout -q -f -B "$1" main && git clean -qfdx; }
publish()
{
	git -C "$SEED" add -A && git -C "$SEED" commit -q -m x &&
	    git -C "$SEED" push -q -f "$SRV" HEAD
}
fetch() { cd "$CLONE" && run fetch "$@"; }
# weight ID: what the last fetch says of it, or nothing
weight() { jq -r --arg id "$1" '[.findings[] | select(.id == $id) | .severity] | unique | join(",")' "$T/out"; }

# Rules.
run fetch rules
tap_is "$RC" 0 'the rules are listed'
tap_ok 'with their weight' grep -q '^agent-config *block' "$T/out"
run fetch rules --json
tap_ok 'as JSON, each with words' jq -e 'length > 30 and all(.[];
    (.id | test("^[a-z0-9-]+$")) and (.title | length > 4) and
    (.todo | length > 4) and (.severity | IN("block", "ask", "note")))' "$T/out"
tap_ok 'those that cannot be allowed are named' jq -e '[.[] | select(.allowable | not)
    | .id] | index("too-large") != null' "$T/out"

# shellcheck disable=SC2016
jq -r '.[] | "| `\(.id)` | \(.severity) | \(.title) | \(.todo) |"' "$T/out" >"$T/rules"
sed -n '/^| rule | weighs/,/^$/p' "$SYSTEM_DIR/../../docs/fetch.md" | sed '1,2d; /^$/d' >"$T/documented"
tap_is "$(diff "$T/rules" "$T/documented")" '' 'docs/fetch.md has just these rules, with these words'

# A branch with three kinds of findings.
branch agent/mixed
mkdir .claude && echo '{}' >.claude/settings.json
printf 'all:\n' >setup.py
printf '%b\n' "int y; /* \\0342\\0200\\0256 */" >>src/main.c
publish
fetch --dry-run agent/mixed
tap_is "$RC" 3 'a branch with blocking findings is refused'
tap_like "$(sed -n 2p "$T/out")" '3 files, +3 -0 lines*: 2 block, 1 ask*' 'the summary comes first'
tap_is "$(grep -n -o -E '^(block|ask|note) +[a-z-]+' "$T/out" | sed 's/^[0-9]*://; s/  */ /' | cut -d' ' -f1 | uniq | tr '\n' ' ')" \
    'block ask ' 'then what blocks, then what is asked'
tap_ok 'with file, line and column' grep -q 'src/main.c:5' "$T/out"
tap_ok 'the evidence is escaped' grep -q '| int y; /\* <U+202E>' "$T/out"
tap_ok 'and what to do' grep -q -e '-> read it as a program' "$T/out"
tap_not 'no escape sequence without a terminal' grep -q "$(printf '\033')" "$T/out"
fetch --dry-run --json agent/mixed
tap_ok 'JSON has place, evidence and hash' jq -e '.findings[] | select(.id == "bidi")
    | .line == 5 and .evidence == "int y; /* <U+202E> */" and (.sha256 | length == 64)' "$T/out"
tap_ok 'and how much was looked at' jq -e '.seen.files == 3 and .seen.added == 3' "$T/out"

# The user's policy.
printf '# mine\nrule agent-config note reason I read those\nrule build-file off\nrule bidi ask path src/*\n' >"$USER_POLICY"
fetch --dry-run --json agent/mixed
tap_is "$RC $(weight agent-config) $(weight build-file) $(weight bidi)" '0 note  ask' \
    'the user relaxes rules, for a path or for all'
printf 'rule bidi ask path doc/*\n' >"$USER_POLICY"
fetch --dry-run --json agent/mixed
tap_is "$(weight bidi)" block 'a path that does not fit changes nothing'
printf 'rule build-file block\n' >"$USER_POLICY"
fetch --dry-run --json agent/mixed
tap_is "$(weight build-file)" block 'the user makes a rule stricter'
printf '\nrule bidi never\n' >"$USER_POLICY"
fetch --dry-run agent/mixed
tap_is "$RC" 3 'a policy that cannot be read lets nothing in'
tap_ok 'and names file and line' err_has "$USER_POLICY:2: after the rule comes"
printf 'rule too-large off\n' >"$USER_POLICY"
fetch --dry-run agent/mixed
tap_is "$RC" 3 'what was not looked at cannot be switched off'
rm "$USER_POLICY"

# The head's policy counts for nothing, and is a finding.
branch agent/own-policy
mkdir .coffer .claude && echo '{}' >.claude/settings.json
printf 'rule agent-config off\nrule fetch-policy off\n' >.coffer/fetch.policy
publish
fetch --dry-run --json agent/own-policy
tap_is "$RC $(weight agent-config) $(weight fetch-policy)" '3 block block' \
    'a branch does not judge itself'
printf 'rule fetch-policy off\n' >"$USER_POLICY"
fetch --dry-run --json agent/own-policy
tap_is "$(weight fetch-policy)" block 'nor can its policy be switched off'
rm "$USER_POLICY"
fetch --dry-run --json --allow fetch-policy --allow agent-config --reason 'I read it' agent/own-policy
tap_is "$RC" 0 'a person may let it pass by name'

# The base's policy.
branch main2
mkdir .coffer && printf 'rule agent-config ask path .claude/**\nrule binary off\n' >.coffer/fetch.policy
publish
git -C "$SEED" push -q "$SRV" HEAD:main
git -C "$SEED" branch -q -f main main2
git -C "$CLONE" pull -q "$SRV" main
branch agent/next
mkdir .claude && echo '{}' >.claude/settings.json
publish
fetch --dry-run --json agent/next
tap_is "$RC $(weight agent-config)" '0 ask' 'the base relaxes a rule'
printf 'lock agent-config\n' >"$USER_POLICY"
fetch --dry-run --json agent/next
tap_is "$RC $(weight agent-config)" '3 block' 'but not one that the user locked'
printf 'rule agent-config note\n' >"$USER_POLICY"
fetch --dry-run --json agent/next
tap_is "$(weight agent-config)" ask 'of both the base wins'
branch agent/loosen
printf 'rule agent-config off\n' >.coffer/fetch.policy
mkdir .claude && echo '{}' >.claude/settings.json
publish
fetch --dry-run --json agent/loosen
tap_is "$(weight agent-config) $(weight fetch-policy)" 'ask block' \
    'a change of the policy counts only once it is the base'

# Neither an old base nor one that is named chooses the policy.
branch strict
git rm -q .coffer/fetch.policy && git -C "$SEED" commit -q -m strict
git -C "$SEED" push -q -f "$SRV" strict
git -C "$CLONE" pull -q "$SRV" strict
rm "$USER_POLICY"
fetch --dry-run --json agent/next
tap_is "$RC $(weight agent-config)" '3 block' 'a branch of an old base is not judged by its policy'
fetch --dry-run --json --base HEAD^ agent/next
tap_is "$RC $(weight agent-config)" '3 block' 'nor does --base choose one'
git -C "$CLONE" reset -q --hard HEAD^

# `fetch policy` says what holds and from where.
printf 'lock hook\nlimit file 1M\nrule lfs block\n' >"$USER_POLICY"
cd "$CLONE" || exit 1
run fetch policy
tap_is "$RC" 0 'the policy is shown'
tap_ok 'what the user says' grep -q "^lfs *block *ask *$USER_POLICY:3" "$T/out"
tap_ok 'what the base says' grep -q '^agent-config *block *block *-' "$T/out"
tap_ok 'lines about paths' grep -q 'fetch.policy:1: rule agent-config ask path' "$T/out"
tap_ok 'and the limits' grep -q '^file at most 1048576 bytes' "$T/out"
run fetch policy --json HEAD^
tap_ok 'of another commit' jq -e '[.lines[].text] == ["lock hook", "limit file 1M", "rule lfs block"]' "$T/out"
run fetch policy --json
tap_ok 'as JSON' jq -e '.limits.file == 1048576 and (.lines | length) == 5 and
    ([.rules[] | select(.id == "binary") | .weight] == ["off"])' "$T/out"
run fetch policy nothing
tap_is "$RC" 4 'a commit that is not there: 4'
run fetch policy -- --output=x
tap_is "$RC" 2 'an option is no commit'
rm "$USER_POLICY"

# A policy of the base that is a link or is broken.
branch bad-link
rm .coffer/fetch.policy && ln -s /etc/passwd .coffer/fetch.policy
git -C "$SEED" add -A && git -C "$SEED" commit -q -m link
BAD=$(git -C "$SEED" rev-parse HEAD)
git -C "$CLONE" fetch -q "$SEED" bad-link
cd "$CLONE" && run fetch policy "$BAD"
tap_is "$RC" 3 'a policy that is a link is refused'
tap_ok 'and not followed' err_has 'is no file'

# What other tools found.
branch agent/plain
echo 'int z;' >>src/main.c
publish
fetch --dry-run --json agent/plain
tap_is "$RC $(jq '.findings | length' "$T/out")" '0 0' 'a plain branch has no finding'
cat >"$T/tool.sarif" <<'X'
{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint"}},"results":[
{"ruleId":"c/bad","level":"error","message":{"text":"a bad \u001b[2J thing"},
"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/main.c"},"region":{"startLine":5}}}]}]}]}
X
fetch --dry-run --json --sarif-in "$T/tool.sarif" agent/plain
tap_is "$RC $(weight sarif:lint/c/bad)" '3 block' 'an error of another tool blocks'
fetch --dry-run --sarif-in "$T/tool.sarif" agent/plain
tap_ok 'is shown, escaped' out_has 'src/main.c:5: a bad <U+001B>\[2J thing'
fetch --dry-run --json --sarif-in "$T/tool.sarif" --allow sarif:lint/c/bad --reason known agent/plain
tap_is "$RC" 0 'and can be allowed by its id'
printf 'rule sarif:lint/c/bad note\n' >"$USER_POLICY"
fetch --dry-run --json --sarif-in "$T/tool.sarif" agent/plain
tap_is "$RC $(weight sarif:lint/c/bad)" '0 note' 'or weighed by the policy'
rm "$USER_POLICY"
printf 'limit file 20\n' >"$USER_POLICY"
fetch --dry-run --json agent/plain
tap_is "$RC $(weight large-file)" '0 ask' 'a limit of the policy holds'
printf 'limit file 20\nrule large-file block\n' >"$USER_POLICY"
fetch --dry-run --json agent/plain
tap_is "$RC $(weight large-file)" '3 block' 'and weighs what the policy says'
rm "$USER_POLICY"
sed 's/"error"/"none"/' "$T/tool.sarif" >"$T/low.sarif"
fetch --dry-run --json --sarif-in "$T/low.sarif" --sarif-in "$T/tool.sarif" agent/plain
tap_is "$RC" 3 'one tool cannot lower what another says'
head -c 200 "$T/tool.sarif" >"$T/cut.sarif"
fetch --dry-run --sarif-in "$T/cut.sarif" agent/plain
tap_is "$RC" 3 'a file that is cut off lets nothing in'
tap_ok 'and is named' err_has "$T/cut.sarif"
fetch --dry-run --sarif-in "$T/none.sarif" agent/plain
tap_is "$RC" 3 'neither does one that is not there'

# What other tools can read.
fetch --dry-run --sarif "$T/out.sarif" --allow bidi --allow agent-config --reason 'seen it' agent/mixed
tap_is "$RC" 0 'findings that are allowed'
tap_ok 'are written as SARIF' jq -e '.version == "2.1.0" and .runs[0].tool.driver.name == "coffer fetch" and
    (.runs[0].tool.driver.rules | length > 30) and (.runs[0].results | length == 3)' "$T/out.sarif"
tap_ok 'with the place' jq -e '.runs[0].results[] | select(.ruleId == "bidi") |
    .locations[0].physicalLocation | .artifactLocation.uri == "src/main.c" and
    .region.startLine == 5 and (.region.snippet.text | contains("<U+202E>"))' "$T/out.sarif"
tap_ok 'and who let it pass' jq -e '.runs[0].results[] | select(.ruleId == "bidi") |
    .suppressions[0].justification == "seen it"' "$T/out.sarif"
fetch --sarif "$T/no/such/folder.sarif" agent/plain
tap_ok 'a file that cannot be written stops the apply' [ "$RC" -ne 0 ]
tap_is "$(git -C "$CLONE" status --porcelain)" '' 'and nothing was applied'
tap_ok 'the screen is bounded' sh -c '
    cd "$1" && git checkout -q -f -B agent/many main && git clean -qfdx &&
    i=0; while [ $i -lt 90 ]; do mkdir -p d$i/.idea && echo x >d$i/.idea/x; i=$((i + 1)); done
    git add -A && git commit -q -m x && git push -q -f "$2" HEAD' sh "$SEED" "$SRV"
fetch --dry-run agent/many
tap_ok 'and says how many more there are' out_has '^\.\.\. and 80 more: --json'
tap_done
