#include "findings/check_body.h"

#define TEST CHECK_IS_TEST
#define CODE CHECK_IS_CODE
#define SHELL CHECK_IS_SHELL
#define CI CHECK_IS_CI
#define BUILD CHECK_IS_BUILD
#define RUNS (CODE | SHELL | CI | BUILD)
#define BEFORE CHECK_EDGE_BEFORE
#define AFTER CHECK_EDGE_AFTER
#define BOTH CHECK_EDGE_BOTH
#define NODOT CHECK_EDGE_NODOT

#define SKIP(word, where, edges)                                           \
	{                                                                  \
		word, where, edges, 0, "test-skipped", "a test is skipped" \
	}
#define HOLLOW(word)                                  \
	{                                             \
		word, TEST, BEFORE, 0, "test-hollow", \
		    "a test that cannot fail"         \
	}
#define FOCUS(word)                                            \
	{                                                      \
		word, TEST, BEFORE | NODOT, 0, "test-focused", \
		    "the other tests do not run any more"      \
	}
#define IGNORED(word, where)                          \
	{                                             \
		word, where, 0, 0, "failure-ignored", \
		    "a step may fail unnoticed"       \
	}
#define TAG(word, where, edges, tag)                \
	{                                           \
		word, where, edges, tag, NULL, NULL \
	}
#define EVAL(word, edges) TAG(word, RUNS, edges, CHECK_TAG_EVAL)
#define RUN(word, edges) TAG(word, RUNS, edges, CHECK_TAG_RUN)
#define DECODE(word, edges) TAG(word, RUNS, edges, CHECK_TAG_DECODE)
#define ASSERT(word, edges) TAG(word, TEST, edges, CHECK_TAG_ASSERT)
#define CASE(word) TAG(word, TEST, BEFORE | NODOT, CHECK_TAG_CASE)
#define KEYWORD(word) TAG(word, 0, 0, CHECK_TAG_KEYWORD)
#define TLS(word)                                                           \
	{                                                                   \
		word, RUNS, 0, 0, "tls-off",                                \
		    "the other side of a connection is not proven any more" \
	}
#define INDEX(word, where)                                 \
	{                                                  \
		word, where, 0, 0, "extra-index",          \
		    "packages may come from another place" \
	}
#define DROP(word)                                                  \
	{                                                           \
		word, 0, 0, CHECK_TAG_NET, "drop-host",             \
		    "a place where anybody can leave or fetch data" \
	}
#define HOOKS(word)                                     \
	{                                               \
		word, 0, 0, 0, "hooks-path",            \
		    "git is told to run something else" \
	}
#define SECRETS(word, tag)                                   \
	{                                                    \
		word, RUNS, 0, tag, "credential-access",     \
		    "a place where credentials lie is named" \
	}
#define LOADS(word, edges)                                      \
	{                                                       \
		word, CODE, edges, 0, "unsafe-load",            \
		    "data is loaded in a way that can run code" \
	}
#define DIRECT(word)                                 \
	{                                            \
		word, RUNS, 0, 0, "remote-shell",    \
		    "a shell for somebody elsewhere" \
	}
#define TRIGGER(word)                                                 \
	{                                                             \
		word, CI, BOTH, 0, "ci-trigger",                      \
		    "others can start this with the project's rights" \
	}

