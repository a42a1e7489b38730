#!/bin/sh
# The audit log: every decision and setting has its row, with who, whence, what
# it was and is; and nobody changes, removes or adds a row unseen.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/web_lib.sh"

unset COFFER_TOKEN
coffer_home
COFFER_HOME=$HOME_DIR
export COFFER_HOME
start_cofferd
unset COFFER_URL
make_project
A=/api/coffer/v1/audit
C=/api/coffer/v1
R=/api/v1/repos/$PROJECT

# rows WHAT: the newest of that kind, in $BODY
rows() { api GET "$A?newest=true&what=$1"; }
# row WHAT FILTER: of the newest row of that kind
row() { rows "$1"; field ".rows[0] | $2"; }

api GET "$A?limit=1"
tap_is "$STATUS,$(field '.start.seq,.rows[0].seq' | paste -sd,)" 200,0,1 'the log begins at row 1'
tap_is "$(row project.created '.who + " " + .project')" "admin $PROJECT" 'a project that was made is in it'
tap_is "$(row project.created '.new | fromjson | .network | type')" number 'with its settings'

BOB=$(make_user bob)
tap_is "$(row user.created .subject)" bob 'so is a new user'
tap_is "$(row token.created '.subject + " " + (.new | fromjson | .user)')" 'test bob' 'and a token'
tap_not 'but no secret' grep -q "$BOB" "$BODY"
as "$BOB" api GET "$A"
tap_is "$STATUS" 403 'only an admin reads it'
http GET "$A"
tap_is "$STATUS" 401 'and nobody without a name'

http_t=$ADMIN
printf '{"permission":"write"}' >"$T/request"
http PUT "$R/collaborators/bob" -H 'Content-Type: application/json' \
    -H 'X-Request-Id: the-one.42' --data-binary "@$T/request"
http_t=
tap_is "$STATUS,$(sed -n 's/^X-Request-Id: //p' "$HEADERS" | tr -d '\r')" 204,the-one.42 'a reply has the id of its request'
tap_is "$(row collaborator.created '.subject + " " + .request')" 'bob the-one.42' 'and so has the row'
tap_like "$(row collaborator.created '.origin + " " + .via')" '127.0.0.1:* token *' 'with the address and the token'
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":2,"network":"none"}}'
tap_is "$STATUS" 200 'settings are changed'
tap_is "$(row project.changed '.old | fromjson | keys | join(",")')" approvals,network 'the row has what changed and nothing else'
tap_is "$(row project.changed '.new | fromjson | .approvals')" 2 'to what'
as "$BOB" api PATCH "$C/projects/$PROJECT" '{"settings":{"max_wakes":7}}'
tap_is "$STATUS,$(row project.changed '.who + " " + .new')" '200,bob {"max_wakes":7}' 'by whom'
api POST "$R/branch_protections" '{"rule_name":"main","required_approvals":1}'
tap_is "$STATUS,$(row protection.created .subject)" 201,main 'a protection'
api DELETE "$R/branch_protections/main"
tap_is "$STATUS,$(row protection.deleted '.old | fromjson | .approvals')" 204,1 'and its end'
api POST "$R/hooks" '{"type":"gitea","config":{"url":"http://203.0.113.7/s3cr3t","content_type":"json","secret":"hush-hush"},"events":["push"],"active":true}'
tap_is "$STATUS,$(row webhook.created '.new | fromjson | .secret')" '201,(secret)' 'a webhook, without its secrets'
tap_not 'nowhere' grep -q 's3cr3t\|hush-hush' "$BODY"
api POST "$C/ci/runners" '{"name":"r1"}'
TOKEN_OF_R=$(field .token)
tap_is "$STATUS,$(row runner.created .subject)" 201,r1 'an invited runner'
tap_not 'without its invitation' grep -q "$TOKEN_OF_R" "$BODY"
api POST "$C/projects/$PROJECT/network/rules" '{"list":"allow","domain":"example.org"}'
tap_is "$(row network-rule.created .subject)" example.org 'a name that is let out'

page GET '/-/sign-in' -L
send /-/sign-in login=bob password=wrong
tap_is "$STATUS,$(row sign-in.refused .subject)" 403,bob 'a sign-in that was refused'
http GET /api/v1/user -u 'eve:wrong' -H 'X-Request-Id: try-1'
tap_is "$STATUS,$(row sign-in.refused '.subject + " " + .request')" '401,eve try-1' 'also of the API, of a name that nobody has'
http GET /api/v1/version -H 'X-Request-Id: a b"c'
tap_like "$(sed -n 's/^X-Request-Id: //p' "$HEADERS" | tr -d '\r')" '????????-*' 'an id that is none is replaced'
page GET '/-/sign-in' -L
sign_in bob "$BOB"
tap_like "$STATUS,$(row session.created '.subject + " " + .origin')" '303,bob 127.0.0.1*' 'and one that was not'
api DELETE "$R/collaborators/bob"
tap_is "$(row collaborator.deleted '.subject')" bob 'a role that was taken'

