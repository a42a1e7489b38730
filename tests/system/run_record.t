#!/bin/bash
# The record of a run: whole, masked, a chain of hashes under a signature, on
# the comment, at cofferd, and there after a kill at any step.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

attack_start alpha
KEY=ghp_abcdefghijklmnopqrstuvwxyz0123456789
agent_does <<A
echo "token \$(sed -n 's/.*Bearer //p' /etc/gitconfig)"
echo "key $KEY"
echo "at work" >&2
case \$COFFER_ACCESS in
write)	printf 'one\\ntwo\\n' >new.txt; printf '\\000\\001\\002' >bin.dat
	git rm -q README.md 2>/dev/null; git add -A; git commit -qm 'New'; echo left >left.txt ;;
scratch) echo scrap >scrap.txt ;;
esac
echo "<script>alert(1)</script> $KEY" >"\$COFFER_OUT"
A
dir() { echo "$HOME_DIR/runs/$RID/record"; }
run_is_clean() { [ ! -e "$HOME_DIR/runs/$RID/token" ]; }
ended() { attack_end; wait_for 20 run_is_clean; }
# whole: every file is what the manifest says, and the chain holds
whole() {
	(
		cd "$(dir)" || exit 1
		jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sha256sum -c --quiet || exit 1
		perl -MDigest::SHA=sha256_hex -ne 'BEGIN { $p = "0" x 64 }
		    chomp; /"prev":"\Q$p\E"\}$/ or die "line $.\n"; $p = sha256_hex($_); END { print "$p\n" }' \
		    events.jsonl >"$T/head" || exit 1
		[ "$(cat "$T/head")" = "$(jq -r .events.head manifest.json)" ] &&
		    [ "$(jq -r .manifest manifest.sig)" = "$(sha256sum <manifest.json | cut -d ' ' -f 1)" ]
	)
}

attack_order alpha '/fix it'
TOK=
[ ! -r "$HOME_DIR/runs/$RID/token" ] || TOK=$(cat "$HOME_DIR/runs/$RID/token")
ended
tap_is "$(attack_state)" done 'a write run'
tap_ok 'its record is whole' whole
tap_done
