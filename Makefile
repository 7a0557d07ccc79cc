# nitrocard: `make lab` shows it, `make deps test` proves it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# What the tests need beside Go: a C compiler for the race detector and DPDK,
# curl, tracepath, traceroute, nmap, kdig, BIRD and a tool of TUF, which we did not write, the kernel's own filter, and what
# virtual machines are made of.
PACKAGES := gcc libc6-dev curl iperf3 iputils-tracepath traceroute nmap knot-dnsutils nftables bird2 pkg-config dpdk libdpdk-dev dpdk-dev qemu-system-x86 busybox-static python3-securesystemslib python3-nacl tcpdump openssl

# Packages that share memory between goroutines.
CONCURRENT := ./tables/... ./nic/... ./pmd/... ./sim/... ./cmd/nitrocard

# What each fuzz target is tried with: inputs, of which a slow machine takes as
# many, or a time such as 10m.
FUZZ ?= 20000x

# PURE has Go find names and users without C, also where DPDK needs C.
PURE := netgo,osusergo

# Programs and tests are compiled alike, so that Go compiles each package once:
# without paths, and with PURE, by which a build with DPDK differs in DPDK alone.
export GOFLAGS := $(GOFLAGS) -trimpath -tags=$(PURE)
export GOCACHE := $(shell .ci/cache GOCACHE)
export GOMODCACHE := $(shell .ci/cache GOMODCACHE)
WITH_DPDK := -tags=dpdk,$(PURE)

# PLAIN compiles without the profile: with it, Go compiles everything once more
# for each program.
PLAIN := -pgo=off

# How long the tests of a package may take, which is only to end a deadlock: a
# machine may be slow, or busy. What vet finds, the step vet has found. Parallel
# tests are those that wait for most of their time, so they need no CPU each.
TEST := go test $(PLAIN) -vet=off -parallel 8 -timeout 60m

# STEP runs a command, and says so if it takes long.
STEP = .ci/step $@

# How long bench-peers measures each, and how often; PEERS_TIME=300ms
# PEERS_ROUNDS=1 is a look.
PEERS_TIME ?= 2s
PEERS_ROUNDS ?= 3

# For how long attack attacks.
ATTACK_TIME ?= 10m

# How many random packets oracle has cards and the oracle judge.
PACKETS ?= 10000000

# How many packets of each family explained has explained and sent.
EXPLAINED ?= 100000

# Which benchmarks bench runs.
BENCH ?= .

export CGO_ENABLED ?= 0

# Not empty where DPDK can be built in. Asked at each use: deps may have
# brought it.
DPDK = $(shell pkg-config --atleast-version=22.11 libdpdk 2>/dev/null && command -v "$$(go env CC)" >/dev/null && pkg-config --modversion libdpdk)

.PHONY: help build lab attack lab-vm lab-cloud deps test fmt vet unit dpdk race fuzz oracle explained bench bench-peers bench-tables bench-gaps bench-bulk profile clean

help: ## what each target is for
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1 \2/p' Makefile | while read -r target what; do printf '%-14s %s\n' "$$target" "$$what"; done

build: ## the binary, bin/nitrocard
	@WHY="the first time, Go compiles its library and all modules, too" $(if $(DPDK),CGO_ENABLED=1) \
		$(STEP) go build $(FAST) $(if $(DPDK),$(WITH_DPDK)) -o bin/nitrocard ./cmd/nitrocard
	@echo "build: bin/nitrocard $(or $(DPDK:%=with DPDK %),without DPDK (make deps installs what it needs))"

# The first look and the tests need not wait for the profile, which has Go
# compile everything once more.
lab attack lab-vm lab-cloud unit: FAST := $(PLAIN)

lab: build ## a region on this machine, and a card's whole story in it, without root
	bin/nitrocard lab

attack: build ## what attacks on a card cost a victim beside it; ATTACK_TIME=1m is a look
	bin/nitrocard lab --attack $(ATTACK_TIME)

lab-vm: build ## lab with a guest that is a virtual machine
	bin/nitrocard lab --vm

lab-cloud: build ## lab with a guest that is Debian with cloud-init; minutes, where KVM does not work
	@[ -e bin/cloud ] || WHY="Debian's packages come, and a file system is made of them" $(STEP) .ci/cloud bin/cloud
	bin/nitrocard lab --cloud

deps: ## what the tests need; Debian packages only as root
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		missing=""; \
		for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
		if [ -n "$$missing" ]; then \
			.ci/update; \
			WHY="Debian's packages come:$$missing" DEBIAN_FRONTEND=noninteractive \
				$(STEP) .ci/retry apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends $$missing; \
		fi; \
		export WHY="what Debian has comes over the network"; \
		[ -e bin/kernel ] || $(STEP) .ci/kernel bin/kernel; \
		[ -e bin/tayga ] || $(STEP) .ci/program tayga usr/sbin/tayga bin/tayga; \
		[ -e bin/chronyd ] || $(STEP) .ci/program chrony usr/sbin/chronyd bin/chronyd; \
	else \
		echo "make deps: not root on Debian, so no packages are installed; the tests want: $(PACKAGES)"; \
	fi
	@WHY="Go's modules come" $(STEP) .ci/retry go mod download

