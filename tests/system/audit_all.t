#!/bin/sh
# Nothing is decided or set without a row of the audit log: what is not in the
# database (credentials of upstreams), what leaves no event, and each table,
# column and kind of event is either watched or has its reason here.
. "$(dirname "$0")/lib.sh"

WATCH=$SYSTEM_DIR/../../server/store/audit_watch.c
KINDS=$SYSTEM_DIR/../../server/domain/event_kind.c
coffer_home
start_cofferd
make_project
C=/api/coffer/v1
A=$C/audit
R=/api/v1/repos/$PROJECT
P=$C/projects/$PROJECT
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"write"}'

# does WANT NAME METHOD PATH [JSON]: the call leaves rows of these kinds alone
does()
{
	does_want=$1 does_name=$2
	shift 2
	does_as=$TOKEN
	TOKEN=
	api GET "$A/head"
	does_head=$(field .seq)
	TOKEN=$does_as
	api "$@"
	does_status=$STATUS
	cp "$BODY" "$T/reply"
	TOKEN=
	api GET "$A?after=$does_head"
	case $does_status in
	2*) tap_is "$(field '[.rows[].what] | join(" ")')" "$does_want" "$does_name" ;;
	*) tap_is "$does_status $(head -c 200 "$T/reply")" 2.. "$does_name" ;;
	esac
	cp "$BODY" "$T/rows"
	cp "$T/reply" "$BODY"
	TOKEN=$does_as
}
row() { jq -r ".rows[-1] | $1" "$T/rows"; }

# ---- what is a file ----
does upstream-secret.changed 'a token for the upstream' PUT "$P/upstream-token" '{"token":"s3cr3t-of-the-upstream"}'
tap_is "$(row '.subject + " " + .project + " " + .who')" "token $PROJECT admin" 'of what, by whom'
does upstream-secret.deleted 'that it is gone' PUT "$P/upstream-token" '{"token":""}'
does upstream-secret.changed "the upstream's webhook" PUT "$P/upstream-hook" '{"secret":"0123456789s3cr3t"}'
ssh-keygen -q -t ed25519 -N '' -f "$T/key"
does 'upstream-secret.changed upstream-secret.changed' 'a key and the hosts that are known' PUT "$P/upstream-key" \
    "$(jq -n --rawfile k "$T/key" '{key: $k, known_hosts: "h.example ssh-ed25519 AAAA"}')"
tap_is "$(jq -r '[.rows[].subject] | join(" ")' "$T/rows")" 'key known_hosts' 'each of them'
api GET "$A?limit=500"
tap_not 'none of it is in the log' grep -q 's3cr3t\|BEGIN\|AAAA' "$BODY"

# ---- what is decided ----
TOKEN=$BOB
does ticket.created 'who may get into a sandbox' POST "$C/tickets" "{\"project\":\"$PROJECT\",\"verb\":\"exec\"}"
tap_is "$(row '.subject + " " + .who')" 'exec bob' 'for what'
TOKEN=
api POST "$R/issues" '{"title":"one"}'
does issue.locked 'a lock' PUT "$R/issues/1/lock" '{"lock_reason":"spam"}'
does issue.unlocked 'and its end' DELETE "$R/issues/1/lock"
does issue.closed 'an issue that was closed' PATCH "$R/issues/1" '{"state":"closed"}'
does issue.reopened 'and opened again' PATCH "$R/issues/1" '{"state":"open"}'
push_branch topic b.txt two
api POST "$R/pulls" '{"title":"P","head":"topic","base":"main"}'
PULL=$(field .number)
does status.created "another CI's word" POST "$R/statuses/$SHA" '{"state":"success","context":"ext/x"}'
tap_is "$(row '.new | fromjson | .sha')" "$SHA" 'of what'
TOKEN=$BOB
does review.created 'an approval' POST "$R/pulls/$PULL/reviews" '{"event":"APPROVED","body":"ok"}'
does review.deleted 'that it was taken back' DELETE "$R/pulls/$PULL/reviews/$(field .id)"
TOKEN=
does pull.closed 'a pull request that was refused' PATCH "$R/pulls/$PULL" '{"state":"closed"}'
does pull.reopened 'and opened again' PATCH "$R/pulls/$PULL" '{"state":"open"}'
does 'topic.created topic.created' 'topics' PUT "$R/topics" '{"topics":["a","b"]}'
does label.created 'a label' POST "$R/labels" '{"name":"l","color":"#ff0000"}'
does label.changed 'which begins to be another' PATCH "$R/labels/$(field .id)" '{"name":"run-it"}'
does milestone.created 'a milestone' POST "$R/milestones" '{"title":"m"}'
does project.changed 'its page' PATCH "$R" '{"website":"https://x.example"}'
does user.changed 'a name that is shown' PATCH /api/v1/admin/users/bob '{"full_name":"The Admin","login_name":"bob","source_id":0}'
# What git itself would not take: a branch that upstream rewrote waits for it.
push_branch side s.txt one
sqlite3 "$HOME_DIR/db/coffer.db" "INSERT INTO mirror_memo (project_id, waiting) VALUES ($PROJECT_ID,
    '[{\"ref\":\"refs/heads/side\",\"upstream\":\"$SHA\"}]') ON CONFLICT DO UPDATE SET waiting = excluded.waiting"
