#!/bin/sh
# The pages of a repository's files and history: what they show, that names and
# contents of strangers stay text, and that a file runs nowhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
EVE=$(make_user eve)
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
P=/$PROJECT

# ---- an empty one ----
api POST /api/v1/user/repos '{"name":"empty"}'
sign_in admin "$ADMIN"
page GET /admin/empty/src
tap_is "$STATUS" 200 'an empty repository has a page'
tap_ok 'that says what to do' shows 'git push origin HEAD:main'

# ---- files of all kinds ----
ODD='a <b> & "c".txt'
(
	cd "$WORK" || exit 1
	git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main && git checkout -q --detach FETCH_HEAD
	mkdir -p docs/img src
	printf '# Calc <script>alert(1)</script>\n\nSee [the guide](docs/guide.md) and #1.\n\n![logo](docs/img/logo.png)\n\n![away](https://example.org/x.png)\n' >README.md
	printf '# Guide\n\n[up](../README.md)\n' >docs/guide.md
	printf '\211PNG\r\n\032\n\000\000' >docs/img/logo.png
	printf '/* %s */\nint main(void) { return 0; }\n' '</td><script>alert(2)</script>' >src/main.c
	printf '\tint tab; /* \342\200\256 */\n' >src/tab.c
	printf 'plain\n' >"$ODD"
	printf '\000\001\002' >blob.bin
	: >nothing
	ln -s ../../etc/passwd link
	printf '<script>alert(3)</script>\n' >page.html
	mkdir deep && for i in 1 2 3; do echo $i >"deep/$i.txt"; done
	git add -A && git commit -q -m 'Files <b>of</b> all kinds

with a body' && git tag -a v1 -m one && git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/topic/one v1
) >"$T/push.log" 2>&1 || tap_bail "push: $(cat "$T/push.log")"
SHA=$(git -C "$WORK" rev-parse HEAD)
B=$P/src/branch/topic/one

page GET "$P/src"
tap_is "$STATUS" 200 'the default branch'
tap_ok 'is sound' sound
page GET "$B"
tap_is "$STATUS" 200 'a branch with a slash in its name'
tap_ok 'is sound' sound
tap_ok 'a folder is a link' shows "href=\"$B/docs\""
tap_ok 'a name of a stranger is text' shows 'a &lt;b&gt; &amp; &quot;c&quot;.txt'
tap_ok 'each has its last change' shows "$P/commit/$SHA"
tap_ok 'the README is rendered' shows '<h2>Calc'
tap_not 'without its script' shows '<script>alert'
tap_ok 'its links lead to files' shows "href=\"$B/docs/guide.md\""
tap_ok 'its images are of here' shows "src=\"$P/raw/branch/topic/one/docs/img/logo.png\""
tap_not 'and of nowhere else' shows 'src="https'
tap_ok 'numbers lead to issues' shows "href=\"$P/issues/1\""
page GET "$B/docs"
tap_ok 'a folder below' shows "href=\"$B/docs/guide.md\""
page GET "$B/src/main.c"
tap_ok 'a file is sound' sound
tap_ok 'its words are marked' shows '<span class="hw">int</span>'
tap_ok 'its lines have numbers' shows 'id="L2"'
tap_not 'and nothing of it is a tag' shows '<script>alert'
for at in "$B/src/tab.c" "$P/blame/branch/topic/one/src/tab.c" "$P/commit/$SHA"; do
	page GET "$at"
	tap_ok "what turns text around is written out in ${at#"$P"/}" shows 'U+202E'
	tap_ok 'a tab is one' shows '	'
	tap_not 'and not written out' shows 'U+0009'
done
page GET "$B/a%20%3Cb%3E%20%26%20%22c%22.txt"
tap_is "$STATUS" 200 'an odd name opens'
page GET "$B/link"
tap_ok 'a link says where it leads, and is not followed' shows '../../etc/passwd'
page GET "$B/blob.bin"
tap_ok 'what is binary says so' shows 'binary'
page GET "$B/nothing"
tap_ok 'what is empty, too' shows 'empty'
page GET "$B/none.c"
tap_is "$STATUS" 404 'what is not there is 404'
page GET "$P/src/branch/none"
tap_is "$STATUS" 404 'a branch that is not there, too'
page GET "$P/src/tag/v1"
tap_is "$STATUS" 200 'a tag'
page GET "$P/src/commit/$SHA/src/main.c"
tap_is "$STATUS" 200 'a commit'
page GET "$P/src/branch/topic/one/../../../etc"
tap_is "$STATUS" 404 'no way out by dots'

