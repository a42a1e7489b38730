# One Makefile, one dependency graph.  Everything built goes to build/$(V)/.
#   make                 debug build of every program
#   make deps            install the Debian packages (root, sudo, or a hint)
#   make check           unit, lint, fuzz corpus replay, system tests
#   make V=asan check    the same under ASan and UBSan
#   make prove           the threat table, to build/prove.json
#   make demo            the main job, start to end
#   make bench B=main    one benchmark suite
# Variants: debug strict release asan tsan cov analyze fuzz.
V       ?= debug
O       ?= build/$(V)
CC      := gcc
PREFIX  ?= /usr/local
WERROR  ?= -Werror
# Q= shows the commands.
Q       ?= @
nproc   := $(shell nproc)
# What check, demo and bench build: on every core, unless make was given -j.
submake  = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(nproc))

std     := -std=c17 -D_GNU_SOURCE -I. -include lib/base/banned.h
warn    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	   -Wcast-qual -Wcast-align=strict -Wwrite-strings -Wformat=2 \
	   -Wformat-signedness -Wsuggest-attribute=format -Wundef -Wvla \
	   -Walloca -Wconversion -Wsign-conversion -Wnull-dereference \
	   -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
	   -Wswitch-enum -Wimplicit-fallthrough=5 -Wredundant-decls \
	   -Wnested-externs -Wjump-misses-init -Wstack-usage=16384
hard    := -fstack-protector-strong -fstack-clash-protection \
	   -fcf-protection=full -fPIE -fno-common -fvisibility=hidden \
	   -ffile-prefix-map=$(CURDIR)=.
# Release only.  These change what the compiler may assume, and with that they
# silence -Wnull-dereference, UBSan's overflow check and valgrind's view of
# uninitialised memory.
nofold  := -fno-strict-aliasing -fno-strict-overflow \
	   -fno-delete-null-pointer-checks -ftrivial-auto-var-init=zero \
	   -fzero-call-used-regs=used-gpr
hardld  := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	   -Wl,--as-needed,--fatal-warnings

opt.debug   := -Og -g3 $(WERROR) -DCOFFER_TEST
opt.strict  := -O2 -g $(WERROR) -DCOFFER_TEST
opt.release := -O2 -g $(WERROR) -DNDEBUG -D_FORTIFY_SOURCE=3 $(nofold)
san         := -fno-omit-frame-pointer -fno-sanitize-recover=all -DCOFFER_TEST
opt.asan    := -O1 -g -fsanitize=address,undefined $(san)
opt.tsan    := -O1 -g -fsanitize=thread $(san)
opt.cov     := -O0 -g --coverage -DCOFFER_TEST
opt.analyze := -O1 -g -fanalyzer $(WERROR) -DCOFFER_TEST
opt.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined $(san)
ifeq ($(opt.$(V)),)
$(error V=$(V): no such variant; use debug strict release asan tsan cov analyze fuzz)
endif
ifeq ($(V),fuzz)
CC      := clang-14
warn    := -Wall -Wextra
hard    :=
hardld  :=
endif
CFLAGS  += $(std) $(warn) $(hard) $(opt.$(V))
LDFLAGS += $(hardld) \
	   $(filter -fsanitize=address% -fsanitize=thread --coverage,$(opt.$(V)))
# --as-needed drops what a program does not use.
LIBS    := -levent_core -lmicrohttpd -lcurl -lsqlite3 -lgit2 -lsodium -lyaml \
	   -lcmark-gfm -lcmark-gfm-extensions \
	   -lcjson -lseccomp -lssh2 -lssl -lcrypto -lz -lm -lpthread

# cofferd starts itself anew as its own user, so a careful umask must not close it.
# Program: its folder, whose objects are also an archive for the tests.
progs   := cofferd coffer-agentd coffer-runner coffer-gateway coffer-router coffer
dir.cofferd       := server
dir.coffer-agentd := agentd
dir.coffer-runner := agentd
dir.coffer-gateway := agentd
dir.coffer-router := router
dir.coffer        := cli
main.cofferd       := server/main
main.coffer-agentd := agentd/main
main.coffer-runner := agentd/runner/main
main.coffer-gateway := agentd/gateway/main
main.coffer-router := router/main
main.coffer        := cli/main
# What only our own programs start; --as-needed leaves it almost no library.
shim    := $(O)/libexec/coffer/coffer-shim
eshim   := $(O)/libexec/coffer/coffer-engine-shim
# `coffer prove`: who judges, and the program that is sent into the sandbox,
# which has to run on whatever is there.
prover  := $(O)/libexec/coffer/coffer-prove
probe   := $(O)/libexec/coffer/coffer-probe
# Makes the record of a run, without a right on the host.
record  := $(O)/libexec/coffer/coffer-record
# What an agent's CLI asks in the sandbox before it uses a tool.
hook    := $(O)/libexec/coffer/coffer-hook
# What git starts in place of pack-objects; the same care for the same reason.
packs   := $(O)/libexec/coffer/coffer-packs
archives := lib findings server agentd router cli packs

