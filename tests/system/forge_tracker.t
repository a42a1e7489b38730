#!/bin/sh
# Labels, milestones, assignees, locks, pins, filters and the timeline.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
BOB=$(make_user bob)
make_user eve >/dev/null
api PUT "$R/collaborators/bob" '{"permission":"read"}'

# Labels.
api POST "$R/labels" '{"name":"bug","color":"#F00","description":"it is wrong"}'
tap_is "$STATUS,$(field .name),$(field .color),$(field .exclusive),$(field .is_archived)" \
    '201,bug,ff0000,false,false' 'a label is made'
BUG=$(field .id)
tap_like "$(field .url)" "*/api/v1/repos/$PROJECT/labels/$BUG" 'with its address'
api POST "$R/labels" '{"name":"p/low","color":"00aabb","exclusive":true}'
LOW=$(field .id)
api POST "$R/labels" '{"name":"p/high","color":"00aabc","exclusive":true}'
HIGH=$(field .id)
api POST "$R/labels" '{"name":"x","color":"blue"}'
tap_is "$STATUS" 422 'a color is hexadecimal'
api POST "$R/labels" '{"color":"#123456"}'
tap_is "$STATUS" 422 'a label has a name'
as "$BOB" api POST "$R/labels" '{"name":"y","color":"#123456"}'
tap_is "$STATUS" 403 'a reader makes none'
api PATCH "$R/labels/$BUG" '{"name":"Bug","is_archived":true}'
tap_is "$STATUS,$(field .name),$(field .color),$(field .is_archived)" \
    '200,Bug,ff0000,true' 'a label is changed where the body says so'
api GET "$R/labels"
tap_is "$(field '[.[].name] | join(" ")')" 'Bug p/high p/low' 'the list is by name'
tap_like "$(grep -i '^X-Total-Count:' "$HEADERS")" '*3*' 'with its total'
api GET "$R/labels/999"
tap_is "$STATUS" 404 'no such label'

# Milestones.
api POST "$R/milestones" '{"title":"1.0","due_on":"2030-01-02T00:00:00Z","description":"d"}'
tap_is "$STATUS,$(field .title),$(field .state),$(field .due_on),$(field .closed_at)" \
    '201,1.0,open,2030-01-02T00:00:00Z,null' 'a milestone'
MS=$(field .id)
api POST "$R/milestones" '{"title":"2.0","state":"closed"}'
tap_is "$STATUS,$(field .state)" 201,closed 'that is closed from the start'
M2=$(field .id)
api GET "$R/milestones"
tap_is "$(field '[.[].title] | join(" ")')" 1.0 'the list shows the open ones'
api GET "$R/milestones?state=all&name=2"
tap_is "$(field '[.[].title] | join(" ")')" 2.0 'by part of the title'
api GET "$R/milestones/1.0"
tap_is "$STATUS,$(field .id)" "200,$MS" 'one by its title'

# Issues with all fields.
api POST "$R/issues" "{\"title\":\"One\",\"body\":\"first @bob\",\"labels\":[$BUG,$LOW],\"assignees\":[\"bob\"],\"assignee\":\"admin\",\"milestone\":$MS,\"due_date\":\"2031-05-06T00:00:00Z\",\"ref\":\"main\"}"
tap_is "$STATUS,$(field '[.labels[].name] | join(" ")'),$(field '[.assignees[].login] | join(" ")'),$(field .milestone.title),$(field .due_date),$(field .ref)" \
    '201,Bug p/low,admin bob,1.0,2031-05-06T00:00:00Z,main' 'an issue with everything'
tap_is "$(field .milestone.open_issues),$(field .assignee.login),$(field .content_version),$(field .is_locked),$(field .pin_order),$(field .pull_request),$(field .original_author),$(field .time_estimate)" \
    '1,admin,0,false,0,null,,0' 'in the full shape'
