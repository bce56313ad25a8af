#!/bin/sh
# Checks the dossier in this folder and leaves reports beside: for people, for
# code scanning, for test reports. Any build service can run it.
#
#   IOTMARK   the program; iotmark on the PATH when unset. Build it with CGO_ENABLED=0 go install
#             github.com/open-iot-mark/iotmark/cmd/iotmark@latest: so built it reads files better confined
#   DOSSIER   the product's folder; this folder when unset
#   BASELINE  an earlier report; iotmark-baseline.json in the dossier when there is one
#   REPORTS   where the reports go; iotmark-reports when unset
#
# Exit code: that of iotmark check. 0 nothing new is wrong, 1 a must does not
# conform, 2 wrong use or a broken file, 5 evidence that could not be read.
set -eu

iotmark=${IOTMARK:-iotmark}
dossier=${DOSSIER:-.}
reports=${REPORTS:-iotmark-reports}
baseline=${BASELINE:-$dossier/iotmark-baseline.json}

mkdir -p "$reports"
set -- check --strict \
  --format text \
  --format json="$reports/iotmark.json" \
  --format html="$reports/iotmark.html" \
  --format sarif="$reports/iotmark.sarif" \
  --format junit="$reports/iotmark.xml" \
  --format codequality="$reports/iotmark-quality.json"
if [ -e "$baseline" ]; then
  set -- "$@" --baseline "$baseline"
fi
exec "$iotmark" "$@" "$dossier"
