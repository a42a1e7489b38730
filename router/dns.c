#include "router/dns.h"

#include <string.h>

#include "lib/base/err.h"
#include "router/egress.h"

enum {
	DNS_FLAG_QR = 0x8000,
	DNS_FLAG_TC = 0x0200,
	DNS_FLAG_RD = 0x0100,
	DNS_FLAG_RA = 0x0080,
	DNS_OPCODE = 0x7800,
	DNS_RCODE = 0x000f,
	DNS_LABEL_MAX = 63,
	DNS_POINTERS_MAX = 32,
	DNS_CHAIN_MAX = 16, /* CNAMEs followed */
	DNS_RECORDS_MAX = 256,
	DNS_A_RECORD = 16, /* bytes, with a compressed name */
	DNS_OPT_SIZE = 11,
	DNS_OPTION_HEAD = 4,
	DNS_OPTION_EDE = 15
};

struct dns_reader {
	struct view msg;
	size_t pos;
};

static uint8_t
dns_u8(const struct view *m, size_t at)
{
	return (uint8_t)m->p[at];
}

static uint16_t
dns_u16(const struct view *m, size_t at)
{
	return (uint16_t)(dns_u8(m, at) << 8 | dns_u8(m, at + 1));
}

static uint32_t
dns_u32(const struct view *m, size_t at)
{
	return (uint32_t)dns_u16(m, at) << 16 | dns_u16(m, at + 2);
}

/* Append one label to name; false when it is too long. *clean: so far. */
static bool
dns_add_label(const char *p, size_t n, char *name, size_t *len, bool *clean)
{
	if (*len + (*len > 0) + n > DNS_NAME_MAX)
		return false;
	if (*len > 0)
		name[(*len)++] = '.';
	/* A dot in a label would move its border. */
	if (memchr(p, '.', n) != NULL)
		*clean = false;
	memcpy(name + *len, p, n);
	*len += n;
	return true;
}

/*
 * Read the name at r->pos and move past it.  Pointers must go backwards, which
 * bounds the walk; they are refused when `plain`.  A name that egress.h does
 * not take gives the empty text.
 */
static bool
dns_read_name(struct dns_reader *r, bool plain, char out[DNS_NAME_MAX + 1])
{
	char name[DNS_NAME_MAX + 1];
	struct err e = ERR_INIT;
	size_t at = r->pos, end = 0, len = 0;
	bool clean = true;
	int jumps = 0;

	for (;;) {
		uint8_t n;

		if (at >= r->msg.len)
			return false;
		n = dns_u8(&r->msg, at);
		if ((n & 0xc0) == 0xc0) {
			size_t to;

			if (plain || r->msg.len - at < 2 ||
			    ++jumps > DNS_POINTERS_MAX)
				return false;
			to = dns_u16(&r->msg, at) & 0x3fff;
			if (to >= at || to < DNS_HEADER)
				return false;
			if (end == 0)
				end = at + 2;
			at = to;
			continue;
		}
		if (n > DNS_LABEL_MAX || n >= r->msg.len - at)
			return false;
		at += 1;
		if (n == 0)
			break;
		if (!dns_add_label(r->msg.p + at, n, name, &len, &clean))
			return false;
		at += n;
	}
	out[0] = '\0';
	if (clean && len > 0)
		(void)egress_name_parse((struct view){ name, len }, out, &e);
	r->pos = end != 0 ? end : at;
	return true;
}

/* The additional section of a query: nothing, or one OPT record. */
static bool
dns_read_opt(struct dns_reader *r, uint16_t count, struct dns_query *q)
{
	size_t left = r->msg.len - r->pos, rdlen;

	if (count == 0)
		return true;
	if (count > 1 || left < 11 || dns_u8(&r->msg, r->pos) != 0 ||
	    dns_u16(&r->msg, r->pos + 1) != DNS_TYPE_OPT)
		return false;
	rdlen = dns_u16(&r->msg, r->pos + 9);
	if (rdlen > left - 11)
		return false;
	q->edns = true;
	q->udp_max = dns_u16(&r->msg, r->pos + 3);
	if (q->udp_max < DNS_UDP_MIN)
		q->udp_max = DNS_UDP_MIN;
	if (q->udp_max > DNS_UDP_MAX)
		q->udp_max = DNS_UDP_MAX;
	return true;
}