src     = $(sort $(filter-out %/main.c agentd/probe/%,$(wildcard $(1)/*.c $(1)/*/*.c)))
obj     = $(patsubst %.c,$(O)/%.o,$(1))

# The same places under $(O) as under PREFIX, so that programs find their data.
prompts := $(wildcard prompts/*/*.md)
profiles := $(wildcard compose/profiles/*/*)
egress  := $(wildcard egress/*.list)
models  := models/prices
policy  := policy/default
units   := $(notdir $(wildcard compose/systemd/*.service compose/systemd/*.target))
all: $(progs:%=$(O)/bin/%) $(shim) $(eshim) $(prover) $(probe) $(record) $(hook) $(packs) $(prompts:%=$(O)/share/coffer/%) \
     $(profiles:compose/%=$(O)/share/coffer/%) $(egress:%=$(O)/share/coffer/%) \
     $(models:%=$(O)/share/coffer/%) $(policy:%=$(O)/share/coffer/%)
$(O)/share/coffer/profiles/%: compose/profiles/%
	@mkdir -p $(@D)
	@cp $< $@
$(O)/share/coffer/%: %
	@mkdir -p $(@D)
	@cp $< $@

define archive_rule
$(O)/$(1).a: $(call obj,$(call src,$(1)))
	@rm -f $$@; ar rcs $$@ $$^
endef
$(foreach l,$(archives),$(eval $(call archive_rule,$(l))))

define prog_rule
$(O)/bin/$(1): $(O)/$(main.$(1)).o $(O)/$(dir.$(1)).a $(O)/findings.a $(O)/lib.a
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
	@chmod 755 $$@
endef
$(foreach p,$(progs),$(eval $(call prog_rule,$(p))))
$(shim): $(O)/agentd/shim/main.o $(O)/agentd.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(eshim): $(O)/agentd/engine_shim/main.o $(O)/agentd.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(prover): $(O)/agentd/prover/main.o $(O)/agentd.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(record): $(O)/agentd/recorder/main.o $(O)/agentd.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# It runs in images that have no library of ours.
$(hook): $(O)/agentd/hook/main.o $(O)/agentd.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(if $(findstring -fsanitize,$(LDFLAGS)),$(LDFLAGS),$(filter-out -pie,$(LDFLAGS)) -static) -o $@ $^ \
	    $(if $(findstring -fsanitize,$(LDFLAGS)),$(LIBS))

$(O)/agentd/probe/%.o: CFLAGS := $(filter-out -fsanitize% --coverage,$(CFLAGS))
$(probe): $(patsubst %.c,$(O)/%.o,$(wildcard agentd/probe/*.c))
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -pie -fsanitize% --coverage,$(LDFLAGS)) -static -s -o $@ $^

$(packs): $(O)/packs/main.o $(O)/packs.a $(O)/findings.a $(O)/lib.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# What the pages have beside their HTML is in the object.
$(O)/server/web/asset.o: server/web/style.css server/web/app.js server/web/icon.svg
$(O)/server/web/orders.o: $(wildcard prompts/commands/*.md)
$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: tests/unit/ROOM/test_*.c links ROOM's archive and lib.
unit    := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/test_*.c))
define unit_rule
$(O)/tests/unit/$(1)/%: $(O)/tests/unit/$(1)/%.o $(O)/$(1).a $(O)/findings.a $(O)/lib.a
	$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka
endef
$(foreach l,$(archives),$(eval $(call unit_rule,$(l))))
$(filter $(O)/tests/unit/agentd/%,$(unit)): | $(shim) $(eshim) $(record)

# Fuzzers: tests/fuzz/ROOM/fuzz_*.c, corpus in tests/fuzz/corpus/NAME.
fuzz    := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/*/fuzz_*.c))
ifeq ($(V),fuzz)
fuzzld  := -fsanitize=fuzzer,address,undefined
fuzzdrv :=
else
fuzzld  := $(LDFLAGS)
fuzzdrv := $(O)/tests/fuzz/driver.o
endif
define fuzz_rule
$(O)/tests/fuzz/$(1)/%: $(O)/tests/fuzz/$(1)/%.o $(fuzzdrv) $(O)/$(1).a $(O)/findings.a $(O)/lib.a
	$(Q)$$(CC) $$(fuzzld) -o $$@ $$^ $$(LIBS)
endef
$(foreach l,$(archives),$(eval $(call fuzz_rule,$(l))))

