/*
 * ustar: archives of plain files under plain names (POSIX.1-1988 ustar), as
 * text in memory.  The writer and the reader know nothing else: a link, a
 * folder, a name with a slash is refused.  Pure.
 */
#ifndef LIB_BASE_USTAR_H
#define LIB_BASE_USTAR_H

#include "lib/base/view.h"

struct err;
struct str;

enum {
	USTAR_BLOCK = 512,
	USTAR_NAME_MAX = 64, /* and a NUL; path_component_ok */
	USTAR_FILE_MAX = 1 << 30
};

struct ustar_file {
	char name[USTAR_NAME_MAX + 1];
	struct view bytes; /* borrowed from the archive */
};

/* The head of a file of that many bytes, which follow, padded. */
void ustar_head(struct str *out, const char *name, size_t bytes);
void ustar_pad(struct str *out, size_t bytes);
void ustar_add(struct str *out, const char *name, struct view bytes);
void ustar_end(struct str *out);

/* A head alone: 1: out->bytes.len bytes follow, as ustar_padded says; 0, -1: as
 * below. */
int ustar_read_head(struct view block, struct ustar_file *out, struct err *e);
size_t ustar_padded(size_t size);

/* 1: the next file, *rest moved past it; 0: the end; -1: it is no archive of
 * this kind. */
int ustar_next(struct view *rest, struct ustar_file *out, struct err *e);

#endif
