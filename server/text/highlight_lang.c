#include "server/text/highlight_lang.h"

#include <stddef.h>

#define C_WORDS                                                            \
	"auto break case char const continue default do double else enum " \
	"extern float for goto if inline int long register return short "  \
	"signed sizeof static struct switch typedef union unsigned void "  \
	"volatile while bool true false NULL"

const struct highlight_lang highlight_langs[] = {
	{ .names = "c h cc cpp cxx hpp hh c++ ino m",
	    .files = "",
	    .line = "//",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'",
	    .words = C_WORDS " alignas alignof catch class constexpr delete "
			     "explicit friend mutable namespace new noexcept "
			     "nullptr operator override private protected "
			     "public template this throw try typename using "
			     "virtual",
	    .hash_first = true },
	{ .names = "js jsx mjs cjs ts tsx javascript typescript vue svelte",
	    .files = "",
	    .line = "//",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'`",
	    .words =
		"abstract any as async await boolean break case catch class "
		"const continue debugger declare default delete do else enum "
		"export extends false finally for from function get if "
		"implements import in instanceof interface let new null number "
		"of private protected public readonly return set static string "
		"super switch this throw true try type typeof undefined var "
		"void while with yield" },
	{ .names = "java kt kts scala groovy gradle",
	    .files = "Jenkinsfile",
	    .line = "//",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'",
	    .triple = { "\"\"\"" },
	    .words =
		"abstract as assert boolean break byte case catch char class "
		"companion const continue data def default do double else enum "
		"extends false final finally float for fun if implements "
		"import in instanceof int interface internal is long match "
		"native new null object open override package private "
		"protected public return sealed short static super switch "
		"synchronized this throw throws trait true try val var void "
		"volatile when while" },
	{ .names = "go",
	    .files = "",
	    .line = "//",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'`",
	    .words =
		"any bool break byte case chan const continue default defer "
		"else error fallthrough false float64 for func go goto if "
		"import int int64 interface iota map nil package range return "
		"rune select string struct switch true type uint var" },
	{ .names = "rs rust",
	    .files = "",
	    .line = "//",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"",
	    .words =
		"as async await bool break const continue dyn else enum "
		"extern false fn for i32 i64 if impl in let loop match mod "
		"move mut pub ref return self Self static str String struct "
		"super trait true type u32 u64 u8 unsafe use usize where "
		"while" },
	{ .names = "cs swift php dart",
	    .files = "",
	    .line = "//",
	    .line2 = "#!",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'",
	    .words =
		"abstract array as async await base bool break case catch "
		"class const continue default do echo else enum extends false "
		"final finally for foreach func function guard if implements "
		"import in int interface internal is let namespace new nil "
		"null object override private protected public return sealed "
		"self static string struct switch this throw true try using "
		"var virtual void while yield" },
	{ .names = "css scss less",
	    .files = "",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "\"'",
	    .words = "important media import inherit none auto" },
	{ .names = "py pyi python",
	    .files = "SConstruct wscript",
	    .line = "#",
	    .quotes = "\"'",
	    .triple = { "\"\"\"", "'''" },
	    .words =
		"and as assert async await break class continue def del elif "
		"else except False finally for from global if import in is "
		"lambda match None nonlocal not or pass raise return self "
		"True try while with yield" },
	{ .names = "sh bash zsh ksh fish t bats shell console",
	    .files = ".bashrc .profile .zshrc configure",
	    .line = "#",
	    .quotes = "\"'",
	    .words =
		"case cd do done echo elif else esac eval exec exit export fi "
		"for function if in local printf read return set shift test "
		"then trap unset until while" },
	{ .names = "mk make cmake",
	    .files = "Makefile makefile GNUmakefile CMakeLists.txt",
	    .line = "#",
	    .quotes = "\"'",
	    .words = "define else endef endif export foreach ifdef ifeq ifndef "
		     "ifneq include override set if function macro add_library "
		     "add_executable" },
	{ .names = "dockerfile",
	    .files = "Dockerfile Containerfile",
	    .line = "#",
	    .quotes = "\"'",
	    .words = "ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM "
		     "HEALTHCHECK LABEL ONBUILD RUN SHELL STOPSIGNAL USER "
		     "VOLUME WORKDIR",
	    .no_case = true },
	{ .names = "yml yaml toml ini conf cfg properties",
	    .files = ".editorconfig .gitconfig .gitmodules .gitattributes "
		     ".gitignore",
	    .line = "#",
	    .line2 = ";",
	    .quotes = "\"'",
	    .words = "true false null yes no on off" },
	{ .names = "json jsonc json5",
	    .files = "",
	    .line = "//",
	    .quotes = "\"",
	    .words = "true false null" },
	{ .names = "rb ruby gemspec rake",
	    .files = "Gemfile Rakefile Vagrantfile",
	    .line = "#",
	    .quotes = "\"'",
	    .words =
		"alias and begin break case class def do else elsif end "
		"ensure false for if in module next nil not or redo require "
		"rescue retry return self super then true undef unless until "
		"when while yield" },
	{ .names = "pl pm perl raku",
	    .files = "",
	    .line = "#",
	    .quotes = "\"'",
	    .words = "and cmp die do else elsif eq for foreach if last local "
		     "my ne next no not or our package print return sub undef "
		     "unless until use while" },
	{ .names = "sql",
	    .files = "",
	    .line = "--",
	    .open = "/*",
	    .close = "*/",
	    .quotes = "'\"",
	    .words =
		"add all alter and as asc begin between by case check column "
		"commit constraint create default delete desc distinct drop "
		"else end exists foreign from group having if in index insert "
		"into is join key left like limit not null on or order outer "
		"primary references rollback select set table then trigger "
		"union unique update using values view when where with",
	    .no_case = true,
	    .raw_quotes = true },
	{ .names = "lua",
	    .files = "",
	    .line = "--",
	    .quotes = "\"'",
	    .words = "and break do else elseif end false for function goto if "
		     "in local nil not or repeat return then true until "
		     "while" },
	{ .names = "html htm xml svg xhtml plist",
	    .files = "",
	    .open = "<!--",
	    .close = "-->",
	    .quotes = "\"",
	    .words = "",
	    .raw_quotes = true },
	{ .names = "hs elm ml",
	    .files = "",
	    .line = "--",
	    .open = "{-",
	    .close = "-}",
	    .quotes = "\"",
	    .words = "case class data deriving do else fun if import in "
		     "instance let match module newtype of rec then type "
		     "where with" },
	{ .names = NULL },
};
