/* What a file is by its first and last bytes, whatever its name says. */
#include <string.h>

#include "findings/check_body.h"

enum check_class {
	CHECK_TEXT,
	CHECK_PROGRAM,
	CHECK_ARCHIVE,
	CHECK_IMAGE,
	CHECK_OTHER
};

struct check_magic {
	struct view bytes;
	size_t offset;
	enum check_class class;
	const char *what;
};

#define MAGIC(bytes, offset, class, what)                         \
	{                                                         \
		{ bytes, sizeof(bytes) - 1 }, offset, class, what \
	}

static const struct check_magic check_magics[] = {
	MAGIC("\x7f"
	      "ELF",
	    0, CHECK_PROGRAM, "an ELF program"),
	MAGIC("\xfe\xed\xfa\xce", 0, CHECK_PROGRAM, "a Mach-O program"),
	MAGIC("\xfe\xed\xfa\xcf", 0, CHECK_PROGRAM, "a Mach-O program"),
	MAGIC("\xce\xfa\xed\xfe", 0, CHECK_PROGRAM, "a Mach-O program"),
	MAGIC("\xcf\xfa\xed\xfe", 0, CHECK_PROGRAM, "a Mach-O program"),
	MAGIC("\xca\xfe\xba\xbe", 0, CHECK_PROGRAM,
	    "a Java class or Mach-O program"),
	MAGIC("\0asm", 0, CHECK_PROGRAM, "a WebAssembly module"),
	MAGIC("dex\n", 0, CHECK_PROGRAM, "an Android program"),
	MAGIC("BC\xc0\xde", 0, CHECK_PROGRAM, "LLVM bitcode"),
	MAGIC("!<arch>\n", 0, CHECK_PROGRAM, "a library or a Debian package"),
	MAGIC("\x1bLua", 0, CHECK_PROGRAM, "compiled Lua"),
	MAGIC("\x1bLJ", 0, CHECK_PROGRAM, "compiled Lua"),
	MAGIC(";ELC", 0, CHECK_PROGRAM, "compiled Emacs Lisp"),
	MAGIC("Caml1999", 0, CHECK_PROGRAM, "compiled OCaml"),
	MAGIC("FOR1", 0, CHECK_PROGRAM, "compiled Erlang"),
	MAGIC("\xed\xab\xee\xdb", 0, CHECK_PROGRAM, "an RPM package"),
	MAGIC("PK\3\4", 0, CHECK_ARCHIVE, "a zip archive"),
	MAGIC("PK\5\6", 0, CHECK_ARCHIVE, "a zip archive"),
	MAGIC("\x1f\x8b\x08", 0, CHECK_ARCHIVE, "gzip data"),
	MAGIC("BZh", 0, CHECK_ARCHIVE, "bzip2 data"),
	MAGIC("\xfd"
	      "7zXZ\0",
	    0, CHECK_ARCHIVE, "xz data"),
	MAGIC("\x28\xb5\x2f\xfd", 0, CHECK_ARCHIVE, "zstd data"),
	MAGIC("\x04\x22\x4d\x18", 0, CHECK_ARCHIVE, "lz4 data"),
	MAGIC("7z\xbc\xaf\x27\x1c", 0, CHECK_ARCHIVE, "a 7z archive"),
	MAGIC("Rar!\x1a\x07", 0, CHECK_ARCHIVE, "a rar archive"),
	MAGIC("ustar", 257, CHECK_ARCHIVE, "a tar archive"),
	MAGIC("MSCF", 0, CHECK_ARCHIVE, "a cab archive"),
	MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, CHECK_ARCHIVE,
	    "an Office document or Windows installer"),
	MAGIC("\x89PNG\r\n\x1a\n", 0, CHECK_IMAGE, "PNG"),
	MAGIC("\xff\xd8\xff", 0, CHECK_IMAGE, "JPEG"),
	MAGIC("GIF8", 0, CHECK_IMAGE, "GIF"),
	MAGIC("RIFF", 0, CHECK_IMAGE, "RIFF"),
	MAGIC("%PDF-", 0, CHECK_IMAGE, "PDF"),
	MAGIC("BM", 0, CHECK_OTHER, "BMP"),
	MAGIC("\0\0\1\0", 0, CHECK_OTHER, "ICO"),
	MAGIC("wOFF", 0, CHECK_OTHER, "WOFF"),
	MAGIC("wOF2", 0, CHECK_OTHER, "WOFF2"),
	MAGIC("OTTO", 0, CHECK_OTHER, "OpenType"),
	MAGIC("\0\1\0\0", 0, CHECK_OTHER, "TrueType"),
	MAGIC("SQLite format 3", 0, CHECK_OTHER, "SQLite"),
};