push_branch topic b.txt two
api POST "$R/pulls" '{"title":"P","head":"topic","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge","force_merge":true,"force_reason":"it burns"}'
tap_is "$STATUS,$(row pull.merged '.new | fromjson | .override.reason')" '200,it burns' 'an override with its reason'
tap_is "$(row pull.merged '.event > 0')" true 'and the event that tells of it'
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":-5}}'
BEFORE=$STATUS
tap_is "$BEFORE,$(row project.changed '.new | fromjson | .approvals')" 422,null 'what was refused changed nothing, and is not there'

# A row has a bound, whatever a project's people write.
api PUT "$R/collaborators/bob" '{"permission":"admin"}'
perl -e 'print "checks:\n  - name: unit\n    test: make check\n# ", "\"" x (255 * 1024), "\n"' >"$T/checks"
as "$BOB" api PUT "$C/projects/$PROJECT/checks" "$(jq -n --rawfile t "$T/checks" '{text: $t}')"
tap_is "$STATUS,$(row checks.created '.new | fromjson | .text.sha256')" "200,$(sha256sum <"$T/checks" | cut -d ' ' -f 1)" 'a long text is told by its SHA-256'
tap_is "$(row checks.created '.new | fromjson | .text.bytes')" "$(wc -c <"$T/checks")" 'its length'
tap_is "$(row checks.created '.new | fromjson | .text.begins')" "$(head -c 1024 "$T/checks")" 'and how it begins'
echo '# more' >>"$T/checks"
as "$BOB" api PUT "$C/projects/$PROJECT/checks" "$(jq -n --rawfile t "$T/checks" '{text: $t}')"
tap_is "$(row checks.changed '[(.old, .new) | fromjson | .text.bytes] | map(tostring) | join(" ")')" \
    "$(($(wc -c <"$T/checks") - 7)) $(wc -c <"$T/checks")" 'what it was and what it is, where they end differently, too'

# The server is nobody's name.
api POST /api/v1/admin/users '{"username":"Cofferd"}'
tap_is "$STATUS" 422 'nobody is called cofferd'
api POST /api/v1/admin/users/bob/rename '{"new_username":"cofferd"}'
tap_is "$STATUS" 422 'nor begins to be'
api GET "$A?who=(cofferd)"
tap_is "$(field '[.rows[].who] | unique | join(",")'),$(field '.rows | length > 0')" ,true 'what it did itself is asked for by a name that nobody can have'
run audit list --who '(cofferd)'
tap_ok 'and shown with it' out_has '(cofferd)'

api GET "$A?limit=500"
cp "$BODY" "$T/all"
tap_is "$(jq '[.rows[].seq] == [range(1; (.rows | length) + 1)]' "$T/all")" true 'the numbers have no hole'
tap_is "$(jq -r '.head.hash == .rows[-1].hash' "$T/all")" true 'and the head is the last'
api GET "$A?who=BOB&newest=true"
tap_is "$(field '[.rows[].who] | unique | join(",")')" bob 'by who'
api GET "$A?project=$PROJECT_ID"
tap_is "$(field '[.rows[].project_id] | unique | join(",")')" "$PROJECT_ID" 'by project'
api GET "$A?after=3&limit=2"
tap_is "$(field '[.rows[].seq] | join(",")'),$(field .more)" 4,5,true 'page by page'

run audit list --limit 5
tap_is $RC 0 'coffer audit list'
tap_ok 'shows them' out_has pull.merged
run audit list --json --what pull.merged --in "$PROJECT"
tap_is "$RC,$(jq -r '.[0].what' "$T/out")" 0,pull.merged 'as JSON, of a project'
run audit export
tap_is "$RC $(jq -s 'length' "$T/out")" "0 $(sqlite3 "$HOME_DIR/db/coffer.db" 'SELECT count(*) FROM audit')" 'coffer audit export has all rows'
tap_is "$(jq -s '[.[].seq] == ([.[].seq] | sort)' "$T/out")" true 'the oldest first'
run audit export --what pull.merged --in "${PROJECT#*/}"
tap_is "$RC $(jq -rs '[.[].what] | unique | join(" ")' "$T/out")" '0 pull.merged' 'or those that are asked for, of a project by its name alone'
run audit list --in nothing
tap_ok 'a project that is not there is named' err_has 'no project nothing'
run audit list --in admin/nothing
tap_is "$RC" 4 'one that never was is not found'
tap_ok 'and that is said' err_has 'no such project, and none was deleted'
api POST /api/v1/user/repos '{"name":"gone","auto_init":true}'
tap_is "$STATUS" 201 'one is made'
api DELETE /api/coffer/v1/projects/admin/gone
gone() { api GET /api/coffer/v1/projects/admin/gone; [ "$STATUS" = 404 ]; }
tap_ok 'a project is deleted' wait_for 20 gone
run audit list --json --in Admin/gone
tap_is "$RC,$(jq -r '[.[].what] | map(select(. == "project.created" or . == "project.deleted")) | sort | join(" ")' "$T/out")" \
    '0,project.created project.deleted' 'what was done in it can be asked for all the same'
