#!/bin/sh
# Reviewing on the pages: who is asked, a review begun line by line and sent at
# once, suggestions that are applied, what is outdated, verdicts dismissed, the
# title, text and base changed; who may, and what strangers write there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
BOB=$(make_user bob)
ANN=$(make_user ann)
EVE=$(make_user eve)
OUT=$(make_user out)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/ann" '{"permission":"write"}'
api PUT "$R/collaborators/eve" '{"permission":"read"}'
flat() { tr '\n' ' ' <"$BODY" | grep -q "$1"; }
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
alert() { grep -o '<p class="alert" role="alert">[^<]*' "$BODY"; }
word_of() { grep -o "id=\"word-[0-9]*\"" "$BODY" | sed -n "${1:-\$}s/[^0-9]//gp"; }
head_is() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }

push_branch topic src/one.c "$(printf 'int a;\nint b;\nint c; // %s' "$XSS")" "$BOB"
push_branch old o.txt other "$ADMIN"
api POST "/api/v1/repos/$PROJECT/branches" '{"new_branch_name":"next","old_branch_name":"main"}'
git -C "$WORK" checkout -q --detach
SHA=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/topic | cut -f1)
as "$BOB" api POST "$R/pulls" '{"title":"One","body":"of bob","head":"topic","base":"main"}'
N=$(field .number)
P=/$PROJECT/pulls/$N

# ---- who is asked ----
sign_in bob "$BOB"
page GET "$P"
tap_ok 'the author may ask for a review' shows "action=\"$P/reviewers\""
tap_not 'and may not approve his own' shows 'value="APPROVED"'
send "$P/reviewers" name=ann
tap_is "$STATUS,$(location)" "303,$P" 'whom he names is asked'
page GET "$P"
tap_ok 'which is shown' shows 'asked</span> <strong>ann</strong>'
tap_ok 'soundly' sound
send "$P/reviewers" of=ask "name=$XSS"
tap_is "$STATUS" 404 'who is no user is not asked'
tap_ok 'which is said above the field' test -n "$(refused)"
tap_ok 'that has what was typed' shows 'value="&quot;&gt;&lt;img'
tap_ok 'on the page of the pull request, soundly' shows 'id="gate"'
tap_ok 'all of it' sound
page GET "$P"
send "$P/reviewers" name=bob
tap_is "$STATUS" 422 'nor himself'
sign_in ann "$ANN"
page GET "$P"
tap_ok 'who is asked may say no' shows 'Not me'
send "$P/reviewers" act=withdraw name=ann
page GET "$P"
tap_not 'and is not asked then' shows 'asked</span> <strong>ann</strong>'