static bool
check_bytes_at(struct view v, size_t offset, struct view bytes)
{
	return offset <= v.len && bytes.len <= v.len - offset &&
	    memcmp(v.p + offset, bytes.p, bytes.len) == 0;
}

static const struct check_magic *
check_magic_of(struct view head)
{
	static const struct check_magic pe = { { "MZ", 2 }, 0, CHECK_PROGRAM,
		"a Windows program" };
	size_t n = sizeof(check_magics) / sizeof(check_magics[0]);

	for (size_t i = 0; i < n; i++)
		if (check_bytes_at(
			head, check_magics[i].offset, check_magics[i].bytes))
			return &check_magics[i];
	/* Two letters prove it with a NUL behind them only. */
	if (check_bytes_at(head, 0, pe.bytes) &&
	    memchr(head.p, '\0', head.len) != NULL)
		return &pe;
	return NULL;
}

static const void *
check_find(struct view v, const char *what, size_t n)
{
	return v.len < n ? NULL : memmem(v.p, v.len, what, n);
}

/* The last place of it. */
static const char *
check_find_last(struct view v, const char *what, size_t n)
{
	const char *last = NULL, *at;

	while ((at = check_find(v, what, n)) != NULL) {
		last = at;
		v = view_from(v, (size_t)(at + 1 - v.p));
	}
	return last;
}

static size_t
check_u32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] | (size_t)u[1] << 8 | (size_t)u[2] << 16 |
	    (size_t)u[3] << 24;
}

static bool
check_ext_in(const char *path, const char *const *exts)
{
	for (; *exts != NULL; exts++)
		if (check_has_ext(path, *exts))
			return true;
	return false;
}

/* Bytes behind the end that the format has, 0: none; SIZE_MAX: no end. */
static size_t
check_trailing(const struct check_content *b, const char *what)
{
	struct view t = b->tail;
	const char *end = NULL;
	size_t n = 0;

	if (strcmp(what, "PNG") == 0) {
		end = check_find_last(t, "IEND\xae\x42\x60\x82", 8);
		n = 8;
	} else if (strcmp(what, "JPEG") == 0) {
		end = check_find_last(t, "\xff\xd9", 2);
		n = 2;
	} else if (strcmp(what, "PDF") == 0) {
		end = check_find_last(t, "%%EOF", 5);
		n = 5;
	} else if (strcmp(what, "GIF") == 0) {
		return t.len > 0 && t.p[t.len - 1] == ';' ? 0 : SIZE_MAX;
	} else if (strcmp(what, "RIFF") == 0 && b->head.len >= 8) {
		uint64_t size = check_u32(b->head.p + 4) + 8;

		size += size & 1;
		return b->size > size ? (size_t)(b->size - size) : 0;
	} else {
		return 0;
	}
	if (end == NULL)
		return SIZE_MAX;
	t = view_from(t, (size_t)(end - t.p) + n);
	for (n = 0; n < t.len && strchr("\r\n ", t.p[n]) != NULL; n++)
		; /* NUL too: padding */
	return t.len - n;
}

