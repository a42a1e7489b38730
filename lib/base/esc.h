/*
 * esc: text made safe for where it goes, and the decodings that undo it.
 * The function's name says the destination.
 */
#ifndef LIB_BASE_ESC_H
#define LIB_BASE_ESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct str;

void esc_html(struct str *out, struct view v); /* text and quoted attribute */
void esc_url(struct str *out, struct view v);  /* RFC 3986 unreserved stay */
void esc_url_path(struct str *out, struct view v); /* as above, '/' stays */
/* Log value: bare if [A-Za-z0-9._:/@+-]+, else quoted with \xNN escapes. */
void esc_log(struct str *out, struct view v);
/* Terminal: control bytes, bidi and invisible code points as <U+XXXX>. */
void esc_term(struct str *out, struct view v);
/* Does the code point show nothing, or turn the text around it? */
bool esc_unseen(uint32_t c);
/* POSIX shell single quotes. */
void esc_shell(struct str *out, struct view v);

/* Percent decoding; '+' stays.  A NUL or a broken escape is ERR_INVALID. */
int esc_url_decode(struct view v, struct str *out, struct err *e);
/* As above, '+' is a space (application/x-www-form-urlencoded). */
int esc_form_decode(struct view v, struct str *out, struct err *e);
void esc_base64(struct str *out, struct view v);
int esc_base64_decode(struct view v, struct str *out, struct err *e);
void esc_hex(struct str *out, const void *p, size_t n);

#endif