enum dns_verdict
dns_read_query(struct view msg, struct dns_query *q)
{
	struct dns_reader r = { .msg = msg, .pos = DNS_HEADER };
	uint16_t flags;

	memset(q, 0, sizeof(*q));
	q->udp_max = DNS_UDP_MIN;
	if (msg.len < DNS_HEADER || msg.len > DNS_MESSAGE_MAX)
		return DNS_DROP;
	flags = dns_u16(&msg, 2);
	if ((flags & DNS_FLAG_QR) != 0)
		return DNS_DROP;
	q->id = dns_u16(&msg, 0);
	q->rd = (flags & DNS_FLAG_RD) != 0;
	if ((flags & DNS_OPCODE) != 0)
		return DNS_NOTIMP;
	if ((flags & DNS_FLAG_TC) != 0 || dns_u16(&msg, 4) != 1 ||
	    dns_u16(&msg, 6) != 0 || dns_u16(&msg, 8) != 0)
		return DNS_FORMERR;
	if (!dns_read_name(&r, true, q->name) || msg.len - r.pos < 4 ||
	    r.pos - DNS_HEADER > DNS_WIRE_NAME_MAX)
		return DNS_FORMERR;
	q->type = dns_u16(&msg, r.pos);
	q->class = dns_u16(&msg, r.pos + 2);
	r.pos += 4;
	if (!dns_read_opt(&r, dns_u16(&msg, 10), q))
		return DNS_FORMERR;
	q->question_len = r.pos - DNS_HEADER;
	memcpy(q->question, msg.p + DNS_HEADER, q->question_len);
	return DNS_OK;
}

struct dns_record {
	char owner[DNS_NAME_MAX + 1];
	uint16_t type, class;
	uint32_t ttl;
	size_t data, data_len; /* offset in the message */
};

static bool
dns_read_record(struct dns_reader *r, struct dns_record *rec)
{
	if (!dns_read_name(r, false, rec->owner) || r->msg.len - r->pos < 10)
		return false;
	rec->type = dns_u16(&r->msg, r->pos);
	rec->class = dns_u16(&r->msg, r->pos + 2);
	rec->ttl = dns_u32(&r->msg, r->pos + 4);
	rec->data_len = dns_u16(&r->msg, r->pos + 8);
	rec->data = r->pos + 10;
	if (rec->data_len > r->msg.len - rec->data)
		return false;
	r->pos = rec->data + rec->data_len;
	return true;
}

/*
 * One pass over the answers: collects the addresses of `want`, or finds its
 * alias.  Returns 1 with a new `want`, 0 at the end of the chain, -1 if the
 * message is malformed.
 */
static int
dns_walk_answers(struct view msg, size_t start, uint16_t count,
    char want[DNS_NAME_MAX + 1], struct dns_answer *out)
{
	struct dns_reader r = { .msg = msg, .pos = start };
	struct dns_record rec;
	char alias[DNS_NAME_MAX + 1];
	bool found = false;

	for (uint16_t i = 0; i < count; i++) {
		if (!dns_read_record(&r, &rec))
			return -1;
		if (rec.class != DNS_CLASS_IN || rec.owner[0] == '\0' ||
		    strcmp(rec.owner, want) != 0)
			continue;
		if (rec.type == DNS_TYPE_CNAME && !found) {
			struct dns_reader d = { .msg = msg, .pos = rec.data };

			if (!dns_read_name(&d, false, alias) ||
			    d.pos != rec.data + rec.data_len)
				return -1;
			found = alias[0] != '\0';
		} else if (rec.type == DNS_TYPE_A && rec.data_len == 4) {
			if (out->n_addrs < DNS_ADDRS_MAX)
				out->addrs[out->n_addrs++] = dns_u32(
				    &msg, rec.data);
		} else {
			continue;
		}
		/* RFC 2181, 8: a TTL with the top bit set means zero. */
		if ((rec.ttl & 0x80000000u) != 0)
			rec.ttl = 0;
		if (rec.ttl < out->ttl)
			out->ttl = rec.ttl;
	}
	if (!found || out->n_addrs > 0)
		return 0;
	memcpy(want, alias, sizeof(alias));
	return 1;
}

