#!/bin/sh
# prove_residue.t with a hundred sandboxes.
CYCLES=100 exec "$(dirname "$0")/prove_residue.t"
