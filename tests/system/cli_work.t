#!/bin/sh
# coffer against cofferd: projects, issues, pull requests, gate, people.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

tap_plan 52
unset COFFER_TOKEN
# shellcheck disable=SC2119
coffer_home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
# shellcheck disable=SC2119
start_cofferd
unset COFFER_URL
make_upstream calc
mkdir "$WORK/.coffer"
(cd "$WORK" && git checkout -q -b feature && printf 'two\n' >>a.txt &&
    git commit -q -am Second && git push -q origin feature &&
    git checkout -q main) || tap_bail 'feature'
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"

run create "$UPSTREAM" --network none --no-start --approvals 1 -- /bin/true x
tap_is "$RC" 0 'create'
tap_ok 'tells of the mirror' err_has 'mirror of [0-9]* refs in'
FULL=$(coffer status --json | jq -r '.projects[0].project.full_name')
tap_like "$FULL" '*/calc' 'the project is named for its URL'
tap_is "$(coffer status calc --json | jq -c '.project.settings.agent_command')" \
    '["/bin/true","x"]' 'the words after -- are the agent'
run create "$UPSTREAM" --name other --token-file "$T/none"
tap_is "$RC $(coffer status --json | jq '.projects | length')" '4 1' \
    'without its token file no project is made'
run settings calc interval_s=2m wall_s=90
tap_is "$RC $(coffer settings calc --json | jq -c '[.interval_s,.wall_s]')" \
    '0 [120,90]' 'settings of time take a unit'
as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use '{"uses":[],"driver":"engine (Docker 20.10.24, no user namespace)"}'
run start calc --no-wait
tap_ok 'start says what the driver does not have' err_has 'no user namespace'
run stop calc --no-wait
tap_not 'stop does not' err_has 'no user namespace'
run create "$UPSTREAM"
tap_is "$RC" 1 'the same once more is refused'
run status
tap_is "$RC" 0 'status'
tap_ok 'has the project' out_has "^$FULL  *ok"
run status calc
tap_ok 'status of one' out_has 'upstream  file://'
run sync calc --wait --timeout 30s
tap_is "$RC" 0 'sync'
run issue new calc -t 'First issue' -b 'Line one
/etc'
tap_is "$RC $(cat "$T/out")" "0 $FULL#1" 'issue new'
printf 'from stdin' | coffer issue comment calc 1 - >"$T/out"
tap_is $? 0 'issue comment from standard input'
run issue show calc 1
tap_ok 'issue show' out_has 'First issue'
tap_ok 'with its comment' out_has '    from stdin'
run issue show calc 1 --json
tap_ok 'as JSON' jq -e '.issue.number == 1 and (.comments | length) == 1' "$T/out"
run issue close calc 1
tap_is "$RC" 0 'issue close'
tap_is "$(coffer issue list calc --json | jq length)" 0 'it is not listed'
tap_is "$(coffer issue list calc --all --json | jq length)" 1 'but with --all'
run issue reopen calc 1
tap_is "$RC" 0 'issue reopen'
run issue show calc 99
tap_is "$RC" 4 'an issue that is not there: 4'
run wait calc --event comment.created --item 1 --timeout 5s
tap_is "$RC $(jq -r .data.body "$T/out")" '0 from stdin' 'wait for an event'
run wait calc --event pull.merged --timeout 1s
tap_is "$RC" 124 'wait that times out'
run events calc
tap_ok 'events' out_has 'issue.opened'

api POST "/api/v1/repos/$FULL/pulls" \
    '{"title":"Two","head":"feature","base":"main","body":"b"}'
tap_is "$STATUS" 201 'a pull request'
N=$(field .number)
run pr list calc
tap_ok 'pr list' out_has "^$N  *open .*feature"
run pr show calc "$N"
tap_ok 'pr show has the gate' out_has 'gate: closed'
run pr diff calc "$N"
tap_ok 'pr diff' out_has '^+two'
run pr gate calc "$N"
tap_is "$RC" 3 'pr gate: closed is 3'
run pr merge calc "$N"
tap_is "$RC" 3 'pr merge: refused is 3'
tap_ok 'with the list' err_has 'unmet'
run exec calc -- true
tap_is "$RC" 5 'exec without coffer-agentd: 5'
git clone -q "$T/up/calc.git" "$T/mine"
cd "$T/mine" || exit 1
run fetch --project calc "#$N"
tap_is "$RC $(git status --porcelain)" '0  M a.txt' 'fetch of a pull request, unstaged'
run fetch undo
run fetch feature --apply branch --json
tap_is "$RC $(git rev-parse feature)" "0 $(jq -r .head "$T/out")" 'fetch of a branch'
COFFER_TOKEN=nonsense run fetch feature
tap_is "$RC" 3 'fetch with a wrong token: 3'
run fetch nothing
tap_is "$RC" 4 'fetch of no branch: 4'
cd / || exit 1
ANN=$(make_user ann)
run user grant calc ann write
tap_is "$RC" 0 'user grant'
COFFER_TOKEN=$ANN run pr approve calc "$N" --sha 1111111111111111111111111111111111111111
tap_is "$RC" 1 'an approval of another head is refused'
COFFER_TOKEN=$ANN run pr approve calc "$N" -b good
tap_is "$RC" 0 'pr approve'
run pr merge calc "$N" --style squash -b 'Gate-Override: fine (admin)'
tap_is "$RC" 1 'pr merge with the words of the server is refused'
tap_like "$(cat "$T/err")" '*Gate-Override is what the server writes*' 'and says why'
run pr merge calc "$N" --style squash
tap_is "$RC" 0 'pr merge'
tap_is "$(coffer pr show calc "$N" --json | jq .pull.merged)" true 'it is merged'
run run list calc
tap_is "$RC" 0 'run list'
run check list calc "$N"
tap_is "$RC" 0 'check list'
run token new laptop --user ann
tap_is "$RC" 0 'token new'
NEW=$(cat "$T/out")
COFFER_TOKEN=$NEW run issue list calc
tap_is "$RC" 0 'the new token works'
ID=$(coffer token list --user ann --json | jq -r '.[] | select(.name == "laptop") | .id')
coffer token revoke "$ID" --user ann >/dev/null
COFFER_TOKEN=$NEW run issue list calc
tap_is "$RC" 3 'a revoked one does not'
COFFER_TOKEN=nonsense run status
tap_ok 'a hint names where the token is from' err_has 'COFFER_TOKEN'
run destroy calc --yes --no-wait
tap_is "$RC" 0 'destroy'
tap_done
