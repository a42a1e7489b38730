#!/bin/sh
# Which checks a pull request has: the file's, the settings', and what is wrong
# with them.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
K=$C/projects/$PROJECT/checks

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
put_checks() { api PUT "$K" "$(jq -n --arg t "$1" '{text: $t}')"; }

api GET "$K"
tap_is "$STATUS,$(field .source),$(field .text)" 200,none,null 'a project without checks'
put_checks 'checks:
  - name: unit
    profile: python
    setup: pip install .
    test: pytest -q
    presets: [python, debian]
    limits: {cpus: 2, disk: 1G}
    paths: ["*.py"]'
tap_is "$STATUS,$(field .source),$(field '.checks[0].name'),$(field '.checks[0].network.setup'),$(field '.checks[0].network.test'),$(field '.checks[0].cpus'),$(field '.checks[0].pids')" \
    200,settings,unit,locked,off,2,null 'settings give it its own'
tap_is "$(jq -c '.checks[0] | [.presets, .paths]' "$BODY")" '[["python","debian"],["*.py"]]' 'lists are lists'
put_checks 'checks:
  - name: unit
    tset: x'
tap_is "$STATUS" 422 'what is wrong is refused'
tap_like "$(field .message)" '*line 3: unknown key: tset*' 'with its line'
put_checks 'checks: [{name: a, test: b, presets: [cobol]}]'
tap_like "$STATUS $(field .message)" '422 *check a: no preset is named cobol*' 'a preset that there is not'
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"read"}'
as "$BOB" api DELETE "$K"
tap_is "$STATUS" 403 "a reader changes nothing"
api GET "$K"
tap_is "$(field '.checks[0].name')" unit 'it is as it was'

# A file of checks that can be read is no verdict of anything that ran.
api DELETE "$K"
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["ci/*"]}'
tap_is "$STATUS" 201 'main wants any status of CI'
push_branch file .coffer/checks.yml 'checks: [{name: a, required: false, test: "true"}]'
api POST "$R/pulls" '{"title":"File","head":"file","base":"main"}'
N=$(field .number)
told() { api GET "$R/commits/$SHA/statuses"; field '.[].context' | grep -qx ci/checks.yml; }
tap_ok 'a change of the file has its status' wait_for 10 told
tap_is "$(field '.[] | select(.context == "ci/checks.yml") | .status')" success 'which is success'
api GET "$C/repos/$PROJECT/pulls/$N/gate"
tap_is "$(jq -r '.requirements[] | select(.id == "statuses") | .met' "$BODY")" false 'and no status of CI'
tap_done
