#!/bin/sh
# Another CI gates a pull request: Debian's Buildbot (packages buildbot and
# buildbot-worker), told by a webhook of ours through its own "github" hook and
# answering by its own GitHubStatusPush.  Nothing of it is changed.  Debian
# leaves the pages of Buildbot out (buildbot-www), without which it serves no
# hook: an empty folder stands in for them.
. "$(dirname "$0")/lib.sh"

for prog in buildbot buildbot-worker; do
	[ -x "/usr/bin/$prog" ] || tap_skip_all "there is no $prog"
done

# serving LOG PATTERN: what LOG says of the port that it listens at
serving() { sed -n "s/.*$2 starting on \([0-9]*\).*/\1/p" "$1" 2>/dev/null | tail -n 1; }
# serves PID LOG PATTERN: it does, or is dead
serves() { ! kill -0 "$1" 2>/dev/null || [ -n "$(serving "$2" "$3")" ]; }
met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
gate() { api GET "/api/coffer/v1/repos/$PROJECT/pulls/$1/gate"; }
gate_is() { gate "$1"; [ "$(field .open)" = "$2" ]; }
state_is() # SHA STATE
{
	api GET "$R/commits/$1/statuses"
	[ "$(field '[.[] | select(.context == "buildbot/check")][0].state')" = "$2" ]
}

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
$(lib_router_ids)
webhook_allow = loopback
webhook_retry = 200ms
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
BOT=$(make_user bot)
for who in bob bot; do
	api PUT "$R/collaborators/$who" '{"permission":"write"}'
done

# What stands in for the pages.
mkdir -p "$T/www/coffer_no_pages.dist-info" "$T/www/coffer_no_pages/static" "$T/master" "$T/worker" "$T/secrets"
printf '[buildbot.www]\nbase = coffer_no_pages:ep\n' >"$T/www/coffer_no_pages.dist-info/entry_points.txt"
printf 'Metadata-Version: 2.1\nName: coffer-no-pages\nVersion: 1\n' >"$T/www/coffer_no_pages.dist-info/METADATA"
printf 'from buildbot.www.plugin import Application\nep = Application(__name__, "no pages", ui=False)\n' \
    >"$T/www/coffer_no_pages/__init__.py"
echo 1 >"$T/www/coffer_no_pages/VERSION"

# Secrets are files of their own; git on the worker reads its token from one.
printf '%s' "$BOT" >"$T/secrets/token"
printf 'between us' >"$T/secrets/hook"
printf '[http "%s/"]\n\textraHeader = Authorization: token %s\n' "$URL" "$BOT" >"$T/worker/.gitconfig"
chmod 600 "$T/secrets"/* "$T/worker/.gitconfig"
cat >"$T/master.cfg" <<CFG
from buildbot.plugins import *

c = BuildmasterConfig = {}
c['secretsProviders'] = [secrets.SecretInAFile(dirname='$T/secrets')]
c['protocols'] = {'pb': {'port': 'tcp:0:interface=127.0.0.1'}}
c['workers'] = [worker.Worker('one', 'pass')]
c['schedulers'] = [schedulers.AnyBranchScheduler(name='pushed',
    change_filter=util.ChangeFilter(project='$PROJECT'), builderNames=['check'])]
f = util.BuildFactory()
f.addStep(steps.Git(repourl='$URL/$PROJECT.git', mode='full', method='fresh'))
f.addStep(steps.ShellCommand(command=['sh', './check.sh']))
c['builders'] = [util.BuilderConfig(name='check', workernames=['one'], factory=f)]
c['services'] = [reporters.GitHubStatusPush(token=util.Secret('token'), baseURL='$URL/api/v1')]
c['www'] = {'port': 'tcp:0:interface=127.0.0.1',
    'change_hook_dialects': {'github': {'secret': util.Secret('hook'), 'strict': True}}}
c['buildbotURL'] = 'http://127.0.0.1/'
c['buildbotNetUsageData'] = None
CFG
PYTHONPATH=$T/www
HOME=$T/worker
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH HOME PYTHONDONTWRITEBYTECODE
buildbot create-master "$T/master" >"$T/create.log" 2>&1 || tap_bail "create-master: $(tail -n 3 "$T/create.log")"
cp "$T/master.cfg" "$T/master/master.cfg"
start "$T/master.out" buildbot start --nodaemon "$T/master"
MASTER_LOG=$T/master/twistd.log
wait_for 60 serves "$PID" "$MASTER_LOG" 'PBServerFactory'
[ -n "$(serving "$MASTER_LOG" 'BuildbotSite')" ] || tap_bail "buildbot: $(tail -n 5 "$T/master.out")"
HOOKS=$(serving "$MASTER_LOG" 'BuildbotSite')
PB=$(serving "$MASTER_LOG" 'PBServerFactory')
buildbot-worker create-worker "$T/worker/one" "127.0.0.1:$PB" one pass >>"$T/create.log" 2>&1 || tap_bail 'create-worker'
start "$T/worker.out" env GIT_CONFIG_GLOBAL="$T/worker/.gitconfig" buildbot-worker start --nodaemon "$T/worker/one"
wait_for 60 grep -q "Connected to" "$T/worker/one/twistd.log" || tap_bail "worker: $(tail -n 5 "$T/worker.out")"

api POST "$R/hooks" "{\"type\":\"gitea\",\"active\":true,\"events\":[\"push\"],
    \"config\":{\"url\":\"http://127.0.0.1:$HOOKS/change_hook/github\",\"content_type\":\"json\",\"secret\":\"between us\"}}"
tap_is "$STATUS" 201 'Buildbot gets a webhook'
api POST "$R/branch_protections" '{"rule_name":"main","enable_status_check":true,"status_check_contexts":["buildbot/check"],
    "enable_status_check_allowlist":true,"status_check_allowlist_usernames":["bot"]}'
tap_is "$STATUS" 201 'main wants its status, by its account alone'

push_branch topic check.sh 'exit 1'
BAD=$SHA
api POST "$R/pulls" '{"title":"Topic","head":"topic","base":"main"}'
N=$(field .number)
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_ok 'a push is built and found wrong' wait_for 60 state_is "$BAD" failure
gate "$N"
tap_is "$(field .open),$(met statuses)" 'false,false' 'which shuts the gate'
tap_like "$(why statuses)" '*buildbot/check*failure*' 'by the name of the check'
api GET "$R/commits/$BAD/statuses"
tap_is "$(field '[.[] | select(.context == "buildbot/check")][0].creator.login')" bot 'said by its account'
api POST "$R/statuses/$BAD" '{"state":"success","context":"buildbot/check"}'
gate "$N"
tap_is "$STATUS,$(met statuses)" '200,false' 'an admin cannot say otherwise for it'

push_branch topic check.sh 'exit 0'
GOOD=$SHA
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"APPROVED"}'
tap_ok 'the next head is built and right' wait_for 60 state_is "$GOOD" success
as "$BOB" api POST "$R/pulls/$N/reviews" "{\"event\":\"APPROVED\",\"commit_id\":\"$GOOD\"}"
tap_ok 'which opens the gate' wait_for 20 gate_is "$N" true
api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",\"head_commit_id\":\"$GOOD\"}"
tap_is "$STATUS" 200 'and it merges'

tap_done
