# `make help` lists the targets. CC, CFLAGS, LDFLAGS, PREFIX and DESTDIR may be set from outside.
# Sources are found by their folder: adding a file or a feature changes nothing here.

SAN ?=
PREFIX ?= /usr/local

flavour := $(if $(SAN),$(SAN),release)
out := build/$(flavour)
program := $(if $(SAN),$(out)/fastchat,build/fastchat)
# The same objects with those of t/program, which the tests run: base/test_seams.h lists what they add.
test_program := $(program)-test

ifeq ($(SAN),)
CFLAGS ?= -O2 -g
# 3 if the compiler knows it: gcc from 12 on.
fortify = $(call once,fortify,$(shell echo | $(CC) -O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 \
    -include features.h -c -x c -o /dev/null - 2>/dev/null && echo 3 || echo 2))
hardening = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(fortify) -fstack-protector-strong
LDFLAGS ?= -Wl,-z,relro,-z,now -Wl,--as-needed
else ifeq ($(SAN),address)
CFLAGS ?= -O1 -g -fno-omit-frame-pointer
hardening := -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(SAN),thread)
CFLAGS ?= -O1 -g -fno-omit-frame-pointer
hardening := -fsanitize=thread
else
$(error SAN is address, thread, or empty; not "$(SAN)")
endif

# STRICT=1, used by make lint: a warning is an error. Not by default, because a newer compiler has new warnings.
warnings := $(if $(STRICT),-Werror) -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wcast-qual \
    -Wpointer-arith -Wformat=2 -Wvla

# Evaluated when first used, because `make run` first installs pkg-config and the libraries. If both client libraries are
# installed, uses MariaDB's, or Oracle's with DB=mysql.
mysql = $(shell pkg-config --exists mysqlclient && oracle=mysqlclient; pkg-config --exists libmariadb && maria=libmariadb; \
    if [ '$(DB)' = mysql ]; then echo $${oracle:-$${maria:-mysqlclient}}; else echo $${maria:-$${oracle:-libmariadb}}; fi)
packages = json-c $(mysql) hiredis openssl libsodium gmp minizip icu-i18n icu-uc
loaded = libcurl# loaded at run time by `fastchat lab` and `check`: only its headers are needed here
# The oldest supported version of each; libmysqlclient calls 8.0 version 21.
floors = json-c:0.14 $(mysql):$(if $(filter libmariadb,$(mysql)),3.1,21) hiredis:0.14 openssl:1.1.1 libsodium:1.0.16 gmp:6 minizip:1 icu-i18n:70 libcurl:7.60
# For targets that do more than build: what they build uses all processors, unless -j was given.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
say := @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo)
once = $(eval $(1) := $(2))$($(1))
library_cflags = $(call once,library_cflags,$(shell pkg-config --cflags $(packages) $(loaded)))
library_libs = $(call once,library_libs,$(shell pkg-config --libs $(packages)) -lfcgi -lpthread -lm)

fcgi_version = $(call once,fcgi_version,$(or $(shell pkg-config --modversion fcgi 2>/dev/null),unknown))

compile = $(CC) -std=c17 -D_GNU_SOURCE -I. $(library_cflags) $(warnings) $(hardening) -fPIE \
    $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(CFLAGS) $(hardening) -pie $(LDFLAGS)

