#!/bin/sh
# What a maintainer's comment does by itself: /approve, /merge, /test-pr.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'

# pull BRANCH FILE: a pull request by the admin; N is its number
pull()
{
	push_branch "$1" "$2" "text of $2"
	api POST "$R/pulls" "{\"title\":\"$1\",\"head\":\"$1\",\"base\":\"main\"}"
	N=$(field .number)
}
say() { api POST "$R/issues/$N/comments" "$(jq -nc --arg b "$1" '{body: $b}')"; }
comments() { api GET "$R/issues/$N/comments" && field '[.[] | select(.user.login == "agentd")] | length'; }
last() { api GET "$R/issues/$N/comments" && field '[.[] | select(.user.login == "agentd")][-1].body'; }
reviews() { api GET "$R/pulls/$N/reviews" && field 'map("\(.user.login) \(.state) \(.official)") | join(",")'; }
merged() { api GET "$R/pulls/$N" && field '"\(.merged) \(.merged_by.login)"'; }
is() { [ "$($1)" = "$2" ]; }

pull one one.txt
as "$EVE" say /approve
tap_is "$STATUS,$(reviews)" '201,' 'a reader approves nothing by it'
as "$BOB" say 'I say /approve'
as "$BOB" say "$(printf '\140\140\140\n/approve\n\140\140\140')"
as "$BOB" say '> /approve'
tap_is "$(reviews)" '' 'nor does text that only has it in it'
as "$BOB" say "/approve 0123456789"
tap_like "$(last)" "*the head is ${SHA%????????????????????????????}*" 'another commit than the head is told'
tap_is "$(reviews)" '' 'and not approved'
for more in "$(printf '0123456789\nwell done')" "$(printf 'ABCDEF0\twell done')"; do
	as "$BOB" say "/approve $more"
	tap_like "$(last),$(reviews)" "*the head is ${SHA%????????????????????????????}*," 'whatever follows it'
done
n=$(comments)
for more in '0123456789, well done' 0123 main "$SHA$SHA"; do
	as "$BOB" say "/approve $more"
	tap_is "$(comments),$(reviews)" "$((n += 1))," 'what is no commit approves nothing'
done
tap_like "$(last)" '*takes a commit*' 'and is answered'
make_user robot >/dev/null
api PUT "$R/collaborators/robot" '{"permission":"write"}'
api PATCH /api/v1/admin/users/robot '{"type":"bot"}'
api POST /api/v1/users/robot/tokens '{"name":"t2"}'
ROBOT=$(field .sha1)
as "$ROBOT" say /approve
as "$ROBOT" say /merge
tap_is "$STATUS,$(reviews),$(comments)" "201,,$n" "a program's account gives no order"
as "$BOB" say "$(printf '\n/Approve %.10s\nwell done' "$SHA" | tr abcdef ABCDEF)"
tap_is "$STATUS,$(reviews)" '201,bob APPROVED true' 'a maintainer approves the head'
say /approve
tap_like "$(last)" '*your own pull request*' 'nobody approves his own'

n=$(comments)
as "$EVE" say /merge
tap_is "$(merged),$(comments)" "false null,$n" 'a reader merges nothing'
as "$BOB" say '/merge quickly'
tap_like "$(last)" '*`rebase-merge`*' 'an unknown word is answered'
as "$BOB" say '/merge squash'
wait_for 20 is merged 'true bob'
tap_is "$(merged)" 'true bob' 'an open gate merges for who said so'
api GET "$R/commits?sha=main&limit=1"
tap_is "$(field '.[0].parents | length')" 1 'in the style that he named'
as "$BOB" say /merge
tap_like "$(last)" '*merged already*' 'once'

# Without the approval that is asked for, the gate says so and nothing waits.
pull two two.txt
n=$(comments)
say /merge
wait_for 20 is comments $((n + 1))
tap_like "$(last)" '*Not merged. The gate wants:*- ?x?*- ? ?*' 'a closed gate is told with what it wants'
tap_is "$(merged)" 'false null' 'and nothing merged'
as "$BOB" say /approve
sleep 1
tap_is "$(merged)" 'false null' 'nor when it opens later'
say /merge
wait_for 20 is merged 'true admin'
tap_is "$(merged),$(comments)" "true admin,$((n + 1))" 'the next order merges'

pull three three.txt
say '/merge auto'
api GET "$R/pulls/$N"
tap_is "$(merged)" 'false null' 'with auto it waits'
as "$BOB" say /approve
wait_for 20 is merged 'true admin'
tap_is "$(merged)" 'true admin' 'and merges when the gate opens'

# Written down in the comment's transaction: a crash loses and repeats nothing.
pull four four.txt
as "$BOB" say "$(printf '/approve\nwell done')"
n=$(comments)
as "$BOB" say /merge &
wait $!
kill -KILL "$COFFERD_PID"
wait "$COFFERD_PID" 2>/dev/null
start_cofferd
# What the crash cut off in git may be in the way: then the comment is told so.
settled() { [ "$(merged),$(comments)" = "true bob,$n" ] || [ "$(merged),$(comments)" = "false null,$((n + 1))" ]; }
tap_ok 'after a crash it is carried out, or told why not' wait_for 20 settled
ends() { api GET "$R/issues/$N/timeline" && field '[.[] | select(.type == "merge_pull")] | length'; }
tap_is "$(($(ends) + $(comments) - n))" 1 'once'

# A token for issues alone does not merge by words.
pull five five.txt
as "$BOB" say /approve
api POST /api/v1/users/bob/tokens '{"name":"issues","scopes":["write:issue"]}'
ISSUES=$(field .sha1)
as "$ISSUES" say /merge
tap_is "$STATUS" 201 'a token of issues may comment'
sleep 1
tap_is "$(merged)" 'false null' 'but merges nothing by it'

api POST "$R/issues" '{"title":"i","body":""}'
N=$(field .number)
say /merge
tap_like "$(last)" '*for pull requests*' 'an issue is not merged'
say '/test-pr "make test" main'
tap_like "$(last)" '*for pull requests*' 'nor tested'
n=$(comments)
api GET "$R/issues/$N/comments"
id=$(field '.[0].id')
api PATCH "$R/issues/comments/$id" '{"body":"/test-pr x"}'
tap_is "$STATUS,$(comments)" "200,$n" 'an edit is no order'
tap_done
