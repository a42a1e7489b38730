#include "router/http_head.h"

#include <string.h>

enum {
	HTTP_CHUNK_LINE_MAX = 64,
	HTTP_CHUNK_DIGITS_MAX = 15,
	HTTP_TRAILERS_MAX = 8 << 10,
	HTTP_METHOD_MAX = 32,
	HTTP_DIGITS_MAX = 18
};

/* What is gathered from the lines of a head. */
struct http_read {
	struct http_head *head;
	struct view authority; /* of the target, or empty */
	bool has_host, has_length, has_coding, upgrade, one_one, get;
	bool websocket, h2; /* what an upgrade is to */
};

/* RFC 9110 5.6.2 */
static bool
http_is_token(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
		    (c < '0' || c > '9') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return v.len > 0;
}

/* No control byte; a tab where a value may have one. */
static bool
http_is_text(struct view v, bool tab)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if ((c < 0x20 && !(tab && c == '\t')) || c == 0x7f)
			return false;
	}
	return true;
}

static bool
http_is_word(struct view v, const char *word)
{
	size_t n = strlen(word);

	return v.len == n && strncasecmp(v.p, word, n) == 0;
}

/* host or host:port; a literal in brackets is left for the name's parser. */
static bool
http_read_authority(struct view v, struct view *host)
{
	size_t n = 0, digits = 0;

	while (n < v.len && v.p[n] != ':')
		n++;
	*host = (struct view){ .p = v.p, .len = n };
	if (v.len > 0 && v.p[0] == '[') { /* never a name */
		*host = v;
		return true;
	}
	for (size_t i = n + 1; i < v.len; i++, digits++) {
		if (v.p[i] < '0' || v.p[i] > '9' || digits == 5)
			return false;
	}
	return true;
}

static enum http_state
http_read_target(struct http_read *r, struct view method, struct view target)
{
	if (view_is(method, "CONNECT"))
		return HTTP_CONNECT;
	if (target.len == 0 || !http_is_text(target, false) ||
	    memchr(target.p, ' ', target.len) != NULL)
		return HTTP_BAD;
	if (target.p[0] == '/' || view_is(target, "*"))
		return HTTP_OK;
	if (target.len > 7 && strncasecmp(target.p, "http://", 7) == 0) {
		struct view rest = view_from(target, 7);
		size_t n = 0;

		while (n < rest.len && strchr("/?#", rest.p[n]) == NULL)
			n++;
		rest.len = n;
		if (n == 0 || memchr(rest.p, '@', n) != NULL)
			return HTTP_BAD;
		r->authority = rest;
		return HTTP_OK;
	}
	return HTTP_BAD;
}

static enum http_state
http_read_line(struct http_read *r, struct view line)
{
	struct view method, target, rest = line;
	const char *space = line.len == 0 ? NULL
					  : memrchr(line.p, ' ', line.len);

	if (!view_split(&rest, ' ', &method) || !http_is_token(method) ||
	    method.len > HTTP_METHOD_MAX || rest.p == NULL || space < rest.p)
		return HTTP_BAD;
	target = (struct view){ .p = rest.p, .len = (size_t)(space - rest.p) };
	rest = view_from(rest, target.len + 1);
	r->one_one = view_is(rest, "HTTP/1.1");
	r->get = view_is(method, "GET");
	if (!r->one_one && !view_is(rest, "HTTP/1.0"))
		return HTTP_BAD;
	return http_read_target(r, method, target);
}

static bool
http_read_host(struct http_read *r, struct view value)
{
	struct http_head *h = r->head;
	struct view host;

	if (r->has_host || !http_read_authority(value, &host) ||
	    host.len > sizeof(h->host))
		return false;
	r->has_host = true;
	memcpy(h->host, host.p, host.len);
	h->host_len = host.len;
	return true;
}