tap_is "$(field .repository.full_name),$(field '.assets | length')" "$PROJECT,0" 'with its repository'
api POST "$R/issues" '{"title":"x","labels":[999]}'
tap_is "$STATUS" 422 'a label that is not there'
api POST "$R/issues" '{"title":"x","labels":["Bug"]}'
tap_is "$STATUS" 422 'labels of a new issue are ids'
api POST "$R/issues" '{"title":"x","assignees":["nobody"]}'
tap_is "$STATUS" 422 'an assignee that is not there'
api POST "$R/issues" '{"title":"x","assignees":["eve"]}'
tap_is "$STATUS" 422 'or may not read'
api POST "$R/issues" '{"title":"x","milestone":999}'
tap_is "$STATUS" 422 'a milestone that is not there'
api PATCH "$R/issues/1" '{"due_date":"0001-01-01T00:00:00Z"}'
tap_is "$STATUS,$(field .due_date)" 201,null 'the zero time of Go is none'
api PATCH "$R/issues/1" '{"due_date":"2031-05-06T02:00:00+02:00"}'
tap_is "$STATUS,$(field .due_date)" 201,2031-05-06T00:00:00Z 'a zone is taken'
api POST "$R/issues" '{"title":"x","due_date":"soon"}'
tap_is "$STATUS" 422 'a time is a time'
as "$BOB" api POST "$R/issues" "{\"title\":\"Two\",\"labels\":[$BUG],\"milestone\":$MS,\"closed\":true}"
tap_is "$STATUS,$(field '.labels | length'),$(field .milestone),$(field .state)" '201,0,null,closed' \
    'what needs a maintainer is left out'
TWO=$(field .number)
api POST "$R/issues" "{\"title\":\"Three\",\"body\":\"like #1, see \`#2\`\",\"labels\":[$HIGH]}"
THREE=$(field .number)

# Edit.
api PATCH "$R/issues/1" '{"body":"second","content_version":0}'
tap_is "$STATUS,$(field .content_version),$(field .title)" '201,1,One' 'a body of a version'
api PATCH "$R/issues/1" '{"body":"third","content_version":0}'
tap_is "$STATUS" 409 'not of an old one'
api PATCH "$R/issues/1" "{\"title\":\"Uno\",\"milestone\":$M2,\"assignees\":[\"bob\"],\"unset_due_date\":true}"
tap_is "$STATUS,$(field .title),$(field .milestone.title),$(field '[.assignees[].login] | join(" ")'),$(field .due_date)" \
    '201,Uno,2.0,bob,null' 'each field'
api GET "$R/milestones/$MS"
tap_is "$(field .open_issues)" 0 'a milestone counts'
api PATCH "$R/issues/1" '{"milestone":0,"assignees":[]}'
tap_is "$(field .milestone),$(field .assignee),$(jq -c .assignees "$BODY")" 'null,null,[]' 'none again'

# Labels of an issue.
api POST "$R/issues/1/labels" "{\"labels\":[\"p/high\"]}"
tap_is "$STATUS,$(field '[.[].name] | join(" ")')" '200,Bug p/high' 'one of a scope pushes the other out'
api PUT "$R/issues/1/labels" "{\"labels\":[$LOW]}"
tap_is "$STATUS,$(field '[.[].name] | join(" ")')" '200,p/low' 'PUT replaces'
api DELETE "$R/issues/1/labels/$LOW"
tap_is "$STATUS" 204 'one goes'
api DELETE "$R/issues/1/labels/999"
tap_is "$STATUS" 422 'one that is not there'
api POST "$R/issues/1/labels" "{\"labels\":[$BUG,\"p/low\"]}"
api DELETE "$R/issues/1/labels"
tap_is "$STATUS" 204 'all go'
api GET "$R/issues/1/labels"
tap_is "$(cat "$BODY")" '[]' 'and none is []'
as "$BOB" api POST "$R/issues/1/labels" "{\"labels\":[$BUG]}"
tap_is "$STATUS" 403 'a reader labels nothing'
api POST "$R/issues/1/labels" "{\"labels\":[$BUG]}"

