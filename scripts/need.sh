#!/usr/bin/env bash
# Installs what the tests need, or says what is missing and how to get it.
set -eu
go=${GO:-go}

if ! command -v "$go" >/dev/null; then
	echo "missing: Go 1.26 or newer; see https://go.dev/doc/install" >&2
	exit 1
fi
minor=$("$go" env GOVERSION | sed -E 's/^go1\.([0-9]+).*/\1/')
if [ "${minor:-0}" -lt 26 ]; then
	echo "missing: Go 1.26 or newer; this is $("$go" env GOVERSION)" >&2
	exit 1
fi

# program:Debian package; the race detector needs a C compiler, the ELF tests
# compare with readelf, the corpus of Debian packages is unpacked by dpkg-deb, ssh-keygen verifies what we sign, chromium shows the pages, node runs the verifier in JavaScript,
# PostgreSQL is the second database: the server only, no cluster is made and none is started
want=
for p in gcc:gcc readelf:binutils git:git xz:xz-utils npm:npm ssh-keygen:openssh-client chromium:chromium node:nodejs; do
	command -v "${p%%:*}" >/dev/null || want="$want ${p##*:}"
done
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want="$want postgresql"
case $want in *chromium*) want="$want fonts-dejavu-core" ;; esac # pages are looked at, so there has to be a face to show
if [ -n "$want" ]; then
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	if command -v apt-get >/dev/null && { [ -z "$sudo" ] || command -v sudo >/dev/null; }; then
		$sudo apt-get update -q
		# Debian's PostgreSQL makes and starts a cluster unless it is told not to
		if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
			case $want in *postgresql*)
				$sudo mkdir -p /etc/postgresql-common
				echo "create_main_cluster = false" | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
			;; esac
		fi
		# shellcheck disable=SC2086
		$sudo apt-get install -y -q --no-install-recommends libc6-dev $want
	else
		echo "missing:$want; install these packages by the means of your system" >&2
		exit 1
	fi
fi

node=$(node --version | sed -E 's/^v([0-9]+).*/\1/')
if [ "${node:-0}" -lt 20 ]; then
	echo "missing: Node.js 20 or newer, whose cryptography has Ed25519; this is $(node --version)" >&2
	exit 1
fi

"$go" mod download

# real artefacts of others, pinned by hash in corpus.yaml; what cannot be had is told by name
if command -v apt-get >/dev/null && ! apt-cache show busybox >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
	apt-get update -q >/dev/null || true
fi
"$go" run ./internal/samples/fetch
