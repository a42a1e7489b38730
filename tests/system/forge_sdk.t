#!/bin/bash
# A maintainer's day through an SDK from the npm registry, at a pinned version.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
webhook_allow = 127.0.0.0/8
$(lib_router_ids)
CONF
start_cofferd
make_project
BOB=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
cp "$(dirname "$0")"/sdk/* "$T/" || tap_bail 'no sdk'
(cd "$T" && npm ci --ignore-scripts --no-audit --no-fund --cache "$T/npm") >"$T/npm.log" 2>&1 ||
    tap_bail "npm: $(tail -n 3 "$T/npm.log")"
URL=$URL TOKEN=$ADMIN BOB=$BOB CI=$(cat "$HOME_DIR/secrets/runner.token") PROJECT=$PROJECT \
    HOOK=http://127.0.0.1:9/hook node "$T/day.mjs" >"$T/day" 2>&1
tap_ok 'the day ends well' test $? = 0
grep -B 2 -A 2 "^not ok\|^# http" "$T/day" | sed "s/^/# /"
tap_ok 'and was a whole one' test "$(grep -c '^ok' "$T/day")" -ge 70
tap_ok 'cofferd ends well' stop_cofferd
tap_done
