/* svc_files_priv: the folder of attachments, for the files of svc_attachment.
 */
#ifndef SERVER_SERVICE_SVC_FILES_PRIV_H
#define SERVER_SERVICE_SVC_FILES_PRIV_H

#include <dirent.h>

#include "server/service/svc_attachment.h"
#include "server/store/attachments.h"

/* What a file is called until its row is written: this and its uuid. */
#define SVC_FILES_PART ".up-"

struct svc_upload {
	struct svc_files *files;
	struct identity who;
	struct words_target on;
	char uuid[ATTACHMENT_UUID + 1];
	int fd;
	uint64_t size;
	uint64_t synced; /* bytes whose writing to disk has begun */
	char head[512];
	size_t head_len;
};

/* Outlives the folder while the writer has it. */
struct svc_files_gone {
	struct svc_files *files;
	struct uuid_list list;
};

struct svc_files {
	struct svc_files_spec spec;
	int dir;
	DIR *sweep;
	unsigned swept;
	struct timer *timer;
	struct svc_files_gone *gone;
	unsigned uploads;
	int64_t uploaders[SVC_UPLOADS_MAX]; /* user ids, 0: free */
};

/* ERR_BUSY: less room on the disk than must stay free. */
int svc_files_room(const struct svc_files *f, struct err *e);
void svc_files_uuid(char out[ATTACHMENT_UUID + 1]);
void svc_files_unlink(const struct svc_files *f, const char *name);

#endif
