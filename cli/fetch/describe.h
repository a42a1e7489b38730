/* The parts of fetch_describe; only describe*.c include this. */
#ifndef CLI_FETCH_DESCRIBE_H
#define CLI_FETCH_DESCRIBE_H

#include "cli/fetch/fetch.h"
#include "cli/fetch/gitstream.h"
#include "findings/check.h"
#include "findings/scan_lines.h"

/* The beginning and the end of what goes by. */
struct describe_ends {
	char head[CHECK_HEAD];
	char tail[2 * CHECK_HEAD]; /* the last bytes are at its end */
	size_t nhead, ntail;
};

struct describe_row {
	struct scan_change c;
	bool huge; /* not in the patch */
	bool skip; /* refused for its size: not even read */
};

struct describe {
	struct fetch_job *j;
	struct check *k;
	struct blobs *blobs;
	struct blobs *listed; /* each row's contents, in order */
	struct describe_ends *ends;
	struct describe_row *rows;
	size_t n, cap, at; /* at: the next one that the patch may have */
	struct scan_patcher *patcher;
	struct describe_row *row; /* whose lines come */
	bool wants_lines, second;
	struct scan_lines lines; /* of a huge file */
	uint32_t line;
	int spool;
	uint64_t spooled, total;
	struct err *e; /* of what is called back */
	bool failed;
};

/* A file of the box, written anew. */
int describe_write(struct fetch_job *j, const char *name, struct view text,
    char **path, struct err *e);
bool describe_is_blob(uint32_t mode);

/* describe_names.c: rows and raw; the names of the tree; which are huge. */
int describe_names(struct describe *d, struct err *e);
int describe_tree(struct describe *d, struct err *e);
int describe_sizes(struct describe *d, struct err *e);

/* describe_history.c: the commits of base..head into the checks. */
int describe_history(
    struct fetch_job *j, struct check *k, struct blobs *blobs, struct err *e);

#endif
