#!/bin/sh
# A full disk: what cannot be kept is refused with a reason, nothing is half
# done, and with room again all goes on.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'a small file system needs root'
mkdir "$T/small"
mount -t tmpfs -o size=8m,mode=711 none "$T/small" 2>/dev/null ||
    tap_skip_all 'no mount here'
full_on_exit() {
	full_status=$?
	trap - EXIT
	stop_all
	umount "$T/small"
	(exit "$full_status")
	lib_on_exit
}
trap full_on_exit EXIT
coffer_home small/home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
push_branch topic b.txt two
api POST "$R/pulls" '{"title":"Add b","head":"topic","base":"main"}'
N=$(field .number)
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'
TIP=$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" main | cut -f1)
dd if=/dev/zero of="$HOME_DIR/fill" bs=4k 2>/dev/null
LONG=$(head -c 30000 /dev/zero | tr '\0' a)
api POST "$R/issues" "{\"title\":\"Long\",\"body\":\"$LONG\"}"
tap_is "$STATUS" 503 'an issue is refused'
tap_like "$(field .message)" '*disk is full*' 'because the disk is full'
api GET "$R/issues?state=all"
tap_is "$STATUS,$(field length)" 200,1 'what is there is read'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_ok 'a merge is refused' test "$STATUS" -ge 500
tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" main | cut -f1)" "$TIP" \
    'and moved nothing'
printf 'free' >"$T/note.txt"
attach()
{
	http POST "$R/issues/$N/assets" -H "Authorization: Bearer $ADMIN" -F "attachment=@$1"
}
head -c 600000 /dev/urandom >"$T/large.txt"
rm "$HOME_DIR/fill"
head -c $((($(df -k --output=avail "$T/small" | tail -n 1) - 400) * 1024)) /dev/zero >"$HOME_DIR/fill"
attach "$T/large.txt"
tap_is "$STATUS,$(tr -d '\r' <"$HEADERS" | sed -n 's/^Retry-After: //Ip')" 503,5 'a file that does not fit is refused'
tap_like "$(field .message)" '*disk is full*' 'and why'
tap_is "$(find "$HOME_DIR/attachments" -type f | wc -l)" 0 'nothing of it stays'
attach "$T/note.txt"
tap_is "$STATUS" 201 'one that fits is taken'
api POST "$R/issues/$N/comments" '{"body":"still"}'
tap_is "$STATUS" 201 'words, too'
rm "$HOME_DIR/fill"
attach "$T/large.txt"
tap_is "$STATUS" 201 'with room again it is taken'
api POST "$R/issues" "{\"title\":\"Long\",\"body\":\"$LONG\"}"
tap_is "$STATUS,$(field .number)" 201,2 'with room again it is made, with the next number'
api POST "$R/pulls/$N/merge" '{"Do":"merge"}'
tap_is "$STATUS" 200 'and merged'
stop_cofferd
tap_is $? 0 'cofferd ends with 0'
tap_done