static const struct check_word check_table[] = {
	/* Downloads that run. */
	TAG("curl ", 0, BEFORE, CHECK_TAG_DOWNLOAD | CHECK_TAG_NET),
	TAG("wget ", 0, BEFORE, CHECK_TAG_DOWNLOAD | CHECK_TAG_NET),
	TAG("iwr ", 0, BEFORE, CHECK_TAG_DOWNLOAD | CHECK_TAG_NET),
	TAG("invoke-webrequest", 0, BEFORE, CHECK_TAG_DOWNLOAD | CHECK_TAG_NET),
	TAG("downloadstring(", 0, 0, CHECK_TAG_DOWNLOAD | CHECK_TAG_NET),
	TAG("iex (", 0, BEFORE, CHECK_TAG_SHELL),
	TAG("iex(", 0, BEFORE, CHECK_TAG_SHELL),
	TAG("sh <(", 0, 0, CHECK_TAG_SHELL),
	TAG(">(sh", 0, AFTER, CHECK_TAG_SHELL),
	TAG(">(bash", 0, AFTER, CHECK_TAG_SHELL),
	TAG("source <(", 0, 0, CHECK_TAG_SHELL),
	TAG(". <(", 0, 0, CHECK_TAG_SHELL),
	TAG("sh -c \"$(", 0, 0, CHECK_TAG_SHELL),
	TAG("sh -c \"`", 0, 0, CHECK_TAG_SHELL),
	TAG("eval \"$(", 0, 0, CHECK_TAG_SHELL),
	TAG("eval $(", 0, 0, CHECK_TAG_SHELL),
	TAG("eval `", 0, 0, CHECK_TAG_SHELL),

	/* Text that becomes a program. */
	EVAL("eval(", BEFORE),
	EVAL("exec(", BEFORE | NODOT),
	EVAL("execscript(", BEFORE),
	EVAL("new function(", BEFORE),
	EVAL("function(", BEFORE | NODOT | CHECK_EDGE_UPPER),
	EVAL("vm.runin", BEFORE),
	RUN("child_process", 0),
	EVAL("os.system(", 0),
	EVAL("os.popen(", 0),
	RUN("subprocess.", BEFORE),
	EVAL("shell_exec(", BEFORE),
	EVAL("passthru(", BEFORE),
	RUN("proc_open(", BEFORE),
	EVAL("assert($", 0),
	EVAL("create_function(", BEFORE),
	EVAL("instance_eval", BEFORE),
	EVAL("class_eval", BEFORE),
	EVAL("loadstring(", BEFORE),
	EVAL("__import__(", 0),
	RUN("runtime.getruntime().exec", 0),
	EVAL("invoke-expression", BEFORE),
	DECODE("atob(", BEFORE),
	DECODE("base64 -d", BEFORE),
	DECODE("base64 --decode", BEFORE),
	DECODE("b64decode", 0),
	DECODE("base64_decode", 0),
	DECODE("decode64", 0),
	DECODE("frombase64string", 0),
	DECODE("base64.decode", 0),
	DECODE("fromcharcode", 0),
	DECODE("unhexlify", 0),
	DECODE("bytes.fromhex(", 0),
	DECODE("bytearray.fromhex(", 0),
	DECODE("xxd -r", BEFORE),
	DECODE("openssl enc -d", 0),
	DECODE(", 'base64'", 0),
	DECODE(", \"base64\"", 0),
	DECODE(",'base64'", 0),
	DECODE(",\"base64\"", 0),
	DECODE(", 'hex')", 0),
	DECODE(", \"hex\")", 0),
	DECODE("unescape(", BEFORE),
	DECODE("codecs.decode(", 0),
	DECODE("zlib.decompress(", 0),
	DECODE("gzinflate(", 0),
	DECODE("gzuncompress(", 0),
	DECODE("str_rot13(", 0),
	DECODE("rot13", BOTH),
	DECODE("pack('h*'", 0),
	DECODE("pack(\"h*\"", 0),
	TAG("\\u", CODE, 0, CHECK_TAG_BREAK),
	LOADS("marshal.loads(", BEFORE),
	LOADS("pickle.load(", 0),
	LOADS("pickle.loads(", 0),
	LOADS("dill.loads(", 0),
	LOADS("jsonpickle.decode(", 0),
	LOADS("unserialize(", BEFORE),
	LOADS("yaml.unsafe_load(", 0),
	LOADS("loader=yaml.loader", 0),
	LOADS("loader=yaml.unsafeloader", 0),
	LOADS("loader=yaml.fullloader", 0),
	LOADS("objectinputstream(", 0),
	LOADS("binaryformatter(", 0),
	LOADS("marshal.load(", BEFORE),
	{ "dlopen(", CODE, BEFORE, 0, "native-load",
	    "a library is loaded while the program runs" },
	{ "ctypes.cdll", CODE, 0, 0, "native-load",
	    "a library is loaded while the program runs" },
	{ "ld_preload", RUNS, BOTH, 0, "preload",
	    "a library is forced into programs" },
	{ "dyld_insert_libraries", RUNS, BOTH, 0, "preload",
	    "a library is forced into programs" },
	{ "/etc/ld.so.preload", RUNS, 0, 0, "preload",
	    "a library is forced into programs" },
	{ "node_options=--require", RUNS, 0, 0, "preload",
	    "code is forced into programs" },
	{ "node_options: --require", RUNS, 0, 0, "preload",
	    "code is forced into programs" },
	{ "pythonstartup", RUNS, BOTH, 0, "preload",
	    "code is forced into programs" },
	{ "bash_env", RUNS, BOTH, 0, "preload",
	    "code is forced into programs" },
	{ "/dev/tcp/", RUNS, 0, CHECK_TAG_NET, "shell-socket",
	    "a shell opens a connection itself" },
	{ "/dev/udp/", RUNS, 0, CHECK_TAG_NET, "shell-socket",
	    "a shell opens a connection itself" },
	DIRECT("nc -e "),
	DIRECT("ncat -e "),
	DIRECT("bash -i >&"),
	DIRECT("sh -i >&"),
	DIRECT("pty.spawn(\"/bin/"),
	DIRECT("pty.spawn('/bin/"),
	DIRECT("socat exec:"),
	DIRECT("sh -i 2>&1"),
	DIRECT("pty.spawn(\"sh"),
	DIRECT("pty.spawn('sh"),
	DIRECT("pty.spawn(\"bash"),
	DIRECT("pty.spawn('bash"),
	DIRECT("os.dup2(s.fileno()"),
	DIRECT("os.dup2(sock"),
	DIRECT("open(stdin,\"<&"),
	DIRECT("open(stdin,\">&"),
	DIRECT("`$_get["),
	DIRECT("`$_post["),
	DIRECT("`$_request["),
	DIRECT("system($_"),
	DIRECT("shell_exec($_"),
	DIRECT("passthru($_"),
	DIRECT("eval($_"),
	DIRECT("include $_"),
	DIRECT("include($_"),
	DIRECT("require $_"),
	DIRECT("require($_"),

	/* Credentials, and ways out. */
	SECRETS(".ssh/id_", CHECK_TAG_PRIVATE),
	SECRETS(".ssh/authorized_keys", CHECK_TAG_PRIVATE),
	SECRETS(".aws/credentials", CHECK_TAG_PRIVATE),
	SECRETS(".config/gcloud", CHECK_TAG_PRIVATE),
	SECRETS(".kube/config", CHECK_TAG_PRIVATE),
	SECRETS(".docker/config.json", CHECK_TAG_PRIVATE),
	SECRETS(".git-credentials", CHECK_TAG_PRIVATE),
	SECRETS(".netrc", 0),
	SECRETS("/etc/shadow", CHECK_TAG_PRIVATE),
	SECRETS(".gnupg/", CHECK_TAG_PRIVATE),
	SECRETS(".claude/.credentials", CHECK_TAG_PRIVATE),
	SECRETS(".codex/auth.json", CHECK_TAG_PRIVATE),
	SECRETS("wallet.dat", CHECK_TAG_PRIVATE),
	SECRETS("169.254.169.254", 0),
	SECRETS("metadata.google.internal", 0),
	TAG("process.env", CODE, BEFORE, CHECK_TAG_ENV),
	TAG("os.environ", CODE, BEFORE, CHECK_TAG_ENV),
	TAG("printenv", RUNS, BOTH, CHECK_TAG_ENV),
	TAG("env |", RUNS, BEFORE, CHECK_TAG_ENV),
	TAG("$(env)", RUNS, 0, CHECK_TAG_ENV),
	TAG("`env`", RUNS, 0, CHECK_TAG_ENV),
	TAG("requests.post(", CODE, BEFORE, CHECK_TAG_NET),
	TAG("urlopen(", CODE, BEFORE, CHECK_TAG_NET),
	TAG("fetch(", CODE, BEFORE, CHECK_TAG_NET),
	TAG("axios.", CODE, BEFORE, CHECK_TAG_NET),
	TAG("http.request(", CODE, BEFORE, CHECK_TAG_NET),
	TAG("https.request(", CODE, BEFORE, CHECK_TAG_NET),
	TAG("sendbeacon(", CODE, 0, CHECK_TAG_NET),
	DROP("discord.com/api/webhooks"),
	DROP("discordapp.com/api/webhooks"),
	DROP("hooks.slack.com/"),
	DROP("api.telegram.org/bot"),
	DROP("webhook.site"),
	DROP("requestbin."),
	DROP("pipedream.net"),
	DROP("pastebin.com"),
	DROP("paste.ee/"),
	DROP("hastebin."),
	DROP("transfer.sh"),
	DROP("file.io/"),
	DROP("ngrok.io"),
	DROP("ngrok-free.app"),
	DROP("trycloudflare.com"),
	DROP("interact.sh"),
	DROP("oastify.com"),
	DROP("burpcollaborator.net"),
	DROP(".onion/"),
	TLS("node_tls_reject_unauthorized"),
	TLS("strict-ssl=false"),
	TLS("strict-ssl false"),
	TLS("git_ssl_no_verify"),
	TLS("http.sslverify"),
	TLS("verify=false"),
	TLS("curl -k "),
	TLS("curl --insecure"),
	TLS("--no-check-certificate"),
	TLS("insecureskipverify: true"),
	TLS("rejectunauthorized: false"),
	TLS("pythonhttpsverify=0"),
	TLS("danger_accept_invalid_certs"),
	TLS("ssl._create_unverified_context"),
	TLS("curlopt_ssl_verifypeer"),
	INDEX("--extra-index-url", RUNS),
	INDEX("--trusted-host", RUNS),
	INDEX("extra-index-url =", RUNS),
	INDEX("extra_index_url", RUNS),
	INDEX("pip_extra_index_url", RUNS),
	INDEX("--index-url", RUNS),
	INDEX("--find-links", RUNS),
	INDEX("goflags=-insecure", RUNS),
	INDEX("goinsecure", RUNS),
	INDEX("gonosumdb", RUNS),
	INDEX("gonosumcheck", RUNS),
	INDEX("gosumdb=off", RUNS),
	INDEX("--allow-unauthenticated", RUNS),
	INDEX("trusted=yes", RUNS),
	HOOKS("core.hookspath"),
	HOOKS("core.fsmonitor"),
	HOOKS("core.sshcommand"),
	HOOKS("init.templatedir"),
	HOOKS("git_ssh_command"),
	HOOKS("git_template_dir"),
	HOOKS("git_external_diff"),
	HOOKS("protocol.ext.allow"),
	HOOKS("git_config_global"),
	{ "//go:generate", CODE, 0, 0, "build-directive",
	    "a command for go generate" },
	{ "#cgo ", CODE, 0, 0, "build-directive", "options for cgo" },
	{ "//go:linkname", CODE, 0, 0, "build-directive",
	    "a link into another package" },
	{ "pypi-publish", CI, 0, 0, "ci-publish", "something is published" },
	{ "npm publish", CI | SHELL, 0, 0, "ci-publish",
	    "something is published" },

	/* Tests. */
	SKIP("@pytest.mark.skip", TEST, 0),
	SKIP("@pytest.mark.xfail", TEST, 0),
	SKIP("pytest.skip(", TEST, 0),
	SKIP("pytest.xfail(", TEST, 0),
	SKIP("pytest.importorskip(", TEST, 0),
	SKIP("@unittest.skip", TEST, 0),
	SKIP("@unittest.expectedfailure", TEST, 0),
	SKIP("self.skiptest(", TEST, 0),
	SKIP("collect_ignore", TEST, 0),
	SKIP("it.skip(", TEST, BEFORE),
	SKIP("it.todo(", TEST, BEFORE),
	SKIP("it.fails(", TEST, BEFORE),
	SKIP("test.skip(", TEST, BEFORE),
	SKIP("test.todo(", TEST, BEFORE),
	SKIP(".skip.", TEST, 0),
	SKIP(".fixme(", TEST, 0),
	SKIP("test.failing(", TEST, BEFORE),
	SKIP("describe.skip(", TEST, BEFORE),
	SKIP("xit(", TEST, BEFORE),
	SKIP("xtest(", TEST, BEFORE),
	SKIP("xdescribe(", TEST, BEFORE),
	SKIP("t.skip(", TEST, BEFORE),
	SKIP("t.skipf(", TEST, BEFORE),
	SKIP("t.skipnow(", TEST, BEFORE),
	SKIP("b.skip(", TEST, BEFORE),
	SKIP("#[ignore", CODE, 0),
	SKIP("#[should_panic", TEST, 0),
	SKIP("@ignore", TEST, AFTER),
	SKIP("@disabled", TEST, AFTER),
	SKIP("skip();", TEST, BEFORE),
	SKIP("# skip", TEST, AFTER),
	SKIP("# todo ", TEST, 0),
	SKIP("gtest_skip(", TEST, BEFORE),
	SKIP("[fact(skip", TEST, 0),
	SKIP("[theory(skip", TEST, 0),
	SKIP("[ignore]", TEST, 0),
	SKIP("marktestskipped(", TEST, 0),
	SKIP("marktestincomplete(", TEST, 0),
	SKIP("pending(", TEST, BEFORE | NODOT),
	SKIP("skipif(", TEST, 0),
	SKIP("test_skip", TEST, BEFORE),
	SKIP("exit_77", TEST, BOTH),
	SKIP("exit 77", TEST, BOTH),
	FOCUS("it.only("),
	FOCUS("test.only("),
	FOCUS("describe.only("),
	FOCUS("fit("),
	FOCUS("fdescribe("),
	HOLLOW("assert true"),
	HOLLOW("assert(true)"),
	HOLLOW("assert(1)"),
	HOLLOW("assert 1 == 1"),
	HOLLOW("asserttrue(true)"),
	HOLLOW("assert_true(true)"),
	HOLLOW("assert!(true)"),
	HOLLOW("expect(true).tobe(true)"),
	HOLLOW("expect(true).tobetruthy()"),
	HOLLOW("expect(1).tobe(1)"),
	HOLLOW("expect(true).to.be.true"),
	HOLLOW("except assertionerror"),
	HOLLOW("catch (assertionerror"),
	HOLLOW("or true"),
	HOLLOW("if true: return"),
	HOLLOW("if 1: return"),
	HOLLOW("if (true) return"),
	HOLLOW("if (1) return"),
	ASSERT("assert", 0),
	ASSERT("expect(", BEFORE),
	ASSERT("expect_", BEFORE),
	ASSERT("should.", BEFORE),
	ASSERT(".should", 0),
	ASSERT("t.error", BEFORE),
	ASSERT("t.fatal", BEFORE),
	ASSERT("require.", BEFORE),
	ASSERT("check(", BEFORE),
	ASSERT("verify(", BEFORE),
	ASSERT("tap_", BEFORE),
	CASE("def test"),
	CASE("it("),
	CASE("test("),
	CASE("func test"),
	CASE("fn test"),
	TAG("#[test]", 0, 0, CHECK_TAG_CASE),
	TAG("@test", TEST, AFTER, CHECK_TAG_CASE),
	CASE("void test"),
	CASE("cmocka_unit_test("),
	IGNORED("continue-on-error: true", CI),
	IGNORED("allow_failure: true", CI),
	IGNORED("failure: ignore", CI),
	SKIP("if: false", CI, AFTER),
	SKIP("if: ${{ false }}", CI, 0),
	SKIP("when: never", CI, AFTER),
	IGNORED("|| true", CI),
	IGNORED("||true", CI),
	IGNORED("|| :", CI),
	IGNORED("|| exit 0", CI),
	IGNORED("--passwithnotests", 0),
	IGNORED("--no-verify", CI | SHELL | BUILD),
	IGNORED("-dmaven.test.skip", 0),
	IGNORED("-dskiptests", 0),
	TAG("fail_under", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("fail-under", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("branches", 0, BOTH, CHECK_TAG_THRESHOLD),
	TAG("functions", 0, BOTH, CHECK_TAG_THRESHOLD),
	TAG("statements", 0, BOTH, CHECK_TAG_THRESHOLD),
	TAG("\"lines\"", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("lines:", 0, BEFORE, CHECK_TAG_THRESHOLD),
	TAG("minimum_coverage", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("threshold", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("coverage", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("target:", 0, BEFORE, CHECK_TAG_THRESHOLD),
	TAG("<minimum>", 0, 0, CHECK_TAG_THRESHOLD),
	TAG("spdx-license-identifier", 0, 0, CHECK_TAG_LICENCE),
	TAG("copyright", 0, BOTH, CHECK_TAG_LICENCE),
	TAG("licensed under", 0, 0, CHECK_TAG_LICENCE),
	TAG("permission is hereby granted", 0, 0, CHECK_TAG_LICENCE),
	TAG("all rights reserved", 0, 0, CHECK_TAG_LICENCE),

	/* Hosts and secrets: looked at closely where these are. */
	TAG("://", 0, 0, CHECK_TAG_URL),
	TAG("xn--", 0, BEFORE, CHECK_TAG_URL),
	TAG("-----begin ", 0, 0, CHECK_TAG_PEM),
	TAG("putty-user-key-file-", 0, 0, CHECK_TAG_PEM),
	KEYWORD("password"),
	KEYWORD("passwd"),
	KEYWORD("secret"),
	KEYWORD("api_key"),
	KEYWORD("apikey"),
	KEYWORD("api-key"),
	KEYWORD("access_key"),
	KEYWORD("accesskey"),
	KEYWORD("private_key"),
	KEYWORD("auth_token"),
	KEYWORD("authtoken"),
	KEYWORD("access_token"),
	KEYWORD("accesstoken"),
	KEYWORD("client_secret"),
	KEYWORD("bearer "),
	KEYWORD("token"),
	KEYWORD("credential"),
	KEYWORD("connectionstring"),
	KEYWORD("accountkey="),
	KEYWORD("authorization"),
	KEYWORD("sk_test_"),
	KEYWORD("rk_test_"),

	/* CI. */
	TRIGGER("pull_request_target"),
	TRIGGER("workflow_run"),
	TRIGGER("issue_comment"),
	{ "write-all", CI, 0, 0, "ci-permissions",
	    "the job may change everything" },
	{ "contents: write", CI, 0, 0, "ci-permissions",
	    "the job may change the repository" },
	{ "id-token: write", CI, 0, 0, "ci-permissions",
	    "the job may prove to be the project elsewhere" },
	{ "packages: write", CI, 0, 0, "ci-permissions",
	    "the job may publish packages" },
	{ "secrets: inherit", CI, 0, 0, "ci-secrets",
	    "another workflow gets all secrets" },
	{ "tojson(secrets)", CI, 0, 0, "ci-secrets", "all secrets are read" },
	{ "actions_allow_unsecure_commands", CI, 0, 0, "ci-injection",
	    "output can set variables again" },
	{ "self-hosted", CI, BOTH, 0, "ci-runner",
	    "the job runs on a machine of the project" },
	{ "privileged: true", 0, 0, 0, "privileged",
	    "a container with the host's rights" },
	{ "--privileged", RUNS, 0, 0, "privileged",
	    "a container with the host's rights" },
	{ "/var/run/docker.sock", 0, 0, 0, "privileged",
	    "the container engine is handed out" },
	{ "cap_sys_admin", RUNS, 0, 0, "privileged",
	    "a container with the host's rights" },
	{ "version https://git-lfs", 0, CHECK_EDGE_START, 0, "lfs",
	    "the content is stored elsewhere (git-lfs)" },
};

enum {
	CHECK_TABLE_N = sizeof(check_table) / sizeof(check_table[0])
};

const struct check_word *
check_word_at(size_t i)
{
	static const struct check_word injection = { "", 0, 0, 0,
		"prompt-injection", "the text talks to a reviewing model" };

	if (i < CHECK_TABLE_N)
		return &check_table[i];
	return check_injection_at(i - CHECK_TABLE_N) == NULL ? NULL
							     : &injection;
}

const char *
check_words_word(size_t i)
{
	return i < CHECK_TABLE_N ? check_table[i].word
				 : check_injection_at(i - CHECK_TABLE_N);
}

bool
check_words_talk(size_t i)
{
	return i >= CHECK_TABLE_N;
}