# ---- raw ----
page GET "$P/raw/branch/topic/one/page.html"
tap_is "$STATUS,$(header Content-Type)" '200,text/plain;charset=utf-8' 'a file is never a page'
tap_is "$(header Content-Security-Policy),$(header X-Content-Type-Options)" "default-src 'none'; sandbox,nosniff" 'nor may it run'
page GET "$P/raw/branch/topic/one/docs/img/logo.png"
tap_is "$(header Content-Type)" image/png 'an image is one by its bytes'

# ---- history ----
page GET "$P/commits/branch/topic/one"
tap_ok 'the history is sound' sound
tap_ok 'it has the commit' shows "$P/commit/$SHA"
tap_ok 'its subject is text' shows 'Files &lt;b&gt;of&lt;/b&gt; all kinds'
page GET "$P/commits/branch/topic/one/a.txt"
tap_not 'of a file what changed it alone' shows "$P/commit/$SHA"
page GET "$P/commit/$SHA"
tap_ok 'a commit is sound' sound
tap_ok 'it has its whole message' shows 'with a body'
tap_ok 'and its lines' shows '<td class="add">'
page GET "$P/commit/$SHA?view=split"
tap_ok 'side by side is sound' sound
tap_ok 'and has both sides' shows '<td class="none">'
page GET "$P/commit/$SHA?file=src/main.c"
tap_ok 'one file alone' shows 'main.c'
tap_not 'without the others' shows 'guide.md'
page GET "$P/commit/$(printf '%.12s' "$SHA")"
tap_is "$STATUS" 200 'a short id is enough'
page GET "$P/compare/main...topic/one"
tap_ok 'two compared are sound' sound
tap_ok 'and show what one has more' shows 'main.c'
page GET "$P/compare/main...none"
tap_is "$STATUS" 404 'with one that is not there: 404'
page GET "$P/branches"
tap_ok 'branches are sound' sound
tap_ok 'each leads to its commit' shows "href=\"$P/commit/$SHA\""
tap_ok 'with a link to each' shows "href=\"$B\""
tap_ok 'and the default' shows 'default'
page GET "$P/tags"
tap_ok 'tags are listed' shows "href=\"$P/src/tag/v1\""

page GET "$P/blame/branch/topic/one/a.txt"
tap_ok 'blame is sound' sound
tap_ok 'and has the commit of a line' grep -q "$P/commit/[0-9a-f]*\">First" "$BODY"
page GET "$P/blame/branch/topic/one/docs"
tap_is "$STATUS" 404 'of a folder there is none'
page GET "$P"
tap_ok 'the page of the project leads to its files' shows "href=\"$P/src\""
tap_ok 'and says how to clone it' shows "git clone $URL/$PROJECT.git"

# ---- a large change ----
(
	cd "$WORK" || exit 1
	seq 1 20000 >big.txt
	{ head -c 50000 /dev/zero | tr '\0' x && printf '\n\tafter it\n'; } >a-wide.txt
	for i in $(seq 1 350); do echo "$i" >"deep/f$i"; done
	git add -A && git commit -q -m 'Large' && git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/large
) >"$T/push.log" 2>&1 || tap_bail "push: $(cat "$T/push.log")"
BIG=$(git -C "$WORK" rev-parse HEAD)
# What is long is in parts of a hundred lines, which a browser lays out one by one.
parts() { grep -o '<div class="part[" ]' "$BODY" | wc -l; }
page GET "$P/src/commit/$BIG/big.txt"
tap_ok 'a long file is sound' sound
tap_is "$(parts)" 200 'a file of 20,000 lines has 200 parts'
tap_ok 'each goes on where the one before ended' shows '<li id="L100">100</li></ol></div><div class="part"><ol start="101"><li id="L101">101</li>'
tap_ok 'down to the last' shows '<li id="L20000">20000</li></ol></div></div>'
page GET "$P/blame/commit/$BIG/big.txt"
tap_ok 'its blame is sound' sound
tap_is "$(parts)" 200 'and in as many'
tap_ok 'with each line' shows '<tr id="L20000"><td></td><td>20000</td><td>20000</td></tr></tbody></table></div></div>'
page GET "$P/commit/$BIG"
tap_ok 'a change of 20,000 lines is sound' sound
tap_is "$(page GET "$P/commit/$BIG?file=big.txt" && parts)" 5 '450 lines that change are five parts'
page GET "$P/commit/$BIG"
tap_ok 'each long file has a link to itself' shows 'file=big.txt'
tap_ok 'what has no room is named' shows 'more files'
tap_ok 'and the page is not large' test "$(wc -c <"$BODY")" -lt 100000
NEXT=$(sed -n 's/.*href="\(?from=[0-9]*\)".*/\1/p' "$BODY")
page GET "$P/commit/$BIG$NEXT"
tap_ok 'what has no room is on the next page' shows '<h2>'
tap_ok 'soundly' sound
tap_not 'where the first ones are not' shows 'deep/f1<'
page GET "$P/commit/$BIG?file=big.txt"
tap_ok 'alone it has pages' shows '1 to 450 of 20000'
tap_ok 'each leads to the next' shows '?skip=450&amp;file=big.txt'
tap_ok 'and is not large' test "$(wc -c <"$BODY")" -lt 100000
page GET "$P/commit/$BIG?file=big.txt&skip=19800"
tap_ok 'down to the last' shows '<td id="f1R20000">20000</td>'
tap_ok 'soundly' sound
page GET "$P/commit/$BIG?file=big.txt&at=R12345"
tap_ok 'a line has its page' shows '<td id="f1R12345">12345</td>'
page GET "$P/commit/$BIG?file=big.txt&skip=-1&from=x&at=Rx"
tap_ok 'what is no number is the first page' shows '1 to 450 of 20000'
page GET "$P/commit/$BIG?file=a-wide.txt"
tap_ok 'a line of 50,000 bytes is cut' shows '49000 bytes more'
tap_ok 'soundly' sound
tap_ok 'a tab is a tab' shows "$(printf '>\tafter it')"