sources := $(wildcard base/*.c db/*.c db/*/*.c routes/*.c routes/*/*.c routes/*/*/*.c fcgi/*.c fcgi/*/*.c)
objects := $(sources:%.c=$(out)/%.o)
library := $(out)/libfastchat.a
migrations := $(sort $(wildcard db/migrations/*.sql))
unit_tests := $(patsubst %.c,$(out)/%.t,$(wildcard t/unit/*.c))
# The comparison of replies with the route table, which the fuzzer and two unit tests use as well.
answer_checks := t/program/answers.c t/program/shape_check.c
test_objects := $(patsubst %.c,$(out)/%.o,$(wildcard t/program/*.c))
# Programs that a Perl test of the same name runs.
test_programs := $(patsubst %.c,$(out)/%,$(filter-out t/unit/% t/fuzz/% t/bench/% t/shim/% t/program/%,$(wildcard t/*/*.c)))
# Libraries that a test loads before the real ones (LD_PRELOAD).
shims := $(patsubst %.c,$(out)/%.so,$(wildcard t/shim/*.c))
fuzzers := $(patsubst t/fuzz/%.c,build/fuzz/%,$(wildcard t/fuzz/*.c))
# The parts of the fuzzer of the dispatcher. Only libFuzzer calls its mutator: the test of its corpus is linked without.
fuzz_dispatch := $(wildcard t/fuzz/dispatch/*.c) $(answer_checks)
fuzz_dispatch_test := $(patsubst %.c,$(out)/%.o,$(filter-out %/mutator.c,$(fuzz_dispatch)))

# A locale that every host has: if LANG names one that is not installed, Perl warns and Redis 8 does not start.
export LC_ALL := C.UTF-8

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help build tests web docs run stop check check-on check-everywhere check-faults check-fuzz lint format fuzz \
    fuzz-long bench bench-peers install clean FORCE

all: build

help:
	@echo 'make                 build the server: build/fastchat'
	@echo 'make run             install what is missing, build, start everything on http://127.0.0.1:8000'
	@echo '                     (APP_PORT=8123: on another port, next to a first one)'
	@echo 'make stop            stop what a killed `make run` has left running'
	@echo 'make check           run every test (SAN=address, SAN=thread: under that sanitizer)'
	@echo '                     (TESTS="t/api/rooms.t …": only these)'
	@echo 'make check-on SUITE  the same in another Debian release: bookworm, trixie, sid (needs root; see t/check-on)'
	@echo '                     (DB=mysql, REDIS=valkey: with that server; RUN="make bench": instead of make check)'
	@echo 'make check-everywhere  the same with all releases, servers and compilers (half an hour)'
	@echo 'make check-faults    kill and stop everything under load, and count what was lost (6 minutes)'
	@echo '                     (FAULTS="--seed 4711", TASK_FAULTS="…": see t/faults/README.md)'
	@echo 'make lint            check layout, includes, names and language, and run static analysis'
	@echo 'make format          lay out the C sources'
	@echo 'make docs            update what docs/ has from the program: the table of errors'
	@echo 'make fuzz            build the fuzzers of t/fuzz under build/fuzz (clang)'
	@echo 'make check-fuzz      run each of them for 15 s from its corpus; make fuzz-long: for an hour'
	@echo 'make bench           measure throughput, latency, CPU and memory'
	@echo 'make bench-peers     measure beside Fastify, PHP-FPM, FastAPI, ejabberd and socket.io'
	@echo 'make web             build the web client: web/app/dist'
	@echo 'make install         install under PREFIX=/usr/local (DESTDIR for packagers)'
	@echo 'make clean           delete what was built'

build: $(program)
	@:

tests: $(test_program) $(unit_tests) $(test_programs) $(shims)
	@:

# Everything is compiled again when the compiler or a flag has changed.
$(out)/flags: FORCE
	@command -v pkg-config >/dev/null || { \
	    echo 'pkg-config is missing. On Debian, run: etc/install-packages build' >&2; exit 1; }
	@pkg-config --exists $(foreach need,$(floors),'$(subst :, >= ,$(need))') || { \
	    echo 'These libraries are missing or too old:' >&2; \
	    for need in $(floors); do \
	        name=$${need%:*} least=$${need#*:}; \
	        have=$$(pkg-config --modversion $$name 2>/dev/null) || have=none; \
	        pkg-config --atleast-version=$$least $$name || echo "    $$name: $$least or newer is needed, $$have is here" >&2; \
	    done; \
	    echo 'On Debian, run: etc/install-packages build' >&2; exit 1; }
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(compile) : $(link) $(library_libs))' | cmp -s - $@ || \
	    echo '$(subst ','\'',$(compile) : $(link) $(library_libs))' > $@

# libfcgi's headers do not contain its version.
$(out)/fcgi/cli/check_versions.o: CPPFLAGS += -DFCGI_VERSION='"$(fcgi_version)"'

$(out)/%.o: %.c $(out)/flags
	@mkdir -p $(@D)
	$(say) '  CC  $<'
	@$(compile) -MMD -MP -c -o $@ $<

$(out)/gen/migrations.c: etc/embed-migrations $(migrations) $(out)/sources
	@mkdir -p $(@D)
	@sh etc/embed-migrations $(migrations) > $@

$(out)/gen/migrations.o: $(out)/gen/migrations.c $(out)/flags
	@$(compile) -MMD -MP -c -o $@ $<

# Rebuilt as well when a source or a migration was removed.
$(out)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(sources) $(migrations)' | cmp -s - $@ || echo '$(sources) $(migrations)' > $@

$(library): $(filter-out $(out)/fcgi/main.o,$(objects)) $(out)/gen/migrations.o $(out)/sources
	@rm -f $@
	@$(AR) rcs $@ $(filter %.o,$^)

$(program): $(filter $(out)/fcgi/main.o,$(objects)) $(library)
	@mkdir -p $(@D)
	$(say) '  LD  $@'
	@$(link) -o $@.new $^ $(library_libs)
	@mv -f $@.new $@

# Its own objects come before the library: what they define, the linker does not take from there.
$(test_program): $(filter $(out)/fcgi/main.o,$(objects)) $(test_objects) $(library)
	@mkdir -p $(@D)
	$(say) '  LD  $@'
	@$(link) -o $@.new $^ $(library_libs)
	@mv -f $@.new $@

$(out)/t/unit/%.t: $(out)/t/unit/%.o $(library)
	$(say) '  LD  $@'
	@$(link) -o $@ $(filter %.o,$^) $(library) $(library_libs)

$(out)/t/unit/answers.t $(out)/t/unit/dispatch.t: $(answer_checks:%.c=$(out)/%.o)

# Objects before the library, as with the test program.
$(out)/t/db/dispatch: $(fuzz_dispatch_test)
$(test_programs): $(out)/%: $(out)/%.o $(library)
	$(say) '  LD  $@'
	@$(link) -o $@ $(filter %.o,$^) $(library) $(library_libs)

$(shims): $(out)/%.so: %.c $(out)/flags
	@mkdir -p $(@D)
	@$(compile) -Wno-missing-prototypes -fPIC -MMD -MP -shared -o $@ $< -ldl

# The sources are compiled for the fuzzers once, instrumented, into a library of their own.
fuzz: $(fuzzers)
	@:

fuzz_compile = clang -std=c17 -D_GNU_SOURCE -I. $(library_cflags) -g -O1 -fno-sanitize-recover=undefined \
    -fsanitize=address,undefined
fuzz_library := build/fuzz/obj/libfastchat.a

build/fuzz/obj/%.o: %.c $(wildcard */*.h */*/*.h */*/*/*.h)
	@mkdir -p $(@D)
	@$(fuzz_compile) -fsanitize=fuzzer-no-link -c -o $@ $<

build/fuzz/obj/gen/migrations.o: $(out)/gen/migrations.c
	@mkdir -p $(@D)
	@$(fuzz_compile) -c -o $@ $<

$(fuzz_library): $(patsubst %.c,build/fuzz/obj/%.o,$(filter-out fcgi/main.c,$(sources))) build/fuzz/obj/gen/migrations.o
	@rm -f $@
	@$(AR) rcs $@ $^

build/fuzz/dispatch: $(fuzz_dispatch) $(wildcard t/fuzz/dispatch/*.h t/program/*.h)
build/fuzz/%: t/fuzz/%.c t/fuzz/fuzz.h $(fuzz_library)
	$(say) '  FUZZ  $@'
	@$(fuzz_compile) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(fuzz_library) $(library_libs)

# Each fuzzer runs FUZZ_SECONDS from its corpus; an input that breaks a promise is kept in build/fuzz/found.
FUZZ_SECONDS ?= 15
check-fuzz:
	@etc/install-packages build run check
	@$(MAKE) --no-print-directory fuzz
	@exec t/fuzz/run $(FUZZ_SECONDS) $(fuzzers)

fuzz-long:
	@$(MAKE) --no-print-directory check-fuzz FUZZ_SECONDS=3600

web:
	@etc/build-web

run:
	@etc/install-packages build run
	@$(MAKE) --no-print-directory $(parallel) build
	@etc/build-web || echo 'fastchat: the web client could not be built (see above); the API works without it' >&2
	@exec etc/stack run --with-parent --binary $(program) $(if $(APP_PORT),--port '$(APP_PORT)')

stop:
	@exec etc/stack stop $(if $(APP_PORT),--port '$(APP_PORT)')

check:
	@etc/install-packages build run check
	@$(MAKE) --no-print-directory $(parallel) build tests SAN=$(SAN)
	@etc/build-web
	@exec t/run --flavour $(flavour) --binary $(test_program) --load $(or $(LOAD),0) $(TESTS)

# make check-on trixie DB=mysql: the other target in the command is the suite.
suites := $(filter-out check-on,$(if $(filter check-on,$(MAKECMDGOALS)),$(MAKECMDGOALS)))
check-on:
	@exec t/check-on $(or $(suites),'') $(if $(RUN),sh -c '$(subst ','\'',$(RUN))',$(if $(TESTS),make check TESTS='$(TESTS)'))
ifneq ($(suites),)
.PHONY: $(suites)
$(suites): check-on
	@:
endif

check-everywhere:
	@exec t/check-everywhere

check-faults:
	@etc/install-packages build run check
	@$(MAKE) --no-print-directory $(parallel) $(test_program) SAN=$(SAN)
	@FASTCHAT_BINARY='$(abspath $(test_program))' t/faults/check $(FAULTS)
	@FASTCHAT_BINARY='$(abspath $(test_program))' t/faults/tasks $(TASK_FAULTS)

lint:
	@etc/install-packages build check
	@exec etc/lint

format:
	@clang-format -i $$(etc/lint --list-formatted)
	@perltidy -b -bext=/ -se $$(etc/lint --list-perl)

# The parts of docs/ that the program prints.
docs: build
	@$(program) errors > $(out)/errors.md
	@perl -0pi -e 'BEGIN { local $$/; open my $$in, "<", shift or die; $$table = <$$in> }' \
	    -e 's/^\| status \|.*?\n(?=\n)/$$table/ms' $(out)/errors.md docs/api.md

bench:
	@etc/install-packages build run bench
	@$(MAKE) --no-print-directory $(parallel) build $(test_program)
	@exec t/bench/run

bench-peers:
	@etc/install-packages build run bench peers
	@$(MAKE) --no-print-directory $(parallel) build
	@exec t/bench/run --peers

install: build
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/fastchat' \
	    '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	install -m 755 $(program) '$(DESTDIR)$(PREFIX)/bin/fastchat'
	@if [ -e etc/.env.example ]; then \
	    install -m 644 etc/.env.example '$(DESTDIR)$(PREFIX)/share/fastchat/env.example'; fi
	@if [ -d web/app/dist ]; then rm -rf '$(DESTDIR)$(PREFIX)/share/fastchat/web' && \
	    cp -R web/app/dist '$(DESTDIR)$(PREFIX)/share/fastchat/web'; \
	else echo 'web/app/dist is missing (make web): installed without the web client'; fi
	@for unit in etc/systemd/*.service etc/systemd/*.target; do \
	    sed 's|@PREFIX@|$(PREFIX)|g' "$$unit" \
	        > "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; done

clean:
	rm -rf build

-include $(objects:.o=.d) $(test_objects:.o=.d) $(unit_tests:.t=.d) $(test_programs:=.d) $(fuzz_dispatch_test:.o=.d) $(shims:.so=.d) $(out)/gen/migrations.d