int
dns_read_answer(struct view msg, uint16_t id, const char *name,
    struct dns_answer *out, struct err *e)
{
	struct dns_reader r = { .msg = msg, .pos = DNS_HEADER };
	char want[DNS_NAME_MAX + 1];
	uint16_t flags, count;
	int more = 1;

	memset(out, 0, sizeof(*out));
	out->ttl = DNS_TTL_MAX;
	if (msg.len < DNS_HEADER || msg.len > DNS_MESSAGE_MAX)
		return err_set(e, ERR_PROTO, "DNS reply of a bad size");
	flags = dns_u16(&msg, 2);
	if (dns_u16(&msg, 0) != id || (flags & DNS_FLAG_QR) == 0 ||
	    (flags & DNS_OPCODE) != 0 || dns_u16(&msg, 4) != 1)
		return err_set(e, ERR_PROTO, "DNS reply to something else");
	if (!dns_read_name(&r, true, want) || msg.len - r.pos < 4 ||
	    strcmp(want, name) != 0 || dns_u16(&msg, r.pos) != DNS_TYPE_A ||
	    dns_u16(&msg, r.pos + 2) != DNS_CLASS_IN)
		return err_set(e, ERR_PROTO, "DNS reply to another question");
	r.pos += 4;
	out->rcode = (uint8_t)(flags & DNS_RCODE);
	out->truncated = (flags & DNS_FLAG_TC) != 0;
	count = dns_u16(&msg, 6);
	if (count > DNS_RECORDS_MAX)
		return err_set(e, ERR_PROTO, "DNS reply with too many records");
	for (int i = 0; more == 1 && i < DNS_CHAIN_MAX; i++)
		more = dns_walk_answers(msg, r.pos, count, want, out);
	if (more == -1 && !out->truncated)
		return err_set(e, ERR_PROTO, "malformed DNS reply");
	if (out->ttl < DNS_TTL_MIN)
		out->ttl = DNS_TTL_MIN;
	return 0;
}

struct dns_writer {
	uint8_t *p;
	size_t len;
};

static void
dns_put_u16(struct dns_writer *w, unsigned v)
{
	w->p[w->len++] = (uint8_t)(v >> 8);
	w->p[w->len++] = (uint8_t)v;
}

static void
dns_put_header(struct dns_writer *w, uint16_t id, unsigned flags,
    size_t questions, size_t answers, size_t more)
{
	dns_put_u16(w, id);
	dns_put_u16(w, flags);
	dns_put_u16(w, (unsigned)questions);
	dns_put_u16(w, (unsigned)answers);
	dns_put_u16(w, 0);
	dns_put_u16(w, (unsigned)more);
}

/* NOLINTBEGIN(readability-non-const-parameter): out is written through w */
size_t
dns_put_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name)
{
	struct dns_writer w = { .p = out };
	struct view rest = view_of(name), label;

	dns_put_header(&w, id, DNS_FLAG_RD, 1, 0, 0);
	while (view_split(&rest, '.', &label)) {
		w.p[w.len++] = (uint8_t)label.len;
		memcpy(w.p + w.len, label.p, label.len);
		w.len += label.len;
	}
	w.p[w.len++] = 0;
	dns_put_u16(&w, DNS_TYPE_A);
	dns_put_u16(&w, DNS_CLASS_IN);
	return w.len;
}