# ---- a review begun on lines ----
page GET "$P/files?say=R2&file=src%2Fone.c"
tap_ok 'the form of a line is sound' sound
tap_ok 'it may begin a review' shows 'name="event" value="PENDING"'
send "$P/reviews" act=preview "head=$SHA" path=src/one.c at=R2 "body=later **bold** $XSS"
tap_is "$STATUS" 200 'it is looked at first'
tap_ok 'as it will be' flat 'id="preview".*later <strong>bold</strong>'
tap_ok 'with its place' shows 'name="at" value="R2"'
tap_ok 'and what may be done with it' flat 'value="COMMENT">Comment.*value="PENDING">Begin a review.*value="preview">Preview'
tap_ok 'soundly' sound
send "$P/reviews" event=PENDING "head=$SHA" path=src/one.c at=R2 "body=later **bold** $XSS"
tap_is "$STATUS,$(location)" "303,$P/files?at=R2&file=src%2Fone.c#f1R2" 'a word that waits'
page GET "$P/files"
tap_ok 'is sound' sound
tap_ok 'is there for who wrote it' shows 'later <strong>bold</strong>'
tap_ok 'and says that it is not sent' shows 'not sent'
W1=$(word_of 1)
sign_in bob "$BOB"
page GET "$P/files"
tap_not 'nobody else sees it' shows 'later'
page GET "$P/words/$W1"
tap_is "$STATUS" 404 'nor its page'
sign_in ann "$ANN"
page GET "$P/files?say=R1&file=src%2Fone.c"
tap_not 'the next word is not sent alone' shows 'name="event" value="COMMENT"'
send "$P/reviews" event=COMMENT "head=$SHA" path=src/one.c at=R1 'body=from an old page'
tap_is "$STATUS" 409 'nor by a page of before'
tap_ok 'which offers to add it' flat 'name="event" value="PENDING".*from an old page.*Add to your review'
send "$P/reviews" event=COMMENT "head=$SHA" 'body=all in all'
tap_is "$STATUS" 409 'nor does what is said of the whole take it along unasked'
tap_ok 'but says so' shows 'goes out with this'
api GET "$R/pulls/$N/reviews"
tap_not 'all of it is still not sent' grep -q 'all in all' "$BODY"
page GET "$P/files?say=R1&file=src%2Fone.c"
send "$P/reviews" event=PENDING "head=$SHA" path=src/one.c at=R1 'body=and this'
page GET "$P/files?say=R99&file=src%2Fone.c"
send "$P/reviews" event=PENDING "head=$SHA" path=src/one.c at=R99 "body=nowhere $XSS"
tap_is "$STATUS" 422 'a line that is not there takes none'
tap_ok 'what was written comes back' shows 'nowhere &quot;'
tap_ok 'with its place' shows 'name="at" value="R99"'
tap_ok 'soundly' sound
page GET "$P"
REVIEW=$(sed -n "s#.*action=\"$P/reviews/\([0-9]*\)\".*#\1#p" "$BODY" | head -n 1)
tap_ok 'the review is ended from the page' test -n "$REVIEW"
send "$P/reviews/$REVIEW" event=REQUEST_CHANGES "head=$SHA" body=
tap_is "$STATUS" 422 'to want changes needs a word'
tap_ok 'which is said' test -n "$(alert)"
send "$P/reviews/$REVIEW" act=preview event=REQUEST_CHANGES "head=$SHA" "body=two **things** $XSS"
tap_ok 'the whole is looked at, too' flat 'id="preview".*two <strong>things</strong>.*name="event" value="REQUEST_CHANGES"'
tap_ok 'soundly' sound
api GET "$R/pulls/$N/reviews"
tap_not 'which sends nothing' grep -q things "$BODY"
page GET "$P"
send "$P/reviews/$REVIEW" event=REQUEST_CHANGES "head=$SHA" "body=two **things** $XSS"
tap_is "$STATUS" 303 'then it is sent'
page GET "$P"
tap_ok 'its text is Markdown' shows 'two <strong>things</strong>'
tap_ok 'soundly' sound
page GET "$P?review=$REVIEW"
tap_ok 'alone, too' shows 'two <strong>things</strong>'
tap_ok 'and sound' sound
sign_in bob "$BOB"
page GET "$P/files"
tap_ok 'and all of it is seen' shows 'later <strong>bold</strong>'
tap_ok 'both words' shows 'and this'
tap_not 'nothing waits' shows 'not sent'
page GET "$P"
tap_ok 'the review says how many' shows '2 on lines</a>'

# ---- an answer, an edit, an end ----
page GET "$P/files"
send "$P/words/$W1" what=preview-reply 'body=you are *right*'
tap_ok 'an answer is looked at' flat 'you are <em>right</em>.*name="what" value="reply">Answer'
tap_ok 'soundly' sound
page GET "$P/files"
send "$P/words/$W1" what=reply 'body=you are right'
tap_is "$STATUS,$(location)" "303,$P/files?at=R2&file=src%2Fone.c#f1R2" 'an answer leads back to its line'
page GET "$P/files"
send "$P/words/$W1" what=reply body=
tap_is "$STATUS" 422 'an empty one is refused'
send "$P/words/$W1" what=burn
tap_is "$STATUS" 422 'what cannot be done with a word is refused'
page GET "$P/words/$W1"
tap_is "$STATUS" 403 "another's word is not changed"
sign_in ann "$ANN"
page GET "$P/words/$W1"
tap_ok 'one changes the own' sound
tap_ok 'from what it was' shows 'later **bold**'
send "$P/words/$W1" what=edit 'body=said better'
page GET "$P/files"
tap_ok 'it is changed' shows 'said better'
tap_ok 'and says so' shows ', edited'
send "$P/words/$W1" what=resolve
page GET "$P/files"
tap_ok 'it is settled' shows 'resolved by ann'
send "$P/words/$W1" what=reopen
page GET "$P/files"
tap_not 'or open again' shows 'resolved by ann'
W2=$(word_of 1)
page GET "$P/words/$W2"
send "$P/words/$W2" what=delete
page GET "$P/files"
tap_not 'a word is removed' shows 'and this'

