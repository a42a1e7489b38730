#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "lib/base/err.h"
#include "server/text/md.h"

struct md_maker {
	struct str *out;
	unsigned depth;   /* of what has an end */
	unsigned beyond;  /* containers that were not opened */
	cmark_node *skip; /* an image, whose text is its alternative */
};

static void
md_put(struct md_maker *m, enum md_kind kind, uint32_t n, const char *a,
    const char *b)
{
	const struct md_token t = {
		.kind = kind, .n = n, .a = view_of(a), .b = view_of(b)
	};

	md_write(m->out, &t);
}

static void
md_open(struct md_maker *m, enum md_kind kind, uint32_t n, const char *a,
    const char *b)
{
	if (m->beyond > 0 || m->depth == MD_DEPTH) {
		m->beyond++;
		return;
	}
	m->depth++;
	md_put(m, kind, n, a, b);
}

static void
md_close(struct md_maker *m)
{
	if (m->beyond > 0) {
		m->beyond--;
		return;
	}
	m->depth--;
	md_put(m, MD_END, 0, NULL, NULL);
}

static uint32_t
md_list_start(cmark_node *node)
{
	int start = cmark_node_get_list_start(node);

	if (cmark_node_get_list_type(node) != CMARK_ORDERED_LIST)
		return 0;
	return start < 0 ? 1 : (uint32_t)start + 1;
}

static uint32_t
md_cell_side(cmark_node *cell)
{
	cmark_node *row = cmark_node_parent(cell);
	cmark_node *table = cmark_node_parent(row);
	uint8_t *sides = cmark_gfm_extensions_get_table_alignments(table);
	uint16_t n = cmark_gfm_extensions_get_table_columns(table), i = 0;

	for (cmark_node *x = cmark_node_first_child(row);
	     x != NULL && x != cell; x = cmark_node_next(x))
		i++;
	return sides != NULL && i < n ? sides[i] : 0;
}

/* Those of extensions are known by their names. */
static void
md_open_extension(struct md_maker *m, cmark_node *node, const char *name)
{
	if (strcmp(name, "table") == 0)
		md_open(m, MD_TABLE, 0, NULL, NULL);
	else if (strcmp(name, "table_header") == 0)
		md_open(m, MD_ROW, 1, NULL, NULL);
	else if (strcmp(name, "table_row") == 0)
		md_open(m, MD_ROW, 0, NULL, NULL);
	else if (strcmp(name, "table_cell") == 0)
		md_open(m, MD_CELL, md_cell_side(node), NULL, NULL);
	else if (strcmp(name, "strikethrough") == 0)
		md_open(m, MD_STRIKE, 0, NULL, NULL);
	else if (strcmp(name, "tasklist") == 0)
		md_open(m, MD_ITEM,
		    cmark_gfm_extensions_get_tasklist_item_checked(node) ? 2
									 : 1,
		    NULL, NULL);
	else
		m->beyond++;
}

