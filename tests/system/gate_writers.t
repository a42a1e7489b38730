#!/bin/sh
# Who wrote a part of a pull request: whoever brought a commit that its head has
# and its base has not, by whatever way it came.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/gate_lib.sh"

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":1}}'
# counts NAME, does_not NAME: of cat's approval of this head
approved()
{
	review "$CAT" APPROVED
	gate
	[ "$(met approval)" = "$1" ]
}
counts() { tap_ok "$1" approved true; }
does_not()
{
	tap_ok "$1" approved false
	tap_like "$(why approval)" '*wrote a part of it*' "$1, and is told so"
}
retarget() # BASE
{
	as "$CAT" api PATCH "$R/pulls/$N" "{\"base\":\"$1\"}"
	wait_for 10 settled
}
settled() { gate; [ "$(met mergeable)" = true ]; }
# push FROM TO [TOKEN]: a commit to a branch
push() { git_as "${3:-$ADMIN}" -C "$WORK" push -q "$URL/$PROJECT.git" "+$1:refs/heads/$2" 2>"$T/push.err"; }
commit() # FILE PARENT...: prints a commit that adds FILE
{
	(
		cd "$WORK" || exit 1
		file=$1
		shift
		git checkout -q --detach "$1" && git merge -q --no-ff -m both "$@" >&2 && echo "$file" >"$file" &&
		    git add "$file" && git commit -q -m "Write $file" && git rev-parse HEAD
	) 2>"$T/commit.err"
}
head_now() # BRANCH
{
	git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" "refs/heads/$1" | cut -f1
}

# ---- from a base of her own ----
push_branch hers hers.txt hers "$CAT"
HERS=$SHA
opened agent/one one.txt one
counts 'who wrote nothing of it approves it'
retarget hers
as "$CAT" api POST "$R/pulls/$N/update"
tap_is "$STATUS" 200 'the writer of a branch lets it be brought into a pull request to it'
head_now agent/one >"$T/head"
wait_for 10 head_is "$(cat "$T/head")"
retarget main
does_not 'back at its base she approves nothing that has her commit'
review "$BOB" APPROVED
gate
tap_is "$(met approval)" true 'another maintainer does'
as "$BOB" api POST "$R/pulls/$N/update?style=rebase"
tap_is "$STATUS" 200 'its commits are made again on top of the base'
REBASED=$(head_now agent/one)
wait_for 10 head_is "$REBASED"
tap_is "$(git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" agent/one && git -C "$WORK" merge-base --is-ancestor "$HERS" "$REBASED" && echo yes)" '' 'as other commits than hers'
does_not 'which are hers still'
push "$REBASED" agent/copy
propose agent/copy
does_not 'in another branch, too'

# The base is hers while she takes her commit out of it again.
opened agent/two two.txt two
retarget hers
as "$CAT" api POST "$R/pulls/$N/update"
wait_for 10 head_is "$(head_now agent/two)"
push "$HERS^" hers "$CAT"
forced() { settled && api GET "$R/pulls/$N" && [ "$(field .base.sha)" = "$(git -C "$WORK" rev-parse "$HERS^")" ]; }
tap_ok 'she takes it out of the base' wait_for 10 forced
does_not 'then it is a part of the pull request, and hers'

# ---- by others' merges ----
push_branch theirs theirs.txt theirs "$CAT"
THEIRS=$SHA
git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
MAIN=$(git -C "$WORK" rev-parse FETCH_HEAD)
push "$(commit merged.txt "$MAIN" "$THEIRS")" agent/three
propose agent/three
does_not 'what an agent merged of her branch is hers'
# Not the last commit of her push.
A=$(commit a.txt "$MAIN")
push "$(commit b.txt "$A")" deep "$CAT"
push "$(commit c.txt "$MAIN" "$A")" agent/four
propose agent/four
does_not 'nor only the last commit of a push'
# By another way than a branch.
T1=$(commit t1.txt "$MAIN")
git_as "$CAT" -C "$WORK" -c user.name=cat -c user.email=cat@example.org tag -a -m t cats-tag "$T1"
git_as "$CAT" -C "$WORK" push -q "$URL/$PROJECT.git" cats-tag 2>"$T/push.err"
push "$(commit t2.txt "$MAIN" "$T1")" agent/tagged
propose agent/tagged
does_not 'nor only what she pushed to a branch'
as "$CAT" api POST "$R/forks" '{}'
FORK=$(field .full_name)
FORKED=$(commit f1.txt "$MAIN")
forked() { git_as "$CAT" -C "$WORK" push -q "$URL/$FORK.git" "+$FORKED:refs/heads/idea" 2>"$T/push.err"; }
wait_for 20 forked
as "$CAT" api POST "$R/pulls" '{"title":"idea","head":"cat:idea","base":"main"}'
tap_is "$STATUS" 201 'she proposes a branch of a fork'
push "$(commit f2.txt "$MAIN" "$FORKED")" agent/forked
propose agent/forked
does_not 'what an agent merged of that is hers'
push_branch bobs bobs.txt bobs "$BOB"
push_branch cats cats.txt cats "$CAT"
propose cats bobs
review "$BOB" APPROVED
merge "$ADMIN" '{"Do":"squash"}'
tap_is "$STATUS" 200 'her pull request is squashed into the branch of another'
propose bobs
does_not 'and goes on with it as her part'

