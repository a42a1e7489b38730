/*
 * record: what was fetched, found and done, one JSON object per attempt, signed
 * by the user's own key (lib/net/signed_json.h).
 */
#ifndef CLI_FETCH_RECORD_H
#define CLI_FETCH_RECORD_H

enum {
	RECORD_VERSION = 2,
	RECORD_MAX = 8 << 20,
	RECORD_FILES_MAX = 2000, /* listed, of those that an apply puts */
	/* Where the lists end, so that cofferd takes it whatever a branch has:
	 * the worst findings come first, the tree says what the files are. */
	RECORD_FINDINGS_END = 300 << 10,
	RECORD_FILES_END = 450 << 10
};

#define RECORD_DOMAIN "coffer fetch record\n"

/* $XDG_CONFIG_HOME/coffer/fetch.key; free(3). */
char *fetch_record_key(void) __attribute__((returns_nonnull));

#endif
