#!/bin/sh
# coffer fetch propose: the user's own git push and gh, after a yes; and
# fetch diff and review, which apply nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"
. "$(dirname "$0")/fetch_lib.sh"

fetch_world
fix_branch
before=$(state)
fetch diff agent/fix
tap_is "$RC $(state)" "0 $before" 'fetch diff applies nothing'
tap_ok 'it shows what an apply would change' out_has '^+hello world'
fetch diff agent/fix --stat
tap_ok '--stat the files alone' out_has 'hello.txt *|'
printf '#!/bin/sh\ncat "$1" "$2" >>"%s/tool"\n' "$T" >"$T/tool.sh"
chmod +x "$T/tool.sh"
git config -f "$GIT_CONFIG_GLOBAL" difftool.mine.cmd "$T/tool.sh \"\$LOCAL\" \"\$REMOTE\""
git config -f "$GIT_CONFIG_GLOBAL" diff.tool mine
fetch review agent/fix
tap_is "$RC $(state)" "0 $before" 'fetch review applies nothing'
tap_ok 'it is the user'"'"'s own difftool, on both sides' grep -q '^hello world' "$T/tool"
fetch diff none/such
tap_is "$RC" 4 'a branch that is not there: 4'

UP=$T/up.git
git init -q --bare "$UP"
git -C "$CLONE" remote add origin "$UP"
fetch agent/fix --yes --apply branch
fetch propose agent/fix
tap_is "$RC" 3 'without a terminal and without --yes nothing is pushed'
tap_ok 'what would be is said' out_has "git push origin agent/fix  ($UP)"
tap_is "$(git -C "$UP" for-each-ref | wc -l)" 0 'nothing was'
fetch propose agent/fix --dry-run
tap_is "$RC $(git -C "$UP" for-each-ref | wc -l)" '0 0' '--dry-run pushes nothing'
fetch propose none --yes
tap_is "$RC" 4 'a branch that the clone has not: 4'
fetch propose agent/fix --yes --remote nowhere
tap_is "$RC" 4 'a remote that it has not: 4'
fetch propose agent/fix --yes
tap_is "$RC $(git -C "$UP" for-each-ref --format='%(refname) %(objectname)')" \
    "0 refs/heads/agent/fix $HEAD_SHA" 'with --yes exactly this branch is pushed'
tap_ok 'and it says where to go on' out_has 'open the request where'

# GitHub: gh opens it.
mkdir "$T/bin"
cat >"$T/bin/gh" <<SH
#!/bin/sh
printf '%s\n' "\$*" >>"$T/gh"
SH
chmod +x "$T/bin/gh"
OLD=$PATH
git -C "$CLONE" remote set-url origin git@github.com:acme/calc.git
git -C "$CLONE" config core.sshCommand "$T/bin/ssh"
cat >"$T/bin/ssh" <<SH
#!/bin/sh
for last; do :; done
exec git-receive-pack "$UP"
SH
chmod +x "$T/bin/ssh"
PATH=$T/bin:$PATH
export PATH
fetch propose agent/fix --yes --base main
tap_is "$RC $(cat "$T/gh")" '0 pr create --head agent/fix --base main --fill' \
    'gh opens the pull request, with the commits as its text'
fetch propose agent/fix --yes --title 'A title' --body 'A body'
tap_is "$RC $(tail -n 1 "$T/gh")" \
    '0 pr create --head agent/fix --title A title --body A body' 'or with a title'
PATH=$OLD
fetch propose agent/fix --yes --base main
tap_is "$RC $(sed -n '$p' "$T/out")" \
    '0 open it: https://github.com/acme/calc/compare/main...agent/fix?expand=1' \
    'without gh the address to open is told'
git -C "$CLONE" remote set-url origin ssh://git@gitlab.example.org:22/g/sub/calc.git
fetch propose agent/fix --yes
tap_ok 'also that of GitLab' out_has \
    'https://gitlab.example.org/g/sub/calc/-/merge_requests/new?merge_request%5Bsource_branch%5D=agent/fix'
git -C "$CLONE" branch 'fix#12%41&x'
git -C "$CLONE" remote set-url origin git@git.example.org:o/gitlab-tools.git
fetch propose 'fix#12%41&x' --yes --base main
tap_ok 'a name is written as an address wants it, and the owner decides nothing' out_has \
    'https://git.example.org/o/gitlab-tools/compare/main\.\.\.fix%2312%2541%26x?expand=1'
git -C "$CLONE" branch -q -D 'fix#12%41&x'
git -C "$UP" update-ref -d 'refs/heads/fix#12%41&x'
git -C "$CLONE" remote set-url origin https://me:pa@ss@git.example.org/a/b.git
fetch propose agent/fix --dry-run
tap_ok 'a URL is shown' out_has '(https://git.example.org/a/b.git)'
fetch propose agent/fix --yes --remote https://me:pa@ss@git.example.org/a/b.git
tap_ok 'also where it is no remote' err_has 'no remote https://git.example.org/a/b.git'
tap_not 'without the password in it' grep -q 'me:\|ss@' "$T/out" "$T/err"
git -C "$CLONE" remote set-url origin ssh://git@gitlab.example.org:22/g/sub/calc.git
fetch propose --yes
tap_is "$(git -C "$UP" for-each-ref --format='%(refname)' | sort | tail -n 1)" \
    refs/heads/main 'without a name it is the branch that one is on'
git -C "$CLONE" remote remove origin
fetch undo
tap_is "$RC $(state)" "0 $before" 'undo takes the branch back, here alone'
tap_done
