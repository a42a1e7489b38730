#include "server/store/schema_forge.h"

/* The rowid of a text in `word` is its item's id << 32 | its comment's id, 0
 * for the item's own text: newer items have higher ones, and the texts of one
 * item stand together. */
#define WORD_DELETE                                                        \
	"INSERT INTO word (word, rowid, p, title, body) VALUES ('delete'," \
	" "
#define WORD_INSERT "INSERT INTO word (rowid, p, title, body) VALUES ("
#define WORD_ISSUE_OLD \
	"OLD.id << 32, 'p' || OLD.project_id, OLD.title, OLD.body);"
#define WORD_ISSUE_NEW \
	"NEW.id << 32, 'p' || NEW.project_id, NEW.title, NEW.body);"
#define WORD_COMMENT_OLD                                                 \
	"(SELECT id FROM issue WHERE project_id = OLD.project_id"        \
	" AND number = OLD.item) << 32 | OLD.id, 'p' || OLD.project_id," \
	" '', OLD.body);"
#define WORD_COMMENT_NEW                                                 \
	"(SELECT id FROM issue WHERE project_id = NEW.project_id"        \
	" AND number = NEW.item) << 32 | NEW.id, 'p' || NEW.project_id," \
	" '', NEW.body);"
#define WORD_OF_ITEM " WHERE project_id = OLD.project_id AND item = OLD.number;"
#define WORD_OF_COMMENT                                          \
	" WHERE project_id = OLD.project_id AND item = OLD.item" \
	" AND comment_id = OLD.id;"

/* word: the index of the search, without the texts; p is "p" and the project's
 * id.  With an item goes what hangs on it, its comments first: they find their
 * place in the index by it. */
const char schema_search
    [] = "CREATE VIRTUAL TABLE word USING fts5 (p, title, body, content = '',"
	 " columnsize = 0,"
	 " tokenize = 'porter unicode61 remove_diacritics 2');"
	 "INSERT INTO word (rowid, p, title, body)"
	 " SELECT id << 32, 'p' || project_id, title, body FROM issue"
	 " ORDER BY id;"
	 "INSERT INTO word (rowid, p, title, body)"
	 " SELECT i.id << 32 | c.id, 'p' || c.project_id, '', c.body"
	 " FROM comment c JOIN issue i ON i.project_id = c.project_id"
	 " AND i.number = c.item;"
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
