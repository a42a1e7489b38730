#include "server/http/multipart.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

enum {
	MULTIPART_MARK_MAX = MULTIPART_BOUNDARY_MAX + 4,
	MULTIPART_PREAMBLE_MAX = 4096
};

enum multipart_state {
	MULTIPART_PREAMBLE,
	MULTIPART_LINE, /* what follows a boundary on its line */
	MULTIPART_HEADERS,
	MULTIPART_DATA,
	MULTIPART_EPILOGUE
};

struct multipart {
	const struct multipart_calls *calls;
	void *arg;
	enum multipart_state state;
	char mark[MULTIPART_MARK_MAX + 1]; /* CR LF - - boundary */
	size_t mark_len;
	size_t matched; /* of the mark, at the end of what was fed */
	size_t skipped; /* of the preamble */
	unsigned parts;
	struct str line; /* MULTIPART_LINE and MULTIPART_HEADERS */
};

/*
 * A parameter of a header value: ;key=token or ;key="text", in which \" and \\
 * are the bytes after the backslash.  *rest is what follows the value's first
 * word; false at the end.
 */
static bool
multipart_param(struct view *rest, struct view *key, struct str *value)
{
	size_t i = 0, start;

	*key = (struct view){ .p = NULL };
	if (rest->len == 0)
		return false;
	while (i < rest->len &&
	    (rest->p[i] == ';' || rest->p[i] == ' ' || rest->p[i] == '\t'))
		i++;
	start = i;
	while (i < rest->len && rest->p[i] != '=' && rest->p[i] != ';')
		i++;
	*key = view_trim((struct view){ rest->p + start, i - start });
	str_reset(value);
	if (key->len == 0)
		return false;
	if (i < rest->len && rest->p[i] == '=')
		i++;
	if (i < rest->len && rest->p[i] == '"') {
		for (i++; i < rest->len && rest->p[i] != '"'; i++) {
			if (rest->p[i] == '\\' && i + 1 < rest->len &&
			    (rest->p[i + 1] == '"' || rest->p[i + 1] == '\\'))
				i++;
			str_addc(value, rest->p[i]);
		}
		i += i < rest->len;
	} else {
		while (i < rest->len && rest->p[i] != ';')
			str_addc(value, rest->p[i++]);
	}
	*rest = view_from(*rest, i);
	return true;
}

static bool
multipart_key_is(struct view key, const char *s)
{
	return key.len == strlen(s) && strncasecmp(key.p, s, key.len) == 0;
}

/* RFC 2046: what a boundary may have in it. */
static bool
multipart_boundary_ok(struct view b)
{
	static const char others[] = "'()+_,-./:=? ";

	if (b.len == 0 || b.len > MULTIPART_BOUNDARY_MAX ||
	    b.p[b.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < b.len; i++) {
		char c = b.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= 'a' && c <= 'z') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return true;
}

struct multipart *
multipart_new(const char *content_type, const struct multipart_calls *calls,
    void *arg, struct err *e)
{
	AUTO_STR struct str value = STR_INIT_MAX(MULTIPART_HEADERS_MAX);
	struct view rest = view_of(content_type), first, key;
	struct view boundary = { .len = 0 };
	struct multipart *m;

	if (content_type == NULL || !view_split(&rest, ';', &first) ||
	    !multipart_key_is(view_trim(first), "multipart/form-data")) {
		(void)err_set(
		    e, ERR_INVALID, "Content-Type: want multipart/form-data");
		return NULL;
	}
	while (boundary.len == 0 && multipart_param(&rest, &key, &value))
		if (multipart_key_is(key, "boundary"))
			boundary = str_view(&value);
	if (!multipart_boundary_ok(boundary)) {
		(void)err_set(e, ERR_INVALID, "Content-Type: want a boundary");
		return NULL;
	}
	m = xcalloc(1, sizeof(*m));
	m->calls = calls;
	m->arg = arg;
	memcpy(m->mark, "\r\n--", 4);
	memcpy(m->mark + 4, boundary.p, boundary.len);
	m->mark_len = boundary.len + 4;
	m->matched = 2; /* the first boundary may begin the body */
	m->line = STR_INIT_MAX(MULTIPART_HEADERS_MAX);
	return m;
}

void
multipart_free(struct multipart *m)
{
	if (m == NULL)
		return;
	str_release(&m->line);
	free(m);
}

static int
multipart_bad(struct err *e, const char *why)
{
	return err_set(
	    e, ERR_INVALID, "body: not multipart/form-data: %s", why);
}

/* The last component, without control characters, as valid UTF-8. */
static void
multipart_filename(struct view v, char *out)
{
	size_t n = 0, start = 0;
	struct view cut;

	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == '/' || v.p[i] == '\\')
			start = i + 1;
	v = view_from(v, start);
	cut = utf8_valid(v) ? utf8_cut(v, MULTIPART_NAME_MAX)
			    : (struct view){ .len = 0 };
	for (size_t i = 0; i < cut.len; i++) {
		unsigned char c = (unsigned char)cut.p[i];

		if (c >= ' ' && c != 0x7f)
			out[n++] = (char)c;
	}
	out[n] = '\0';
	if (strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
		out[0] = '\0';
}

/* filename*=UTF-8''percent-encoded (RFC 5987), which some clients send. */
static void
multipart_filename_star(struct view v, char *out)
{
	AUTO_STR struct str text = STR_INIT_MAX(MULTIPART_HEADERS_MAX);
	struct err ignored = ERR_INIT;
	struct view charset, lang;

	if (!view_split(&v, '\'', &charset) || !view_split(&v, '\'', &lang) ||
	    !multipart_key_is(charset, "UTF-8"))
		return;
	if (esc_url_decode(v, &text, &ignored) == 0)
		multipart_filename(str_view(&text), out);
}

static void
multipart_disposition(struct view value, struct multipart_part *p)
{
	AUTO_STR struct str text = STR_INIT_MAX(MULTIPART_HEADERS_MAX);
	struct view first, key;
	bool starred = false;

	if (!view_split(&value, ';', &first) ||
	    !multipart_key_is(view_trim(first), "form-data"))
		return;
	while (multipart_param(&value, &key, &text)) {
		struct view v = str_view(&text);

		if (multipart_key_is(key, "name") &&
		    v.len <= MULTIPART_NAME_MAX && utf8_valid(v) &&
		    memchr(v.p != NULL ? v.p : "", '\0', v.len) == NULL) {
			memcpy(p->name, str_cstr(&text), v.len);
			p->name[v.len] = '\0';
		} else if (multipart_key_is(key, "filename*")) {
			p->is_file = starred = true;
			multipart_filename_star(v, p->filename);
		} else if (multipart_key_is(key, "filename") && !starred) {
			p->is_file = true;
			multipart_filename(v, p->filename);
		}
	}
}

/* The part's headers are all there. */
static int
multipart_begin(struct multipart *m, struct err *e)
{
	struct multipart_part p = { .name = "" };
	struct view rest = str_view(&m->line), line, key;

	if (++m->parts > MULTIPART_PARTS_MAX)
		return multipart_bad(e, "too many parts");
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		line = view_trim(line);
		if (line.len > 0 && view_split(&line, ':', &key) &&
		    line.p != NULL &&
		    multipart_key_is(key, "Content-Disposition"))
			multipart_disposition(view_trim(line), &p);
	}
	if (p.name[0] == '\0')
		return multipart_bad(e, "a part without a name");
	str_reset(&m->line);
	m->state = MULTIPART_DATA;
	m->matched = 0;
	return m->calls->part(m->arg, &p, e);
}

