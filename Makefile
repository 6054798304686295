# memactor's tasks. `make` alone lists them. Everything is built into bin/; the
# tools come from e2e/tools/go.mod, in the versions that it names.

SHELL         := bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

MODULES  := protos cluster gateway shardnode memactor e2e
UNIT     := $(patsubst %,./%/...,$(filter-out e2e,$(MODULES)))
ALL      := $(patsubst %,./%/...,$(MODULES))
BIN      := $(CURDIR)/bin

# What --version says; without git (a tarball) the build says "devel".
VERSION  ?= $(patsubst v%,%,$(shell git describe --tags --always --dirty --match 'v*' 2>/dev/null))
DAEMON   := github.com/memactor/memactor/cluster/daemon
LDFLAGS  := -s -w $(if $(VERSION),-X $(DAEMON).version=$(VERSION))

TESTFLAGS ?= -timeout 10m
FUZZTIME  ?= 10s
N         ?= 1000000

##@ Everyday

.PHONY: help
help: ## list the tasks
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build gateway, shardnode and memactor into bin/ (static)
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./gateway/cmd/gateway ./shardnode/cmd/shardnode ./memactor

.PHONY: dev
dev: ## a whole cluster in one process on 127.0.0.1:11211
	go run ./memactor dev

.PHONY: test
test: deps bin/consul ## all tests of all modules, e2e included
	go test $(TESTFLAGS) $(ALL)

.PHONY: unit
unit: ## the tests that need nothing but Go
	go test $(TESTFLAGS) $(UNIT)

.PHONY: race
race: ## the unit tests under the race detector (needs gcc)
	@.ci/deps gcc
	go test -race $(TESTFLAGS) $(UNIT)

.PHONY: e2e
e2e: deps bin/consul ## the tests of real processes, afresh
	go test -count=1 $(TESTFLAGS) ./e2e/...

.PHONY: differential
differential: deps ## N random commands (1000000) compared with memcached
	go test -count=1 -v -timeout 0 -parallel 3 -run '^TestLikeMemcached$$' ./e2e/conformance -commands $(N) -rapid.checks 500 -rapid.shrinktime 2m

.PHONY: compose-test
compose-test: images ## docker-compose.yml as it is shipped, with faults (needs Docker)
	go test -tags containers -count=1 -v $(TESTFLAGS) ./e2e/compose

.PHONY: partition-test
partition-test: build bin/consul ## network faults between namespaces (Linux; root, or namespaces for everybody)
	@.ci/deps ip nft
	PATH=$$PATH:/usr/sbin MEMACTOR_BIN=$(BIN) go test -tags netns -count=1 -v $(TESTFLAGS) ./e2e/partition

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME) $(UNIT)

.PHONY: lint
lint: bin/golangci-lint bin/buf ## go vet, golangci-lint, buf lint
	go vet -tags containers,netns $(ALL)
	bin/golangci-lint run $(ALL)
	bin/buf lint

.PHONY: check
check: lint gen-check breaking tidy-check test race ## what has to pass before a commit

##@ The contract

.PHONY: gen
gen: bin/buf bin/protoc-gen-go bin/protoc-gen-go-grpc ## generate protos/shard/v1 from the .proto files
	bin/buf generate

.PHONY: gen-check
gen-check: bin/buf bin/protoc-gen-go bin/protoc-gen-go-grpc ## the generated code is what gen makes
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; bin/buf generate -o "$$fresh"; \
	  diff -r "$$fresh/protos/shard" protos/shard || { echo 'the generated code is stale: run `make gen`'; exit 1; }

.PHONY: breaking
breaking: bin/buf ## the contract does not break what an older program relies on
	.ci/breaking

##@ Tools and packages

.PHONY: deps
deps: ## install what the tests run beside ours (Debian: memcached, twemproxy, client libraries)
	@.ci/deps memcached memccapable nutcracker pymemcache pylibmc bmemcached php-memcached Cache::Memcached::Fast

TOOLS := buf golangci-lint benchstat protoc-gen-go protoc-gen-go-grpc

.PHONY: tools
tools: $(addprefix bin/,$(TOOLS)) ## build the tools of e2e/tools into bin/

bin/buf: PACKAGE                := github.com/bufbuild/buf/cmd/buf
bin/golangci-lint: PACKAGE      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/benchstat: PACKAGE          := golang.org/x/perf/cmd/benchstat
bin/protoc-gen-go: PACKAGE      := google.golang.org/protobuf/cmd/protoc-gen-go
bin/protoc-gen-go-grpc: PACKAGE := google.golang.org/grpc/cmd/protoc-gen-go-grpc

$(addprefix bin/,$(TOOLS)): e2e/tools/go.mod e2e/tools/go.sum
	GOWORK=off go build -C e2e/tools -o $(BIN)/ $(PACKAGE)
	@touch $@

.PHONY: consul
consul: bin/consul ## build the Consul agent for tests (takes minutes; its licence is BUSL)

bin/consul: e2e/tools/consul/go.mod e2e/tools/consul/go.sum
	CGO_ENABLED=0 GOWORK=off go build -C e2e/tools/consul -trimpath -ldflags '-s -w' -o $(BIN)/ tool
	@touch $@

.PHONY: tidy
tidy: ## go mod tidy in every module
	for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy); done

.PHONY: tidy-check
tidy-check: ## every go.mod is tidy
	@for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy -diff) || { echo "$$m/go.mod: run make tidy"; exit 1; }; done

##@ Measuring and shipping

.PHONY: bench
bench: build ## ours, twemproxy and memcached, interleaved (about 10 minutes)
	@.ci/deps memcached nutcracker
	go run ./e2e/bench -bin bin

.PHONY: images
images: build bin/consul ## container images of the programs, and of Consul for tests
	deploy/docker/build $(if $(VERSION),$(VERSION),devel)
	deploy/docker/consul

.PHONY: clean
clean: ## remove bin/
	rm -rf bin