# ---- a suggestion ----
page GET "$P/files?say=R2&file=src%2Fone.c"
tap_ok 'a line leads to a suggestion' shows 'suggest=1&amp;say=R2'
page GET "$P/files?suggest=1&say=R2&file=src%2Fone.c"
tap_ok 'which begins as the line is' shows '```suggestion
int b;
```'
page GET "$P/files?suggest=1&say=R3&file=src%2Fone.c"
tap_ok 'whatever is in it' sound
send "$P/reviews" event=COMMENT "head=$SHA" path=src/one.c at=R2 'body=Say
```suggestion
long b; // <b>
```
please'
page GET "$P/files"
tap_ok 'it is shown as a change' shows '<td class="del">int b;</td>'
tap_ok 'of text' shows '<td class="add">long b; // &lt;b&gt;</td>'
tap_ok 'soundly' sound
S=$(sed -n "s#.*action=\"$P/words/\([0-9]*\)/apply\".*#\1#p" "$BODY" | head -n 1)
tap_ok 'that can be applied' test -n "$S"
sign_in eve "$EVE"
page GET "$P/files"
tap_not 'but not by a reader' shows '/apply"'
send "$P/words/$S/apply"
tap_is "$STATUS" 403 'who may not'
sign_in bob "$BOB"
page GET "$P/files"
page POST "$P/words/$S/apply" -H "Origin: $URL" -d form=0
tap_is "$STATUS" 403 'nor does a form of elsewhere'
page GET "$P/files"
FORM=$(form_value)
send "$P/words/$S/apply"
tap_is "$STATUS,$(location)" "303,$P/files" 'it is applied'
send "$P/words/$S/apply"
unset FORM
tap_is "$STATUS" 409 'once, by whoever is faster'
tap_not 'which is said in words of people' shows 'sha does not'
moved() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" != "$SHA" ]; }
wait_for 10 moved
SHA=$(field .head.sha)
api GET "$R/git/commits/$SHA"
tap_ok 'as a commit with both names' jq -e '.commit.message | contains("Co-authored-by: ann")' "$BODY"
page GET "$P/files"
tap_ok 'the line is the new one' shows 'long b; // &lt;b&gt;'
tap_ok 'the suggestion is settled' shows 'resolved by bob'
tap_not 'and applied once' shows '/apply"'
send "$P/words/$S/apply"
tap_is "$STATUS" 409 'a second time is refused'

# ---- a line that went ----
push_branch topic src/one.c 'int c;' "$BOB"
wait_for 10 head_is
outdated() { page GET "$P/files"; shows 'outdated</span>'; }
wait_for 10 outdated
tap_ok 'what was said of lines that went is kept' shows 'Said of lines that are gone'
tap_ok 'with the line' shows 'int b;'
tap_ok 'soundly' sound
page GET "$P/files?view=split"
tap_ok 'side by side, too' sound

# ---- a head of before ----
page GET "$P/files"
send "$P/reviews" event=COMMENT "head=$(git -C "$WORK" rev-parse main)" 'body=of an old head'
tap_is "$STATUS" 409 'what is about a head that moved is not taken for the new one'
tap_ok 'and keeps its words' shows 'of an old head</textarea>'
HEAD=$(sed -n 's/.*name="head" value="\([0-9a-f]*\)".*/\1/p' "$BODY")
api GET "$R/pulls/$N"
tap_is "$HEAD" "$(field .head.sha)" 'but can be sent about it'
page GET "$P"
tap_not 'nothing was said yet' shows 'of an old head'

# ---- verdicts ----
page GET "$P"
tap_not 'who wrote it dismisses no verdict' shows 'value="dismiss"'
VERDICT=$REVIEW
send "$P/reviews/$VERDICT" act=dismiss body=no
tap_is "$STATUS" 403 'nor by hand'
sign_in admin "$ADMIN"
page GET "$P"
tap_ok 'an admin may' shows "action=\"$P/reviews/$VERDICT\""
send "$P/reviews/$VERDICT" act=dismiss "body=she left $XSS"
tap_is "$STATUS" 303 'with a reason'
page GET "$P"
tap_ok 'then it does not count' shows ', dismissed'
tap_ok 'soundly' sound
send "$P/reviews/$VERDICT" act=undismiss
page GET "$P"
tap_not 'or counts again' shows ', dismissed'
send "$P/reviews/$VERDICT" act=burn
tap_is "$STATUS" 422 'nothing else is done with one'

# ---- title, text, base ----
page GET "$P/edit"
tap_ok 'the form to change it is sound' sound
tap_ok 'it has its text' shows 'of bob</textarea>'
tap_ok 'and files' shows 'enctype="multipart/form-data"'
send "$P/edit" act=preview title=One 'body=*seen* before' version=0 was_title=One base=main was_base=main
tap_ok 'and a preview' shows '<em>seen</em>'
send "$P/edit" act=say title=One 'body=of the one' version=0 was_title=One base=main was_base=main
tap_is "$STATUS" 303 'one saves'
page GET "$P/edit"
send "$P/edit" act=preview title=Mine 'body=of the other' version=0 was_title=One base=main was_base=main
tap_ok 'the other was there before, also after a preview' shows 'name="version" value="0"'
send "$P/edit" act=say title=Mine 'body=of the other' version=0 was_title=One base=main was_base=main
tap_is "$STATUS" 422 'and is refused'
tap_ok 'with what it says now' flat 'id="meanwhile".*of the one.*of the other</textarea>'
tap_ok 'in words for people' shows 'Somebody changed this text'
tap_ok 'soundly' sound
page GET "$P"
tap_not 'there is one page to edit it' shows "/issues/$N/edit"
page GET "$P/edit"
send "$P/edit" title= "body=kept $XSS" base=main was_base=main
tap_is "$STATUS" 422 'no title is refused'
tap_ok 'and the rest kept' shows 'kept &quot;'
tap_ok 'soundly' sound
send "$P/edit" title=One body=x base=no-such was_base=main
tap_is "$STATUS" 422 'a base that is not there is refused'
tap_ok 'and shown again' shows 'name="base" type="text" maxlength="255" value="no-such"'
send "$P/edit" act=say "title=Two $XSS" "body=more" base=next was_base=main
tap_is "$STATUS,$(location)" "303,$P" 'it is changed'
api GET "$R/pulls/$N"
tap_is "$(field .base.ref) $(field .body)" 'next more' 'all of it'
page GET "$P"
tap_ok 'and sound' sound
sign_in bob "$BOB"
page GET "$P"
tap_ok 'its author may, too' shows "href=\"$P/edit\""
sign_in eve "$EVE"
page GET "$P"
tap_not 'a reader may not' shows "href=\"$P/edit\""
tap_ok 'he may review it' shows 'name="event"'
api PUT "$R/issues/$N/lock" '{}'
page GET "$P"
tap_not 'but not while it is locked' shows 'name="event"'
api DELETE "$R/issues/$N/lock"
page GET "$P"
tap_not 'nor ask people' shows "action=\"$P/reviewers\""
tap_not 'nor dismiss' shows 'value="dismiss"'
page GET "$P/edit"
tap_is "$STATUS" 403 'and has no form'
send "$P/edit" title=x body=y
tap_is "$STATUS" 403 'nor one that works'
send "$P/reviewers" name=ann
tap_is "$STATUS" 403 'and asks nobody'
for what in reviewers reviews "reviews/$REVIEW" edit "words/$W1" "words/$W1/apply"; do
	page POST "$P/$what" -H "Origin: $URL" -d form=0 -d name=ann -d event=COMMENT -d body=x -d title=x -d what=reply
	tap_is "$STATUS" 403 "a form of elsewhere to $what does nothing"
done

# ---- a change of many bytes ----
(
	cd "$WORK" && git checkout -q -B large main && for n in 1 2 3 4; do
		seq -f "fixture $n %.0f of many lines that say nothing at all to anybody" 20000 >"AAA-fixture$n.txt"
	done && echo backdoor >zz_login.c && git add . && git commit -q -m Large &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/large
) 2>"$T/push.err" || tap_bail "push: $(cat "$T/push.err")"
sign_in admin "$ADMIN"
api POST "$R/pulls" '{"title":"Large","head":"large","base":"main"}'
LARGE=/$PROJECT/pulls/$(field .number)
page GET "$LARGE/files"
tap_ok 'of a change that is too large every file is named' shows 'zz_login.c'
tap_ok 'and all of it counted' shows '5 files, 80001 lines added'
tap_ok 'it says that not all is shown, above' flat 'too large to be shown at once.*fixture 1 1 of'
tap_ok 'and where one approves' flat 'Not every line that changes was on this page.*name="event"'
tap_ok 'soundly' sound
page GET "$LARGE/files?file=zz_login.c"
tap_ok 'each is shown alone' shows 'backdoor'
tap_not 'and no file that changes is said not to' shows 'does not change'
page GET "$LARGE/files?from=4"
tap_ok 'the last page has the last' shows 'zz_login.c'
page GET "$LARGE/files?file=no-such"
tap_ok 'one that does not change is said so' shows 'does not change'

# ---- many long words ----
sign_in admin "$ADMIN"
LONG=$(head -c 60000 /dev/zero | tr '\0' '"')
for i in 1 2 3 4 5 6; do
	printf '{"event":"COMMENT","body":"%s end %s","comments":[{"path":"src/one.c","new_position":1,"body":"%s end %s"}]}' \
	    "$(printf %s "$LONG" | sed 's/"/\\"/g')" $i "$(printf %s "$LONG" | sed 's/"/\\"/g')" $i >"$T/long.json"
	http_t=$ADMIN http POST "$R/pulls/$N/reviews" -H 'Content-Type: application/json' --data-binary "@$T/long.json"
	[ "$STATUS" = 200 ] || tap_bail "a long review: $STATUS"
done
page GET "$P"
tap_is "$STATUS" 200 'many long reviews have room on a page'
tap_ok 'soundly' sound
WHOLE=$(grep -o 'href="?review=[0-9]*"' "$BODY" | sed -n '1s/.*"\(.*\)"/\1/p')
page GET "$P$WHOLE"
tap_ok 'each is whole on its own' shows ' end '
tap_ok 'soundly' sound
page GET "$P?review=99999"
tap_is "$STATUS" 404 'one that is none'
page GET "$P/files"
tap_is "$STATUS" 200 'so have many long words on a line'
tap_ok 'soundly' sound
WHOLE=$(grep -o 'href="?whole=[^"#]*' "$BODY" | sed -n '1s/.*"//p' | sed 's/&amp;/\&/g')
tap_ok 'those without room are links' test -n "$WHOLE"
page GET "$P/files$WHOLE"
tap_ok 'to themselves' shows ' end 5'

# ---- who may only read does not push a verdict off the page ----
as "$ANN" api POST "$R/pulls/$N/reviews" '{"event":"REQUEST_CHANGES","body":"it deletes the keys"}'
NO=$(field .id)
i=0
while [ $i -lt 60 ]; do
	as "$EVE" api POST "$R/pulls/$N/reviews" "{\"event\":\"COMMENT\",\"body\":\"noise $i\"}"
	[ "$STATUS" = 200 ] || tap_bail "noise: $STATUS"
	i=$((i + 1))
done
sign_in admin "$ADMIN"
page GET "$P"
tap_ok 'a refusal stays on the page, whatever others say' shows 'it deletes the keys'
tap_ok 'with the form that takes its weight' shows "action=\"$P/reviews/$NO\""
tap_is "$(grep -o 'noise [0-9]*<' "$BODY" | head -n 1)" 'noise 59<' 'of what has no weight the newest is the first'
tap_not 'and the older is elsewhere' shows 'noise 1<'
tap_ok 'soundly' sound
tap_ok 'where the page leads' shows 'href="?reviews=all"'
page GET "$P?reviews=all"
tap_ok 'to all, newest first' shows 'noise 59'
tap_ok 'soundly' sound
page GET "$P?reviews=all&page=3"
tap_ok 'in pages' shows 'noise 1<'
tap_ok 'with the refusal in its place' shows 'it deletes the keys'
send "$P/reviews/$NO" act=dismiss 'body=it does not'
tap_is "$STATUS,$(location)" "303,$P" 'it can be dismissed from there'
page GET "$P"
tap_not 'and then is one of the others' shows 'it deletes the keys'
page GET "$P?reviews=all&page=3"
tap_ok 'where it can be given its weight again' shows 'Let it count again'
tap_ok 'soundly' sound
page GET "$P?reviews=all&page=x"
tap_is "$STATUS" 422 'a page that is none'
page GET "/$PROJECT/pulls/999?reviews=all"
tap_is "$STATUS" 404 'of a pull request that is none'
page GET "$P"

# ---- a review that was begun when it closed ----
sign_in ann "$ANN"
page GET "$P/files?say=R1&file=src%2Fone.c"
send "$P/reviews" event=PENDING "head=$SHA" path=src/one.c at=R1 'body=too late'
api PATCH "$R/pulls/$N" '{"state":"closed"}'
page GET "$P/files"
tap_not 'of a closed one lines have no forms' shows 'say=R1'
REVIEW=$(sed -n "s#.*action=\"$P/reviews/\([0-9]*\)\".*#\1#p" "$BODY" | head -n 1)
tap_ok 'what was begun can be ended' test -n "$REVIEW"
tap_not 'without a verdict' shows 'value="APPROVED"'
send "$P/reviews/$REVIEW" act=discard
page GET "$P/files"
tap_not 'or thrown away' shows 'too late'

# ---- reviews and words that become many times as long ----
many() { perl -e 'print substr($ARGV[0] x $ARGV[1], 0, $ARGV[1])' "$1" "$2"; }
push_branch many many.c "$(many '"' 900; echo; seq 1 400 | sed "s/.*/$(many '"' 900)/")" "$BOB"
as "$BOB" api POST "$R/pulls" '{"title":"Many","body":"x","head":"many","base":"main"}'
MANY=/pulls/$(field .number)
for i in 1 2 3 4; do
	as "$EVE" api POST "$R$MANY/reviews" "$(many '#1 ' 60000 | jq -Rs '{event: "COMMENT", body: .}')"
done
tap_is "$STATUS" 200 'who may only read writes long reviews'
for i in 1 2 3 4 5 6 7 8 9 10; do
	as "$EVE" api POST "$R$MANY/reviews" "$(jq -n '{event: "COMMENT", body: "", comments: [range(100) | {path: "many.c", new_position: 1, body: ("*a word* " + "#1 " * 60)}]}')"
done
tap_is "$STATUS" 200 'and a thousand words on a line'
sign_in bob "$BOB"
page GET "/$PROJECT$MANY"
tap_is "$STATUS" 200 'the pull request has a page all the same'
tap_ok 'soundly' sound
WHOLE=$(grep -o '?review=[0-9]*' "$BODY" | tail -n 1)
tap_ok 'with the way to the whole of a review' test -n "$WHOLE"
page GET "/$PROJECT$MANY$WHOLE"
tap_is "$STATUS" 200 'which has a page'
page GET "/$PROJECT$MANY/files"
tap_is "$STATUS" 200 'its files, too'
tap_ok 'which says how many words have no room' grep -q '[0-9] words more have no room on this page' "$BODY"
tap_ok 'and has the lines behind them' shows '>300<'
tap_ok 'soundly' sound

sign_in out "$OUT"
for what in "" "?reviews=all" /edit /files "/words/$W1"; do
	page GET "$P$what"
	tap_is "$STATUS" 404 "to a stranger there is no $what"
done
tap_done
