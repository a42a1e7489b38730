#!/bin/sh
# Backup and restore: as of one moment whatever is written meanwhile, whole or
# not there after a kill or with a full disk, and nothing of a changed archive
# becomes a home that can be started.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
OLD=$HOME_DIR
coffer() { "$O/bin/coffer" --home "$@"; }
# run HOME ARGUMENT...: RC, $T/out, $T/err
run() {
	coffer "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
tip() { git -C "$1/repos/$PROJECT_ID.git" rev-parse -q --verify "$2"; }
# use NAME: another home is the one that is served
use() {
	stop_cofferd
	HOME_DIR=$T/$1
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	start_cofferd
}

# ---- what there is ----
push_branch moved one.txt one
MOVED=$SHA
push_branch gone two.txt two
GONE=$SHA
api POST "$R/pulls" '{"title":"Change","head":"moved","base":"main"}'
PULL=$(field .number)
api POST "$R/issues" '{"title":"Before","body":"text"}'
BEFORE=$(field .number)
seq 100000 >"$T/file.txt"
http_t=$ADMIN
http POST "$R/issues/$BEFORE/assets" -F "attachment=@$T/file.txt;filename=file.txt"
http_t=
tap_is "$STATUS" 201 'a home with something in it'
ASSET=$(field .browser_download_url)
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'
push_branch checks .coffer/checks.yml 'checks:
  - name: test
    test: "true"'
api POST "$R/pulls" '{"title":"Checks","head":"checks","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge"}'
api POST "$R/issues" '{"title":"Work","body":"/fix"}'
ITEM=$(field .number)
api GET '/api/coffer/v1/events?after=0&limit=1000'
EV=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
api POST /api/coffer/v1/runs "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$ITEM,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
RUN=$(field .id)
# log FROM TEXT
log() {
	printf '%s' "$2" >"$T/part"
	http_t=$AGENTD
	http PATCH "/api/coffer/v1/runs/$RUN/log" -H "Content-Range: bytes $1-$(($1 + ${#2} - 1))/*" \
	    -H 'Content-Type: application/octet-stream' --data-binary "@$T/part"
	http_t=
}
log 0 'first line
'
tap_is "$STATUS" 202 'a run with a log'

# ---- while it is written ----
mkfifo "$T/pipe"
start "$T/backup.log" sh -c "exec '$O/bin/cofferd' --home '$OLD' --admin backup >'$T/pipe'"
BACKUP=$PID
exec 9<"$T/pipe"
# The copy of the database has begun to come, the rest waits for a reader.
dd bs=1000 count=200 iflag=fullblock <&9 >"$T/live.tar" 2>/dev/null
push_branch moved one.txt changed
tap_not 'a branch moves meanwhile' [ "$(tip "$OLD" moved)" = "$MOVED" ]
api DELETE "$R/branches/gone"
tap_is "$STATUS" 204 'another is deleted'
push_branch new three.txt three
api POST "$R/issues" '{"title":"After"}'
AFTER=$(field .number)
log 11 'second line
'
tap_is "$STATUS" 202 'the log grows'
cat <&9 >>"$T/live.tar"
exec 9<&-
wait "$BACKUP"
tap_is $? 0 'the backup ends well'
tap_ok 'tar(1) reads it' tar tf "$T/live.tar"
mkdir "$T/x" && tar xf "$T/live.tar" -C "$T/x"
tap_ok 'sha256sum(1) checks it' sh -c "cd '$T/x' && sha256sum -c --quiet SHA256SUMS"
run "$T/live" admin restore "$T/live.tar"
tap_is "$RC,$(cat "$T/out")" "0,$T/live is whole" 'it is restored and whole'
tap_is "$(find "$T/live/db" -name restoring),$(jq -c '[.secrets, .damaged]' "$T/live/db/restored")" ',[false,0]' 'which is noted'
tap_is "$(tip "$T/live" refs/heads/moved),$(tip "$T/live" refs/heads/gone),$(tip "$T/live" refs/heads/new)" \
    "$MOVED,$GONE," 'every branch is where it was at that moment'
tap_is "$(tip "$T/live" "refs/pull/$PULL/head")" "$MOVED" 'so is the head of the pull request'
tap_is "$(cat "$T/live/logs/runs/$RUN.log")" 'first line' 'and the log'
use live
api GET "$R/issues/$BEFORE"
tap_is "$STATUS" 200 'cofferd starts on it: an issue of before is there'
restored() { api GET '/api/coffer/v1/audit?what=home.restored' && [ "$(field '.rows | length')" = 1 ]; }
tap_ok 'the audit log says that it was restored' wait_for 20 restored
tap_is "$(field '.rows[0].new | fromjson | [.secrets, .made_ms > 0] | join(",")'),$(ls "$T/live/db/restored" 2>/dev/null)" false,true, 'of what, once'
api GET "$R/issues/$AFTER"
tap_is "$STATUS" 404 'one of after is not'
api GET "$R/pulls/$PULL"
tap_is "$(field .head.sha)" "$MOVED" 'the pull request is at that head'
http_t=$ADMIN
http GET "/${ASSET#http*://*/}"
http_t=
tap_ok 'the attachment is the same' cmp -s "$BODY" "$T/file.txt"
STATUS=
tap_ok 'git reads it' git -c "http.extraHeader=Authorization: Bearer $ADMIN" clone -q "$URL/$PROJECT.git" "$T/clone"
push_branch later four.txt four
tap_ok 'and writes it' test "$(tip "$T/live" later)" = "$SHA"
run "$T/live" admin check
tap_is "$RC" 0 'it is whole'
use home
run "$OLD" admin check
tap_is "$RC" 0 'so is the old one, with all that came later'

# ---- secrets ----
run "$OLD" admin backup "$T/plain.tar"
tap_is "$RC" 0 'coffer admin backup FILE'
tap_is "$(stat -c %a "$T/plain.tar")" 600 'for its owner alone'
tap_not 'no secret is in it' grep -qaF "$ADMIN" "$T/plain.tar"
run "$OLD" admin backup "$T/plain.tar"
tap_is "$RC" 1 'no file is written over'
mkdir "$T/folder"
run "$OLD" --json admin backup "$T/folder" --secrets
tap_is "$RC,$(jq -r .whole "$T/out")" 0,true 'into a folder, with secrets'
ALL=$(jq -r .file "$T/out")
run "$T/all" admin restore "$ALL"
tap_is "$RC" 0 'which is restored'
tap_ok 'with the same token' cmp -s "$OLD/secrets/admin.token" "$T/all/secrets/admin.token"
tap_is "$(stat -c %a "$T/all/secrets/admin.token")" 600 'for its owner alone'
run "$OLD" admin restore "$ALL"
tap_is "$RC" 1 'not over a home that there is'
tap_ok 'which says so' grep -q 'is not empty' "$T/err"

use home
made() { api GET '/api/coffer/v1/audit?what=backup.made' && [ "$(field '.rows | length')" -ge 3 ]; }
tap_ok 'the audit log says that backups were made' wait_for 20 made
tap_is "$(field '[.rows[].new | fromjson | [.secrets, .whole, .uid]] | tojson')" "[[false,true,$(id -u)],[false,true,$(id -u)],[true,true,$(id -u)]]" 'which of them with secrets, and by whom'
gone() { [ -z "$(find "$OLD/db" -name 'backup.made*')" ]; }
tap_ok 'each once' wait_for 20 gone

# ---- cut off, changed, something else ----
SIZE=$(stat -c %s "$T/plain.tar")
bad=0
n=0
for at in 0 100 511 600 2000 4000 $((SIZE / 3)) $((SIZE / 2)) $((SIZE - 3000)) $((SIZE - 1600)); do
	n=$((n + 1))
	head -c "$at" "$T/plain.tar" >"$T/cut.tar"
	rm -rf "$T/cut"
	run "$T/cut" admin restore "$T/cut.tar"
	[ "$RC" -eq 1 ] && [ ! -e "$T/cut/db/coffer.db" ] || {
		bad=$((bad + 1))
		echo "# cut at $at: $RC"
	}
done
tap_is "$bad" 0 "an archive that is cut off gives no home, at $n places"
bad=0
# In a file's name, its length, the database, a pack, the sums.
for at in 3 130 "$(grep -abo 'SQLite format' "$T/plain.tar" | head -n 1 | cut -d : -f 1)" \
    "$(grep -abo '^PACK\|PACK' "$T/plain.tar" | tail -n 1 | cut -d : -f 1)" $((SIZE - 2000)); do
	cp "$T/plain.tar" "$T/cut.tar"
	printf '\377' | dd of="$T/cut.tar" bs=1 seek="$at" conv=notrunc 2>/dev/null
	rm -rf "$T/cut"
	run "$T/cut" admin restore "$T/cut.tar"
	[ "$RC" -eq 1 ] && [ ! -e "$T/cut/db/coffer.db" ] || {
		bad=$((bad + 1))
		echo "# changed at $at: $RC"
	}
done
tap_is "$bad" 0 'one that was changed does not, either'
tap_not 'and cofferd does not start on it' "$O/bin/cofferd" --home "$T/cut" --listen 127.0.0.1:0
(
	mkdir "$T/evil" && cd "$T/evil" && echo x >x || exit
	cp "$T/x/coffer-backup" . && tar --format=ustar -cf "$T/evil.tar" coffer-backup &&
	    tar --format=ustar --transform 's,x,home/../../escaped,' -P -rf "$T/evil.tar" x
)
rm -rf "$T/cut"
run "$T/cut" admin restore "$T/evil.tar"
tap_is "$RC,$(find "$T" -name escaped)" 1, 'a name that leads out is refused'
run "$T/cut2" admin restore "$T/file.txt"
tap_is "$RC,$(ls -d "$T/cut2" 2>/dev/null)" 1, 'another file is no backup'

# ---- killed ----
for point in backup_before_copy backup_after_copy; do
	COFFER_FAIL=$point run "$OLD" admin backup "$T/killed.tar"
	tap_is "$RC,$(find "$T" -maxdepth 1 -name 'killed*' | wc -l)" 1,0 "killed at $point it leaves no file"
done
run "$OLD" admin backup "$T/killed.tar"
tap_is "$RC,$(find "$OLD/db" -name '*tmp*' | wc -l)" 0,0 'the next one is whole, and leaves nothing in the home'
# Not by itself, and not by what makes the database of a new home.
for point in restore_marked restore_entered restore_before_database restore_after_database; do
	COFFER_FAIL=$point run "$T/half" admin restore "$T/killed.tar"
	tap_is "$RC" 1 "a restore that is killed at $point fails"
	tap_not 'and leaves no home that starts' "$O/bin/cofferd" --home "$T/half" --listen 127.0.0.1:0
	find "$T/half/db" | sort >"$T/db.before"
	for make in "$O/bin/cofferd --home $T/half --init" "$O/bin/coffer --home $T/half setup"; do
		$make >"$T/out" 2>"$T/err" </dev/null
		tap_is "$?,$(find "$T/half/db" | sort | cmp - "$T/db.before" && echo same)" 1,same \
		    "${make#*bin/} makes no home of it"
		tap_ok 'and says what to do' grep -q 'remove this home and restore again' "$T/err"
	done
	run "$T/half" admin backup "$T/none.tar"
	tap_is "$RC,$(find "$T" -name 'none*')" 1, 'nor a backup'
	rm -rf "$T/half"
done

# ---- a full disk ----
if [ "$(id -u)" -eq 0 ] && mkdir "$T/small" && mount -t tmpfs -o size=256k none "$T/small" 2>/dev/null; then
	run "$OLD" admin backup "$T/small/b.tar"
	tap_is "$RC,$(ls "$T/small")" 1, 'on a full disk there is no file'
	tap_ok 'and the reason is told' grep -q 'No space left' "$T/err"
	run "$T/small/home" admin restore "$T/killed.tar"
	tap_is "$RC,$(ls "$T/small/home/db/coffer.db" 2>/dev/null)" 1, 'a restore gives no home there'
	umount "$T/small"
else
	tap_skip 'a full disk' 'no mount here'
fi

# ---- something is damaged ----
rm "$OLD/attachments/"*
run "$OLD" admin backup "$T/damaged.tar"
tap_is "$RC" 3 'a damaged home is backed up, and it is said'
tap_ok 'what is not in it' grep -q 'attachments/' "$T/err"
tap_is "$(cat "$OLD/db/backup.last")" "$(grep -c attachments/ "$T/err")" 'how much that was is kept for the health page'
run "$T/damaged" admin restore "$T/damaged.tar"
tap_is "$RC" 3 'the rest is restored, and it is said'

# A repository that git cannot pack, and one beside it.
GOOD=$PROJECT_ID
make_project broken
BROKEN=$PROJECT_ID
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"approvals":0}}'
push_branch deep deep.txt deep
stop_cofferd
BLOB=$(git -C "$WORK" rev-parse "$SHA:deep.txt")
REPO=$OLD/repos/$BROKEN.git
mkdir "$T/aside"
find "$REPO/objects/pack" -name '*.pack' >"$T/packs"
mv "$REPO/objects/pack/"* "$T/aside"
for pack in "$T/aside/"*.pack; do
	[ ! -e "$pack" ] || git --git-dir "$REPO" unpack-objects -q <"$pack"