# Helper programs of tests and benchmarks: one .c, one program.
tools   := $(patsubst %.c,$(O)/%,$(wildcard tests/tools/*.c tests/bench/*.c))
$(tools): $(O)/%: $(O)/%.o $(O)/lib.a
	$(Q)$(CC) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(LIBS)
$(O)/tests/bench/db_write: $(O)/server.a
$(O)/tests/bench/fetch_check: $(O)/cli.a $(O)/findings.a
$(O)/tests/bench/sandbox_start $(O)/tests/bench/sandbox_many $(O)/tests/bench/agent_stream: $(O)/agentd.a

test-programs: $(unit) $(fuzz) $(tools)
check: have-deps
	@$(submake) all test-programs
	@O=$(O) V=$(V) tests/check.sh
check-slow: have-deps
	@$(submake) all $(tools)
	@$(submake) V=fuzz fuzzers
	@O=$(O) V=$(V) tests/check.sh slow
check-engines: have-deps
	@$(submake) all test-programs
	@O=$(O) V=$(V) tests/check.sh engines
# The pages, also in a real browser; a picture of each is left behind.
check-web: have-deps
	@./deps.sh install browser
	@$(submake) all $(tools)
	@[ -d $(O)/clis/playwright/node_modules/axe-core ] || tests/clis.sh $(O)/clis playwright
	@COFFER_TEST_CLIS=$(abspath $(O)/clis) WEB_PICTURES=$(abspath $(O)/pictures) O=$(O) V=$(V) \
	    tests/check.sh system web_sign web_pages web_issues 'slow_web_*'
# The threat table: tests/prove.rows, into build/prove.json.
prove: have-deps
	@$(submake) all test-programs
	@O=$(O) V=$(V) tests/prove.sh
unit: $(unit)
	@O=$(O) V=$(V) tests/check.sh unit
system: all $(tools)
	@O=$(O) V=$(V) tests/check.sh system
fuzzers: $(fuzz)
demo: have-deps
	@$(submake) all
	@O=$(O) tests/demo/demo.sh
bench: have-deps
	@test -n "$(B)" || { echo 'usage: make bench B=NAME (see tests/bench)' >&2; exit 2; }
	@$(submake) V=release bench-programs
	@O=build/release tests/bench/run.sh $(B)
bench-programs: all $(tools)

deps:
	@./deps.sh install
have-deps:
	@./deps.sh check || ./deps.sh install

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/coffer/prompts/commands $(DESTDIR)$(PREFIX)/share/coffer/prompts/roles
	install -m 0755 $(progs:%=$(O)/bin/%) $(DESTDIR)$(PREFIX)/bin/
	install -d $(DESTDIR)$(PREFIX)/libexec/coffer
	install -m 0755 $(shim) $(eshim) $(prover) $(probe) $(record) $(hook) $(packs) $(DESTDIR)$(PREFIX)/libexec/coffer/
	install -m 0644 $(wildcard prompts/commands/*.md) $(DESTDIR)$(PREFIX)/share/coffer/prompts/commands/
	install -m 0644 $(wildcard prompts/roles/*.md) $(DESTDIR)$(PREFIX)/share/coffer/prompts/roles/
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/coffer/egress $(egress)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/coffer/models $(models)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/coffer/policy $(policy)
	rm -rf $(O)/man
	$(O)/bin/coffer help --man $(O)/man >/dev/null
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(O)/man/*.1
	for s in bash-completion/completions/coffer zsh/site-functions/_coffer fish/vendor_completions.d/coffer.fish; do \
	    install -d $(DESTDIR)$(PREFIX)/share/$${s%/*} && $(O)/bin/coffer completion $$(echo $$s | grep -o '^[a-z]*') \
		>$(DESTDIR)$(PREFIX)/share/$$s || exit 1; done
	for f in $(profiles:compose/%=%); do \
	    install -D -m 0644 compose/$$f $(DESTDIR)$(PREFIX)/share/coffer/$$f || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for f in $(units); do \
	    sed "s,@bindir@,$(PREFIX)/bin,g" compose/systemd/$$f | install -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/$$f || exit 1; done
	install -D -m 0644 compose/systemd/coffer.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/coffer.conf
	install -D -m 0644 compose/systemd/coffer.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/coffer.conf

sources := $(foreach l,$(archives) tests,$(wildcard $(l)/*.[ch] $(l)/*/*.[ch] $(l)/*/*/*.[ch]))
lint: format-check
	@O=$(O) tests/lint/run.sh
tidy:
	printf '%s\n' $(filter %.c,$(sources)) | \
	    xargs -P$(nproc) -I{} clang-tidy-14 --quiet {} -- $(std) -DCOFFER_TEST
# It does not know cleanup attributes, nor its way out of two initialisers;
# glibc's readdir is safe for a stream of one's own, and passwd is read once.
cppcheck:
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --library=posix --error-exitcode=1 -I. $(archives) \
	    $(patsubst %,--include=%,$(wildcard /usr/include/*/sys/queue.h)) \
	    $(patsubst %,--suppress=%,resourceLeak internalAstError readdirCalled \
		getpwuidCalled getpwnamCalled)
objects: $(foreach l,$(archives),$(call obj,$(call src,$(l))))
format:
	@clang-format-14 -i $(sources)
format-check:
	@clang-format-14 --dry-run -Werror $(sources)
clean:
	rm -rf build

.SECONDARY:
.PHONY: all check check-slow check-engines check-web prove unit system fuzzers demo bench deps have-deps install lint \
	tidy cppcheck objects format format-check clean test-programs bench-programs
-include $(shell find $(O) -name '*.d' 2>/dev/null)
