# make run   start a furnished practice on http://localhost:8080
# make test  everything that must hold, on a machine with nothing but Go, Node and root
# make help  the rest

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     := -s -w -X main.version=$(VERSION)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- run -------------------------------------------------------------------

run: build ## build all and start the demo practice
	bin/mentara demo

dev: web/node_modules/.ready ## demo practice that reloads on save, both sides
	node web/scripts/dev.mjs

build: web ## leave bin/mentara with the web app inside
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/mentara ./cmd/mentara

web: web/node_modules/.ready ## build the web app into web/dist
	cd web && npm run --silent build

web/node_modules/.ready: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

generate: web/node_modules/.ready ## rewrite api/openapi.json and the TypeScript types made from it
	go test ./cmd/mentara -run '^TestGenerated$$' -update
	cd web && npm run --silent generate

# ---- check and test --------------------------------------------------------

setup: ## install what the tests need (Debian packages)
	@.ci/setup

test: setup check test-go test-web test-e2e ## everything

check: web/node_modules/.ready ## format, vet, staticcheck, types, lint, drift
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go vet ./...
	go run $(STATICCHECK) ./...
	@.ci/vulncheck $(GOVULNCHECK)
	cd web && npm run --silent typecheck && npm run --silent lint
	@.ci/drift

test-go: ## Go tests with the race detector, on SQLite and PostgreSQL
	@.ci/with-postgres go test -race -timeout 20m ./...

test-web: web/node_modules/.ready ## unit and component tests of the web app
	cd web && npm test --silent

test-e2e: build ## the real program in real browsers
	cd web && node --test --test-concurrency=1 --test-reporter=spec e2e/*.test.mjs

fuzz: ## every fuzz target, FUZZTIME each (default 10s)
	@.ci/fuzz $${FUZZTIME:-10s}

kill: ## 200 recordings killed at random moments: what is lost, and whether the rest plays
	MENTARA_KILLS=200 go test ./recording/final -run '^TestKill$$' -count=1 -v -timeout 20m

bench: build ## the figures of docs/benchmarks.md
	@.ci/bench

clean: ## forget what was built
	rm -rf bin web/node_modules
	find web/dist -mindepth 1 ! -name .gitkeep -delete

.PHONY: help run dev build web generate setup test check test-go test-web test-e2e fuzz kill bench clean
