#!/bin/sh
# Comments, their history, reactions, attachments, notifications and search.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
attachment_max = 64K
attachment_types = .txt,.svg,.html,.log,image/*
$(lib_router_ids)
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
EVE=$(make_user eve)
ANN=$(make_user ann)
api PUT "$R/collaborators/bob" '{"permission":"read"}'
api PUT "$R/collaborators/ann" '{"permission":"write"}'

# upload PATH FILE [NAME [QUERY]]: a file in a form, as $TOKEN or the admin.
upload()
{
	http_t=${TOKEN:-$ADMIN}
	http POST "$1/assets${4:-}" -F "note=x" -F "attachment=@$2;filename=${3:-$(basename "$2")}"
	http_t=
}

# Comments.
api POST "$R/issues" '{"title":"Leaking boat","body":"Water comes in @bob"}'
api POST "$R/issues" '{"title":"Second"}'
as "$BOB" api POST "$R/issues/1/comments" '{"body":"the hull is wet"}'
BID=$(field .id)
tap_is "$STATUS,$(field '.assets | length'),$(field .original_author_id),$(field .pull_request_url)" \
    '201,0,0,' 'a comment has all its fields'
api POST "$R/issues/2/comments" '{"body":"other"}'
OID=$(field .id)
api POST "$R/issues/1/comments" '{"body":"  "}'
tap_is "$STATUS" 422 'an empty one is refused'
api GET "$R/issues/comments"
tap_is "$STATUS,$(field '[.[].id] | join(" ")')" "200,$BID $OID" 'all of the repository, ascending'
api GET "$R/issues/comments?limit=1&page=2"
tap_is "$(field '.[0].id')" "$OID" 'by pages'
tap_like "$(grep -i '^X-Total-Count:' "$HEADERS")" '*2*' 'with the total'
sleep 1.1
as "$BOB" api PATCH "$R/issues/comments/$BID" '{"body":"the hull is dry"}'
tap_is "$STATUS,$(field .body)" '200,the hull is dry' 'an edit'
SINCE=$(field .updated_at)
api GET "$R/issues/comments?since=$SINCE"
tap_is "$(field '[.[].id] | join(" ")')" "$BID" 'since is inclusive, and of the change'
api GET "$R/issues/comments?before=$SINCE"
tap_is "$(field '[.[].id] | join(" ")')" "$OID" 'before is not'
api GET "$R/issues/1/comments?since=2999-01-01T00:00:00Z"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'of one item too'
api GET "$R/issues/comments?since=nonsense"
tap_is "$STATUS" 422 'a malformed time is refused'
api GET "/api/coffer/v1/repos/$PROJECT/issues/comments/$BID/history"
tap_is "$(field '.[0].body'),$(field '.[0].replaced_by.login')" 'the hull is wet,bob' 'what it was is kept'
as "$BOB" api PATCH "$R/issues/2/comments/$BID" '{"body":"x"}'
tap_is "$STATUS" 404 'not by the path of another item'
as "$BOB" api PATCH "$R/issues/1/comments/$BID" '{"body":"the hull leaks"}'
tap_is "$STATUS" 200 'by that of its own'
as "$ANN" api PATCH "$R/issues/comments/$BID" '{"body":"x"}'
tap_is "$STATUS" 403 'a maintainer does not change what others said'
as "$RUNNER" api POST "$R/issues/1/comments" '{"body":"checks passed"}'
CI=$(field .id)
as "$ANN" api PATCH "$R/issues/comments/$CI" '{"body":"checks failed"}'
tap_is "$STATUS" 403 "nor CI's verdict"
as "$ANN" api DELETE "$R/issues/1/comments/$CI"
tap_is "$STATUS" 403 'nor removes it'
as "$RUNNER" api PATCH "$R/issues/comments/$CI" '{"body":"all checks passed"}'
tap_is "$STATUS" 200 'CI does'
as "$EVE" api GET "$R/issues/comments"
tap_is "$STATUS" 404 'a stranger sees none'

# Reactions.
as "$BOB" api POST "$R/issues/1/reactions" '{"content":"heart"}'
tap_is "$STATUS,$(field .content),$(field .user.login)" '201,heart,bob' 'a reaction'
as "$BOB" api POST "$R/issues/1/reactions" '{"content":"heart"}'
tap_is "$STATUS" 200 'a second time it was there'
as "$BOB" api POST "$R/issues/1/reactions" '{"content":"banana"}'
tap_is "$STATUS" 403 'not any word'
api POST "$R/issues/comments/$BID/reactions" '{"content":"-1"}'
tap_is "$STATUS" 201 'on a comment'
api GET "$R/issues/comments/$BID/reactions"
tap_is "$(field '.[0].content'),$(field length)" '-1,1' 'which lists it'
as "$BOB" api DELETE "$R/issues/1/reactions" '{"content":"heart"}'
tap_is "$STATUS" 204 'taken back'
api GET "$R/issues/1/reactions"
tap_is "$(cat "$BODY")" '[]' 'it is gone'

# Attachments.
printf 'hello\r\n--not the end\r\n' >"$T/note.txt"
printf '\211PNG\r\n\032\n....' >"$T/pic.bin"
printf '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' >"$T/x.svg"
head -c 70000 /dev/zero | tr '\0' x >"$T/big.txt"
as "$BOB" upload "$R/issues/comments/$BID" "$T/note.txt" '../../a (b) é.txt'
tap_is "$STATUS,$(field .name),$(field .size),$(field .download_count)" '201,a (b) é.txt,22,0' 'a file on a comment'
AID=$(field .id)
UUID=$(field .uuid)
tap_is "$(field .browser_download_url)" "$URL/attachments/$UUID" 'with its address'
tap_ok 'the bytes are there' cmp "$T/note.txt" "$HOME_DIR/attachments/$UUID"
api GET "$R/issues/comments/$BID"
tap_is "$(field '.assets[0].uuid')" "$UUID" 'the comment shows it'
api GET "$R/issues/1/comments"
tap_is "$(field '[.[].assets | length] | join(" ")')" '1 0' 'in a list too'
as "$BOB" api GET "/attachments/$UUID"
tap_ok 'a reader gets it' cmp "$T/note.txt" "$BODY"
tap_like "$(tr -d '\r' <"$HEADERS" | grep -i '^Content-Disposition')" \
    "*inline; filename=\"a (b) __.txt\"; filename\*=UTF-8''a%20%28b%29%20%C3%A9.txt" 'under its name'
tap_like "$(tr -d '\r' <"$HEADERS" | tr '\n' ' ')" '*nosniff*sandbox*' 'without being run'
http GET "/attachments/$UUID"
tap_is "$STATUS" 401 'nobody without a token'
as "$EVE" api GET "/attachments/$UUID"
tap_is "$STATUS" 404 'a stranger does not'
http GET "/attachments/$UUID" -H "Authorization: Bearer $BOB" -H "If-None-Match: \"$UUID\""
tap_is "$STATUS" 304 'once is enough'
http GET "/attachments/$UUID" -H "Authorization: Bearer $BOB" -r 2-5
tap_is "$STATUS,$(cat "$BODY"),$(tr -d '\r' <"$HEADERS" | sed -n 's/^Content-Range: //Ip')" \
    "206,$(head -c 6 "$T/note.txt" | tail -c 4),bytes 2-5/22" 'or a part'
http GET "/attachments/$UUID" -H "Authorization: Bearer $BOB" -r 2-5 -H 'If-Range: "x"'
tap_ok 'of what is still the same' cmp "$T/note.txt" "$BODY"
http GET "/attachments/$UUID" -H "Authorization: Bearer $BOB" -r 22-
tap_is "$STATUS,$(tr -d '\r' <"$HEADERS" | sed -n 's/^Content-Range: //Ip')" '416,bytes */22' 'that is there'
api GET "$R/issues/comments/$BID/assets/$AID"
tap_is "$(field .download_count)" 2 'it is counted when it is begun'
as "$BOB" upload "$R/issues/comments/$BID" "$T/big.txt"
tap_is "$STATUS" 413 'a large one is refused'
as "$BOB" upload "$R/issues/comments/$BID" "$T/note.txt" evil.exe
tap_is "$STATUS" 422 'and one of another type'
as "$BOB" upload "$R/issues/comments/$BID" "$T/pic.bin" pic.whatever '?name=boat%20pic.dat'
tap_is "$STATUS,$(field .name)" '201,boat pic.dat' 'its type is told by its bytes, its name by the query'
PIC=$(field .uuid)
as "$BOB" api GET "/attachments/$PIC"
tap_like "$(tr -d '\r' <"$HEADERS" | grep -i '^Content-Type')" '*image/png' 'a picture is one'
as "$BOB" upload "$R/issues/1" "$T/x.svg"
tap_is "$STATUS" 403 "not on another's issue"
as "$ANN" upload "$R/issues/1" "$T/x.svg"
tap_is "$STATUS" 201 'but by a maintainer'
SVG=$(field .uuid)
SID=$(field .id)
api GET "/attachments/$SVG"
tap_like "$(tr -d '\r' <"$HEADERS" | grep -i '^Content-Type')" '*text/plain*' 'active pictures are text'
as "$RUNNER" upload "$R/issues/comments/$BID" "$T/note.txt"
tap_is "$STATUS" 403 "nor on another's comment"
http_t=$ADMIN
http POST "$R/issues/1/assets" -F "other=x"
tap_is "$STATUS" 400 'a form without the file'
http POST "$R/issues/1/assets" -H 'Content-Type: multipart/form-data; boundary=x' --data-binary 'garbage'
tap_is "$STATUS" 422 'a torn one'
http POST "$R/issues/1/assets" -H 'Content-Type: text/plain' --data-binary 'garbage'
tap_is "$STATUS" 400 'none at all'
http_t=
api PATCH "$R/issues/1/assets/$SID" '{"name":"boat.svg"}'
tap_is "$STATUS,$(field .name)" '201,boat.svg' 'renamed'
api PATCH "$R/issues/1/assets/$SID" '{"name":"boat.exe"}'
tap_is "$STATUS" 422 'to a type that is taken'
api GET "$R/issues/1/assets"
tap_is "$(field '.[0].name'),$(field length)" 'boat.svg,1' 'listed'
api GET "$R/issues/1"
tap_is "$(field '.assets[0].name')" boat.svg 'the issue shows it'
api DELETE "$R/issues/1/assets/$SID"
tap_is "$STATUS" 204 'removed'
api GET "/attachments/$SVG"
tap_is "$STATUS" 404 'it is gone'
tap_is "$(find "$HOME_DIR/attachments" -name '.up-*' | wc -l)" 0 'nothing half is left'

