# SPDX-License-Identifier: Apache-2.0
#
# make demo     one artifact's way from builder to developer, on this machine
# make test     all tests
# make bench    this project's programs beside others; ROW=name, RUNS=5 (see Benchmarks/README.md)
# All install what is missing, on Debian 12 as root or with sudo.

SWIFT ?= swift
# lld drops what is not used. The programs need no Swift where they run.
RELEASE := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker --strip-all
SOURCES := Sources Tests Package.swift

.PHONY: demo test bench bench-publish build release format lint clean

demo: release
	Interop/Peers/install demo
	Interop/demo "$$($(SWIFT) build $(RELEASE) --show-bin-path)"

test:
	Interop/Peers/install test
	CONFORMANCE=Tests/Fixtures/conformance /usr/bin/python3 Interop/Peers/test_artifact_peer.py
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest

# To publish is to draw the README's picture.
bench bench-publish: release
	Interop/Peers/install bench
	Benchmarks/run --programs "$$($(SWIFT) build $(RELEASE) --show-bin-path)" --runs $(or $(RUNS),5) \
		$(if $(ROW),--row "$(ROW)") $(if $(filter bench-publish,$@),--picture docs/bench.svg)

build:
	Interop/Peers/install build
	$(SWIFT) build

release:
	Interop/Peers/install build
	$(SWIFT) build $(RELEASE)

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)

clean:
	rm -rf .build