/* What an image shows: the texts in it. */
static void
md_image(struct md_maker *m, cmark_node *node)
{
	struct str text = STR_INIT_MAX(1000);
	cmark_iter *it = cmark_iter_new(node);
	cmark_event_type ev;

	while ((ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		const char *s = cmark_node_get_literal(cmark_iter_get_node(it));

		if (ev == CMARK_EVENT_ENTER && s != NULL)
			str_add(&text, s);
	}
	cmark_iter_free(it);
	md_put(m, MD_IMAGE, 0, cmark_node_get_url(node), str_cstr(&text));
	str_release(&text);
	m->skip = node;
}

/* True: it was one that has no end. */
static bool
md_leaf(struct md_maker *m, cmark_node *node)
{
	const char *s = cmark_node_get_literal(node);

	switch ((unsigned)cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		md_put(m, MD_TEXT, 0, s, NULL);
		return true;
	case CMARK_NODE_SOFTBREAK:
		md_put(m, MD_SOFT, 0, NULL, NULL);
		return true;
	case CMARK_NODE_LINEBREAK:
		md_put(m, MD_BREAK, 0, NULL, NULL);
		return true;
	case CMARK_NODE_CODE:
		md_put(m, MD_CODE, 0, s, NULL);
		return true;
	case CMARK_NODE_CODE_BLOCK:
		md_put(m, MD_CODE_BLOCK, 0, s, cmark_node_get_fence_info(node));
		return true;
	case CMARK_NODE_HTML_BLOCK:
	case CMARK_NODE_HTML_INLINE:
		md_put(m, MD_HTML, 0, s, NULL);
		return true;
	case CMARK_NODE_THEMATIC_BREAK:
		md_put(m, MD_RULE, 0, NULL, NULL);
		return true;
	default:
		return false;
	}
}

static void
md_enter(struct md_maker *m, cmark_node *node)
{
	switch ((unsigned)cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		md_open(m, MD_PARAGRAPH, 0, NULL, NULL);
		break;
	case CMARK_NODE_HEADING:
		md_open(m, MD_HEADING,
		    (uint32_t)cmark_node_get_heading_level(node), NULL, NULL);
		break;
	case CMARK_NODE_BLOCK_QUOTE:
		md_open(m, MD_QUOTE, 0, NULL, NULL);
		break;
	case CMARK_NODE_LIST:
		md_open(m, MD_LIST, md_list_start(node), NULL, NULL);
		break;
	case CMARK_NODE_ITEM:
		if (strcmp(cmark_node_get_type_string(node), "tasklist") == 0)
			md_open_extension(m, node, "tasklist");
		else
			md_open(m, MD_ITEM, 0, NULL, NULL);
		break;
	case CMARK_NODE_EMPH:
		md_open(m, MD_EMPH, 0, NULL, NULL);
		break;
	case CMARK_NODE_STRONG:
		md_open(m, MD_STRONG, 0, NULL, NULL);
		break;
	case CMARK_NODE_LINK:
		md_open(m, MD_LINK, 0, cmark_node_get_url(node),
		    cmark_node_get_title(node));
		break;
	default:
		md_open_extension(m, node, cmark_node_get_type_string(node));
		break;
	}
}

/* A paragraph of a list without blank lines is its item's text. */
static bool
md_is_tight(cmark_node *node)
{
	cmark_node *item = cmark_node_parent(node);
	cmark_node *list = item == NULL ? NULL : cmark_node_parent(item);

	return (unsigned)cmark_node_get_type(node) == CMARK_NODE_PARAGRAPH &&
	    list != NULL &&
	    (unsigned)cmark_node_get_type(list) == CMARK_NODE_LIST &&
	    cmark_node_get_list_tight(list) != 0;
}

static void
md_walk(struct md_maker *m, cmark_node *doc)
{
	cmark_iter *it = cmark_iter_new(doc);
	cmark_event_type ev;

	while ((ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(it);
		bool in = ev == CMARK_EVENT_ENTER;

		if (node == doc || md_is_tight(node))
			continue;
		if (m->skip != NULL) {
			if (node == m->skip && !in)
				m->skip = NULL;
			continue;
		}
		if (in &&
		    (unsigned)cmark_node_get_type(node) == CMARK_NODE_IMAGE)
			md_image(m, node);
		else if (!in)
			md_close(m);
		else if (!md_leaf(m, node))
			md_enter(m, node);
	}
	cmark_iter_free(it);
}

int
md_parse(struct view text, struct str *out, struct err *e)
{
	static const char *const names[] = { "table", "strikethrough",
		"autolink", "tasklist" };
	struct md_maker m = { .out = out };
	cmark_parser *p;
	cmark_node *doc;

	if (text.len > MD_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "a text of more than 1 MiB");
	cmark_gfm_core_extensions_ensure_registered();
	p = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cmark_syntax_extension *x = cmark_find_syntax_extension(
		    names[i]);

		if (x != NULL)
			(void)cmark_parser_attach_syntax_extension(p, x);
	}
	cmark_parser_feed(p, text.p, text.len);
	doc = cmark_parser_finish(p);
	cmark_parser_free(p);
	md_walk(&m, doc);
	cmark_node_free(doc);
	if (!str_ok(out))
		return err_set(e, ERR_LIMIT, "a text of too many parts");
	return 0;
}