done
LOOSE=$REPO/objects/$(echo "$BLOB" | cut -c 1-2)/$(echo "$BLOB" | cut -c 3-)
tap_ok 'an object of another project is damaged' sh -c "chmod u+w '$LOOSE' && echo damaged >'$LOOSE'"
[ "$(id -u)" != 0 ] || chown -R "$(stat -c %u:%g "$OLD/db")" "$REPO"
run "$OLD" admin backup "$T/broken.tar"
tap_is "$RC" 3 'the backup is made, and not whole'
tap_ok 'the project is named' grep -q 'backup: admin/broken: .' "$T/err"
tap_ok 'that is in the archive' sh -c "tar tf '$T/broken.tar' | grep -qx 'data/repos/$BROKEN/failed'"
rm -rf "$T/x" && mkdir "$T/x" && tar xf "$T/broken.tar" -C "$T/x"
tap_ok 'which is sound' sh -c "cd '$T/x' && sha256sum -c --quiet SHA256SUMS"
run "$T/partial" admin restore "$T/broken.tar"
tap_is "$RC" 3 'it is restored, and not whole'
tap_ok 'the project is named again' grep -q 'restore: admin/broken: .*it was damaged when the backup was made' "$T/err"
tap_is "$(tip "$T/partial" refs/heads/main),$(git --git-dir "$T/partial/repos/$GOOD.git" rev-parse refs/heads/main)" \
    ",$(git --git-dir "$OLD/repos/$GOOD.git" rev-parse refs/heads/main)" 'the other one is all there'
tap_not 'what is wrong is of that project alone' grep -v -e 'admin/broken' -e attachments/ "$T/out"
use partial
api GET "/api/v1/repos/$PROJECT/branches/main"
tap_is "$STATUS" 404 'cofferd starts on it; the damaged one has no branch yet'
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
api GET "/api/v1/repos/$PROJECT/branches/main"
tap_is "$STATUS" 200 'and gets what the upstream has'
tap_done