static void
check_image(const struct check_file *f, const struct check_content *b,
    const struct check_magic *m, struct findings *out)
{
	static const char *const active[] = { "/JavaScript", "/Launch",
		"/EmbeddedFile", "/OpenAction" };
	size_t trailing = check_trailing(b, m->what);

	if (trailing == SIZE_MAX)
		finding_add(out, "trailing-data", f->path, 0,
		    "a %s that does not end as one does", m->what);
	else if (trailing > 0)
		finding_add(out, "trailing-data", f->path, 0,
		    "%zu bytes behind the end of the %s", trailing, m->what);
	for (size_t i = 0; strcmp(m->what, "PDF") == 0 &&
	     i < sizeof(active) / sizeof(active[0]);
	     i++)
		if (check_find(b->head, active[i], strlen(active[i])) != NULL ||
		    check_find(b->tail, active[i], strlen(active[i])) != NULL) {
			finding_add(out, "active-document", f->path, 0,
			    "the document has %s", active[i] + 1);
			return;
		}
}

static void
check_archive(const struct check_file *f, const struct check_content *b,
    const struct check_magic *m, struct findings *out)
{
	static const char *const programs[] = { ".jar", ".war", ".ear", ".apk",
		".aar", ".ipa", ".nupkg", ".whl", ".egg", ".vsix", ".crx",
		".xpi", ".msi", ".deb", ".gem", NULL };
	static const char *const macros[] = { ".docm", ".xlsm", ".pptm",
		".dotm", ".xlam", ".xltm", ".potm", NULL };
	static const char vba[] = "_\0V\0B\0A\0";

	if (check_ext_in(f->path, macros) ||
	    check_find(b->tail, "vbaProject.bin", 14) != NULL ||
	    check_find(b->head, "vbaProject.bin", 14) != NULL ||
	    check_find(b->head, vba, sizeof(vba) - 1) != NULL ||
	    check_find(b->tail, vba, sizeof(vba) - 1) != NULL)
		finding_add(
		    out, "office-macro", f->path, 0, "a document with macros");
	else if (check_ext_in(f->path, programs))
		finding_add(out, "executable-binary", f->path, 0,
		    "a package of programs: %s", m->what);
	else
		finding_add(out, "archive", f->path, 0,
		    "its contents are not looked at: %s", m->what);
}

/* Does a zip archive hang on something that is none? */
static bool
check_is_polyglot(const struct check_content *b, const struct check_magic *m)
{
	const char *end = check_find_last(b->tail, "PK\5\6", 4);
	size_t left;

	if (end == NULL || (m != NULL && m->bytes.p[0] == 'P'))
		return false;
	left = b->tail.len - (size_t)(end - b->tail.p);
	return left >= 22 &&
	    (size_t)(unsigned char)end[20] +
		((size_t)(unsigned char)end[21] << 8) + 22 <=
	    left;
}

static const char *const check_pictures[] = { ".png", ".jpg", ".jpeg", ".gif",
	".webp", ".bmp", ".pdf", ".woff", ".woff2", ".ttf", ".otf", ".ico",
	NULL };

/* Its name says picture or text, its bytes say something else. */
static void
check_disguise(const struct check_file *f, const struct check_magic *m,
    struct findings *out)
{
	bool shown = check_ext_in(f->path, check_pictures);
	bool text = (check_traits(f->path) & (CHECK_IS_CODE | CHECK_IS_DOC)) !=
	    0;

	if (shown &&
	    (m == NULL || m->class == CHECK_ARCHIVE ||
		m->class == CHECK_PROGRAM))
		finding_add(out, "disguised", f->path, 0,
		    "named like a picture or font, it is none: %s",
		    m == NULL ? "unknown" : m->what);
	else if (text)
		finding_add(out, "disguised", f->path, 0,
		    "named like a text, it is none: %s",
		    m == NULL ? "unknown" : m->what);
}

static const char *
check_wide_text(struct view head)
{
	if (check_bytes_at(head, 0, VIEW_LIT("\xff\xfe")) ||
	    check_bytes_at(head, 0, VIEW_LIT("\xfe\xff")))
		return "UTF-16";
	return check_bytes_at(head, 0, VIEW_LIT("\0\0\xfe\xff")) ? "UTF-32"
								 : NULL;
}

