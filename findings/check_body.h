/*
 * check_body: what files say, for the rules of content; check.c feeds it in
 * the order of check.h.  Private to the checks.  It remembers of the change
 * only what has a named bound here.
 */
#ifndef FINDINGS_CHECK_BODY_H
#define FINDINGS_CHECK_BODY_H

#include "findings/check_priv.h"
#include "findings/scan_words.h"
#include "lib/base/str.h"

/* What a file is, going by its path. */
enum check_trait {
	CHECK_IS_TEST = 1 << 0,
	CHECK_IS_CODE = 1 << 1,  /* programs and what configures them */
	CHECK_IS_SHELL = 1 << 2, /* its lines are commands, or have them */
	CHECK_IS_CI = 1 << 3,
	CHECK_IS_BUILD = 1 << 4, /* runs when something is built or installed */
	CHECK_IS_DOC = 1 << 5,
	CHECK_IS_DATA = 1 << 6,
	CHECK_IS_LOCK = 1 << 7,
	CHECK_IS_SNAPSHOT = 1 << 8,
	CHECK_IS_DOCKER = 1 << 9,
	CHECK_IS_CLIKE = 1 << 10,   /* comments with // */
	CHECK_IS_UNKNOWN = 1 << 11, /* its name says nothing: it may run */
	CHECK_RUNS = CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_CI |
	    CHECK_IS_BUILD
};

/* What is in one line; several together make a finding. */
enum check_tag {
	CHECK_TAG_DOWNLOAD = 1 << 0,
	CHECK_TAG_SHELL = 1 << 1, /* something is piped to a shell */
	CHECK_TAG_EVAL = 1 << 2,
	CHECK_TAG_DECODE = 1 << 3,
	CHECK_TAG_ASSERT = 1 << 4,
	CHECK_TAG_CASE = 1 << 5, /* a case of a test begins */
	CHECK_TAG_LICENCE = 1 << 6,
	CHECK_TAG_URL = 1 << 7,
	CHECK_TAG_KEYWORD = 1 << 8, /* password, token ... */
	CHECK_TAG_THRESHOLD = 1 << 9,
	CHECK_TAG_PRIVATE = 1 << 10, /* where credentials lie */
	CHECK_TAG_NET = 1 << 11,
	CHECK_TAG_ENV = 1 << 12,
	CHECK_TAG_RUN = 1 << 13, /* another program is run */
	CHECK_TAG_PEM = 1 << 14,
	CHECK_TAG_BREAK = 1 << 15 /* an escape of Java's */
};

enum {
	CHECK_SAID_MAX = 64,
	CHECK_NOTES_MAX = 100,
	CHECK_NAMES_MAX = 16384, /* a power of two */
	CHECK_HOSTS_MAX = 64,
	CHECK_HOST_MAX = 253,
	CHECK_LIMITS_MAX = 32,
	CHECK_KEPT_MAX = 8,
	CHECK_PACKS_MAX = 512 /* manifests and lock files of the change */
};

struct check_said {
	const char *id;
	uint32_t n, line;
};

struct check_host {
	char name[CHECK_HOST_MAX + 1];
	char *file; /* NULL: an old line has it */
	uint32_t line;
};

/* A number beside a word like fail_under, on an old line. */
struct check_limit {
	uint64_t key;
	double value;
};

/* A manifest or lock file of the change. */
struct check_pack {
	char *path;
	unsigned of;    /* the pairs of check_packs.c, a bit each */
	unsigned locks; /* those whose lock file the tree has beside it */
	bool lock;      /* it is no manifest */
	bool fewer;     /* it has fewer checksums */
	char status;
};

/* A file that a line decoded something to, or fetched: a hash of its name. */
struct check_kept {
	uint64_t name;
	unsigned tag;
};

struct check_body {
	struct findings *out;
	struct scan_words *words;
	size_t notes;
	/* Of the change. */
	size_t snapshots, others;
	uint64_t names[CHECK_NAMES_MAX];
	size_t names_n;
	struct check_host hosts[CHECK_HOSTS_MAX];
	size_t hosts_n;
	struct check_pack packs[CHECK_PACKS_MAX];
	size_t packs_n;
	unsigned packs_told; /* of which pairs a note was made */
	char *foreign;       /* the first changed copy of others' code */
	size_t foreign_n;
	/* Of the file at hand. */
	struct check_file *file;
	unsigned traits;
	char status;
	struct check_said said[CHECK_SAID_MAX];
	size_t said_n;
	size_t asserts[2], cases[2], licences[2], pins[2],
	    steps[2]; /* gone, new */
	struct check_limit limits[CHECK_LIMITS_MAX];
	size_t limits_n;
	unsigned tags; /* of all its new lines */
	uint32_t decode_line, pem_line;
	struct check_kept kept[CHECK_KEPT_MAX]; /* the last ones */
	size_t kept_n;
	/* Of the line at hand. */
	const struct scan_line *line;
	unsigned line_tags;
	unsigned line_told; /* tags of a program that a text tells of */
	size_t point;       /* the byte that the next finding is about */
	size_t longest;     /* run of letters, digits and + / = - _ in it */
	/* A new line of tests before it, and whether the head of one came. */
	uint32_t case_last;
	size_t case_column;
	bool case_head, case_gone; /* old lines came between */
	/* Lines that a shell reads as one. */
	struct str joined;
	uint32_t joined_first, joined_last;
	unsigned joined_tags; /* of the part of them that was looked at */
	size_t joined_fold;   /* YAML: deeper than this column; 0: no value */
	bool joined_folded;   /* more than one line of such a value */
	bool joined_open;     /* blanks and comments may stand between */
	bool joined_more;     /* it goes on */
	bool joining;
};

