#include "server/domain/words.h"

#include <stdlib.h>
#include <string.h>

#include "server/domain/word.h"

void
revision_list_release(struct revision_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].body);
	free(l->at);
	*l = (struct revision_list){ .n = 0 };
}

void
reaction_list_release(struct reaction_list *l)
{
	free(l->at);
	*l = (struct reaction_list){ .n = 0 };
}

void
reaction_count_list_release(struct reaction_count_list *l)
{
	free(l->at);
	*l = (struct reaction_count_list){ .n = 0 };
}

const char *const reaction_words[] = { "+1", "-1", "laugh", "hooray",
	"confused", "heart", "rocket", "eyes", NULL };

bool
reaction_known(const char *content)
{
	for (size_t i = 0; reaction_words[i] != NULL; i++)
		if (strcmp(reaction_words[i], content) == 0)
			return true;
	return false;
}

void
attachment_release(struct attachment *x)
{
	free(x->name);
	*x = (struct attachment){ .id = 0 };
}

void
attachment_list_release(struct attachment_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		attachment_release(&l->at[i]);
	free(l->at);
	*l = (struct attachment_list){ .n = 0 };
}

static const char *const notice_status_words[] = {
	[NOTICE_UNREAD] = "unread",
	[NOTICE_READ] = "read",
	[NOTICE_PINNED] = "pinned",
};

const char *
notice_status_name(enum notice_status v)
{
	return word_name(
	    notice_status_words, WORD_COUNT(notice_status_words), (unsigned)v);
}

int
notice_status_parse(const char *s)
{
	return word_find(
	    notice_status_words, WORD_COUNT(notice_status_words), s);
}

void
notice_release(struct notice *x)
{
	free(x->title);
	free(x->project);
	*x = (struct notice){ .id = 0 };
}

void
notice_list_release(struct notice_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		notice_release(&l->at[i]);
	free(l->at);
	*l = (struct notice_list){ .n = 0 };
}