# ---- a folder of 353 ----
F=$P/src/branch/large/deep
page GET "$F"
tap_ok 'a page of a large folder is sound' sound
tap_is "$(grep -o "href=\"$F/[^\"]*\"" "$BODY" | sort -u | wc -l)" 200 'has 200 of it'
grep -o "href=\"$F/[^\"]*\"" "$BODY" >"$T/entries"
tap_ok 'and the way to the rest' shows 'href="?page=2"'
page GET "$F?page=2"
grep -o "href=\"$F/[^\"]*\"" "$BODY" >>"$T/entries"
tap_is "$(sort -u "$T/entries" | wc -l)" 353 'which together have each once'
tap_ok 'with what changed it last' shows "$P/commit/$BIG"
page GET "$F?page=3"
tap_is "$STATUS" 200 'a page behind the last has none'

# ---- style and script in fewer bytes, for who takes them ----
page GET "$P/src"
STYLE=$(grep -o '/-/style.css?v=[0-9a-f]*' "$BODY" | head -n 1)
page GET "$STYLE" -H 'Accept-Encoding:'
cp "$BODY" "$T/style"
tap_is "$(header Content-Encoding)" '' 'who takes no gzip gets none'
page GET "$STYLE" -H 'Accept-Encoding: br, gzip;q=0.8'
tap_is "$(header Content-Encoding),$(header Vary)" 'gzip,Accept-Encoding' 'who takes it does'
tap_ok 'and it is the same style' sh -c 'gzip -dc <"$1" | cmp -s - "$2"' - "$BODY" "$T/style"
page GET "$STYLE" -H 'Accept-Encoding: gzip;q=0, deflate'
tap_is "$(header Content-Encoding)" '' 'who refuses it gets none'

# ---- so are pages ----
# What is another each time: the value of forms, and how long ago something was.
plain_form='s/name="form" value="[0-9a-f]*"/name="form"/g; s/>[a-z0-9 ]*<.time>/><\/time>/g'
page GET "$P/src" -H 'Accept-Encoding:'
sed "$plain_form" <"$BODY" >"$T/as-it-is"
tap_is "$(header Content-Encoding),$(header Vary)" ',Accept-Encoding' 'a page goes as it is to who takes no gzip'
page GET "$P/src" -H 'Accept-Encoding: deflate, gzip;q=0.5'
tap_is "$(header Content-Encoding),$(header Vary),$(header Cache-Control)" 'gzip,Accept-Encoding,no-store' 'and packed to who takes it'
tap_is "$(header Content-Length)" "$(wc -c <"$BODY" | tr -d ' ')" 'with its length'
tap_ok 'it is the same page' sh -c 'gzip -dc <"$1" | sed "$3" | cmp - "$2"' - "$BODY" "$T/as-it-is" "$plain_form"
page GET "$P/src" -H 'Accept-Encoding: gzip;q=0.000, br'
tap_is "$(header Content-Encoding)" '' 'not to who refuses it'
page HEAD "$P/src" -I -H 'Accept-Encoding: gzip'
tap_is "$STATUS,$(header Content-Encoding)" '200,gzip' 'HEAD has the head of it'
tap_ok 'and its length' test "$(header Content-Length)" -gt 1000
page GET "$P/raw/branch/topic/one/page.html" -H 'Accept-Encoding: gzip'
tap_is "$STATUS,$(header Content-Encoding)" 200, 'the bytes of a file are never packed'
page GET /-/sign-in -H 'Accept-Encoding: gzip'
tap_is "$STATUS,$(header Content-Encoding)" 303, 'nor is what has none'
# How long a packed page is must not tell what is in a form: no two pages have
# anything of its value in common.
page GET "$P/src"
ONE=$(form_value)
page GET "$P/src"
TWO=$(form_value)
tap_is "${#ONE},${#TWO}" 64,64 'a form has a value'
tap_not 'which is another on each page' test "$(echo "$ONE" | cut -c 1-32)" = "$(echo "$TWO" | cut -c 1-32)"
tap_not 'in its other half, too' test "$(echo "$ONE" | cut -c 33-64)" = "$(echo "$TWO" | cut -c 33-64)"
page GET "$P/settings/hooks" -H 'Accept-Encoding: gzip'
tap_is "$STATUS,$(header Content-Encoding)" 200, 'nor are the addresses of webhooks'