# Notifications.
as "$BOB" api GET /api/v1/notifications/new
tap_is "$STATUS,$(field .new)" '200,1' 'who is named or speaks is told'
as "$BOB" api GET /api/v1/notifications
tap_is "$(field '.[0].subject | [.type, .state, .title] | join(" ")')" 'Issue open Leaking boat' 'of what'
tap_is "$(field '.[0].subject.latest_comment_url')" "$URL$R/issues/comments/$CI" 'and by which words'
tap_is "$(field '.[0].unread'),$(field '.[0].pinned'),$(field '.[0].repository.full_name')" "true,false,$PROJECT" 'where'
NID=$(field '.[0].id')
api GET /api/v1/notifications
tap_is "$(field '[.[].subject.title] | join(",")')" 'Leaking boat' 'not who did it himself'
as "$EVE" api GET /api/v1/notifications
tap_is "$(cat "$BODY")" '[]' 'a stranger hears nothing'
as "$EVE" api GET "/api/v1/notifications/threads/$NID"
tap_is "$STATUS" 403 "nor sees another's"
as "$BOB" api GET '/api/v1/notifications?subject-type=pull'
tap_is "$(field length)" 0 'by kind'
as "$BOB" api GET '/api/v1/notifications?subject-type=pull&subject-type=issue&status-types=unread&status-types=read'
tap_is "$(field length)" 1 'by several'
as "$BOB" api PATCH "/api/v1/notifications/threads/$NID?to-status=pinned"
tap_is "$STATUS" 205 'pinned'
as "$BOB" api GET '/api/v1/notifications?status-types=pinned'
tap_is "$(field '.[0].pinned'),$(field '.[0].unread')" 'true,false' 'it is'
as "$BOB" api PATCH "/api/v1/notifications/threads/$NID"
tap_is "$STATUS" 205 'read'
as "$BOB" api GET /api/v1/notifications
tap_is "$(cat "$BODY")" '[]' 'then it is not listed'
as "$BOB" api GET '/api/v1/notifications?all=true'
tap_is "$(field length)" 1 'but among all'
api POST "$R/issues/1/comments" '{"body":"news"}'
as "$BOB" api GET "$R/notifications"
tap_is "$(field length),$(field '.[0].unread')" '1,true' 'news make it new'
as "$BOB" api PUT /api/v1/notifications
tap_is "$STATUS" 205 'all are read'
as "$BOB" api GET /api/v1/notifications/new
tap_is "$(field .new)" 0 'none is new'
as "$BOB" api PUT "$R/notifications?to-status=unread&status-types=read"
as "$BOB" api GET /api/v1/notifications/new
tap_is "$(field .new)" 1 'or unread again'
api DELETE "$R/collaborators/bob"
as "$BOB" api GET "/api/v1/notifications/threads/$NID"
tap_is "$STATUS" 404 'who may not read the project any more'
as "$BOB" api PATCH "/api/v1/notifications/threads/$NID"
tap_is "$STATUS" 404 'has no thread of it'
api PUT "$R/collaborators/bob" '{"permission":"read"}'
as "$BOB" api GET "/api/v1/notifications/threads/$NID"
tap_is "$STATUS" 200 'until he may again'

