#!/bin/sh
# Profiles by the command line, with a mmdebstrap that makes a root out of
# this host's programs: built, checked, put in place, swept, refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'roots are built by root'
tap_plan 28
COFFER_HOME=$T/home
export COFFER_HOME
mkdir -p "$T/bin" "$COFFER_HOME/sandboxes/7" "$COFFER_HOME/profiles/mine"
cat >"$T/bin/mmdebstrap" <<'END'
#!/bin/sh
# --include=... SUITE ROOT [MIRROR]
for a; do case $a in --include=*) list=${a#*=} ;; bookworm | trixie) suite=$a ;; /*) root=$a ;; esac; done
echo "$suite $list" >>"$(dirname "$0")/log"
stat -c %a,%u "$(dirname "$root")" >"$(dirname "$0")/above"
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/share" "$root/bin"
: >"$root/bin/sh"
cp /bin/true "$root/usr/bin/su" && chmod 6755 "$root/usr/bin/su"
mkdir -p "$root/dev" "$root/var/mail" && chmod 2775 "$root/var/mail" && mknod "$root/dev/null" c 1 3
cp /bin/true "$root/usr/bin/ping" && setcap cap_net_raw=p "$root/usr/bin/ping"
case ,$list, in *,broken,*) echo "E: no such package: broken" >&2; exit 1 ;; esac
for p in git byobu; do case ,$list, in *,$p,*) : >"$root/usr/bin/$p" ;; esac; done
case ,$list, in *,openssh-server,*) : >"$root/usr/sbin/sshd" ;; esac
END
chmod +x "$T/bin/mmdebstrap"
FAKE_LOG=$T/bin/log
PATH=$T/bin:$PATH
IMAGES=$COFFER_HOME/images

run profile list
tap_is "$RC" 0 'profile list'
for NAME in python node c cuda; do
	tap_ok "$NAME is shipped" grep -q "^$NAME *shipped" "$T/out"
	tap_ok "with a Dockerfile" test -s "$O/share/coffer/profiles/$NAME/Dockerfile"
done
run profile build nothing
tap_is "$RC" 4 'one that there is not'
run profile build ../etc
tap_is "$RC" 1 'and no path'

printf 'git\nbyobu\nopenssh-server\n' >"$COFFER_HOME/profiles/mine/packages"
run profile build mine
tap_is "$RC" 0 'one of the home is built'
FIRST=$(readlink "$IMAGES/mine")
tap_ok 'and in place' test -x "$IMAGES/$FIRST/usr" -a -e "$IMAGES/mine/usr/bin/git"
tap_is "$(cat "$T/bin/above"),$(stat -c %a "$IMAGES/$FIRST")" 700,0,755 'while it was made, by root alone'
# A user of the host could run what is in it.
tap_is "$(stat -c %a "$IMAGES/mine/usr/bin/su")" 755 'without setuid and setgid'
tap_is "$(stat -c %a "$IMAGES/mine/var/mail")" 2775 'folders as they are'
tap_not 'without devices' test -e "$IMAGES/mine/dev/null"
if command -v setcap >/dev/null; then
	tap_is "$(getcap "$IMAGES/mine/usr/bin/ping")" '' 'nor capabilities of files'
else
	tap_skip 'nor capabilities of files' 'no setcap'
fi
run profile build mine
tap_is "$RC,$(wc -l <"$FAKE_LOG")" 0,1 'it is not built again'
sleep 1
run profile build mine --force
SECOND=$(readlink "$IMAGES/mine")
tap_is "$RC,$([ "$FIRST" != "$SECOND" ] && echo new)" 0,new 'but with --force'
tap_not 'the version before is gone' test -e "$IMAGES/$FIRST"

# A version that a sandbox has is kept.
echo "{\"root\":\"$IMAGES/$SECOND\"}" >"$COFFER_HOME/sandboxes/7/state.json"
sleep 1
run profile build mine --force
THIRD=$(readlink "$IMAGES/mine")
tap_ok 'one that a sandbox has stays' test -d "$IMAGES/$SECOND"

# What fails leaves what was there.
echo broken >>"$COFFER_HOME/profiles/mine/packages"
run profile build mine
tap_is "$RC,$(readlink "$IMAGES/mine")" "1,$THIRD" 'a build that fails changes nothing'
tap_ok 'it says why' err_has 'no such package: broken'
printf 'git\nbyobu\n' >"$COFFER_HOME/profiles/mine/packages"
run profile build mine
tap_is "$RC,$(readlink "$IMAGES/mine")" "1,$THIRD" 'nor does one that breaks the contract'
tap_ok 'it says what is missing' err_has 'usr/sbin/sshd'
tap_is "$(find "$IMAGES" -name '*half*' | wc -l)" 0 'no half is left'
printf 'git\n--hook=x\n' >"$COFFER_HOME/profiles/mine/packages"
run profile build mine
tap_is "$RC,$(err_has 'line 2' && echo told)" 1,told 'a line that is no package is refused'
tap_done
