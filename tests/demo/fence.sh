#!/bin/sh
# For the agents of the demo, which have say().

# Two things that no agent may do; the demo looks from outside whether they
# were done.  The host's addresses and its listener's port are in demo.env.
try_the_fence() {
	probe=$(git commit-tree -p HEAD -m 'must be refused' 'HEAD^{tree}')
	if git push -q origin "$probe:refs/heads/$COFFER_BASE" 2>/tmp/push; then
		say "PUSH TO $COFFER_BASE WENT THROUGH"
	else
		say "push to $COFFER_BASE refused: $(grep -m1 -i 'refus\|reject\|protect' /tmp/push || head -n1 /tmp/push)"
	fi
	for a in $DEMO_HOST_ADDRESSES; do
		if curl -s -m 5 -o /dev/null "http://$a:$DEMO_PORT/from-sandbox"; then
			say "CONNECTED TO THE HOST AT $a:$DEMO_PORT"
		else
			say "connection to the host at $a:$DEMO_PORT refused"
		fi
	done
}

# Says what a run that may only read finds.
try_the_tree() {
	if (: >try.tmp) 2>/dev/null; then
		rm -f try.tmp
		say "the tree can be written"
	else
		say "the tree is read-only, as it should be"
	fi
}

# The demo looks at the red head first: it takes the file away then.
wait_for_demo() {
	n=0
	while [ -e /opt/coffer/agents/demo.hold ] && [ $n -lt 600 ]; do
		sleep 0.1
		n=$((n + 1))
	done
}