/* One byte of the headers, or of the rest of a boundary's line. */
static int
multipart_line_byte(struct multipart *m, char c, struct err *e)
{
	struct view v;

	str_addc(&m->line, c);
	if (!str_ok(&m->line))
		return multipart_bad(e, "headers too long");
	v = str_view(&m->line);
	if (m->state == MULTIPART_LINE) {
		if (v.len == 2 && view_is(v, "--")) {
			m->state = MULTIPART_EPILOGUE;
		} else if (c == '\n') {
			if (!view_ends(v, "\r\n") || view_trim(v).len > 0)
				return multipart_bad(e, "a torn boundary");
			str_reset(&m->line);
			m->state = MULTIPART_HEADERS;
		} else if (c != '-' && c != ' ' && c != '\t' && c != '\r') {
			return multipart_bad(e, "a torn boundary");
		}
		return 0;
	}
	if (c == '\n' && (view_is(v, "\r\n") || view_ends(v, "\r\n\r\n")))
		return multipart_begin(m, e);
	return 0;
}

static int
multipart_put(struct multipart *m, const char *p, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	if (m->state == MULTIPART_DATA)
		return m->calls->data(m->arg, p, n, e);
	m->skipped += n;
	return m->skipped > MULTIPART_PREAMBLE_MAX
	    ? multipart_bad(e, "no boundary")
	    : 0;
}

/*
 * Bytes up to the next mark.  CR is in the mark at its beginning alone, so a
 * match that breaks off can begin anew only at the byte that broke it.
 * Returns how many bytes it took, or -1.
 */
static long
multipart_scan(struct multipart *m, const char *p, size_t n, struct err *e)
{
	const char *cr;
	size_t i = 0;

	while (i < n) {
		if (m->matched == 0) {
			cr = memchr(p + i, '\r', n - i);
			if (multipart_put(m, p + i,
				cr != NULL ? (size_t)(cr - p) - i : n - i,
				e) == -1)
				return -1;
			if (cr == NULL)
				return (long)n;
			i = (size_t)(cr - p) + 1;
			m->matched = 1;
			continue;
		}
		if (p[i] != m->mark[m->matched]) {
			size_t held = m->matched;

			m->matched = 0;
			if (multipart_put(m, m->mark, held, e) == -1)
				return -1;
			continue;
		}
		i++;
		if (++m->matched < m->mark_len)
			continue;
		m->matched = 0;
		if (m->state == MULTIPART_DATA &&
		    m->calls->end(m->arg, e) == -1)
			return -1;
		m->state = MULTIPART_LINE;
		return (long)i;
	}
	return (long)n;
}

int
multipart_feed(struct multipart *m, const void *p, size_t n, struct err *e)
{
	const char *at = p;

	while (n > 0 && m->state != MULTIPART_EPILOGUE) {
		long took = 1;

		if (m->state == MULTIPART_PREAMBLE ||
		    m->state == MULTIPART_DATA)
			took = multipart_scan(m, at, n, e);
		else if (multipart_line_byte(m, *at, e) == -1)
			took = -1;
		if (took == -1)
			return -1;
		at += took;
		n -= (size_t)took;
	}
	return 0;
}

int
multipart_end(const struct multipart *m, struct err *e)
{
	return m->state == MULTIPART_EPILOGUE
	    ? 0
	    : multipart_bad(e, "it ends in the middle");
}
