#!/bin/sh
# Issues in a real browser, with JavaScript: Debian's chromium by
# playwright-core (tests/clis.sh DIR playwright; COFFER_TEST_CLIS=DIR).
# WEB_PICTURES=DIR keeps the pictures of the pages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

PLAYWRIGHT=${COFFER_TEST_CLIS:+$COFFER_TEST_CLIS/playwright/node_modules/playwright-core}
CHROMIUM=$(command -v chromium) || tap_skip_all 'there is no chromium (Debian package chromium)'
command -v node >/dev/null || tap_skip_all 'there is no node'
[ -n "$PLAYWRIGHT" ] && [ -d "$PLAYWRIGHT" ] ||
    tap_skip_all 'there is no playwright-core: tests/clis.sh DIR playwright, COFFER_TEST_CLIS=DIR'
PICTURES=${WEB_PICTURES:-$T/pictures}/$(basename "$0" .t)
rm -rf "$PICTURES"
mkdir -p "$PICTURES"

coffer_home
start_cofferd
make_project
make_user bob >/dev/null
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api POST "$R/labels" '{"name":"bug","color":"ee0701"}'
api POST "$R/labels" '{"name":"kind/white","color":"ffffff"}'
api POST "$R/labels" '{"name":"kind/black","color":"000000"}'
api POST "$R/milestones" '{"title":"First release"}'
MILE=$(field .id)
api POST "$R/issues" '{"title":"It crashes on empty input","body":"It does:\n\n```c\nint main(void) { return 1; }\n```\n"}'
api POST "$R/issues" "$(jq -n --arg t "$XSS" '{title: $t, body: "x"}')"
push_branch feature b.txt two
api POST "$R/pulls" '{"title":"Mend it","head":"feature","base":"main","body":"Closes #1."}'
api POST "$R/statuses/$(field .head.sha)" '{"state":"success","context":"build"}'
api PUT "$R/issues/1/labels" '{"labels":["kind/white","kind/black"]}'
api PATCH "$R/issues/1" "{\"milestone\":$MILE,\"assignees\":[\"bob\"],\"title\":\"It crashes on an empty line\"}"
api POST "$R/issues/1/comments" '{"body":"I saw it, too."}'
api POST "$R/issues/1/reactions" '{"content":"heart"}'
api POST "$R/issues/1/pin"
i=0
while [ $i -lt 26 ]; do
	i=$((i + 1))
	api POST "$R/issues/2/comments" "{\"body\":\"Word $i.\"}"
done

timeout 300 node "$SYSTEM_DIR/web_issues.cjs" "$PLAYWRIGHT" "$CHROMIUM" "$URL" "$ADMIN" "$PROJECT" "$PICTURES" >"$T/browser" 2>"$T/browser.err"
tap_is $? 0 'the browser writes issues'
while read -r line; do
	case $line in
	ok\ *) tap_result 0 "${line#ok }" ;;
	*) tap_result 1 "${line#not ok }" ;;
	esac
done <"$T/browser"
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/browser.err"
tap_is "$(find "$PICTURES" -name '*.png' -size +2k | wc -l)" 33 'and leaves its pictures'
tap_done
