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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    files_are_known_by_their_bytes_whatever_their_name),
		cmocka_unit_test(whole_pictures_have_no_trailing_data),
		cmocka_unit_test(texts_are_read_whatever_they_begin_with),
		cmocka_unit_test(what_looks_random_is_asked_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
