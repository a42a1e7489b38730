#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

bool
run_has(const struct run *r, const char *leaf)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);
	struct stat st;

	return lstat(path, &st) == 0;
}

int
run_file_put(const struct run *r, const char *leaf, mode_t mode,
    const struct str *text, struct err *e)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);

	if (!str_ok(text))
		return err_set(e, ERR_LIMIT, "%s is too large", leaf);
	return path_write_atomic(path, text->p, text->len, mode, e);
}

static void
run_task_json(const struct run *r, struct str *out)
{
	AUTO_FREE char *url = xasprintf("http://coffer/%s.git", r->full_name);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "run", r->id);
	jw_i64(&w, "project_id", r->project);
	jw_str(&w, "project", r->full_name);
	if (r->item == 0)
		jw_null(&w, "item");
	else
		jw_i64(&w, "item", r->item);
	jw_bool(&w, "is_pull", r->is_pull);
	jw_str(&w, "command", r->command);
	jw_str(&w, "arguments", r->args);
	jw_str(&w, "access", r->access);
	jw_str(&w, "branch", r->branch[0] != '\0' ? r->branch : NULL);
	jw_str(&w, "base", r->base);
	jw_str(&w, "url", url);
	jw_str(&w, "why", r->why_asked);
	jw_end(&w);
	str_addc(out, '\n');
}

/* The token and the first tip have to outlive this process. */
int
run_files_write(struct run *r, struct err *e)
{
	AUTO_STR struct str task = STR_INIT, token = STR_INIT, tip = STR_INIT;
	AUTO_STR struct str seen = STR_INIT;
	AUTO_FREE char *dir = path_join(r->dir, "task");

	/* An item is private: the sandbox reads it, no other user does. */
	if (path_mkdirs(dir, 0750, e) == -1)
		return -1;
	if (chown(dir, (uid_t)-1,
		host_project_uid_base(r->project) + HOST_AGENT_UID) == -1)
		return err_sys(e, ERR_IO, "own %s", dir);
	run_task_json(r, &task);
	str_add(&token, r->token);
	str_add(&tip, r->tip);
	str_add(&seen, r->seen);
	if (run_file_put(r, "token", 0600, &token, e) == -1 ||
	    run_file_put(r, "tip", 0600, &tip, e) == -1 ||
	    run_file_put(r, "seen", 0600, &seen, e) == -1 ||
	    run_given_write(r, e) == -1 || run_policy_write(r, e) == -1 ||
	    run_file_put(r, "task/task.json", 0644, &task, e) == -1)
		return -1;
	return run_facts_write(r, e);
}

int
run_file_get(
    const struct run *r, const char *leaf, char *out, size_t max, struct err *e)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, max - 1, &text, e) == -1)
		return -1;
	(void)snprintf(out, max, "%s", str_cstr(&text));
	return 0;
}

int
run_files_read(struct run *r, struct err *e)
{
	struct err none = ERR_INIT;

	if (run_file_get(r, "token", r->token, sizeof(r->token), e) == -1 ||
	    run_file_get(r, "tip", r->tip, sizeof(r->tip), e) == -1 ||
	    run_model_read(r, e) == -1)
		return -1;
	run_given_load(r);
	/* Of an older agentd there is none. */
	if (run_file_get(r, "seen", r->seen, sizeof(r->seen), &none) == -1)
		r->seen[0] = '\0';
	return 0;
}
