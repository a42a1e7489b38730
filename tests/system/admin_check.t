#!/bin/sh
# coffer admin check: each kind of damage to a home is found and named, and a
# home in use is not damaged.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
REPO=$HOME_DIR/repos/$PROJECT_ID.git
DB=$HOME_DIR/db/coffer.db
check() {
	"$O/bin/coffer" --home "$HOME_DIR" --json admin check >"$T/check" 2>"$T/err"
	RC=$?
}
# found: what the last check found, "KIND NAME;..."
found() { jq -r '[.findings[] | .kind + " " + .name] | join(";")' "$T/check"; }
# as_server COMMAND...: what the server's own user may do
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid "$(stat -c %u "$DB")" --regid "$(stat -c %g "$DB")" --clear-groups "$@"
	else
		"$@"
	fi
}
rgit() { as_server env HOME=/ GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' git --git-dir "$REPO" "$@"; }
# is WANT NAME: the check finds that and says so by its status
is() {
	check
	tap_is "$RC,$(found)" "3,$1" "$2"
}
whole() {
	check
	tap_is "$RC,$(jq -r .whole "$T/check")" 0,true "$1"
}
db() { as_server sqlite3 "$DB" "$1"; }

push_branch one one.txt one
ONE=$SHA
push_branch two two.txt two
api POST "$R/pulls" '{"title":"Change","head":"one","base":"main"}'
PULL=$(field .number)
api POST "$R/issues" '{"title":"With a file"}'
ITEM=$(field .number)
seq 1000 >"$T/file.txt"
http_t=$ADMIN
http POST "$R/issues/$ITEM/assets" -F "attachment=@$T/file.txt;filename=file.txt"
http_t=
UUID=$(field .uuid)
whole 'a home in use is whole'

# ---- while pushes go on ----
(
	cd "$WORK" || exit
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		git_as "$ADMIN" push -qf "$URL/$PROJECT.git" "$ONE:refs/heads/moving" "$ONE:refs/heads/new$i"
		git_as "$ADMIN" push -qf "$URL/$PROJECT.git" "$SHA:refs/heads/moving"
	done
) >/dev/null 2>&1 &
PUSHES=$!
n=0
while kill -0 "$PUSHES" 2>/dev/null || [ "$n" -eq 0 ]; do
	check
	[ "$RC" -eq 0 ] || {
		echo "# $(found)"
		break
	}
	n=$((n + 1))
done
wait "$PUSHES"
tap_is "$RC" 0 'nor is one that is pushed to damaged'

# ---- an attachment that is deleted while its row is read ----
# Its file is missing at the first look; as soon as cofferd waits for the next
# one (it sleeps nowhere else) the row goes, too.
mv "$HOME_DIR/attachments/$UUID" "$T/uuid"
db ".dump attachment" >"$T/rows"
start "$T/looked" "$O/bin/cofferd" --home "$HOME_DIR" --admin check
CHECK=$PID
perl -e 'for (1 .. 20000) {
	open my $f, "<", "/proc/$ARGV[0]/syscall" or exit 1;
	my $s = <$f> // "";
	if ($s =~ /^(?:35|230) /) { kill "STOP", $ARGV[0]; exit 0 }
	exit 1 if !-e "/proc/$ARGV[0]/exe";
	select undef, undef, undef, 0.001;
}' "$CHECK"
tap_is "$?" 0 'a file that is missing is looked at again'
db "DELETE FROM attachment WHERE uuid = '$UUID'"
kill -CONT "$CHECK" 2>/dev/null
wait "$CHECK"
tap_is "$?,$(cat "$T/looked")" 0, 'and is no damage when its row has gone, too'
grep "^INSERT" "$T/rows" | while read -r row; do db "$row"; done
mv "$T/uuid" "$HOME_DIR/attachments/$UUID"
stop_cofferd

# ---- refs ----
rgit update-ref refs/heads/one "$SHA"
is 'ref refs/heads/one' 'a branch that is elsewhere'
tap_ok 'with both places' jq -e --arg a "$ONE" '.findings[0].what | contains($a)' "$T/check"
rgit update-ref -d refs/heads/one
is 'ref refs/heads/one' 'one that is gone'
rgit update-ref refs/heads/one "$ONE"
rgit update-ref refs/heads/smuggled "$ONE"
is 'ref refs/heads/smuggled' 'one that nobody pushed'
rgit update-ref -d refs/heads/smuggled
rgit update-ref "refs/pull/$PULL/head" "$SHA"
is "ref refs/pull/$PULL/head" 'the head of a pull request'
rgit update-ref "refs/pull/$PULL/head" "$ONE"
whole 'and whole again'

