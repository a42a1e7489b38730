#include "server/store/schema_forge.h"

/* The rowid of a text in `word` is project << 46 | item << 24 | comment, 0 for
 * the item's own text: a project is a stretch of them, newer items are higher.
 * Of the comment's id 24 bits are enough to tell those of one item apart. */
#define WORD_DELETE                                            \
	"INSERT INTO word (word, rowid, title, body) VALUES (" \
	"'delete', "
#define WORD_INSERT "INSERT INTO word (rowid, title, body) VALUES ("
#define WORD_ISSUE_OLD                                 \
	"(OLD.project_id << 46) | (OLD.number << 24)," \
	" OLD.title, OLD.body);"
#define WORD_ISSUE_NEW                                 \
	"(NEW.project_id << 46) | (NEW.number << 24)," \
	" NEW.title, NEW.body);"
#define WORD_COMMENT_OLD                            \
	"(OLD.project_id << 46) | (OLD.item << 24)" \
	" | (OLD.id & 16777215), '', OLD.body);"
#define WORD_COMMENT_NEW                            \
	"(NEW.project_id << 46) | (NEW.item << 24)" \
	" | (NEW.id & 16777215), '', NEW.body);"
#define WORD_OF_ITEM " WHERE project_id = OLD.project_id AND item = OLD.number;"
#define WORD_OF_COMMENT                                          \
	" WHERE project_id = OLD.project_id AND item = OLD.item" \
	" AND comment_id = OLD.id;"

/* word: the index of the search, without the texts.  Small pages: a rare word
 * beside a common one skips most of the common one's.  With an item goes what
 * hangs on it. */
const char schema_search
    [] = "CREATE VIRTUAL TABLE word USING fts5 (title, body, content = '',"
	 " columnsize = 0,"
	 " tokenize = 'porter unicode61 remove_diacritics 2');"
	 "INSERT INTO word (word, rank) VALUES ('pgsz', 1000);"
	 "INSERT INTO word (rowid, title, body)"
	 " SELECT (project_id << 46) | (number << 24), title, body FROM issue;"
	 "INSERT INTO word (rowid, title, body)"
	 " SELECT (project_id << 46) | (item << 24) | (id & 16777215), '', body"
	 " FROM comment;"
	 "CREATE TRIGGER issue_word_insert AFTER INSERT ON issue"
	 " BEGIN " WORD_INSERT WORD_ISSUE_NEW " END;"
	 "CREATE TRIGGER issue_word_update AFTER UPDATE OF title, body ON issue"
	 " WHEN OLD.title <> NEW.title OR OLD.body <> NEW.body"
	 " BEGIN " WORD_DELETE WORD_ISSUE_OLD WORD_INSERT WORD_ISSUE_NEW " END;"
	 "CREATE TRIGGER issue_word_delete BEFORE DELETE ON issue BEGIN"
	 " DELETE FROM comment" WORD_OF_ITEM
	 " DELETE FROM revision" WORD_OF_ITEM
	 " DELETE FROM reaction" WORD_OF_ITEM
	 " DELETE FROM attachment" WORD_OF_ITEM
	 " DELETE FROM participant" WORD_OF_ITEM
	 " DELETE FROM notification" WORD_OF_ITEM " " WORD_DELETE WORD_ISSUE_OLD
	 " END;"
	 "CREATE TRIGGER comment_word_insert AFTER INSERT ON comment"
	 " BEGIN " WORD_INSERT WORD_COMMENT_NEW " END;"
	 "CREATE TRIGGER comment_word_update AFTER UPDATE OF body ON comment"
	 " WHEN OLD.body <> NEW.body"
	 " BEGIN " WORD_DELETE WORD_COMMENT_OLD WORD_INSERT WORD_COMMENT_NEW
	 " END;"
	 "CREATE TRIGGER comment_word_delete BEFORE DELETE ON comment"
	 " BEGIN " WORD_DELETE WORD_COMMENT_OLD
	 " DELETE FROM revision" WORD_OF_COMMENT
	 " DELETE FROM reaction" WORD_OF_COMMENT
	 " DELETE FROM attachment" WORD_OF_COMMENT " END;";
