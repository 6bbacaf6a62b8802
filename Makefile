# SPDX-License-Identifier: Apache-2.0
#
# make check    everything that CI does, in its order: .ci/run
# make demo     one artifact's way from builder to developer, on this machine
# make demo-s3  a cache in a bucket of Ceph, with receivers on two hosts, of which one is killed
# make test     all tests, with the programs of `make release`; PLAIN=1: those that push, with nothing beyond version 1
#               of the protocol; TEST_PROGRAMS=: with the debug programs, which start slower
# make torture  attacks, faults at every system call, races, full disks and fuzzing, in a quarter of an hour
# make sanitize all tests again, with the address and with the thread sanitizer (SANITIZERS=thread: only that)
# make fuzz     each fuzzer for FUZZ_SECONDS (300); make fuzz-short: 20 seconds each
# make bench    this project's programs beside others; ROW=name, RUNS=5, STRICT=1 (see Benchmarks/README.md)
# make examples the programs in Examples, built and run once
# make docs     the libraries' documentation, with the toolchain's docc, into .build/documentation
# make deb      the Debian packages bst-artifact and bst-artifact-receive, in dist/ (see Packaging/README.md)
# make install  programs, pages, completions, units and examples: PREFIX=/usr/local DESTDIR=; make uninstall
# make test-packages  what `make deb` builds, in a fresh Debian 12
# All install what is missing, on Debian 12 as root or with sudo.

SWIFT ?= swift
# lld drops what is not used and not exported, and packs relocations, of which a static program has many; the
# linker's script leaves out what only exceptions of C++ need. The programs need no Swift where they run, and look for
# libraries where the system has them.
RELEASE := -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker --gc-sections \
    -Xlinker --strip-all -Xlinker --no-export-dynamic -Xlinker -z -Xlinker now -Xlinker -z -Xlinker pack-relative-relocs \
    -Xlinker -T$(CURDIR)/Packaging/without-unwinding.ld
SOURCES := Sources Tests Examples Package.swift

.PHONY: check demo demo-s3 examples docs test torture sanitize fuzz fuzz-short corpus bench bench-publish build \
    release format lint clean deb install uninstall test-packages

check:
	.ci/run

demo demo-s3: release
	Interop/Peers/install $@
	Interop/$@ "$$($(SWIFT) build $(RELEASE) --show-bin-path)"

# The programs that tests start thousands of times are the ones that are shipped.
test: $(if $(findstring undefined,$(origin TEST_PROGRAMS)),release)
	Interop/Peers/install test
	$(if $(PLAIN),,CONFORMANCE=Tests/Fixtures/conformance /usr/bin/python3 Interop/Peers/test_artifact_peer.py)
	$(SWIFT) build --build-tests
	TEST_PROGRAMS="$(if $(findstring undefined,$(origin TEST_PROGRAMS)),$$($(SWIFT) build $(RELEASE) \
	    --show-bin-path),$(TEST_PROGRAMS))" Tests/run "$$($(SWIFT) build --show-bin-path)"

# TORTURE=--short takes a few minutes.
torture:
	Interop/Peers/install test
	$(SWIFT) build
	"$$($(SWIFT) build --show-bin-path)"/torture all $(TORTURE)

# Leaks are not looked for: Swift and GLib keep what they make once.
SANITIZERS ?= address thread
sanitize:
	Interop/Peers/install test
	for sanitizer in $(SANITIZERS); do \
	    $(SWIFT) build --build-tests --sanitize=$$sanitizer --scratch-path .build/$$sanitizer && \
	    Tests/Support/Sanitizers/run $$sanitizer .build/$$sanitizer || exit 1; \
	done

FUZZERS ?= FuzzFrames FuzzTar FuzzObjects FuzzSummary FuzzDelta FuzzReceiver
FUZZ_SECONDS ?= 300
fuzz:
	Interop/Peers/install build
	Tests/Fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

fuzz-short:
	$(MAKE) fuzz FUZZ_SECONDS=20

# Makes the committed inputs anew: the fewest that reach what the fixtures, the committed inputs and the last runs reach.
corpus:
	Tests/Fuzz/run merge $(FUZZERS)

# To publish is to draw the README's picture.
bench bench-publish: release
	Interop/Peers/install bench
	Benchmarks/run --programs "$$($(SWIFT) build $(RELEASE) --show-bin-path)" --runs $(or $(RUNS),5) \
		$(if $(ROW),--row "$(ROW)") $(if $(STRICT),--strict) $(if $(filter bench-publish,$@),--picture docs/bench.svg)

EXAMPLES := --package-path Examples --scratch-path .build/examples
examples:
	Interop/Peers/install demo
	$(SWIFT) build $(EXAMPLES)
	Examples/run "$$($(SWIFT) build $(EXAMPLES) --show-bin-path)"

docs:
	Interop/Peers/install test
	Tests/Documentation/build

build:
	Interop/Peers/install build
	$(SWIFT) build

release:
	Interop/Peers/install build
	for program in bst-artifact bst-artifact-receive; do \
	    $(SWIFT) build $(RELEASE) --product $$program || exit 1; done

deb: release
	Interop/Peers/install packages
	rm -f dist/*.deb
	Packaging/deb "$$($(SWIFT) build $(RELEASE) --show-bin-path)" dist

# As root, after `make release` by whom the sources belong to. What is in /etc already stays as it is.
PREFIX ?= /usr/local
install uninstall:
	Packaging/install --programs .build/release --prefix "$(PREFIX)" --destdir "$(DESTDIR)" \
		$(if $(filter uninstall,$@),--uninstall)

test-packages: deb
	Packaging/test "$$($(SWIFT) build $(RELEASE) --show-bin-path)" dist

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)
	Tests/Architecture/arrows

clean:
	rm -rf .build dist
