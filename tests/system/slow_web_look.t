#!/bin/bash
# Each page in a real browser: pictures light and dark, wide and narrow, what
# axe says of it, the way through it by Tab.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"
. "$(dirname "$0")/chromium_lib.sh"
. "$(dirname "$0")/web_fill_lib.sh"

web_fill
web_all >"$T/pages"
(
	cd "$WORK" || exit 1
	git checkout -q --detach && yes x | head -n 350 >long.txt && git add long.txt && git commit -q -m Long &&
	    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/long
) >"$T/long.log" 2>&1 || tap_bail "push: $(cat "$T/long.log")"
# Each route that is a page has its picture.
browser 'the browser goes through all pages' web_look.cjs "$URL" "$ADMIN" "$T/pages" "$PICTURES" "/$PROJECT/src/branch/long/long.txt"
tap_is "$(find "$PICTURES" -name '*.png' -size +2k | wc -l)" $((4 * ($(wc -l <"$T/pages") + 1))) 'and leaves its pictures'
tap_done