push_branch topic b.txt two
as "$ANN" api POST "$R/pulls" '{"title":"Pump","head":"topic","base":"main"}'
PN=$(field .number)
api GET '/api/v1/notifications?subject-type=pull'
tap_is "$(field '.[0].subject | [.type, .state, .title] | join(" ")')" 'Pull open Pump' 'who watches is told of pull requests'
api POST "$R/pulls/$PN/reviews" '{"event":"COMMENT","body":"@bob, look"}'
as "$BOB" api GET '/api/v1/notifications?subject-type=pull'
tap_is "$(field '.[0].subject.title')" Pump 'and who a review names'
as "$ANN" api GET '/api/v1/notifications?subject-type=pull'
tap_is "$(field '.[0].subject.url')" "$URL/api/v1/repos/$PROJECT/pulls/$PN" 'and its author'
as "$ANN" api PATCH "$R/pulls/$PN" '{"state":"closed"}'

# Search.
api GET "$R/issues?q=leaks"
tap_is "$(field '[.[].number] | join(" ")')" 1 'a word of a comment finds its issue'
api GET "$R/issues?q=leak"
tap_is "$(field '[.[].number] | join(" ")')" 1 'whatever its ending'
api GET "$R/issues?q=dry"
tap_is "$(cat "$BODY")" '[]' 'what was edited away does not'
api GET '/api/v1/repos/issues/search?q=%22hull%20leaks%22%20-banana'
tap_is "$STATUS,$(field '[.[].number] | join(" ")'),$(field '.[0].repository.full_name')" "200,1,$PROJECT" 'in all projects'
api GET '/api/v1/repos/issues/search?q=leaks%22)%20OR%20title:*'
tap_is "$STATUS" 200 "the index's own language means nothing"
api GET '/api/v1/repos/issues/search?q=-leaks'
tap_is "$STATUS" 422 'nothing but exclusions is refused'
as "$EVE" api GET '/api/v1/repos/issues/search?q=leaks'
tap_is "$(cat "$BODY")" '[]' 'a stranger finds nothing'
as "$BOB" api GET '/api/v1/repos/issues/search?mentioned=true'
tap_is "$(field '[.[].number] | join(" ")')" 1 'where one is named'
api GET '/api/v1/repos/issues/search?created=true&type=issues'
tap_is "$(field '[.[].number] | join(" ")')" '2 1' 'what one made, newest first'
api GET '/api/v1/repos/issues/search?limit=1&page=2'
tap_is "$(field '[.[].number] | join(" ")')" 1 'by pages'
api POST "$R/labels" '{"name":"bug","color":"ff0000"}'
api POST "$R/issues/2/labels" '{"labels":["bug"]}'
api GET '/api/v1/repos/issues/search?labels=bug,other'
tap_is "$(field '[.[].number] | join(" ")')" 2 'by the name of a label'
api GET '/api/v1/repos/issues/search?milestones=none&state=all'
tap_is "$(cat "$BODY")" '[]' 'of a milestone that is not there'
api GET '/api/v1/repos/issues/search?created_by=nobody'
tap_is "$(cat "$BODY")" '[]' 'by somebody who is not there'
api DELETE "$R/issues/comments/$BID"
api GET "$R/issues?q=hull"
tap_is "$(cat "$BODY")" '[]' 'what is removed is not found'
tap_ok 'its files go' wait_for 15 test ! -e "$HOME_DIR/attachments/$PIC"

# What a lock keeps quiet.
api PUT "$R/issues/2/lock" '{"lock_reason":"Spam"}'
tap_is "$STATUS" 204 'locked'
as "$BOB" api POST "$R/issues/2/comments" '{"body":"but"}'
tap_is "$STATUS" 403 'a reader is silent'
as "$BOB" api POST "$R/issues/2/reactions" '{"content":"eyes"}'
tap_is "$STATUS" 403 'in every way'
as "$ANN" api POST "$R/issues/2/comments" '{"body":"done"}'
tap_is "$STATUS" 201 'a maintainer is not'

# A file without a row does not outlive a restart.
stop_cofferd
echo x >"$HOME_DIR/attachments/00000000-0000-4000-8000-000000000000"
echo x >"$HOME_DIR/attachments/.up-00000000-0000-4000-8000-000000000001"
touch -d '1 hour ago' "$HOME_DIR"/attachments/* "$HOME_DIR"/attachments/.up-*
start_cofferd
tap_ok 'orphans are swept' wait_for 5 sh -c "! ls -A $HOME_DIR/attachments | grep -q 0000"

tap_done
