#include "server/domain/file_rule.h"

#include <string.h>
#include <strings.h>

#include "lib/base/esc.h"
#include "lib/base/utf8.h"

struct file_rule_magic {
	const char *bytes;
	size_t len;
	size_t at;
	const char *type;
};

static const struct file_rule_magic file_rule_magics[] = {
	{ "\x89PNG\r\n\x1a\n", 8, 0, "image/png" },
	{ "\xff\xd8\xff", 3, 0, "image/jpeg" },
	{ "GIF87a", 6, 0, "image/gif" },
	{ "GIF89a", 6, 0, "image/gif" },
	{ "WEBP", 4, 8, "image/webp" },
	{ "%PDF-", 5, 0, "application/pdf" },
	{ "PK\x03\x04", 4, 0, "application/zip" },
	{ "\x1f\x8b", 2, 0, "application/gzip" },
	{ "ftyp", 4, 4, "video/mp4" },
	{ "\x1a\x45\xdf\xa3", 4, 0, "video/webm" },
};

/* A character that the end cuts is no fault. */
static bool
file_rule_is_text(struct view head)
{
	for (size_t i = 0; i < head.len; i++) {
		unsigned char c = (unsigned char)head.p[i];

		if (c < ' ' && c != '\t' && c != '\n' && c != '\r' &&
		    c != '\f' && c != '\x1b')
			return false;
	}
	for (size_t cut = 0; cut < 4 && cut <= head.len; cut++)
		if (utf8_valid((struct view){ head.p, head.len - cut }))
			return true;
	return false;
}

const char *
file_rule_type(struct view head)
{
	if (head.len > FILE_RULE_HEAD)
		head.len = FILE_RULE_HEAD;
	for (size_t i = 0;
	     i < sizeof(file_rule_magics) / sizeof(file_rule_magics[0]); i++) {
		const struct file_rule_magic *m = &file_rule_magics[i];

		if (head.len >= m->at + m->len &&
		    memcmp(head.p + m->at, m->bytes, m->len) == 0)
			return m->type;
	}
	return head.len == 0 || file_rule_is_text(head)
	    ? "text/plain"
	    : "application/octet-stream";
}

bool
file_rule_name(struct view v, char out[FILE_RULE_NAME_MAX + 1])
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == '/' || v.p[i] == '\\')
			start = i + 1;
	v = view_trim(view_from(v, start));
	out[0] = '\0';
	if (!utf8_valid(v))
		return false;
	v = utf8_cut(v, FILE_RULE_NAME_MAX);
	while (v.len > 0) {
		uint32_t c = 0;
		size_t len = utf8_decode(v, &c);

		if (!esc_unseen(c)) {
			memcpy(out + n, v.p, len);
			n += len;
		}
		v = view_from(v, len);
	}
	out[n] = '\0';
	if (strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
		out[0] = '\0';
	return out[0] != '\0';
}

static bool
file_rule_ends(const char *name, struct view suffix)
{
	size_t n = strlen(name);

	return n > suffix.len &&
	    strncasecmp(name + n - suffix.len, suffix.p, suffix.len) == 0;
}

bool
file_rule_taken(const char *types, const char *name, const char *type)
{
	struct view rest = view_of(types), one;
	bool any = true;

	while (rest.len > 0 && view_split(&rest, ',', &one)) {
		one = view_trim(one);
		if (one.len == 0)
			continue;
		any = false;
		if (one.p[0] == '.' ? file_rule_ends(name, one)
				    : view_is(one, "*/*") || view_is(one, type))
			return true;
		if (view_ends(one, "/*") &&
		    strncmp(type, one.p, one.len - 1) == 0)
			return true;
	}
	return any;
}

bool
file_rule_inline(const char *type)
{
	static const char *const shown[] = { "image/png", "image/jpeg",
		"image/gif", "image/webp", "text/plain", "video/mp4",
		"video/webm" };

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (strcmp(shown[i], type) == 0)
			return true;
	return false;
}
