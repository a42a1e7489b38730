/*
 * coffer-packs git pack-objects ...: what `git upload-pack` runs in place of
 * git pack-objects.  Equal requests are answered from one computation, kept in
 * the folder that COFFER_PACKS names; whatever hinders that ends in git itself.
 *
 * coffer-packs --sweep PACKS REPOS MAX AGE: see sweep.h.
 */
#include <stdio.h>
#include <string.h>

#include "packs/serve.h"
#include "packs/sweep.h"

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "--sweep") == 0)
		return sweep_main(argv[2], argv[3], argv[4], argv[5]);
	if (argc < 3 || strcmp(argv[1], "git") != 0) {
		(void)fprintf(stderr,
		    "usage: coffer-packs git pack-objects ... (internal)\n");
		return 2;
	}
	return serve_main(argv);
}
