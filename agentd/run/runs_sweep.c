#include "agentd/run/runs_sweep.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	RUNS_TASK_MAX = 256 << 10
};

/* The project of a run, by its task.json; 0: unknown. */
static int64_t
runs_sweep_project(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "task/task.json");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t id;

	if (path_read(path, RUNS_TASK_MAX, &text, &e) == 0)
		j = json_parse(str_view(&text), RUNS_TASK_MAX, &e);
	id = json_i64_or(j, "project_id", 0);
	json_free(j);
	return id;
}

static void
runs_sweep_one(
    const struct sandbox_host *h, int64_t id, runs_sweep_fn *fn, void *arg)
{
	AUTO_FREE char *dir = xasprintf("%s/runs/%lld", h->home, (long long)id);
	AUTO_FREE char *token = path_join(dir, "token");
	AUTO_FREE char *model = path_join(dir, "model");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *row;
	int64_t project;

	if (access(token, F_OK) == -1 && access(model, F_OK) == -1)
		return;
	project = runs_sweep_project(dir);
	if (project < 1 || project > PROJECT_ID_MAX) {
		log_warn(
		    "runs sweep run=%lld why=\"no project\"", (long long)id);
		return;
	}
	str_addf(&text, "{\"id\":%lld,\"project\":{\"id\":%lld},\"item\":1}",
	    (long long)id, (long long)project);
	row = json_parse(str_view(&text), 0, &e);
	fn(row, arg);
	json_free(row);
}

void
runs_sweep(const struct sandbox_host *h, runs_sweep_fn *fn, void *arg)
{
	AUTO_FREE char *root = path_join(h->home, "runs");
	DIR *d = opendir(root);
	const struct dirent *entry;
	struct err e = ERR_INIT;
	int64_t id;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (num_i64(entry->d_name, 1, INT64_MAX, &id, &e) == 0)
			runs_sweep_one(h, id, fn, arg);
	}
	if (d != NULL)
		(void)closedir(d);
}
