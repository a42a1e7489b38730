#!/bin/sh
# Long work of another program: a line that moves tells of it on a terminal
# and nowhere else, and ^C ends it whole: no program goes on by itself, nothing
# half stays.  The program is one of this test, beside a copy of coffer.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

unset COFFER_TOKEN
COFFER_HOME=$T/home TERM=xterm
export COFFER_HOME TERM
mkdir -p "$T/bin" "$T/home" "$T/out.d" "$T/new"
cp "$O/bin/coffer" "$T/bin/coffer"
# What it is asked to do it does when it is told to: a line in $T/go.
mkfifo "$T/go"
cat >"$T/bin/cofferd" <<FAKE
#!/bin/sh
echo \$\$ >"$T/pid.new" && mv "$T/pid.new" "$T/pid"
case "\$*" in
*restore) head -c 600000 >/dev/null ;;
*) head -c 3145728 /dev/zero ;;
esac
read -r line <"$T/go"
FAKE
chmod +x "$T/bin/cofferd"

gone() { ! kill -0 "$1" 2>/dev/null; }
on_tty() # STEPS... -- ARGUMENTS
{
	rm -f "$T/pid"
	perl "$SYSTEM_DIR/pty.pl" "$T/tty" "$@"
	RC=$?
}

on_tty 'backup  3 MiB' '\x03' -- "$T/bin/coffer" admin backup "$T/out.d/one.tar"
tap_is "$RC" 130 'a backup on a terminal tells how far it is; ^C ends it, exit 130'
tap_ok 'its program has ended' wait_for 10 gone "$(cat "$T/pid")"
tap_is "$(ls "$T/out.d")" '' 'no half of an archive is left'
tap_ok 'it says so' grep -q 'backup: stopped' "$T/tty"

for pair in TERM=143 HUP=129; do
	sig=${pair%=*}
	rm -f "$T/pid"
	"$T/bin/coffer" admin backup "$T/out.d/one.tar" >"$T/out" 2>"$T/err" &
	pid=$!
	wait_for 10 test -s "$T/pid" || tap_bail 'it was not started'
	kill -s "$sig" "$pid"
	wait "$pid"
	tap_is "$?" "${pair#*=}" "$sig ends it, too"
	tap_ok 'and its program' wait_for 10 gone "$(cat "$T/pid")"
	tap_is "$(ls "$T/out.d")" '' 'and leaves nothing'
	tap_is "$(tr -d -c '\r\033' <"$T/err" | wc -c)" 0 'no line moves where no terminal is'
done

head -c 1200000 /dev/zero >"$T/a.tar"
on_tty '\[#####\.\.\.\.\.\] 5[0-9]%' '\x03' -- "$T/bin/coffer" --home "$T/new" admin restore "$T/a.tar"
tap_is "$RC" 130 'a restore shows a bar'
tap_ok 'and its program ends, too' wait_for 10 gone "$(cat "$T/pid")"

for plain in NO_COLOR=1 TERM=dumb; do
	rm -f "$T/pid"
	perl "$SYSTEM_DIR/pty.pl" "$T/tty" -- env "$plain" "$T/bin/coffer" admin backup "$T/out.d/$plain.tar" &
	pid=$!
	wait_for 10 test -s "$T/pid" || tap_bail 'it was not started'
	sleep 1 # longer than a line needs to come
	echo go >"$T/go"
	wait "$pid"
	tap_is "$? $(tr -d -c '\033' <"$T/tty" | wc -c)" '0 0' "$plain: no line moves"
done
tap_done