/* Formats that are known by their name, of which no line is read. */
static bool
check_is_packed(const char *path)
{
	static const char *const packed[] = { ".mp3", ".mp4", ".m4a", ".ogg",
		".webm", ".avif", ".heic", ".icns", ".br", ".flac", ".mov",
		NULL };

	return check_ext_in(path, packed);
}

static void
check_unknown(const struct check_file *f, const struct check_content *b,
    const struct check_magic *m, struct findings *out)
{
	double bits = check_entropy(b->head);

	if (m == NULL && b->head.len >= 1024 && bits > 7.5 &&
	    !check_is_packed(f->path))
		finding_add(out, "encrypted-data", f->path, 0,
		    "%.1f of 8 bits in a byte: packed or encrypted", bits);
	else
		finding_add(out, "binary", f->path, 0,
		    "the content is binary%s%s", m == NULL ? "" : ": ",
		    m == NULL ? "" : m->what);
}

/* By the name alone: their first bytes change with each version. */
static bool
check_is_compiled(const char *path)
{
	static const char *const exts[] = { ".pyc", ".pyo", ".pyd", ".class",
		".so", ".dll", ".dylib", ".exe", ".node", ".wasm", ".o", ".obj",
		".ko", NULL };

	return check_ext_in(path, exts);
}

/* Without a NUL in the content, letters alone may be a text's. */
static bool
check_magic_proves(const struct check_magic *m)
{
	if (m == NULL || m->class == CHECK_OTHER)
		return false;
	for (size_t i = 0; i < m->bytes.len; i++)
		if ((unsigned char)m->bytes.p[i] >= 0x80)
			return true;
	return m->class == CHECK_IMAGE || m->bytes.p[0] == 'P';
}

/* Does it run, so that a NUL in it only hides the rest? */
static bool
check_is_run(const struct check_file *f, const struct check_content *b,
    const struct check_magic *m)
{
	if (view_starts(b->head, "#!"))
		return true;
	return m == NULL && !check_is_packed(f->path) &&
	    (f->script || (check_traits(f->path) & CHECK_RUNS) != 0);
}

bool
check_binary(
    struct check_file *f, const struct check_content *b, struct findings *out)
{
	const struct check_magic *m = check_magic_of(b->head);
	const char *wide = check_wide_text(b->head);
	bool nul = b->head.len > 0 &&
	    (memchr(b->head.p, '\0', b->head.len) != NULL ||
		(b->tail.len > 0 &&
		    memchr(b->tail.p, '\0', b->tail.len) != NULL));

	if (wide != NULL) {
		finding_add(out, "encoding", f->path, 0,
		    "text in %s, which is not read", wide);
		f->opaque = true;
		return true;
	}
	if (check_is_polyglot(b, m))
		finding_add(out, "polyglot", f->path, 0,
		    "a zip archive is behind other contents");
	if (!nul && !check_magic_proves(m)) {
		if (b->size > 0 && check_ext_in(f->path, check_pictures))
			check_disguise(f, m, out);
		return false;
	}
	if (m != NULL && m->class == CHECK_PROGRAM)
		finding_add(
		    out, "executable-binary", f->path, 0, "%s", m->what);
	else if (check_is_compiled(f->path))
		finding_add(out, "executable-binary", f->path, 0,
		    "a program or part of one in machine code");
	else if (m != NULL && m->class == CHECK_ARCHIVE)
		check_archive(f, b, m, out);
	else
		check_unknown(f, b, m, out);
	if (m != NULL && m->class == CHECK_IMAGE)
		check_image(f, b, m, out);
	check_disguise(f, m, out);
	/* What magic alone makes of a text is read all the same. */
	if (!nul || check_is_run(f, b, m))
		return false;
	f->opaque = m != NULL || check_is_packed(f->path) ||
	    check_is_compiled(f->path);
	return true;
}
