#include "cli/sandbox_args.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

/* One with blanks is split at them. */
static void
sandbox_args_words(struct jw *w, const char *key, const struct opt_list *list,
    int argc, char **argv)
{
	struct view rest, word;

	if (list->n == 0 && argc == 0)
		return;
	jw_array(w, key);
	if (list->n == 1 && argc == 0) {
		rest = view_of(list->v[0]);
		while (view_split(&rest, ' ', &word))
			if (word.len > 0)
				jw_view(w, NULL, word);
	} else {
		for (int i = 0; i < list->n; i++)
			jw_str(w, NULL, list->v[i]);
	}
	for (int i = 0; i < argc; i++)
		jw_str(w, NULL, argv[i]);
	jw_end(w);
}

void
sandbox_args_write(
    struct jw *w, const struct sandbox_args *a, int argc, char **argv)
{
	const struct {
		const char *key, *text;
	} texts[] = { { "profile", a->profile }, { "branch", a->branch },
		{ "network", a->network }, { "agent", a->agent },
		{ "driver", a->driver }, { "runtime", a->runtime },
		{ "gpus", a->gpus } };
	const struct {
		const char *key;
		uint64_t n;
	} numbers[] = { { "memory", a->memory }, { "cpus", a->cpus },
		{ "pids", a->pids }, { "disk", a->disk },
		{ "wall_s", (uint64_t)(a->wall_ms / 1000) } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text != NULL)
			jw_str(w, texts[i].key, texts[i].text);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].n != 0)
			jw_u64(w, numbers[i].key, numbers[i].n);
	sandbox_args_words(w, "agent_command", &a->command, argc, argv);
	sandbox_args_words(w, "entrypoint", &a->entrypoint, 0, NULL);
	if (a->ro.n > 0) {
		jw_array(w, "ro");
		for (int i = 0; i < a->ro.n; i++)
			jw_str(w, NULL, a->ro.v[i]);
		jw_end(w);
	}
	if (a->docker)
		jw_bool(w, "docker", true);
}

bool
sandbox_args_any(const struct sandbox_args *a)
{
	return a->profile != NULL || a->branch != NULL || a->network != NULL ||
	    a->agent != NULL || a->driver != NULL || a->runtime != NULL ||
	    a->gpus != NULL || a->command.n + a->entrypoint.n + a->ro.n > 0 ||
	    a->memory + a->cpus + a->pids + a->disk != 0 || a->wall_ms != 0 ||
	    a->docker;
}

int
sandbox_args_check(const struct sandbox_args *a, struct err *e)
{
	const struct {
		bool asked;
		const char *why;
	} rows[] = {
		{ a->rw.n > 0,
		    "--rw is refused: what an agent writes to the host is not "
		    "looked at by anyone; it leaves by git. --ro PATH shows a "
		    "folder, coffer cp copies" },
		{ a->privileged,
		    "--privileged is refused: it is no sandbox any more" },
		{ a->devices.n > 0,
		    "--device is refused: a device is the host's kernel; "
		    "--gpus is for graphics cards" },
		{ a->caps.n > 0,
		    "--cap-add is refused: a sandbox has no capabilities; "
		    "packages belong in a profile (coffer profile build)" },
		{ a->publish.n > 0,
		    "--publish is refused: nothing of a sandbox listens on "
		    "the host; coffer attach and coffer ssh-config reach it" },
		{ a->pid_of != NULL,
		    "--pid is refused: the processes of others are not a "
		    "sandbox's" },
		{ a->ipc_of != NULL,
		    "--ipc is refused: the memory of others is not a "
		    "sandbox's" },
		{ a->userns != NULL,
		    "--userns is refused: every project has users of its own" },
		{ a->docker &&
			(a->runtime == NULL ||
			    strcmp(a->runtime, "sysbox-runc") != 0),
		    "--docker needs --runtime sysbox-runc: with any other the "
		    "sandbox would have to be privileged" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].asked)
			return err_set(e, ERR_DENIED, "%s", rows[i].why);
	return 0;
}