# ---- objects ----
rgit repack -adq
PACK=$(find "$REPO/objects/pack" -name '*.pack')
cp -p "$PACK" "$T/pack"
chmod u+w "$PACK"
printf '\377' | dd of="$PACK" bs=1 seek=$(($(stat -c %s "$PACK") - 30)) conv=notrunc 2>/dev/null
is 'objects packs' 'a byte of a pack'
cp "$T/pack" "$PACK"
BLOB=$(rgit rev-parse "$ONE:one.txt")
rgit unpack-objects -q <"$T/pack"
mkdir "$T/aside" && mv "${PACK%.pack}".* "$T/aside"
rgit unpack-objects -q <"$T/aside/$(basename "$PACK")"
whole 'a repository of loose objects is whole'
LOOSE=$REPO/objects/$(echo "$BLOB" | cut -c 1-2)/$(echo "$BLOB" | cut -c 3-)
mv "$LOOSE" "$T/blob"
is 'objects history' 'an object that is missing'
mv "$T/blob" "$LOOSE"
mv "$REPO" "$T/repo"
is "repository $REPO" 'a repository that is missing'
mv "$T/repo" "$REPO"

# ---- files ----
mv "$HOME_DIR/attachments/$UUID" "$T/uuid"
is "attachment attachments/$UUID" 'an attachment that is missing'
head -c 100 "$T/uuid" >"$HOME_DIR/attachments/$UUID"
is "attachment attachments/$UUID" 'one that is shorter'
rm "$HOME_DIR/attachments/$UUID"
ln -s "$T/uuid" "$HOME_DIR/attachments/$UUID"
is "attachment attachments/$UUID" 'one that is a link'
rm "$HOME_DIR/attachments/$UUID"
mv "$T/uuid" "$HOME_DIR/attachments/$UUID"
db "INSERT INTO job (project_id, pull, sha, base_sha, name, state, network_setup, network_test, timeout_s, memory, required, log_bytes, created_at, setup, test) VALUES ($PROJECT_ID, 1, 'a', 'b', 'x', 3, 1, 1, 1, 1, 1, 5, 1, '', '')"
is 'log logs/jobs/1.log' 'a log that is missing'
printf 'abcd' >"$HOME_DIR/logs/jobs/1.log"
is 'log logs/jobs/1.log' 'one that is shorter than it was told'
printf 'abcdefgh' >"$HOME_DIR/logs/jobs/1.log"
whole 'one that grew is none'
printf 'no record' >"$HOME_DIR/logs/runs/7.tar"
is 'record logs/runs/7.tar' 'a record that was changed'
rm "$HOME_DIR/logs/runs/7.tar"

# ---- the audit log ----
db "CREATE TABLE was AS SELECT * FROM audit"
audit_back() { db 'DELETE FROM audit; INSERT INTO audit SELECT * FROM was; DELETE FROM audit_start'; }
# tampered SQL NAME WORDS: the chain is found not to be whole
tampered() {
	db "$1"
	is 'audit chain' "$2"
	tap_like "$(jq -r '.findings[0].what' "$T/check")" "$3" '... and what it is'
	audit_back
}
tampered "UPDATE audit SET who = 'eve' WHERE seq = 3" 'a row of the audit log that was changed' 'row 3 was changed*'
tampered 'DELETE FROM audit WHERE seq = 4' 'one that was removed' 'row 4 is missing'
tampered 'UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -1' \
    'two that changed places' 'row * changed*'
tampered 'DELETE FROM audit WHERE seq <= 2' 'the first ones gone' 'row 1 is missing'
tampered 'INSERT INTO audit_start SELECT 1, seq, hash FROM audit WHERE seq = 2; DELETE FROM audit WHERE seq <= 2' \
    'and hidden' '*no row says that retention took them'
db 'DROP TABLE was'
whole 'as it was it is whole'

# ---- the database ----
db "PRAGMA foreign_keys=OFF; UPDATE issue SET author_id = 4711 WHERE number = $ITEM"
is 'database coffer.db' 'a row that refers to nothing'
db "PRAGMA foreign_keys=OFF; UPDATE issue SET author_id = 1 WHERE number = $ITEM"
db 'DELETE FROM event WHERE seq = 2'
is 'database coffer.db' 'an event that was taken out'
tap_like "$(jq -r '.findings[0].what' "$T/check")" '*1 events missing*' 'how many'
"$O/bin/coffer" --home "$HOME_DIR" admin check >"$T/text"
tap_is "$?,$(wc -l <"$T/text")" 3,1 'the same as text'
"$O/bin/coffer" --home "$T/none" admin check >/dev/null 2>"$T/err"
tap_is $? 1 'a home that is not there is an error, no damage'
tap_done