struct check_body *check_body_new(struct findings *out);
void check_body_free(struct check_body *b); /* NULL is fine */
void check_body_change(struct check_body *b, const struct scan_change *c);
/* A path of the tree that the change comes to. */
void check_body_tree(struct check_body *b, const char *path);
/* file stays the caller's, until check_body_leave. */
void check_body_enter(
    struct check_body *b, struct check_file *file, char status);
/* The file at hand runs, whatever its name: by_head by its first bytes. */
void check_body_script(struct check_body *b, bool by_head);
void check_body_line(struct check_body *b, const struct scan_line *l);
void check_body_leave(struct check_body *b); /* again is fine */
/* What follows is another change: the names of this one are no others'. */
void check_body_forget(struct check_body *b);
bool check_body_wants(const struct scan_change *c);
void check_body_both(struct check_body *b, const struct scan_change *c,
    struct view was, struct view is);
void check_body_end(struct check_body *b);

/* For the rules: a finding of the file at hand, once a line and bounded. */
void check_say(struct check_body *b, const char *id, uint32_t line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for rules that only inform: bounded in the whole change too. */
void check_note(struct check_body *b, const char *id, const char *path,
    uint32_t line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

unsigned check_traits(const char *path);
const char *check_path_base(const char *path);
bool check_has_ext(const char *path, const char *ext); /* with its dot */
uint64_t check_hash(struct view v);

/* The parts, a file each. */
struct check_word {
	const char *word;
	unsigned where; /* traits, any of them; 0: everywhere */
	unsigned edges; /* CHECK_EDGE_* */
	unsigned tags;
	const char *id; /* NULL: the tags alone */
	const char *what;
};

enum {
	CHECK_EDGE_BEFORE = 1, /* no letter, digit or _ before it */
	CHECK_EDGE_AFTER = 2,
	CHECK_EDGE_BOTH = 3,
	CHECK_EDGE_NODOT = 8,  /* no method of something */
	CHECK_EDGE_UPPER = 16, /* its first letter is a capital */
	CHECK_EDGE_START = 4   /* only blanks and comment signs before it */
};

const struct check_word *check_word_at(size_t i); /* NULL: no further one */
const char *check_words_word(size_t i);
bool check_words_talk(size_t i); /* is it of check_injection? */

/* CHECK_TAG_SHELL when the line runs what it fetches or decodes. */
/* Remembers the files that a line writes, and finds those that it runs. */
void check_pipe_files(struct check_body *b, unsigned told);
unsigned check_pipe_tags(const struct check_body *b, unsigned told);
/* True: the lines up to this one are one to a shell; whole points into b, and
 * check_join_next comes when it was looked at.  fold is before join, and by
 * itself (NULL) at the end of the file. */
bool check_join_fold(
    struct check_body *b, const struct scan_line *l, struct scan_line *whole);
bool check_join_line(struct check_body *b, struct scan_line *whole);
void check_join_next(struct check_body *b, unsigned told);
void check_join_blank(struct check_body *b, uint32_t line);
void check_join_reset(struct check_body *b);
void check_line_unicode(struct check_body *b);
void check_line_names(struct check_body *b);
void check_line_long(struct check_body *b);
void check_line_escapes(struct check_body *b);
void check_line_secret(struct check_body *b);
void check_line_hosts(struct check_body *b);
void check_line_tests(struct check_body *b);
void check_line_ci(struct check_body *b);
void check_change_content(struct check_body *b, const struct scan_change *c);
void check_file_tests(struct check_body *b);
void check_end_tests(struct check_body *b);
void check_end_hosts(struct check_body *b);
/* A text whose contents after the change begin so. */
void check_generated(struct check_body *b, const struct check_content *c);
void check_change_packs(struct check_body *b, const struct scan_change *c);
void check_change_foreign(struct check_body *b, const struct scan_change *c);
/* A lock file of the change has lost checksums. */
void check_packs_fewer(struct check_body *b, const char *path);
void check_end_packs(struct check_body *b);
void check_free_packs(struct check_body *b);

/* The words of check_injection; NULL: no further one. */
const char *check_injection_at(size_t i);
/* Bits that a byte of v carries. */
double check_entropy(struct view v);

#endif