# ---- what becomes many times as long ----
(
	cd "$WORK" && git checkout -q -B grows && perl -e '
	    sub put { open my $f, ">", shift or die; print $f @_; close $f }
	    put("min.js", substr("a(1,\"\",2);" x 100000, 0, 1000000));
	    put("data.json", "[" . "1," x 499000 . "1]");
	    put("data.py", "x = [\n" . "1,2,3,4,5,6,7,8,9,0,\n" x 45000 . "]\n");
	    put("quotes.txt", "\"" x 1000000);
	    put("README.md", "#1 " x 300000);
	' && git add -A && git commit -qm grows && git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/grows
) || tap_bail 'push'
for what in min.js data.json data.py; do
	page GET "$P/src/branch/grows/$what"
	tap_is "$STATUS" 200 "a page has room for $what of 1 MB"
	tap_ok 'which is there' shows '<li id="L1">'
	tap_ok 'soundly' sound
done
page GET "$P/src/branch/grows/quotes.txt"
tap_is "$STATUS" 200 'for what has no room'
tap_ok 'there is its beginning' test "$(grep -o '&quot;' "$BODY" | wc -l)" -gt 100000
tap_ok 'and the way to the rest' shows 'The rest is not shown; see it raw'
tap_ok 'soundly' sound
page GET "$P/src/branch/grows/data.py"
tap_ok 'numbers are marked for as long as there is room' shows '<li id="L2"><span class="hn">1</span>'
tap_ok 'and then are plain' shows '<li id="L19999">1,2,3,4,5,6,7,8,9,0,</li>'
tap_ok 'to the last line of a page' shows '<li id="L20000">'
tap_ok 'behind which is the way to the rest' shows 'The rest is not shown; see it raw'
page GET "$P/src/branch/grows/data.json"
tap_ok 'a line that no hand wrote is there whole' shows ',1,1,1]</li></ol>'
tap_not 'and has no marks' shows 'class="hn"'
for what in data.py quotes.txt; do
	page GET "$P/blame/branch/grows/$what"
	tap_is "$STATUS" 200 "a page has room for who wrote which line of $what"
	tap_ok 'and says where that ends' shows 'The rest is not shown; git blame in a clone has it'
	tap_ok 'soundly' sound
done
page GET "$P/src/branch/grows"
tap_is "$STATUS" 200 'a README that grows leaves the folder readable'
tap_ok 'and says so' shows 'too long for this page'
tap_ok 'soundly' sound

# ---- what has no room whatever is done ----
perl -e '
	print "commit refs/heads/paths\ncommitter a <a\@b> 1 +0000\ndata 0\n";
	for (1 .. 300) {
		print "M 100644 inline ", join("/", ("&" x 250) x 14), "/$_\ndata 1\nx\n";
	}' | git -C "$WORK" fast-import --quiet || tap_bail 'fast-import'
(cd "$WORK" && git_as "$ADMIN" push -q "$URL/$PROJECT.git" paths) || tap_bail 'push'
page GET "$P/commit/$(git -C "$WORK" rev-parse paths)"
tap_is "$STATUS,$(header Content-Type)" '413,text/html;charset=utf-8' 'a page that is too long is one that says so'
tap_ok 'with a way on' shows 'To the projects'
tap_ok 'soundly' sound

# ---- who may not ----
sign_in eve "$EVE"
for what in src "src/branch/topic/one" "raw/branch/topic/one/page.html" branches tags "commit/$SHA" "commits/branch/main" "compare/main...large"; do
	page GET "$P/$what"
	printf '%s ' "$STATUS"
done >"$T/codes"
tap_is "$(cat "$T/codes")" '404 404 404 404 404 404 404 404 ' 'to others there is no such project'
: >"$JAR"
page GET "$P/src"
tap_is "$STATUS" 303 'who is nobody signs in first'
tap_done
