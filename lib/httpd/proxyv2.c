#include "lib/httpd/proxyv2.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

/* haproxy proxy-protocol.txt, section 2.2. */
enum {
	PROXYV2_HEAD = 16,
	PROXYV2_VERSION = 0x20,
	PROXYV2_LOCAL = 0x0,
	PROXYV2_PROXY = 0x1,
	PROXYV2_UNSPEC = 0x00,
	PROXYV2_TCP4 = 0x11,
	PROXYV2_TCP4_LEN = 12,
	PROXYV2_TLV_HEAD = 3
};

static const char proxyv2_signature[12] = { '\r', '\n', '\r', '\n', '\0', '\r',
	'\n', 'Q', 'U', 'I', 'T', '\n' };

static void
proxyv2_put_u16(struct str *out, size_t n)
{
	str_addc(out, (char)(n >> 8 & 0xff));
	str_addc(out, (char)(n & 0xff));
}

static unsigned
proxyv2_u16(const char *p)
{
	return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

void
proxyv2_put(struct str *out, const struct proxyv2 *h)
{
	size_t key = strlen(h->project);
	size_t tlv = key == 0 ? 0 : PROXYV2_TLV_HEAD + key;
	bool local = h->src_addr == 0;

	str_addn(out, proxyv2_signature, sizeof(proxyv2_signature));
	str_addc(out,
	    (char)(PROXYV2_VERSION | (local ? PROXYV2_LOCAL : PROXYV2_PROXY)));
	str_addc(out, local ? PROXYV2_UNSPEC : PROXYV2_TCP4);
	proxyv2_put_u16(out, tlv + (local ? 0 : PROXYV2_TCP4_LEN));
	if (!local) {
		proxyv2_put_u16(out, h->src_addr >> 16);
		proxyv2_put_u16(out, h->src_addr & 0xffff);
		proxyv2_put_u16(out, 0); /* destination: not of interest */
		proxyv2_put_u16(out, 0);
		proxyv2_put_u16(out, h->src_port);
		proxyv2_put_u16(out, 0);
	}
	if (key > 0) {
		str_addc(out, (char)PROXYV2_TLV_PROJECT);
		proxyv2_put_u16(out, key);
		str_addn(out, h->project, key);
	}
}

/* A key of a project: what can stand in a label, a path and a log. */
static bool
proxyv2_project_ok(struct view v)
{
	if (v.len == 0)
		return false;
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
			return false;
	}
	return true;
}

static int
proxyv2_get_tlvs(struct view in, struct proxyv2 *h, struct err *e)
{
	while (in.len > 0) {
		unsigned char type = (unsigned char)in.p[0];
		struct view v;

		if (in.len < PROXYV2_TLV_HEAD ||
		    in.len - PROXYV2_TLV_HEAD < proxyv2_u16(in.p + 1))
			return err_set(e, ERR_PROTO, "PROXY: short TLV");
		v.p = in.p + PROXYV2_TLV_HEAD;
		v.len = proxyv2_u16(in.p + 1);
		in = view_from(in, PROXYV2_TLV_HEAD + v.len);
		if (type != PROXYV2_TLV_PROJECT)
			continue;
		if (h->project[0] != '\0' || v.len >= sizeof(h->project) ||
		    !proxyv2_project_ok(v))
			return err_set(e, ERR_PROTO, "PROXY: bad project");
		memcpy(h->project, v.p, v.len);
		h->project[v.len] = '\0';
	}
	return 0;
}

/* Version, command and family; returns the length of the address block. */
static int
proxyv2_get_head(const char *p, size_t len, size_t *addr, struct err *e)
{
	unsigned version = (unsigned char)p[12];
	unsigned family = (unsigned char)p[13];

	if (version == (PROXYV2_VERSION | PROXYV2_LOCAL) &&
	    family == PROXYV2_UNSPEC)
		*addr = 0;
	else if (version == (PROXYV2_VERSION | PROXYV2_PROXY) &&
	    family == PROXYV2_TCP4 && len >= PROXYV2_TCP4_LEN)
		*addr = PROXYV2_TCP4_LEN;
	else
		return err_set(e, ERR_PROTO,
		    "PROXY: version %02x, family %02x, %zu bytes are not "
		    "taken",
		    version, family, len);
	return 0;
}

long
proxyv2_get(struct view in, struct proxyv2 *h, struct err *e)
{
	size_t known = in.len < sizeof(proxyv2_signature)
	    ? in.len
	    : sizeof(proxyv2_signature);
	size_t len, addr = 0;
	const char *p = in.p;

	*h = (struct proxyv2){ .src_addr = 0 };
	if (known > 0 && memcmp(p, proxyv2_signature, known) != 0)
		return err_set(e, ERR_PROTO, "PROXY: no signature");
	if (in.len < PROXYV2_HEAD)
		return 0;
	len = proxyv2_u16(p + 14);
	if (len > PROXYV2_MAX - PROXYV2_HEAD)
		return err_set(e, ERR_PROTO,
		    "PROXY: %zu bytes, the limit is %d", len,
		    PROXYV2_MAX - PROXYV2_HEAD);
	if (proxyv2_get_head(p, len, &addr, e) == -1)
		return -1;
	if (in.len - PROXYV2_HEAD < len)
		return 0;
	p += PROXYV2_HEAD;
	if (addr > 0) {
		h->src_addr = (uint32_t)proxyv2_u16(p) << 16 |
		    proxyv2_u16(p + 2);
		h->src_port = (uint16_t)proxyv2_u16(p + 8);
	}
	if (proxyv2_get_tlvs(
		(struct view){ .p = p + addr, .len = len - addr }, h, e) == -1)
		return -1;
	return (long)(PROXYV2_HEAD + len);
}