static bool
http_read_length(struct http_read *r, struct view value)
{
	if (r->has_length || value.len == 0 || value.len > HTTP_DIGITS_MAX)
		return false;
	r->has_length = true;
	r->head->body = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		r->head->body = r->head->body * 10 +
		    (uint64_t)(value.p[i] - '0');
	}
	return true;
}

/* One coding that everybody knows, and no length beside it. */
static bool
http_read_coding(struct http_read *r, struct view value)
{
	if (r->has_coding || !http_is_word(value, "chunked"))
		return false;
	r->has_coding = true;
	r->head->chunked = true;
	return true;
}

static bool
http_read_field(struct http_read *r, struct view line)
{
	struct view name, value = line;

	/* A space before the colon, or a line that begins with one, has been
	 * read in different ways. */
	if (!view_split(&value, ':', &name) || value.p == NULL ||
	    name.len == line.len || !http_is_token(name) ||
	    !http_is_text(value, true))
		return false;
	value = view_trim(value);
	if (http_is_word(name, "Host"))
		return http_read_host(r, value);
	if (http_is_word(name, "Content-Length"))
		return http_read_length(r, value);
	if (http_is_word(name, "Transfer-Encoding"))
		return http_read_coding(r, value);
	/* Some servers take '_' for '-': nobody else means these. */
	if (http_is_word(name, "Content_Length") ||
	    http_is_word(name, "Transfer_Encoding"))
		return false;
	if (http_is_word(name, "Upgrade")) {
		/* Once: two could be read as one or the other. */
		r->websocket = !r->upgrade && http_is_word(value, "websocket");
		r->upgrade = true;
	}
	if (http_is_word(name, "HTTP2-Settings"))
		r->upgrade = r->h2 = true;
	return true;
}

/* The next line without its CRLF; a CR or LF alone is no line's end. */
static bool
http_line(struct view *in, struct view *line)
{
	const char *lf = in->len == 0 ? NULL : memchr(in->p, '\n', in->len);
	size_t n;

	if (lf == NULL || lf == in->p || lf[-1] != '\r')
		return false;
	n = (size_t)(lf - in->p);
	*line = (struct view){ .p = in->p, .len = n - 1 };
	*in = view_from(*in, n + 1);
	return memchr(line->p, '\r', line->len) == NULL;
}

/* What no request begins with is known before its end has come. */
static bool
http_may_begin(struct view in)
{
	struct view method = in;
	const char *lf = memchr(in.p, '\n', in.len);
	const char *space;

	if (lf != NULL) {
		struct http_head none;
		struct http_read r = { .head = &none };
		struct view line;

		if (!http_line(&in, &line))
			return false;
		return http_read_line(&r, line) != HTTP_BAD;
	}
	space = memchr(in.p, ' ', in.len);
	if (space != NULL)
		method.len = (size_t)(space - in.p);
	return http_is_token(method) && method.len <= HTTP_METHOD_MAX;
}

/* RFC 6455 4.1; its request has no body. */
static bool
http_is_websocket(const struct http_read *r)
{
	return r->websocket && !r->h2 && r->get && r->one_one &&
	    !r->has_length && !r->has_coding;
}

static enum http_state
http_read_end(const struct http_read *r)
{
	struct http_head *h = r->head;
	struct view host;

	if (r->has_coding && (r->has_length || !r->one_one))
		return HTTP_BAD;
	h->websocket = http_is_websocket(r);
	if (r->upgrade && !h->websocket)
		return HTTP_UPGRADE;
	if (h->host_len == 0)
		return HTTP_NO_HOST;
	if (r->authority.len == 0)
		return HTTP_OK;
	if (!http_read_authority(r->authority, &host) ||
	    host.len != h->host_len ||
	    strncasecmp(host.p, h->host, host.len) != 0)
		return HTTP_ABSOLUTE;
	return HTTP_OK;
}

