/* serve: one request, from an entry or past the cache.  The environment names
 * the project's folder (COFFER_PACKS) and the bytes that one pack may have
 * there (COFFER_PACKS_MAX), half of what all may have. */
#ifndef PACKS_SERVE_H
#define PACKS_SERVE_H

int serve_main(char **argv); /* an exit status, or it becomes git */

#endif