# Whoever merges brings it, too.
push_branch mine mine.txt mine "$BOB"
push_branch agent/small small.txt small
propose agent/small mine
review "$BOB" APPROVED
merge "$CAT"
tap_is "$STATUS" 200 'she merges a pull request into the branch of another'
propose mine
does_not 'and has brought it there'

# ---- suggestions ----
opened agent/five five.txt five
as "$CAT" api POST "$R/pulls/$N/reviews" '{"event":"COMMENT","body":"b","comments":[{"path":"five.txt","new_position":1,"body":"```suggestion\nmine\n```"}]}'
api GET "$R/pulls/$N/reviews/$(field .id)/comments"
as "$BOB" api POST "$C/repos/$PROJECT/pulls/comments/$(field '.[0].id')/apply"
tap_is "$STATUS" 201 'a suggestion of hers is applied by another'
wait_for 10 head_is "$(head_now agent/five)"
does_not 'the line is hers'

# Killed when the branch has moved and no row says so yet.
opened agent/six six.txt six
as "$BOB" api POST "$R/pulls/$N/reviews" '{"event":"COMMENT","body":"b","comments":[{"path":"six.txt","new_position":1,"body":"```suggestion\nours\n```"}]}'
api GET "$R/pulls/$N/reviews/$(field .id)/comments"
THREAD=$(field '.[0].id')
stop_cofferd
COFFER_FAIL=refmove_moved
export COFFER_FAIL
start_cofferd
unset COFFER_FAIL
as "$CAT" api POST "$C/repos/$PROJECT/pulls/comments/$THREAD/apply"
tap_is "$STATUS" 000 'she applies one, and cofferd is killed by it'
stop_cofferd
start_cofferd
wait_for 10 head_is "$(head_now agent/six)"
tap_not 'the branch has moved' test "$(head_now agent/six)" = "$SHA"
does_not 'the next one knows that she did it'
review "$BOB" APPROVED
gate
tap_is "$(met approval)" false 'and that the line is of another'
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '[.events[] | select(.kind == "branch.updated" and .data.ref == "refs/heads/agent/six")][-1].actor.login')" cat 'the event says so'

# ---- verdicts against it ----
weigh() # TOKEN dismissals|undismissals
{
	as "$1" api POST "$R/pulls/$N/reviews/$REVIEW/$2" '{"message":"so"}'
}
opened agent/nine nine.txt nine
push "$(commit more.txt "$SHA")" agent/nine "$CAT"
wait_for 10 head_is "$(head_now agent/nine)"
review "$BOB" REQUEST_CHANGES no
REVIEW=$(field .id)
weigh "$CAT" dismissals
tap_is "$STATUS" 403 'who wrote a part takes away no verdict against it'
gate
tap_is "$(met rejection)" false 'which stands'
opened agent/ten ten.txt ten
review "$BOB" APPROVED
REVIEW=$(field .id)
weigh "$BOB" dismissals
tap_is "$STATUS" 200 'who approved takes it back'
weigh "$CAT" undismissals
tap_is "$STATUS" 403 'no other maintainer approves in his name'
gate
tap_is "$(met approval)" false 'so nobody has approved it'
weigh "$BOB" undismissals
gate
tap_is "$STATUS,$(met approval)" 200,true 'he himself does, again'

# ---- what is no part ----
opened agent/seven seven.txt seven
SEVEN=$N
as "$CAT" api POST "$R/pulls/$N/update"
push "$SHA" cats-try "$CAT"
as "$BOB" api PATCH "$R/pulls/$N" '{"state":"open"}'
counts 'who tries it in a branch of her own has written nothing of it'
push "$(git -C "$WORK" rev-parse "$SHA^")" agent/seven-old "$CAT"
counts 'nor who begins a branch where it began'
push_branch main-like extra.txt extra "$CAT"
propose main-like
review "$BOB" APPROVED
merge "$BOB"
tap_is "$STATUS" 200 'a pull request of hers is merged'
opened agent/eight eight.txt eight
counts 'what the base has of her is no part of the next'
N=$SEVEN
as "$BOB" api POST "$R/pulls/$N/update"
tap_is "$STATUS" 200 'nor is it when an older one is brought after the base'
wait_for 10 head_is "$(head_now agent/seven)"
counts 'she approves that, too'

tap_done
