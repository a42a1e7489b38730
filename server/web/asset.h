/* asset: the style, the script and the picture of the pages, which are in the
 * program.  Their address has a hash of their bytes, so they are kept. */
#ifndef SERVER_WEB_ASSET_H
#define SERVER_WEB_ASSET_H

#include "server/web/html.h"

enum asset {
	ASSET_STYLE,
	ASSET_SCRIPT,
	ASSET_ICON
};

#define ASSET_URL(h, name, which) asset_url_put((h), "" name "", (which))
void asset_url_put(struct html *h, const char *name, enum asset which);

#endif
