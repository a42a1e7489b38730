#!/bin/bash
# In a real browser: what strangers wrote in git, in runs, in checks, and what a
# person writes in each field of each form, is text wherever it is shown.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"
. "$(dirname "$0")/chromium_lib.sh"
CORPUS=$SYSTEM_DIR/web_xss.txt
WORDS=$(cat "$CORPUS")
WORD=$(sed -n 2p "$CORPUS")
FILE='src/"><xss-mark onclick=alert(1)>.c'
. "$(dirname "$0")/web_fill_lib.sh"

web_fill
# A commit, a tag and files of a stranger's words; names of refs have no such
# characters.
(
	cd "$WORK" || exit 1
	git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main && git checkout -q --detach FETCH_HEAD || exit 1
	n=0
	while IFS= read -r line; do
		n=$((n + 1))
		printf '%s\n' "$line" >"$(printf '%s' "$n $line" | tr '/\134' '__' | cut -c1-200)"
	done <"$CORPUS"
	cp "$CORPUS" README.md
	{ echo '/* */'; cat "$CORPUS"; } >all.c
	git add -A && git commit -q --author='" onclick="alert(1)" xss-mark=" <x@example.org>' -F "$CORPUS" &&
	    git tag -a strange-1 -F "$CORPUS" &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/strange strange-1
) >"$T/push.log" 2>&1
tap_is "$?$(sed 's/^/ /' "$T/push.log")" 0 'a commit of names and texts of a stranger'
web_all >"$T/pages"
B=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/strange | cut -f1)
for at in src commits blame; do
	echo "$at /$PROJECT/$at/commit/$B/$([ "$at" = blame ] && echo all.c)"
done >>"$T/pages"
echo "commit /$PROJECT/commit/$B" >>"$T/pages"
browser 'the browser sends each form and looks at each page' web_xss.cjs "$URL" "$ADMIN" "$CORPUS" "$T/pages" "$PICTURES"
tap_done
