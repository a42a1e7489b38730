#!/bin/sh
# The home: made, entered, and its configuration checked.
. "$(dirname "$0")/lib.sh"

coffer_home
SUM=$(cat "$HOME_DIR"/secrets/*.token "$HOME_DIR/instance" | sha256sum)
tap_ok '--init again' "$O/bin/cofferd" --home "$HOME_DIR" --init
tap_is "$(cat "$HOME_DIR"/secrets/*.token "$HOME_DIR/instance" | sha256sum)" "$SUM" 'changes no secret'
tap_is "$(stat -c %a "$HOME_DIR/secrets/admin.token")" 600 'secrets are 0600'
tap_is "$(stat -c %a "$HOME_DIR/db")" 700 'the database is private'
tap_ok 'instance is four hex digits' grep -qxE '[0-9a-f]{4}' "$HOME_DIR/instance"
rmdir "$HOME_DIR/attachments"
start_cofferd
tap_is "$(stat -c '%u %a' "$HOME_DIR/attachments")" "$(stat -c '%u %a' "$HOME_DIR/db")" \
    'a folder that an older home lacks is made at the start'
stop_cofferd
rm "$HOME_DIR/coffer.conf"
tap_ok 'the template' "$O/bin/cofferd" --home "$HOME_DIR" --init
tap_ok 'is a right file' "$O/bin/cofferd" --home "$HOME_DIR" -n
sed -i 's/^#\([a-z_]* = .\)/\1/' "$HOME_DIR/coffer.conf"
tap_ok 'with every default put in too' "$O/bin/cofferd" --home "$HOME_DIR" -n

line()
{
	"$O/bin/cofferd" --home "$HOME_DIR" -n >"$T/n.out" 2>&1
	printf '%s ' $?
	sed "s|.*$HOME_DIR/||" "$T/n.out"
}
bad()
{
	printf '%b' "$1" >"$HOME_DIR/coffer.conf"
	tap_like "$(line)" "$2" "$3"
}
bad '[server]\nlisten = nowhere\n' '2 coffer.conf:2: *listen*' 'a wrong address names its line'
bad '# x\n\n[server]\nlog_level = loud\n' '2 coffer.conf:4: *log_level*' 'a wrong level'
bad '[server]\npublic_url = ftp://x\n' '2 coffer.conf:2: *public_url*' 'a wrong URL'
bad '[server]\nnosuch = 1\n' '2 coffer.conf:2: *nosuch*' 'an unknown key'
bad '[server]\nsync_interval = 60\n' '2 coffer.conf:2: *sync_interval*' 'a duration without a unit'
bad '[server]\ngit_workers = 0\n' '2 coffer.conf:2: *git_workers*' 'a number out of bounds'
bad '[sever]\n' '2 coffer.conf:1: *' 'an unknown section'
bad '[agentd]\nanything = 1\n[server]\nlisten = 127.0.0.1:1\n' '0 *' "another program's section is its own"
printf '[server]\nnosuch = 1\n' >"$HOME_DIR/coffer.conf"
"$O/bin/cofferd" --home "$HOME_DIR" >/dev/null 2>&1
tap_is $? 2 'a wrong file does not start'
echo 'allow_file_upstream = yes' | coffer_conf

tap_like "$("$O/bin/cofferd" --version)" 'cofferd [0-9]*' '--version'
tap_ok '--help' "$O/bin/cofferd" --help
"$O/bin/cofferd" --nosuch 2>/dev/null
tap_is $? 2 'an unknown option'
"$O/bin/cofferd" --home "$T/none" 2>"$T/err"
tap_is $? 1 'no home'
tap_ok 'says what to do' grep -q -- --init "$T/err"
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$T/rooted/db"
	"$O/bin/cofferd" --home "$T/rooted" 2>"$T/err"
	tap_is $? 1 "root's home is refused"
	tap_ok 'with the reason' grep -q 'belongs to root' "$T/err"
	tap_is "$(stat -c %u:%a "$HOME_DIR") $(stat -c %u "$HOME_DIR/db")" '0:711 64101' \
	    "a home is root's, what the server writes is the server's"
	chown 64101 "$HOME_DIR"
	"$O/bin/cofferd" --home "$HOME_DIR" 2>"$T/err"
	tap_is $? 1 'a home whose owner could exchange what root uses is refused'
	"$O/bin/cofferd" --home "$HOME_DIR" --init >"$T/again" 2>&1
	tap_is "$(stat -c %u "$HOME_DIR") $(stat -c %u "$HOME_DIR/db")" '0 64101' 'and put right by --init'
fi
start_cofferd
if [ "$(id -u)" -eq 0 ]; then
	tap_is "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$COFFERD_PID/status")" \
	    '64101 64101 64101 64101' 'started as root it is its owner'
	tap_is "$(awk '/^Groups:/ { print NF }' "/proc/$COFFERD_PID/status")" 1 'without groups'
fi
tap_is "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$COFFERD_PID/status")" 1 'and without new privileges'
"$O/bin/cofferd" --home "$HOME_DIR" --listen 127.0.0.1:0 >"$T/second" 2>&1
tap_is $? 1 'a second cofferd on a home is refused'
api GET /api/v1/user
tap_is "$STATUS" 200 'and the first goes on'
make_project
printf 'header = "Authorization: Bearer %s"\n' "$ADMIN" >"$T/rc"
start "$T/poll.json" curl -sS -K "$T/rc" "$URL/api/coffer/v1/events?after=9999&wait=60"
sleep 0.3
stop_cofferd
tap_is $? 0 'SIGTERM ends it with 0'
tap_is "$(jq -c .events "$T/poll.json")" '[]' 'readers that wait are answered'
tap_done