does upstream.accepted 'a rewritten branch that somebody took' POST "$P/mirror/accept" '{"ref":"refs/heads/side"}'
tap_is "$(row .subject)" refs/heads/side 'which'
push_branch lost l.txt one
KEPT=$SHA
git_as "$ADMIN" -C "$WORK" push -q -f "$URL/$PROJECT.git" main:refs/heads/lost 2>/dev/null
api GET "$P/kept"
KEPT_NAME=$(field '.[0].name')
does kept.restored 'a tip that a forced push took and somebody put back' POST "$P/kept/restore" "{\"kept\":\"$KEPT_NAME\",\"as\":\"agent/back\"}"
tap_is "$(row '.subject + " " + .who + " " + .project + " " + (.new | fromjson | .kept + " " + .sha)')" "refs/heads/agent/back admin $PROJECT refs/coffer/kept/$KEPT_NAME $KEPT" 'as what, by whom, which'
does_not=$(api GET "$A/head"; field .seq)
api POST "$P/kept/restore" "{\"kept\":\"$KEPT_NAME\",\"as\":\"agent/back\"}"
tap_is "$STATUS $(api GET "$A?after=$does_not"; field '.rows | length')" '409 0' 'one that is refused leaves none'
does '' 'a question leaves none' GET "$R"

# ---- files of root's ----
# files: what is told of them since row $SINCE
files() { api GET "$A?what=host-file&after=$SINCE&limit=100" && [ "$(field '[.rows[] | (.what | ltrimstr("host-file.")) + " " + .subject] | sort | join(",")')" = "$1" ]; }
SINCE=0
tap_ok 'the configuration is known' wait_for 20 files 'created coffer.conf'
tap_is "$(field '.rows[0].new | fromjson | .sha256')" "$(sha256sum <"$HOME_DIR/coffer.conf" | cut -d ' ' -f 1)" 'by its hash'
api GET "$A/head"
SINCE=$(field .seq)
stop_cofferd
echo '# another' >>"$HOME_DIR/coffer.conf"
mkdir "$HOME_DIR/policy" "$HOME_DIR/egress"
echo x >"$HOME_DIR/policy/a.policy"
echo y >"$HOME_DIR/egress/mine.list"
ln -s /etc/passwd "$HOME_DIR/egress/link"
start_cofferd
tap_ok 'one that was changed, and new ones' wait_for 20 files 'changed coffer.conf,created egress/mine.list,created policy/a.policy'
api GET "$A/head"
SINCE=$(field .seq)
stop_cofferd
rm "$HOME_DIR/policy/a.policy"
start_cofferd
tap_ok 'one that is gone, and nothing of those that stayed' wait_for 20 files 'deleted policy/a.policy'
api GET "$A/head"
SINCE=$(field .seq)
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "CREATE TEMP TABLE x AS SELECT * FROM audit WHERE subject = 'egress/mine.list';
    UPDATE x SET what = 'host-file.changed', old = '', new = '{\"sha256\":\"0\"}';
    CREATE TEMP TABLE y AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT x.*, i FROM x, n;
    UPDATE y SET seq = $SINCE + i; ALTER TABLE y DROP COLUMN i; INSERT INTO audit SELECT * FROM y"
SINCE=$((SINCE + 30000))
start_cofferd
tap_ok 'also after 30,000 changes of one file' wait_for 20 files 'changed egress/mine.list'

