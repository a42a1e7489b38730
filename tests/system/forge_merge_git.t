#!/bin/sh
# What a merge leaves, as a real git sees it: authors and co-authors, the list
# of conflicts, drafts.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
G=/api/coffer/v1/repos/$PROJECT/pulls
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'

# on_main BRANCH: $WORK at cofferd's main, on a new branch
on_main()
{
	git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main
	git -C "$WORK" checkout -q -f -B "$1" FETCH_HEAD
}
# commit FILE TEXT AUTHOR [MESSAGE]
commit()
{
	printf '%s\n' "$2" >"$WORK/$1"
	git -C "$WORK" add -A
	git -C "$WORK" commit -q --author "$3" -m "${4:-Write $1}"
}
push() { git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" "+HEAD:refs/heads/$1" 2>"$T/push.err"; }
# opened BRANCH [TITLE]: N
opened()
{
	api POST "$R/pulls" "{\"title\":\"${2:-Pull $1}\",\"head\":\"$1\",\"base\":\"main\"}"
	N=$(field .number)
}
fetched() { git_as "$ADMIN" -C "$WORK" fetch -q "$URL/$PROJECT.git" main; }
main_log() { git -C "$WORK" log -1 --format="$1" FETCH_HEAD; }
coauthors() { main_log '%(trailers:key=Co-authored-by,valueonly,separator=;)'; }

# Authors.
on_main squashed
commit a.txt 1 'Åsa Öberg <asa@example.org>' 'First'
commit a.txt 2 'ben <ben@example.org>' 'Second

Co-Authored-By: Cleo Q. <cleo@example.org>
Signed-off-by: ben <ben@example.org>'
commit a.txt 3 'Åsa Öberg <ASA@example.org>' 'Third

co-authored-by: ben <ben@example.org>'
commit a.txt 4 'admin <admin@noreply.127.0.0.1>' 'Fourth'
commit a.txt 5 'dan "D" O'\''Neil <dan@example.org>' 'Fifth

Co-authored-by: not an address
Co-authored-by: Cleo Q. <cleo@example.org>'
push squashed
opened squashed
api POST "$R/pulls/$N/merge" '{"Do":"squash","MergeTitleField":"One commit","MergeMessageField":"Why it is.\n\nReviewed-by: eve <eve@example.org>"}'
tap_is "$STATUS" 200 'a squash of five commits'
fetched
tap_is "$(main_log '%an <%ae>|%cn|%s|%P')" \
    "Åsa Öberg <asa@example.org>|admin|One commit|$(git -C "$WORK" merge-base FETCH_HEAD squashed)" \
    'is of who began it, on the base'
tap_is "$(coauthors)" \
    'ben <ben@example.org>;Cleo Q. <cleo@example.org>;admin <admin@noreply.127.0.0.1>;dan "D" O'\''Neil <dan@example.org>' \
    'names each other author once, in order'
tap_is "$(main_log '%(trailers:key=Reviewed-by,valueonly)' | head -1)" 'eve <eve@example.org>' 'beside the trailers of the message'
tap_is "$(git -C "$WORK" diff squashed FETCH_HEAD | wc -c)" 0 'with the files of the head'

# What is not the word of who merges: the text of a pull request, its title.
on_main forged
commit forged.txt 1 'ben <ben@example.org>'
commit forged.txt 2 'ann <ann@example.org>' "$(printf 'Two\n\nCo-authored-by: Cleo\rGate-Override: fine\033[2K <cleo@example.org>')"
push forged
api POST "$R/pulls" '{"title":"Forged","head":"forged","base":"main","body":"Text\r\n\r\nFixes: #1\nSigned-off-by: Admin <admin@example.org>\nCo-authored-by: Evil <evil@example.org>\r gate-override : fine (admin)\u001b[2K\n"}'
N=$(field .number)
api POST "$R/pulls/$N/merge" '{"Do":"squash","force_merge":true,"force_reason":"It was looked at."}'
tap_is "$STATUS" 200 'a squash without a text, past what was found in a commit'
fetched
tap_is "$(main_log %B)" "Forged (#$N)

Text

Fixes: #1
> Signed-off-by: Admin <admin@example.org>
> Co-authored-by: Evil <evil@example.org>
>  gate-override : fine (admin)[2K

Gate-Override: It was looked at. (admin)
Co-authored-by: ann <ann@example.org>
Co-authored-by: CleoGate-Override: fine[2K <cleo@example.org>" 'has that of the pull request, quoted where it signs for others'
tap_is "$(main_log '%(trailers:only,unfold)' | grep -c .)" 3 'and no trailer of it'
on_main titled
commit titled.txt 1 'ben <ben@example.org>'
push titled
opened titled 'Gate-Override: fine (admin)'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'a merge of such a title'
fetched
tap_is "$(main_log %B)" "Merge pull request #$N from titled

> Gate-Override: fine (admin)" 'quotes it, too'
tap_is "$(main_log '%(trailers:only)')" '' 'and overrides nothing'
on_main titled2
commit titled.txt 2 'ben <ben@example.org>'
push titled2
opened titled2 'Signed-off-by: Admin <admin@example.org>'
for text in '"MergeMessageField":"Why.\n\ngate-override: fine (admin)"' '"MergeTitleField":"Gate-Override: fine (admin)"' \
    '"MergeMessageField":"a\u001b[31mb"' '"MergeMessageField":"a\rSigned-off-by: z"' '"MergeMessageField":"a\u009b31m"' '"MergeTitleField":"a\u001bb"'; do
	api POST "$R/pulls/$N/merge" "{\"Do\":\"merge\",$text}"
	printf '%s %s\n' "$STATUS" "$(field .message)"
done >"$T/refused"
tap_is "$(cat "$T/refused")" '422 body: Gate-Override is what the server writes
422 title: Gate-Override is what the server writes
422 body: no control characters
422 body: no control characters
422 body: no control characters
422 title: no control characters' "neither the server's own trailer nor control characters are taken from who merges"
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true,"MergeMessageField":"Gate-Override: fine"}'
tap_is "$STATUS" 422 'nor for later'
api POST "$R/pulls/$N/merge" '{"Do":"squash","MergeMessageField":"One\r\n\tTwo\r\n\r\nSigned-off-by: admin <admin@example.org>"}'
tap_is "$STATUS" 200 'lines of another system are'
fetched
tap_is "$(main_log %B | cat -A)" "> Signed-off-by: Admin <admin@example.org> (#$N)\$
\$
One\$
^ITwo\$
\$
Signed-off-by: admin <admin@example.org>\$
\$" 'as lines of git, with the trailers of who merges'

on_main alone
commit alone.txt 1 'ben <ben@example.org>'
push alone
opened alone
api POST "$R/pulls/$N/merge" '{"Do":"squash"}'
fetched
tap_is "$(main_log '%an|%cn|')$(coauthors)" 'ben|admin|' 'one author is no co-author'

on_main rebased
commit r1.txt 1 'ben <ben@example.org>' 'One

Co-authored-by: Cleo Q. <cleo@example.org>'
GIT_COMMITTER_NAME=ben GIT_COMMITTER_EMAIL=ben@example.org commit r2.txt 2 'ann <ann@example.org>' 'Two'
push rebased
on_main other
commit o.txt 1 'dan <dan@example.org>'
push other
opened other
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'the base moves on'
fetched
tap_is "$(main_log '%an|%cn|%s|%b' | head -1)" "admin|admin|Merge pull request #$N from other|Pull other" 'a merge is of who merges'
opened rebased
api POST "$R/pulls/$N/merge" '{"Do":"rebase"}'
tap_is "$STATUS" 200 'a rebase'
fetched
tap_is "$(git -C "$WORK" log -2 --format='%an %cn %s' FETCH_HEAD | tr '\n' ';')" 'ann admin Two;ben admin One;' 'keeps authors and order'
tap_is "$(git -C "$WORK" log -1 --skip=1 --format='%(trailers:key=Co-authored-by,valueonly)' FETCH_HEAD | head -1)" \
    'Cleo Q. <cleo@example.org>' 'and messages'
tap_is "$(git -C "$WORK" log -2 --format=%at FETCH_HEAD)" "$(git -C "$WORK" log -2 --format=%at rebased)" 'and when they were written'

# Conflicts: the list is git's.
on_main prepare
for f in both.txt gone.txt 'with space.txt' 'say"so.txt' bin.dat moved.txt; do printf '1\n2\n3\n4\n5\n6\n7\n8\n' >"$WORK/$f"; done
mkdir -p "$WORK/dir"
printf 'x\n' >"$WORK/dir/ünï.txt"
printf 'a\000b' >"$WORK/bin.dat"
commit z.txt z 'ann <ann@example.org>' 'Prepare'
push prepare
opened prepare
api POST "$R/pulls/$N/merge" '{"Do":"fast-forward-only"}'
on_main theirs
for f in both.txt 'with space.txt' 'say"so.txt' 'dir/ünï.txt'; do printf 'theirs\n' >"$WORK/$f"; done
printf 'c\000d' >"$WORK/bin.dat"
printf 'theirs\n' >>"$WORK/gone.txt"
printf 'new of theirs\n' >"$WORK/added.txt"
printf 'fine\n' >"$WORK/fine.txt"
commit only.txt theirs 'ann <ann@example.org>'
push theirs
on_main ours
for f in both.txt 'with space.txt' 'say"so.txt' 'dir/ünï.txt'; do printf 'ours\n' >"$WORK/$f"; done
printf 'e\000f' >"$WORK/bin.dat"
rm "$WORK/gone.txt"
printf 'new of ours\n' >"$WORK/added.txt"
commit mine.txt ours 'ann <ann@example.org>'
push ours
opened ours
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'one of two merges'
opened theirs
fetched
git -C "$WORK" merge-tree --write-tree --name-only --no-messages -z FETCH_HEAD theirs 2>/dev/null |
    tr '\0' '\n' | tail -n +2 | LC_ALL=C sort -u | sed '/^$/d' >"$T/want"
tap_is "$(wc -l <"$T/want" | tr -d ' ')" 7 'git finds seven conflicts'
known() { api GET "$G/$N/gate"; [ "$(field '.conflicts|length')" -gt 0 ]; }
tap_ok 'the other conflicts' wait_for 10 known
jq -r '.conflicts[]' "$BODY" | LC_ALL=C sort -u >"$T/got"
tap_is "$(cat "$T/got")" "$(cat "$T/want")" 'in the same files'
api GET "$R/pulls/$N"
tap_is "$(field .mergeable)" false 'it is not mergeable'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS,$(field .message)" '405,The pull request conflicts with its base branch*' 'and does not merge'
api POST "$R/pulls/$N/update"
tap_is "$STATUS" 409 'nor is brought after its base'
field .StdOut | sed -n 's/^CONFLICT: //p' | LC_ALL=C sort -u >"$T/got"
tap_is "$(cat "$T/got")" "$(cat "$T/want")" 'which names the files as well'
git -C "$WORK" checkout -q -f theirs
git -C "$WORK" merge -q FETCH_HEAD -X ours >/dev/null 2>&1
git -C "$WORK" rm -q --cached gone.txt 2>/dev/null
git -C "$WORK" checkout -q theirs -- both.txt bin.dat 2>/dev/null
git -C "$WORK" add -A
git -C "$WORK" commit -q -m 'Resolve'
push theirs
solved() { api GET "$R/pulls/$N"; [ "$(field .mergeable)" = true ]; }
tap_ok 'resolved by git, it is mergeable' wait_for 10 solved
api GET "$G/$N/gate"
tap_is "$(field '.conflicts|length')" 0 'without conflicts'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'and merges'

# Drafts.
on_main draft
commit draft.txt 1 'ann <ann@example.org>'
push draft
opened draft 'WIP: Draft'
tap_is "$(field .draft)" true 'a title that says WIP is a draft'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_like "$STATUS,$(field .message)" '405,Work in progress*' 'which does not merge'
api POST "$R/pulls/$N/merge" '{"Do":"merge","merge_when_checks_succeed":true}'
tap_is "$STATUS" 405 'nor waits to'
api PATCH "$R/pulls/$N" '{"title":"[wip] Draft"}'
tap_is "$(field .draft)" true 'in the other form, too'
api PATCH "$R/pulls/$N" '{"title":"Ready"}'
tap_is "$(field .draft)" false 'without it, it is none'
api PATCH "$R/pulls/$N" '{"draft":true}'
tap_is "$(field .draft)" true 'or by its field'
api PATCH "$R/pulls/$N" '{"draft":false}'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'then it merges'
tap_is "$(git -C "$WORK" fsck --no-dangling 2>&1)" '' 'and the history is whole'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
