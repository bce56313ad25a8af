# Two commands do everything: `make run` and `make test`.
GO      ?= go
FUZZ    ?= 3s
# Whole programs, pages and stories, ten times as slow there; what runs at once in them is tested in its own package, or by name.
UNRACED := /internal/(cli|page|publication|scheme)$$
LINT    := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: run test need build bench generate fuzz

# The average product of the corpus: its page, label and report on the loopback.
run:
	$(GO) run ./cmd/iotmark preview testdata/products/average

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/iotmark ./cmd/iotmark

# Everything a change must pass. Installs what it needs.
test: need
	@echo "== gofmt"; out="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$out" ] || { echo "not gofmt'ed:"; echo "$$out"; exit 1; }
	@echo "== vet"; $(GO) vet ./...
	@echo "== staticcheck"; $(GO) run $(LINT) ./...
	@echo "== build without cgo"; CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/iotmark
	@echo "== tests, and that generated files are fresh"; $(GO) test -timeout 30m ./...
	@echo "== race"; $(GO) test -race -timeout 30m $$($(GO) list ./... | grep -v -E '$(UNRACED)')
	@$(GO) test -race -timeout 30m -run 'AtOnce' ./internal/scheme
	@$(MAKE) --no-print-directory fuzz

# Some seconds of each fuzz test.
fuzz:
	@GO=$(GO) scripts/fuzz.sh $(FUZZ)

need:
	@GO=$(GO) scripts/need.sh

# Writes generated files anew; the tests compare them.
generate:
	$(GO) generate ./...

# Figures, for people to read; nothing fails on a slow machine.
bench:
	$(GO) run ./bench