static void
dns_put_a(struct dns_writer *w, uint32_t addr, uint32_t ttl)
{
	dns_put_u16(w, 0xc000 | DNS_HEADER); /* the question's name */
	dns_put_u16(w, DNS_TYPE_A);
	dns_put_u16(w, DNS_CLASS_IN);
	dns_put_u16(w, ttl >> 16);
	dns_put_u16(w, ttl & 0xffff);
	dns_put_u16(w, 4);
	dns_put_u16(w, addr >> 16);
	dns_put_u16(w, addr & 0xffff);
}

/* Length of the option, header included. */
static size_t
dns_why_size(const struct dns_query *q, const struct dns_reply *r)
{
	if (!q->edns || r->why == 0)
		return 0;
	return DNS_OPTION_HEAD + 2 + strnlen(r->why_text, DNS_EDE_TEXT_MAX);
}

static void
dns_put_opt(struct dns_writer *w, const struct dns_reply *r, size_t why)
{
	w->p[w->len++] = 0;
	dns_put_u16(w, DNS_TYPE_OPT);
	dns_put_u16(w, DNS_UDP_MAX);
	dns_put_u16(w, 0);
	dns_put_u16(w, 0);
	dns_put_u16(w, (unsigned)why);
	if (why == 0)
		return;
	dns_put_u16(w, DNS_OPTION_EDE);
	dns_put_u16(w, (unsigned)why - DNS_OPTION_HEAD);
	dns_put_u16(w, r->why);
	memcpy(w->p + w->len, r->why_text, why - DNS_OPTION_HEAD - 2);
	w->len += why - DNS_OPTION_HEAD - 2;
}

size_t
dns_put_reply(uint8_t out[DNS_REPLY_MAX], const struct dns_query *q, bool udp,
    const struct dns_reply *reply)
{
	const struct dns_answer *a = reply->answer;
	struct dns_writer w = { .p = out };
	size_t max = udp ? q->udp_max : DNS_REPLY_MAX;
	size_t why = dns_why_size(q, reply);
	size_t opt = q->edns ? DNS_OPT_SIZE + why : 0;
	size_t n = a != NULL ? a->n_addrs : 0, room;
	unsigned flags = DNS_FLAG_QR | DNS_FLAG_RA | reply->rcode;

	if (max > DNS_REPLY_MAX)
		max = DNS_REPLY_MAX;
	room = (max - DNS_HEADER - q->question_len - opt) / DNS_A_RECORD;
	if (n > room) {
		n = room;
		flags |= DNS_FLAG_TC;
	}
	if (q->rd)
		flags |= DNS_FLAG_RD;
	dns_put_header(&w, q->id, flags, q->question_len > 0, n, opt > 0);
	memcpy(w.p + w.len, q->question, q->question_len);
	w.len += q->question_len;
	for (size_t i = 0; i < n; i++)
		dns_put_a(&w, a->addrs[i], a->ttl);
	if (opt > 0)
		dns_put_opt(&w, reply, why);
	return w.len;
}
/* NOLINTEND(readability-non-const-parameter) */

bool
dns_is_query(struct view msg)
{
	struct dns_query q;

	return msg.len <= DNS_QUERY_MAX && dns_read_query(msg, &q) == DNS_OK &&
	    q.type == DNS_TYPE_A && q.name[0] != '\0' &&
	    msg.len == DNS_HEADER + q.question_len;
}

bool
dns_replies_to(struct view msg, uint16_t id, struct view query)
{
	size_t n = query.len - DNS_HEADER;

	return msg.len >= query.len && dns_u16(&msg, 0) == id &&
	    (dns_u16(&msg, 2) & DNS_FLAG_QR) != 0 && dns_u16(&msg, 4) == 1 &&
	    memcmp(msg.p + DNS_HEADER, query.p + DNS_HEADER, n) == 0;
}
