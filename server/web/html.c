#include "server/web/html.h"

#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"

#define HTML_NO_CHAR "\xef\xbf\xbd" /* U+FFFD */

void
html_init(struct html *h)
{
	*h = (struct html){ .out = STR_INIT_MAX(HTML_MAX) };
	str_add(&h->out, "<!DOCTYPE html>\n");
}

void
html_release(struct html *h)
{
	str_release(&h->out);
}

bool
html_ok(const struct html *h)
{
	return str_ok(&h->out) && h->depth == 0 && !h->in_tag;
}

struct html_try
html_try_begin(struct html *h, size_t room)
{
	const struct html_try try = { .len = h->out.len,
		.max = h->out.max,
		.depth = h->depth,
		.in_tag = h->in_tag,
		.full = h->out.full };

	if (room < h->out.max - h->out.len)
		h->out.max = h->out.len + room;
	return try;
}

bool
html_try_end(struct html *h, const struct html_try *try)
{
	h->out.max = try->max;
	if (str_ok(&h->out))
		return true;
	str_cut(&h->out, try->len);
	h->out.full = try->full;
	h->depth = try->depth;
	h->in_tag = try->in_tag;
	return false;
}

static void
html_close_tag(struct html *h)
{
	if (h->in_tag)
		str_addc(&h->out, '>');
	h->in_tag = false;
}

void
html_void_put(struct html *h, const char *name)
{
	html_close_tag(h);
	str_addc(&h->out, '<');
	str_add(&h->out, name);
	h->in_tag = true;
}

void
html_tag_put(struct html *h, const char *name)
{
	if (h->depth == HTML_DEPTH)
		die("html: elements are %d deep", HTML_DEPTH);
	html_void_put(h, name);
	h->open[h->depth++] = name;
}

void
html_end(struct html *h)
{
	if (h->depth == 0)
		die("html: no element is open");
	html_close_tag(h);
	str_add(&h->out, "</");
	str_add(&h->out, h->open[--h->depth]);
	str_addc(&h->out, '>');
}

/* Characters that HTML has no use for are not handed on. */
static void
html_esc(struct html *h, struct view v)
{
	size_t from = 0, i = 0;

	while (i < v.len) {
		const unsigned char c = (unsigned char)v.p[i];
		uint32_t cp = 0;
		size_t n;

		if ((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t') {
			i++;
			continue;
		}
		n = utf8_decode(view_from(v, i), &cp);
		if (n > 0 && cp >= 0xa0) {
			i += n;
			continue;
		}
		esc_html(&h->out, (struct view){ v.p + from, i - from });
		str_add(&h->out, HTML_NO_CHAR);
		i += n > 0 ? n : 1;
		from = i;
	}
	esc_html(&h->out, view_from(v, from));
}

static void
html_attr_begin(struct html *h, const char *name)
{
	if (!h->in_tag)
		die("html: %s is outside of a tag", name);
	str_addc(&h->out, ' ');
	str_add(&h->out, name);
}

/* Attributes that a browser follows. */
static bool
html_is_address(const char *name)
{
	static const char *const names[] = { "href", "src", "action",
		"formaction", "data-url" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A path, a query or a place on the page. */
static bool
html_is_here(const char *value)
{
	return (value[0] == '/' && value[1] != '/' && value[1] != '\\') ||
	    value[0] == '?' || value[0] == '#';
}

void
html_attr_put(struct html *h, const char *name, const char *value)
{
	if (strncmp(name, "on", 2) == 0 || strcmp(name, "style") == 0)
		die("html: %s is not written here", name);
	if (html_is_address(name) && !html_is_here(value))
		value = "/";
	html_attr_begin(h, name);
	str_add(&h->out, "=\"");
	html_esc(h, view_of(value));
	str_addc(&h->out, '"');
}

void
html_flag_put(struct html *h, const char *name)
{
	html_attr_begin(h, name);
}

/* One placeholder at *fmt, which is moved past it. */
static void
html_url_value(struct str *out, const char **fmt, va_list *ap)
{
	if (strncmp(*fmt, "%s", 2) == 0) {
		esc_url(out, view_of(va_arg(*ap, const char *)));
		*fmt += 2;
	} else if (strncmp(*fmt, "%ld", 3) == 0) {
		str_addf(out, "%ld", va_arg(*ap, long));
		*fmt += 3;
	} else if (strncmp(*fmt, "%u", 2) == 0) {
		str_addf(out, "%u", va_arg(*ap, unsigned));
		*fmt += 2;
	} else {
		die("html: %s is no placeholder", *fmt);
	}
}

void
html_url_put(struct html *h, const char *name, const char *fmt, ...)
{
	AUTO_STR struct str url = STR_INIT_MAX(8192);
	va_list ap;

	if ((fmt[0] != '/' && fmt[0] != '?') || fmt[1] == '/')
		die("html: %s is no path", fmt);
	va_start(ap, fmt);
	while (*fmt != '\0') {
		if (*fmt == '%')
			html_url_value(&url, &fmt, &ap);
		else
			str_addc(&url, *fmt++);
	}
	va_end(ap);
	html_attr_put(h, name, str_cstr(&url));
}

bool
html_away(struct html *h, struct view url)
{
	static const char *const schemes[] = { "http://", "https://",
		"mailto:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);

		if (url.len <= n || strncasecmp(url.p, schemes[i], n) != 0)
			continue;
		html_attr_begin(h, "href");
		str_add(&h->out, "=\"");
		html_esc(h, url);
		str_add(&h->out, "\" rel=\"nofollow noopener noreferrer\"");
		return true;
	}
	return false;
}

void
html_class_put(struct html *h, const char *name, const char *cls)
{
	html_tag_put(h, name);
	if (cls[0] != '\0')
		html_attr_put(h, "class", cls);
}

void
html_leaf_put(
    struct html *h, const char *name, const char *cls, const char *text)
{
	html_class_put(h, name, cls);
	html_text(h, text);
	html_end(h);
}

void
html_leaff_put(
    struct html *h, const char *name, const char *cls, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	html_leaf_put(h, name, cls, str_cstr(&text));
}

void
html_textv(struct html *h, struct view text)
{
	html_close_tag(h);
	html_esc(h, text);
}

void
html_text(struct html *h, const char *text)
{
	html_textv(h, view_of(text));
}

void
html_textf(struct html *h, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	html_text(h, str_cstr(&text));
}

void
html_shown(struct html *h, const char *text)
{
	AUTO_STR struct str shown = STR_INIT;

	esc_term(&shown, view_of(text));
	html_text(h, str_cstr(&shown));
}

void
html_code(struct html *h, struct view text)
{
	AUTO_STR struct str shown = STR_INIT;
	size_t from = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] != '\t' && text.p[i] != '\n')
			continue;
		esc_term(&shown, (struct view){ text.p + from, i - from });
		str_addc(&shown, text.p[i]);
		from = i + 1;
	}
	esc_term(&shown, (struct view){ text.p + from, text.len - from });
	html_textv(h, str_view(&shown));
}