test: fmt vet unit dpdk race fuzz ## everything, the lab included
	@echo "test: all passed"

fmt: ## is the code as gofmt writes it?
	@unformatted="$$(find . -path ./bin -prune -o -name '*.go' -print0 | xargs -0 gofmt -l)"; if [ -n "$$unformatted" ]; then echo "gofmt: run gofmt -w on:"; echo "$$unformatted"; exit 1; fi

vet: ## what go vet finds
	$(STEP) go vet $(PLAIN) ./...

unit: build ## the tests of all packages, the lab included
	$(STEP) $(TEST) ./...

dpdk: ## ports of DPDK, on devices that need no network card, and the lab on them
	@if [ -z "$(DPDK)" ]; then \
		echo "make dpdk: pkg-config knows no libdpdk; run 'make deps' as root"; \
		[ "$${CI:-}" != true ]; \
	else \
		export CGO_ENABLED=1; \
		$(STEP) go vet $(PLAIN) $(WITH_DPDK) ./... && $(STEP) $(TEST) $(WITH_DPDK) ./pmd/dpdk && \
		$(STEP) $(TEST) $(WITH_DPDK) -run 'DPDK|VirtualMachine' ./sim/lab; \
	fi

race: ## the tests of packages that share memory between goroutines, with the race detector
	@if ! command -v "$$(go env CC)" >/dev/null; then \
		echo "make race: the race detector needs a C compiler ($$(go env CC)); run 'make deps' as root"; \
		[ "$${CI:-}" != true ]; \
	else \
		CGO_ENABLED=1 $(STEP) $(TEST) -race -short $(CONCURRENT); \
	fi

fuzz: ## each fuzz target with FUZZ inputs
	.ci/fuzz $(FUZZ)

oracle: ## PACKETS random packets in random regions: do cards do what EC2's pages say?
	$(TEST) -v -run TestCardsDoWhatTheOracleSays ./sim/oracle -seed 0 -packets $(PACKETS)

explained: ## EXPLAINED packets of each family: does explain tell what cards do to them?
	$(TEST) -v -run TestExplainedPacketsAreRealOnes ./sim/oracle -seed 0 -explained $(EXPLAINED)

# The compiler lays the packet path out by what it was seen to do: packets of
# known connections take 7 to 10 % fewer instructions. go build finds the
# profile by its name.
PROFILE := cmd/nitrocard/default.pgo

bench: ## figures of this machine; BENCH=ENIs measures those alone
	go test -run '^$$' -pgo $(PROFILE) -bench $(BENCH) -benchmem ./tables ./nic/... ./sim/controller ./bench

bench-peers: build ## beside testpmd and OVS-DPDK, as root; README=1 puts tables and picture into bench/README.md
	go run ./bench/peers --duration $(PEERS_TIME) --rounds $(PEERS_ROUNDS) $(if $(README),--readme bench/README.md) $(if $(VERBOSE),--verbose)

bench-tables: ## tables against DPDK's rte_hash and Go's map; README=1 puts the figures into bench/README.md
	@if [ -z "$(DPDK)" ]; then echo "make bench-tables: pkg-config knows no libdpdk; run 'make deps' as root"; exit 1; fi
	mkdir -p bin
	$$(go env CC) -O3 -march=native -o bin/rte_hash bench/tables/rte_hash/rte_hash.c $$(pkg-config --cflags --libs libdpdk)
	go build -o bin/bench-tables ./bench/tables
	bin/bench-tables -rte-hash bin/rte_hash $(if $(README),-readme bench/README.md)

bench-gaps: ## for how long a frame may wait for a worker, beside a loop in C
	mkdir -p bin
	$$(go env CC) -O2 -o bin/gaps-loop bench/gaps/loop/loop.c
	go build -o bin/bench-gaps ./bench/gaps
	bin/bench-gaps -loop bin/gaps-loop

bench-bulk: build ## what one TCP stream gets through cards, beside Linux's bridge
	go build -o bin/bench-bulk ./bench/bulk
	bin/bench-bulk

profile: ## writes PROFILE anew, after changes to the packet path
	cd "$$(mktemp -d)" && binary="$$PWD/bench.test" && cd - >/dev/null && \
	go test -c -o "$$binary" ./bench && \
	"$$binary" -test.run '^$$' -test.bench '^Benchmark(Inbound|Outbound)/flows=(1000|100000)$$|^BenchmarkNew(Out)?$$' \
		-test.benchtime 6000000x -test.cpuprofile $(PROFILE) && \
	rm -r "$${binary%/*}"

clean: ## removes bin
	@[ ! -d bin/GOMODCACHE ] || chmod -R u+w bin/GOMODCACHE
	rm -rf bin
