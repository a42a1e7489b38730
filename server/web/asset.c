#include "server/web/asset.h"

#include <inttypes.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/web/gzip.h"
#include "server/web/web.h"

/* The files as they are; the Makefile knows that this object has them. */
#define ASSET_FILE(name, path)                                      \
	__asm__(".pushsection .rodata\n"                            \
		".global asset_" name "\nasset_" name ":\n"         \
		".incbin \"server/web/" path "\"\n"                 \
		".global asset_" name "_end\nasset_" name "_end:\n" \
		".byte 0\n.popsection\n")
ASSET_FILE("style", "style.css");
ASSET_FILE("script", "app.js");
ASSET_FILE("icon", "icon.svg");
extern const char asset_style[], asset_style_end[];
extern const char asset_script[], asset_script_end[];
extern const char asset_icon[], asset_icon_end[];

#define ASSET_STYLE_PATH "/-/style.css"
#define ASSET_SCRIPT_PATH "/-/app.js"
#define ASSET_ICON_PATH "/-/icon.svg"

static struct asset_row {
	const char *path;
	const char *type;
	const char *from, *to;
	uint64_t sum;      /* 0: nobody asked yet */
	struct str packed; /* empty: the same */
} asset_rows[] = {
	[ASSET_STYLE] = { ASSET_STYLE_PATH, "text/css;charset=utf-8",
	    asset_style, asset_style_end },
	[ASSET_SCRIPT] = { ASSET_SCRIPT_PATH, "text/javascript;charset=utf-8",
	    asset_script, asset_script_end },
	[ASSET_ICON] = { ASSET_ICON_PATH, "image/svg+xml", asset_icon,
	    asset_icon_end },
};

/* FNV-1a, 64 bits: it tells versions apart, nothing else. */
static uint64_t
asset_hash(struct asset_row *r)
{
	uint64_t n = UINT64_C(0xcbf29ce484222325);

	if (r->sum != 0)
		return r->sum;
	for (const char *p = r->from; p < r->to; p++)
		n = (n ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	r->sum = n;
	return n;
}

void
asset_url_put(struct html *h, const char *name, enum asset which)
{
	struct asset_row *r = &asset_rows[which];
	AUTO_STR struct str url = STR_INIT;

	str_addf(&url, "%s?v=%016" PRIx64, r->path, asset_hash(r));
	html_attr_put(h, name, str_cstr(&url));
}

static void
asset_reply(struct call *c, enum asset which)
{
	struct asset_row *r = &asset_rows[which];
	struct view body = { r->from, (size_t)(r->to - r->from) };

	web_headers(call_request(c));
	call_header(c, "Cache-Control", "public, max-age=31536000, immutable");
	call_header(c, "Vary", "Accept-Encoding");
	if (gzip_taken(call_request(c))) {
		if (r->packed.len == 0)
			gzip_put(body, GZIP_SMALL, 0, &r->packed);
		if (r->packed.len > 0) {
			body = str_view(&r->packed);
			call_header(c, "Content-Encoding", "gzip");
		}
	}
	call_reply_text(c, 200, r->type, body);
}

static void
asset_style_get(struct call *c)
{
	asset_reply(c, ASSET_STYLE);
}

static void
asset_script_get(struct call *c)
{
	asset_reply(c, ASSET_SCRIPT);
}

static void
asset_icon_get(struct call *c)
{
	asset_reply(c, ASSET_ICON);
}

const struct route web_asset_routes[] = {
	{ "GET", ASSET_STYLE_PATH, ROUTE_PAGE_ANON, asset_style_get },
	{ "GET", ASSET_SCRIPT_PATH, ROUTE_PAGE_ANON, asset_script_get },
	{ "GET", ASSET_ICON_PATH, ROUTE_PAGE_ANON, asset_icon_get },
	{ .method = NULL },
};