# ---- what root sets at the gateway ----
# gateway JSON...: what agentd tells, each with its number in place of a key
gateway() { as "$AGENTD" api PUT "$C/gateway/settings" "{\"settings\":[$1]${2:-}}"; }
# rows_of_it: what was written since $SINCE
rows_of_it() { api GET "$A?what=gateway&after=$SINCE&limit=100" && field '[.rows[] | (.what | ltrimstr("gateway.")) + " " + .subject] | join(",")'; }
since() { api GET "$A/head" && SINCE=$(field .seq); }
KEY='{"of":"key anthropic","is":{"written_ms":1}}'
BUDGET="{\"of\":\"budget project $PROJECT_ID\",\"project\":$PROJECT_ID,\"is\":{\"micros\":50000000,\"frozen\":false}}"
since
gateway "$KEY,$BUDGET"
tap_is "$STATUS" 204 "agentd tells the gateway's settings"
tap_is "$(rows_of_it)" "created key anthropic,created budget project $PROJECT_ID" 'each has its row'
tap_is "$(field '.rows[1] | .project + " " + (.new | fromjson | .micros | tostring) + " " + .who')" "$PROJECT 50000000 agentd" 'with its project and what it is, told by agentd'
gateway "$KEY,$BUDGET"
tap_is "$(rows_of_it | tr ',' '\n' | wc -l)" 2 'told again it has none'
stop_cofferd
start_cofferd
since
gateway "$KEY,$BUDGET"
tap_is "$STATUS $(rows_of_it)" '204 ' 'also after a start'
gateway '{"of":"key anthropic","is":{"written_ms":2}}' ',"more":true'
tap_is "$(rows_of_it)" 'changed key anthropic' 'a key that was given anew, and nothing is gone when not all was told'
tap_is "$(field '.rows[0] | .old + .new')" '{"written_ms":1}{"written_ms":2}' 'what it was and is'
since
gateway '{"of":"key anthropic","is":{"written_ms":2}}'
tap_is "$(rows_of_it)" "deleted budget project $PROJECT_ID" 'a budget that was taken back'
tap_is "$(field '.rows[0] | (.old | fromjson | .micros | tostring) + .new + .project')" "50000000$PROJECT" 'what it was'
since
gateway "$BUDGET"
tap_is "$(rows_of_it)" "created budget project $PROJECT_ID,deleted key anthropic" 'and one that is set again'
since
api PUT "$C/gateway/settings" '{"settings":[]}'
tap_is "$STATUS" 403 'not even an admin tells them'
for bad in '{"of":"","is":{}}' '{"of":"x","is":1}' '{"of":"x"}' '{"is":{}}' \
    "{\"of\":\"x\",\"is\":{\"a\":\"$(head -c 1100 /dev/zero | tr '\0' a)\"}}"; do
	gateway "$BUDGET,$bad"
	[ "$STATUS" = 422 ] || echo "# $STATUS $(echo "$bad" | head -c 60)"
done >"$T/bad"
tap_is "$(cat "$T/bad")$(rows_of_it)" '' 'one that is none changes nothing'

# ---- none is forgotten ----
# Kinds of events that are no decision, or whose row comes of a table.
cat >"$T/kinds.not" <<'KINDS'
branch.updated
check.failed
check.queued
check.started
comment.created
comment.edited
issue.assigned
issue.deadline
issue.demilestoned
issue.edited
issue.labeled
issue.milestoned
issue.opened
issue.pinned
issue.unassigned
issue.unpinned
mirror.failed
mirror.synced
project.created
project.deleted
project.updated
protection.changed
pull.auto_merge
pull.conflict
pull.opened
pull.review_request_removed
pull.review_requested
pull.synchronized
repository.failed
repository.healthy
review.commented
review.resolved
review.unresolved
run.updated
sandbox.asked
sandbox.updated
sandbox.work
upstream.moved
KINDS
sed -n '/event_kinds\[\]/,/};/p' "$KINDS" | grep -o '"[a-z_.]*"' | tr -d '"' | sort >"$T/kinds.all"
sed -n '/define AUDIT_EVENTS/,/^$/p' "$WATCH" | grep -o "'[a-z_.]*'" | tr -d "'" | sort >"$T/kinds.in"
tap_ok 'there are kinds of events' [ "$(wc -l <"$T/kinds.all")" -gt 60 ]
tap_is "$(sort "$T/kinds.in" "$T/kinds.not" | comm -3 - "$T/kinds.all")" '' 'each is in the log, or has its reason'