enum http_state
http_head_read(struct view in, struct http_head *out)
{
	struct http_read r = { .head = out };
	const char *end;
	struct view line;
	enum http_state s;

	*out = (struct http_head){ .len = 0 };
	if (in.len == 0)
		return HTTP_MORE;
	if (in.len > HTTP_HEAD_MAX)
		in.len = HTTP_HEAD_MAX;
	end = memmem(in.p, in.len, "\r\n\r\n", 4);
	if (end == NULL)
		return in.len < HTTP_HEAD_MAX && http_may_begin(in) ? HTTP_MORE
								    : HTTP_BAD;
	in.len = (size_t)(end - in.p) + 4;
	out->len = in.len;
	if (!http_line(&in, &line))
		return HTTP_BAD;
	s = http_read_line(&r, line);
	if (s != HTTP_OK)
		return s;
	while (http_line(&in, &line) && line.len > 0) {
		if (!http_read_field(&r, line))
			return HTTP_BAD;
	}
	if (in.len > 0) /* a line that is none */
		return HTTP_BAD;
	return http_read_end(&r);
}

void
http_flow_begin(struct http_flow *f, const struct http_head *h)
{
	*f = (struct http_flow){ .at = HTTP_AT_HEAD };
	if (h->chunked)
		f->at = HTTP_AT_CHUNK;
	else if (h->body > 0) {
		f->at = HTTP_AT_BODY;
		f->left = h->body;
	}
}

bool
http_is_switched(struct view in)
{
	return view_starts(in, "HTTP/1.1 101 ");
}

/* RFC 9112 7.1; extensions are refused, nobody needs them. */
static bool
http_chunk_size(struct view line, uint64_t *out)
{
	*out = 0;
	if (line.len == 0 || line.len > HTTP_CHUNK_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < line.len; i++) {
		char c = line.p[i];

		if (c >= '0' && c <= '9')
			*out = *out << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*out = *out << 4 | (uint64_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*out = *out << 4 | (uint64_t)(c - 'A' + 10);
		else
			return false;
	}
	return true;
}

/* The bytes of the body that are here. */
static size_t
http_flow_data(struct http_flow *f, size_t n)
{
	if (n > f->left)
		n = (size_t)f->left;
	f->left -= n;
	if (f->left == 0)
		f->at = f->at == HTTP_AT_BODY ? HTTP_AT_HEAD
					      : HTTP_AT_CHUNK_END;
	return n;
}

/* A whole line of the framing. */
static bool
http_flow_line(struct http_flow *f, struct view line)
{
	if (f->at == HTTP_AT_CHUNK) {
		if (!http_chunk_size(line, &f->left))
			return false;
		f->at = f->left > 0 ? HTTP_AT_CHUNK_DATA : HTTP_AT_TRAILER;
		return true;
	}
	if (f->at == HTTP_AT_CHUNK_END) {
		f->at = HTTP_AT_CHUNK;
		return line.len == 0;
	}
	f->trailers += line.len;
	if (line.len == 0)
		f->at = HTTP_AT_HEAD;
	return f->trailers <= HTTP_TRAILERS_MAX && http_is_text(line, true);
}

int
http_flow_pass(struct http_flow *f, struct view in, size_t *n)
{
	size_t all = in.len;

	*n = 0;
	while (in.len > 0 && f->at != HTTP_AT_HEAD) {
		struct view line;
		size_t max = f->at == HTTP_AT_TRAILER
		    ? (size_t)HTTP_TRAILERS_MAX
		    : (size_t)HTTP_CHUNK_LINE_MAX;

		if (f->at == HTTP_AT_BODY || f->at == HTTP_AT_CHUNK_DATA) {
			in = view_from(in, http_flow_data(f, in.len));
		} else if (memchr(in.p, '\n', in.len < max ? in.len : max) ==
		    NULL) {
			if (in.len >= max)
				return -1;
			break;
		} else if (!http_line(&in, &line) || !http_flow_line(f, line)) {
			return -1;
		}
	}
	*n = all - in.len;
	return 0;
}