# Assignees.
api POST "$R/issues/1/assignees" '{"assignees":["bob","admin"]}'
tap_is "$STATUS,$(field '[.assignees[].login] | join(" ")')" '201,admin bob' 'assignees are added'
api DELETE "$R/issues/1/assignees" '{"assignees":["admin"]}'
tap_is "$STATUS,$(field '[.assignees[].login] | join(" ")')" '200,bob' 'and removed'

api GET "$R/issues/1/subscriptions"
tap_is "$STATUS,$(field '[.[].login] | join(" ")')" '200,admin' 'who takes part'

# Filters.
numbers() { field '[.[].number] | join(" ")'; }
api GET "$R/issues?labels=bug"
tap_is "$(numbers)" 1 'by label'
api GET "$R/issues?labels=bug,p/high"
tap_is "$(numbers)" '' 'that has all of them'
api GET "$R/issues?labels=nothing"
tap_is "$(numbers)" '' 'a label that is not there has none'
api GET "$R/issues?assignee=bob"
tap_is "$(numbers)" 1 'by assignee'
api GET "$R/issues?assigned_by=bob&labels=Bug&type=issues&state=all"
tap_is "$(numbers)" 1 'and label'
api GET "$R/issues?mentioned_by=bob"
tap_is "$(numbers)" 1 'by who is named'
api PATCH "$R/issues/$THREE" "{\"milestone\":$MS}"
api GET "$R/issues?milestones=1.0"
tap_is "$(numbers)" "$THREE" 'by milestone'
api GET "$R/issues?milestones=$MS,nothing"
tap_is "$(numbers)" "$THREE" 'or its id'
api GET "$R/issues?state=all&sort=oldest"
tap_is "$(numbers)" "1 $TWO $THREE" 'oldest first'
api GET "$R/issues?state=all&sort=recentupdate"
tap_is "$(field '.[0].number')" "$THREE" 'by change'
api POST "$R/issues/1/comments" '{"body":"hello"}'
api GET "$R/issues?state=all&sort=mostcomment"
tap_is "$(field '.[0].number')" 1 'by comments'
api GET "$R/issues?state=all&below=$THREE"
tap_is "$(numbers)" "$TWO 1" 'under a number'
api GET "$R/issues?sort=sideways"
tap_is "$STATUS" 422 'an unknown order'
api GET "$R/issues?since=yesterday"
tap_is "$STATUS" 422 'a time that is none'
api GET "$R/issues?state=all&before=2001-01-01T00:00:00Z"
tap_is "$(numbers)" '' 'changed before'
api GET "$R/issues?q=uno"
tap_is "$(numbers)" 1 'by word'

# Lock.
api PUT "$R/issues/1/lock" '{"lock_reason":"spam"}'
tap_is "$STATUS" 204 'locked'
as "$BOB" api POST "$R/issues/1/comments" '{"body":"no"}'
tap_is "$STATUS" 403 'a reader says nothing then'
api GET "$R/issues/1"
tap_is "$(field .is_locked)" true 'and it shows'
as "$BOB" api POST "$R/issues" '{"title":"Mine"}'
MINE=$(field .number)
api PUT "$R/issues/$MINE/lock"
tap_is "$STATUS" 204 'without a reason, too'
as "$BOB" api PATCH "$R/issues/$MINE" '{"body":"more"}'
tap_is "$STATUS" 403 'nor does he change his words'
api DELETE "$R/issues/$MINE"
as "$BOB" api DELETE "$R/issues/1/lock"
tap_is "$STATUS" 403 'nor opens it'
api DELETE "$R/issues/1/lock"
tap_is "$STATUS" 204 'unlocked'