# Tables with what people write, what programs count, and what they do; their
# decisions are events.
cat >"$T/tables.not" <<'TABLES'
account_was approval assignee attachment attachment_gone audit audit_start
branch_count care check_order check_report comment comment_block commit_writer
delivery delivery_payload event event_start fetch fetch_key fill hook_cursor
issue issue_count item_label job kept lease mention merging mirror_memo
net_seen notification participant pull pull_dismissal pull_finding pull_look
pull_part pull_writer reaction reader_cursor ref ref_writer renewal review
review_comment revision revoked run run_key run_order status ticket timeline
upstream verdict watch
TABLES
sed -n '/^static const struct audit_table audit_tables/,/^};/p' "$WATCH" |
    tr '\n\t' '  ' | grep -Eo '\{ "[a-z-]*", *"[a-z_]*", *(NULL,|"[$])' | sed 's/^[^,]*, *"\([a-z_]*\)".*/\1/' | sort -u >"$T/tables.in"
sqlite3 "$HOME_DIR/db/coffer.db" "SELECT name FROM sqlite_master WHERE type = 'table'
    AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'word%' ORDER BY name" >"$T/tables.all"
tr ' ' '\n' <"$T/tables.not" | cat - "$T/tables.in" | sort >"$T/tables.told"
tap_ok 'there are tables' [ "$(wc -l <"$T/tables.all")" -gt 60 ]
tap_is "$(comm -3 "$T/tables.told" "$T/tables.all")" '' 'each table is watched, or has its reason'
# Columns of the watched ones that nobody sets.
cat >"$T/columns.not" <<'COLUMNS'
account.created_at account.description account.id account.location
account.login_at account.website
auto_merge.account_id auto_merge.at auto_merge.comment_id auto_merge.item
auto_merge.message auto_merge.project_id auto_merge.title auto_merge.waits
check_text.at check_text.by_id check_text.project_id
hook.account_id hook.behind hook.behind_at hook.behind_tries hook.created_at
hook.due_at hook.failures hook.id hook.is_default hook.project_id
hook.rest_until hook.since hook.updated_at
label.id label.project_id
milestone.closed_at milestone.closed_items milestone.created_at milestone.id
milestone.open_items milestone.project_id milestone.updated_at
net_rule.account_id net_rule.created_at net_rule.id net_rule.project_id
project.created_at project.id project.mirror_attempt_at project.mirror_error
project.mirror_failures project.mirror_kind project.mirror_next_at
project.mirror_ok_at project.mirror_refs project.mirror_state
project.next_number project.parent_id project.provisional
project.sandbox_address project.sandbox_at project.sandbox_cause
project.sandbox_generation project.sandbox_reason project.sandbox_state
protection.created_at protection.id protection.project_id
protection.updated_at protection_user.account_id protection_user.protection_id
role.account_id role.project_id
runner.created_at runner.id runner.invite_until runner.registered_at
runner.seen_at runner.version
token.access token.account_id token.branch token.created_at token.hash
token.kind token.project_id token.run_id token.salt token.used_at
topic.project_id
COLUMNS
while read -r table; do
	sed -n '/^static const struct audit_table audit_tables/,/^};/p' "$WATCH" | tr '\n\t' '  ' |
	    grep -o "{ \"[a-z-]*\", *\"$table\"[^}]*{[^}]*}" | sed 's/.*{//' | grep -o '"!\{0,1\}[a-z_]*' | tr -d '"!' |
	    sed "s/^/$table./"
done <"$T/tables.in" | sort -u >"$T/columns.in"
while read -r table; do
	sqlite3 "$HOME_DIR/db/coffer.db" "SELECT '$table.' || name FROM pragma_table_info('$table')"
done <"$T/tables.in" | sort >"$T/columns.all"
tr ' ' '\n' <"$T/columns.not" | cat - "$T/columns.in" | sort -u >"$T/columns.told"
tap_ok 'there are columns' [ "$(wc -l <"$T/columns.in")" -gt 80 ]
tap_is "$(comm -13 "$T/columns.told" "$T/columns.all")" '' 'each column of a setting is watched, or has its reason'
tap_done
