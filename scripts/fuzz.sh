#!/usr/bin/env bash
# Runs every fuzz test of the module for a while, one after the other:
#   scripts/fuzz.sh 3s
set -eu
time=${1:-3s}
go=${GO:-go}
echo "== fuzz, $time each"
for pkg in $("$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do
	dir=$("$go" list -f '{{.Dir}}' "$pkg")
	for f in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | sort -u); do
		out=$("$go" test -run '^$' -fuzz "^$f\$" -fuzztime "$time" -fuzzminimizetime 1x "$pkg" 2>&1) || {
			# up to Go 1.26 the end of the time may be told as a failure (golang/go#75804, mended in
			# 1.27); a finding is another thing, and names the input it wrote
			case $out in
			*"Failing input written"* | *panic:*) echo "$out"; exit 1 ;;
			*"context deadline exceeded"*) ;;
			*) echo "$out"; exit 1 ;;
			esac
		}
		echo "ok   $f ${pkg##*/} $(echo "$out" | grep -o 'execs: [0-9]*' | tail -n 1)"
	done
done
