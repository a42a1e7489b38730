#!/bin/bash
# swagger.v1.json says what there is: every reply to a GET is compared with it, in both directions.
. "$(dirname "$0")/lib.sh"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
$(lib_router_ids)
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
S=$T/swagger.json
check() { perl "$SYSTEM_DIR/swagger.pl" "$S" "$@"; }

http GET /swagger.v1.json
tap_is "$STATUS" 200 'it is there for everybody'
cp "$BODY" "$S"
check sound >"$T/sound"
tap_is "$(cat "$T/sound")" '' 'and sound: each call has its shapes'
http GET /swagger.coffer.v1.json
tap_is "$STATUS,$(field .basePath)" 200,/api/coffer/v1 'the other one, too'

# Something of everything.
make_user bob >/dev/null
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/topics" '{"topics":["calc"]}'
api POST "$R/labels" '{"name":"bug","color":"#ff0000"}'
LABEL=$(field .id)
api POST "$R/milestones" '{"title":"v1","due_on":"2030-01-01T00:00:00Z"}'
STONE=$(field .id)
api POST "$R/issues" "{\"title\":\"An issue\",\"body\":\"of @bob\",\"labels\":[$LABEL],\"milestone\":$STONE,\"assignees\":[\"bob\"],\"due_date\":\"2030-01-01T00:00:00Z\"}"
ISSUE=$(field .number)
api POST "$R/issues/$ISSUE/comments" '{"body":"words"}'
COMMENT=$(field .id)
api POST "$R/issues/$ISSUE/reactions" '{"content":"+1"}'
api POST "$R/issues/comments/$COMMENT/reactions" '{"content":"heart"}'
echo text >"$T/a.txt"
up() { curl -sS -H "Authorization: token $ADMIN" -F "attachment=@$T/a.txt" "$URL$1"; }
FILE=$(up "$R/issues/$ISSUE/assets" | jq .id)
FILE2=$(up "$R/issues/comments/$COMMENT/assets" | jq .id)
api POST "$R/issues/$ISSUE/pin"
push_branch topic b.txt two
api POST "$R/tags" "{\"tag_name\":\"v0\",\"message\":\"zero\",\"target\":\"$SHA\"}"
api POST "$R/pulls" "{\"title\":\"A pull\",\"head\":\"topic\",\"base\":\"main\",\"labels\":[$LABEL]}"
PULL=$(field .number)
api POST "$R/pulls/$PULL/requested_reviewers" '{"reviewers":["bob"]}'
api POST "$R/pulls/$PULL/reviews" '{"event":"COMMENT","body":"see","comments":[{"path":"b.txt","body":"why","new_position":1}]}'
REVIEW=$(field .id)
api POST "$R/statuses/$SHA" '{"state":"success","context":"x","target_url":"http://x","description":"d"}'
api POST "$R/branch_protections" '{"rule_name":"release"}'
api POST "$R/hooks" '{"type":"gitea","config":{"url":"http://203.0.113.7/","content_type":"json"},"events":["push"],"active":true}'
HOOK=$(field .id)
api PUT "$R/subscription"
TAG=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/tags/v0 | cut -f1)
api GET "$R/contents/b.txt?ref=topic"
BLOB=$(field .sha)

# Each GET with something to get: the description's path, and ours.
fill() {
	local p=$1
	case $p in
	*/issues/comments/*/assets/*) p=${p/\{aid\}/$FILE2} ;;
	esac
	case $p in
	*/raw/* | */media/* | */contents/*) p=${p/\{filepath\}/b.txt?ref=topic} ;;
	*/branches/*) p=${p/\{filepath\}/topic} ;;
	*/tags/\{filepath\}) p=${p/\{filepath\}/v0} ;;
	*/git/refs/*) p=${p/\{filepath\}/heads} ;;
	*/git/commits/* | */git/trees/*) p=${p/\{filepath\}/$SHA} ;;
	*/compare/*) p=${p/\{filepath\}/main...topic} ;;
	*/archive/*) p=${p/\{filepath\}/topic.tar.gz} ;;
	*/branch_protections/*) p=${p/\{filepath\}/release} ;;
	*/git/blobs/*) p=${p/\{any\}/$BLOB} ;;
	*/git/tags/*) p=${p/\{any\}/$TAG} ;;
	*/labels/*) p=${p/\{id\}/$LABEL} ;;
	*/hooks/*) p=${p/\{id\}/$HOOK} ;;
	*/reviews/*) p=${p/\{id\}/$REVIEW} ;;
	*/issues/comments/*) p=${p/\{id\}/$COMMENT} ;;
	*/assets/*) p=${p/\{id\}/$FILE} ;;
	/repositories/*) p=${p/\{id\}/$PROJECT_ID} ;;
	esac
	case $p in
	*/pulls/*) p=${p/\{index\}/$PULL} ;;
	*) p=${p/\{index\}/$ISSUE} ;;
	esac
	p=${p/\{owner\}\/\{repo\}/$PROJECT} p=${p/\{username\}/bob} p=${p/\{title\}/$STONE}
	p=${p/\{sha\}/$SHA} p=${p/\{ref\}/topic} p=${p/\{base\}/main} p=${p/\{head\}/topic} p=${p/\{org\}/admin}
	echo "$p"
}
while read -r method path; do
	[ "$method" = GET ] || continue
	url=$(fill "$path")
	# Nobody is an organisation, nothing has been delivered, nothing told or merged yet.
	case $path in
	*/orgs/\{org\}* | */deliveries/* | */threads/* | */admin/hooks/* | */user/hooks/* | */pulls/\{index\}/merge | */commits/\{sha\}/pull) continue ;;
	esac
	api GET "/api/v1$url"
	case $STATUS in
	20?) ;;
	*)
		tap_is "$STATUS" 200 "GET $path ($url)"
		continue
		;;
	esac
	if [ "$STATUS" = 200 ] && jq -e 'type == "array"' "$BODY" >/dev/null 2>&1; then
		tap_ok "GET $path says how many there are" grep -qi '^X-Total-Count: [0-9]' "$HEADERS"
	fi
	check check GET "$path" "$STATUS" "$BODY" >"$T/diff"
	tap_is "$(cat "$T/diff")" '' "GET $path"
done < <(check paths)
tap_ok 'cofferd ends well' stop_cofferd
tap_done