# Pins.
api POST "$R/issues/1/pin"
api POST "$R/issues/$THREE/pin"
tap_is "$STATUS" 204 'pinned'
api PATCH "$R/issues/$THREE/pin/1"
tap_is "$STATUS" 204 'moved'
api GET "$R/issues/pinned"
tap_is "$(numbers)" "$THREE 1" 'in their order'
api POST "$R/issues/$TWO/pin"
api POST "$R/issues" '{"title":"Four"}'
FOUR=$(field .number)
api GET "$R/new_pin_allowed"
tap_is "$(field .issues),$(field .pull_requests)" false,true 'three are enough'
api POST "$R/issues/$FOUR/pin"
tap_is "$STATUS" 400 'a fourth is refused'
api DELETE "$R/issues/$THREE/pin"
api GET "$R/issues/pinned"
tap_is "$(field '[.[].pin_order] | join(" ")'),$(numbers)" "1 2,1 $TWO" 'the rest moves up'

# Timeline.
api GET "$R/issues/1/timeline?limit=50"
tap_is "$STATUS,$(field '[.[].type] | unique | join(" ")')" \
    '200,added_deadline assignees change_issue_ref change_title comment issue_ref label lock milestone pin removed_deadline unlock' \
    'the timeline has each kind'
tap_is "$(field '[.[] | select(.type == "label")][0] | [.label.name, .body] | join(" ")')" 'Bug 1' 'a label that came'
tap_is "$(field '[.[] | select(.type == "label" and .body == "")][0].label.name')" 'p/low' 'and one that went'
tap_is "$(field '[.[] | select(.type == "change_title")][0] | [.old_title, .new_title] | join(" ")')" 'One Uno' 'a title'
tap_is "$(field '[.[] | select(.type == "milestone")][1] | [.old_milestone.title, .milestone.title] | join(" ")')" '1.0 2.0' 'a milestone'
tap_is "$(field '[.[] | select(.type == "issue_ref")][0].ref_issue.number')" "$THREE" 'a reference'
tap_is "$(field '[.[].id] | length == (unique | length)')" true 'ids are unique'
tap_is "$(field '[.[].created_at] | . == sort')" true 'in order'
N=$(field length)
api GET "$R/issues/1/timeline?limit=3&page=2"
tap_is "$(field length),$(grep -ic '^Link:.*rel="next"' "$HEADERS")" 3,1 'in pages'
tap_like "$(grep -i '^X-Total-Count:' "$HEADERS")" "*$N*" 'of all'
api GET "$R/issues/$TWO/timeline"
tap_is "$(field '[.[].type] | index("issue_ref")')" null 'what is in code refers to nothing'

# Removal.
as "$BOB" api DELETE "$R/issues/$FOUR"
tap_is "$STATUS" 403 'a reader deletes nothing'
api DELETE "$R/issues/$FOUR"
tap_is "$STATUS" 204 'an admin does'
api GET "$R/issues/$FOUR"
tap_is "$STATUS" 404 'and it is gone'
api GET "$R/issues?state=all"
tap_like "$(grep -i '^X-Total-Count:' "$HEADERS")" '*3*' 'from the count too'
api DELETE "$R/labels/$BUG"
tap_is "$STATUS" 204 'a label is deleted'
api GET "$R/issues/1"
tap_is "$(field '.labels | length')" 0 'from its issues too'
api DELETE "$R/milestones/$MS"
tap_is "$STATUS" 204 'a milestone'
api GET "$R/issues/$THREE"
tap_is "$(field .milestone)" null 'too'
for p in dependencies blocks; do
	api GET "$R/issues/1/$p"
	tap_is "$STATUS" 404 "no $p"
done

api GET "$C/events?after=0&limit=1000"
tap_is "$(field '[.events[].kind | select(startswith("issue."))] | unique | join(" ")')" \
    'issue.assigned issue.closed issue.deadline issue.deleted issue.demilestoned issue.edited issue.labeled issue.locked issue.milestoned issue.opened issue.pinned issue.unassigned issue.unlocked issue.unpinned' \
    'each change is an event'
tap_is "$(field '[.events[] | select(.kind == "issue.edited")][0].data.changes.body.from')" 'first @bob' 'with what was'

tap_done
