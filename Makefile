# SPDX-License-Identifier: Apache-2.0
#
# make demo     one artifact's way from builder to developer, on this machine
# make test     all tests
# make torture  hours of bad luck in a quarter of an hour: faults at every system call, races, full disks
# All install what is missing, on Debian 12 as root or with sudo.

SWIFT ?= swift
# lld drops what is not used. The programs need no Swift where they run.
RELEASE := -c release --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker --strip-all
SOURCES := Sources Tests Package.swift

.PHONY: demo test torture build release format lint clean

demo: release
	Interop/Peers/install demo
	Interop/demo "$$($(SWIFT) build $(RELEASE) --show-bin-path)"

test:
	Interop/Peers/install test
	CONFORMANCE=Tests/Fixtures/conformance /usr/bin/python3 Interop/Peers/test_artifact_peer.py
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest

torture:
	Interop/Peers/install test
	$(SWIFT) build
	status=0; for run in 'races --seconds 120' disk-full faults; do \
	    "$$($(SWIFT) build --show-bin-path)"/torture $$run || status=1; done; exit $$status

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