run audit verify
tap_is "$RC" 0 'coffer audit verify finds it whole'
tap_ok 'and says the head' out_has '^[0-9]* rows, whole'
HEAD=$(sed -n 's/.*the last is //p' "$T/out")
run audit verify --head "$HEAD"
tap_is "$RC" 0 'a head that was noted is met'
run audit verify --head "${HEAD%:*}:$(printf '%064d' 7)"
tap_is "$RC" 40 'another is not'
run audit verify --head nonsense
tap_is "$RC" 2 'and it must be one'

# The chain in another's hands: the bytes are as documented.
tap_is "$(perl -MDigest::SHA=sha256_hex -MJSON::PP -e '
	local $/; my $d = JSON::PP->new->utf8->decode(<>); my $h = "0" x 64;
	for my $r (@{ $d->{rows} }) {
		my $b = join "", map { utf8::encode(my $x = "$_"); length($x) . ":$x," }
		    $h, @$r{qw(seq at_ms who_id who via origin request project_id project what subject event old new)};
		$h = sha256_hex($b);
		if ($h ne $r->{hash}) { print "row $r->{seq}"; exit }
	}
	print "whole"' "$T/all")" whole 'a script of ten lines finds the same hashes'

# Somebody with the file in his hands.
DB=$HOME_DIR/db/coffer.db
stop_cofferd
cp "$DB" "$T/good.db"
LAST=${HEAD%:*}
# tampered NAME SQL WANT [ARGUMENT...]: verify after that change of the file
tampered()
{
	name=$1 sql=$2 want=$3
	shift 3
	cp "$T/good.db" "$DB"
	rm -f "$DB-wal" "$DB-shm"
	sqlite3 "$DB" "$sql" || tap_bail "$name"
	[ "$(id -u)" -ne 0 ] || chown --reference="$HOME_DIR/db" "$DB"*
	start_cofferd
	run audit verify "$@"
	tap_is "$RC" 40 "$name is found"
	tap_ok "... and told: $want" err_has "$want"
	stop_cofferd
}
tampered 'a row that was changed' "UPDATE audit SET who = 'eve' WHERE seq = 4" 'row 4 was changed'
tampered 'a time' 'UPDATE audit SET at = at + 1 WHERE seq = 6' 'row 6 was changed'
tampered 'a row that was removed' 'DELETE FROM audit WHERE seq = 5' 'row 5 is missing'
tampered 'two rows that changed places' 'UPDATE audit SET seq = -1 WHERE seq = 7; UPDATE audit SET seq = 7 WHERE seq = 8; UPDATE audit SET seq = 8 WHERE seq = -1' 'row 7 was changed'
tampered 'the first rows gone' 'DELETE FROM audit WHERE seq < 4' 'row 1 is missing'
tampered 'a hash that was made up' "UPDATE audit SET hash = '$(printf '%064d' 1)' WHERE seq = 9" 'row 9 was changed'
tampered 'an end that was cut off' "DELETE FROM audit WHERE seq > $((LAST - 2))" 'end was cut off' --head "$HEAD"
tampered 'a checkpoint that was made up' "INSERT INTO audit_start VALUES (1, 3, '$(printf '%064d' 3)'); DELETE FROM audit WHERE seq <= 3" 'row 4 was changed'
cp "$T/good.db" "$DB"
rm -f "$DB-wal" "$DB-shm"
[ "$(id -u)" -ne 0 ] || chown --reference="$HOME_DIR/db" "$DB"
start_cofferd
run audit verify --head "$HEAD"
tap_is "$RC" 0 'the log as it was is whole'
api DELETE /api/v1/admin/users/bob
run audit verify --head "$HEAD"
tap_is "$RC" 0 'and goes on'
tap_is "$(row user.changed '.new | fromjson | .deleted')" 1 'with what is done next'

# A program of ours names its request when cofferd failed.
start_canned
canned GET /api/v1/admin/users 500 '{"message":"internal error"}'
COFFER_TOKEN=secret-of-the-test
export COFFER_TOKEN
run user list
tap_ok 'a 5xx is told with the id of its request' err_has 'internal error (HTTP 500, request [0-9a-f]\{8\}-[0-9]*)'
tap_done
