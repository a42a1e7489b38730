#!/bin/sh
# Care on its own schedule: the daily check finds a flipped byte; a disk that is
# too full for a repack, or becomes full in the middle, costs nothing but it.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'a small file system needs root'
mkdir "$T/small"
mount -t tmpfs -o size=48m,mode=711 none "$T/small" 2>/dev/null ||
    tap_skip_all 'no mount here'
full_on_exit() {
	full_status=$?
	trap - EXIT
	stop_all
	[ -z "${PACKS:-}" ] || umount "$PACKS"
	umount "$T/small"
	(exit "$full_status")
	lib_on_exit
}
trap full_on_exit EXIT
coffer_home small/home
sed -i 's/^\[server\]/[server]\ncare_quiet = 300ms\ncare_check = 2s/' "$HOME_DIR/coffer.conf"
start_cofferd
make_project
R=$HOME_DIR/repos/$PROJECT_ID.git
P=/api/coffer/v1/projects/$PROJECT
care() { api POST "$P/maintain?wait=60" "{${1:+\"step\":\"$1\"}}"; }
health() { api GET "$P"; [ "$(field .repository.health)" = "$1" ]; }
events() { api GET '/api/coffer/v1/events?after=0&limit=100'; field "[.events[] | select(.kind==\"$1\")] | length"; }
whole() { git --git-dir="$R" fsck --full --no-dangling; }
leftovers() { find "$R/objects" \( -name 'tmp_*' -o -name '.tmp-*' \) | grep . ; }

tap_ok 'the check comes by itself' wait_for 20 health ok
# 12 MB that do not shrink.
(
	cd "$WORK" || exit 1
	git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" main && git checkout -q --detach FETCH_HEAD
	for i in 1 2 3; do
		head -c 4000000 /dev/urandom >"big$i" && git add "big$i" && git commit -q -m "big $i" &&
		    git_as "$ADMIN" push -q "$URL/$PROJECT.git" HEAD:refs/heads/agent/big
	done
) 2>"$T/push.err"
care repack
tap_is "$(field .repository.packs),$(field .error)" 1,null 'with room a repack is done'

# Too little room: said, and nothing begun.
dd if=/dev/zero of="$T/small/fill" bs=1M count=26 2>/dev/null
care repack
tap_like "$(field .error)" '*too full*' 'a repack without room is refused'
tap_like "$(field .repository.problem)" '*needs * MiB of room*' 'and says how much it needs'
tap_is "$(events repository.failed)" 1 'there is an event'
care repack
tap_is "$(events repository.failed)" 1 'one, not one for each try'
tap_ok 'the repository is whole' whole

# The disk fills up in the middle: the packs have one of their own, with room for the first 4 MB of the new one, and the
# look before sees the other.
rm "$T/small/fill"
stop_cofferd
PACKS=$R/objects/pack
mkdir "$T/packs"
mv "$PACKS"/* "$T/packs"
mount -t tmpfs -o "size=$(($(du -sk "$T/packs" | cut -f1) + 4096))k,mode=$(stat -c %a "$PACKS"),uid=$(stat -c %u "$PACKS"),gid=$(stat -c %g "$PACKS")" none "$PACKS"
cp -a "$T/packs"/* "$PACKS"
start_cofferd
care repack
tap_like "$(field .error)" '*the disk is full*' 'a disk that fills up in the middle is said'
tap_like "$(field .repository.problem)" '*the disk is full*' 'the project says so, too'
tap_not 'nothing half done is left' leftovers
tap_is "$(cd "$PACKS" && sha256sum -- *.pack)" "$(cd "$T/packs" && sha256sum -- *.pack)" 'what was there is'
tap_ok 'the repository is whole again' whole
mount -o remount,size=48m "$PACKS"
care repack
tap_is "$(field .error),$(field .repository.problem)" null,null 'with room it is done'

# A bit changes on the disk while nobody looks.
PACK=$(find "$R/objects/pack" -name 'pack-*.pack' | head -n 1)
chmod u+w "$PACK"
BYTE=$(dd if="$PACK" bs=1 skip=5000000 count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
# shellcheck disable=SC2059
printf "\\$(printf %o $(((BYTE + 1) % 256)))" | dd of="$PACK" bs=1 seek=5000000 conv=notrunc 2>/dev/null
tap_ok 'the next check finds it' wait_for 20 health corrupt
tap_is "$(events repository.corrupt)" 1 'with one event'
tap_like "$(COFFER_TOKEN=$ADMIN "$O/bin/coffer" --url "$URL" status)" '*corrupt*' 'coffer status says it'
sleep 3
tap_is "$(events repository.corrupt)" 1 'and it stays one'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
