#!/bin/sh
# The audit log on the pages: who, what, since and until when, of which project;
# what was and is; whether the newest rows are what was written; for admins only.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
R=/api/v1/repos/$PROJECT
A=/-/admin/audit
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
rows() { grep -o '<td class="num" data-column="Row"' "$BODY" | wc -l; }
seqs() { grep -o '<td class="num" data-column="Row">[0-9]*' "$BODY" | sed 's/.*>//'; }

api PUT "$R/collaborators/bob" '{"permission":"write"}'
as "$BOB" api PATCH "$R" "$(jq -n --arg d "Calc $XSS" '{description: $d}')"
sign_in admin "$ADMIN"
page GET /-/admin
tap_ok 'the way there' shows "href=\"$A\""
page GET "$A"
tap_is "$STATUS" 200 'the log'
tap_ok 'is sound' sound
tap_ok 'who was it' shows '<strong>bob</strong>'
tap_ok 'what was it' shows '<code>project.changed</code>'
tap_ok 'with what is now, as text' shows '<code>Calc &quot;&gt;&lt;img'
tap_not 'and no tag of it' shows '<script>alert'
tap_ok 'a setting says what it was and is' shows '</code> → <code>'
tap_ok 'the newest is first' test "$(seqs | head -n 1)" -gt "$(seqs | tail -n 1)"

# ---- which ----
page GET "$A?who=bob"
tap_is "$(grep -o '<strong>[a-z]*</strong>' "$BODY" | sort -u)" '<strong>bob</strong>' 'of one person'
tap_ok 'the form keeps it' shows 'name="who" type="text" value="bob"'
page GET "$A?what=collaborator.created"
tap_ok 'of one kind' shows '<code>collaborator.created</code>'
tap_not 'and no other' shows '<code>project.'
page GET "$A?what=collaborator"
tap_ok 'of a family of kinds' shows '<code>collaborator.created</code>'
tap_not 'and no other' shows '<code>project.'
page GET "$A?what=collab"
tap_is "$(rows)" 0 'which is a whole word'
tap_ok 'the words are offered' shows '<option value="collaborator.created">'
page GET "$A?who=$(printf '%0101d' 0)"
tap_is "$STATUS,$(rows)" 422,0 'what is too long does not show everything'
tap_ok 'but says so' shows 'too long to be in the log'
tap_ok 'soundly' sound
page GET "$A?project=$PROJECT&what=project.created"
tap_is "$(rows)" 1 'of one project'
page GET "$A?project=no%2Fsuch"
tap_is "$STATUS" 422 'of none'
tap_ok 'says so' shows 'There is no such project, and none was deleted.'
page GET "$A?who=$(printf '%s' '"><script>alert(1)</script>' | jq -sRr @uri)"
tap_ok 'what was asked stays text' sound
tap_ok 'and finds nothing' shows 'No row is like that.'
TODAY=$(date -u +%Y-%m-%d)
page GET "$A?since=$TODAY"
tap_ok 'since a day' test "$(rows)" -gt 0
page GET "$A?since=2999-01-01"
tap_is "$(rows)" 0 'that did not come'
page GET "$A?until=2000-01-01"
tap_is "$(rows)" 0 'until one before all'
page GET "$A?until=2999-01-01"
tap_ok 'until one after all' test "$(rows)" -gt 0
page GET "$A?since=yesterday"
tap_is "$STATUS" 422 'a day is a date'
tap_ok 'soundly' sound

page GET "$A?who=(cofferd)"
tap_is "$(grep -o '<strong>[^<]*</strong>' "$BODY" | sort -u)" '<strong>(cofferd)</strong>' 'what the server did itself'
page GET "$A?who=cofferd"
tap_is "$(rows)" 0 'which is no user of that name'

# ---- long ----
api POST "$R/milestones" "$(jq -n --arg d "$(perl -e 'print "\"" x 60000')" '{title: "m", description: $d}')"
page GET "$A?what=milestone"
tap_ok 'a long text is shown as it begins' grep -q '&quot;…</code> (60000 bytes, SHA-256 [0-9a-f]\{12\}…)' "$BODY"
tap_ok 'soundly' sound

# ---- many ----
i=0
while [ $i -lt 45 ]; do
	i=$((i + 1))
	api PATCH "$R" "{\"description\":\"number $i\"}"
done
page GET "$A?what=project.changed"
tap_is "$(rows)" 40 'a page of many'
tap_ok 'leads to the older ones' shows 'rel="next"'
LAST=$(seqs | tail -n 1)
page GET "$A?before=$LAST&what=project.changed"
tap_ok 'which go on from there' test "$(seqs | head -n 1)" -lt "$LAST"
page GET "$A?before=x"
tap_is "$STATUS" 422 'a page that is none'

# ---- as a file ----
page GET "$A?what=project.changed"
tap_ok 'what is asked for is a file, too' shows 'href="/-/admin/audit.jsonl?what=project.changed"'
page GET "$A"
tap_ok 'or all of it' shows 'href="/-/admin/audit.jsonl"'
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	as "$BOB" api PATCH "$R" "{\"description\":\"row $i\"}"
done
page GET /-/admin/audit.jsonl
tap_is "$STATUS,$(header Content-Disposition)" '200,attachment; filename="audit.jsonl"' 'a file'
mv "$BODY" "$T/file"
api GET '/api/coffer/v1/audit?limit=500'
tap_ok 'of more rows than are read at once' test "$(wc -l <"$T/file")" -gt 240
tap_is "$(jq -c . "$T/file" | sha256sum)" "$(jq -c '.rows[]' "$BODY" | sha256sum)" 'has line by line what the API has'
page GET '/-/admin/audit.jsonl?who=bob&what=project.changed'
tap_is "$(jq -r .who "$BODY" | sort | uniq -c | tr -d ' ')" "$(jq -r .who "$T/file" | grep -c '^bob$')bob" 'the rows that are asked for'
page GET "/-/admin/audit.jsonl?until=2000-01-01"
tap_is "$STATUS,$(wc -c <"$BODY")" 200,0 'or none'
page GET '/-/admin/audit.jsonl?since=tomorrow'
tap_is "$STATUS" 422 'a day that is none is refused'

# ---- is it what was written ----
page GET "$A?verify=1"
tap_ok 'the newest rows are' shows 'whole</span>'
tap_ok 'soundly' sound
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" "UPDATE audit SET who = 'eve' WHERE seq = $LAST" || tap_bail 'sqlite3'
start_cofferd
page GET "$A?verify=1"
tap_ok 'a row that was changed is found' shows "Row $LAST is not what was written"
stop_cofferd
sqlite3 "$HOME_DIR/db/coffer.db" 'DELETE FROM audit WHERE seq = 1' || tap_bail 'sqlite3'
start_cofferd
page GET "$A?verify=1"
tap_ok 'and one that is gone' shows 'Row 2 is not what was written'
page GET "$A?since=$TODAY"
tap_ok 'days are found all the same' test "$(rows)" -gt 0

# ---- who may not ----
sign_in bob "$BOB"
page GET "$A"
tap_is "$STATUS" 404 'to others there is none'
page GET "$A?verify=1"
tap_is "$STATUS" 404 'nor to check'
page GET /-/admin/audit.jsonl
tap_is "$STATUS" 404 'nor to take along'
tap_done
