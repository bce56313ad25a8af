#!/bin/sh
# Makes the generated files of the test dossiers: images, lists of components, pictures, hashes.
#
#   ./build.sh           makes them anew in place; what is committed counts, so commit the result
#   ./build.sh --check   makes them in a temporary folder and compares all that does not depend on the compiler
#
# Needs gcc, GNU tar, gzip and Go. The same compiler gives the same bytes: names are sorted, times, owners and build ids
# are fixed. Another compiler gives other programs, so --check compares archives by names, modes and everything but ELF.
set -eu
export LC_ALL=C TZ=UTC0
here=$(cd "$(dirname "$0")" && pwd)
check=no
out=$here
if [ "${1:-}" = --check ]; then
	check=yes
	out=$(mktemp -d)
	trap 'rm -rf "$out" "$tmp"' EXIT
fi
tmp=$(mktemp -d)
[ $check = yes ] || trap 'rm -rf "$tmp"' EXIT

tools=$tmp/tools
(cd "$here/../.." && CGO_ENABLED=0 go build -o "$tools" ./testdata/products/tools)
hard="-O2 -fPIE -pie -D_FORTIFY_SOURCE=2 -fstack-protector-strong -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=none -s"
soft="-O1 -fno-pie -no-pie -fno-stack-protector -U_FORTIFY_SOURCE -Wl,-z,norelro,-z,execstack -Wl,--build-id=none -s"
src=$here/src

# gen COMMAND PRODUCT FILE: one generated text or picture
gen() {
	mkdir -p "$(dirname "$out/$3")"
	"$tools" "$1" "$2" <"$src/packages.tsv" >"$out/$3"
}

# root PRODUCT: the text files of the image and its package database
root() {
	r=$tmp/$1
	mkdir -p "$r"
	cp -R "$src/rootfs/$1/." "$r/"
	mkdir -p "$r/usr/bin" "$r/usr/sbin" "$r/usr/lib" "$r/var/lib/dpkg"
	"$tools" status "$1" <"$src/packages.tsv" >"$r/var/lib/dpkg/status"
	chmod -R u=rwX,go=rX "$r"
	chmod 0755 "$r"/etc/init.d/*
	chmod 0640 "$r/etc/shadow"
}

# pack PRODUCT FILE: the image, the same bytes whenever the programs are the same
pack() {
	mkdir -p "$(dirname "$out/$2")"
	tar --sort=name --format=ustar --mtime="$3" --owner=0 --group=0 --numeric-owner -C "$tmp/$1" -cf - . | gzip -9n >"$out/$2"
}

root careful
gcc $hard -fPIC -shared -Wl,-soname,libtarnmeter.so.2 "$src/meter.c" -o "$tmp/careful/usr/lib/libtarnmeter.so.2"
gcc $hard "$src/meterd.c" "$tmp/careful/usr/lib/libtarnmeter.so.2" -o "$tmp/careful/usr/sbin/meterd"
gcc $hard "$src/updater.c" -o "$tmp/careful/usr/sbin/updater"
pack careful careful/evidence/firmware.tar.gz "2026-10-12 08:00:00"
gen cyclonedx careful careful/evidence/sbom.cdx.json
gen app careful careful/evidence/sbom-app.cdx.json
gen png careful careful/evidence/photo.png

root complete
gcc $hard -fPIC -shared -Wl,-soname,libaldersense.so.2 "$src/meter.c" -o "$tmp/complete/usr/lib/libaldersense.so.2"
gcc $hard "$src/meterd.c" "$tmp/complete/usr/lib/libaldersense.so.2" -o "$tmp/complete/usr/sbin/companiond"
gcc $hard "$src/updater.c" -o "$tmp/complete/usr/sbin/updater"
pack complete complete/evidence/firmware.tar.gz "2026-10-12 08:00:00"
gen cyclonedx complete complete/evidence/sbom.cdx.json
gen app complete complete/evidence/sbom-app.cdx.json
gen png complete complete/evidence/photo.png

root average
gcc $hard "$src/camd.c" -o "$tmp/average/usr/bin/camd"
gcc $hard "$src/streamd.c" -o "$tmp/average/usr/bin/streamd"
pack average average/evidence/firmware.tar.gz "2026-09-21 14:30:00"
gen spdx average average/evidence/sbom.spdx
gen png average average/evidence/photo.png

root disaster
chmod 0644 "$tmp/disaster/etc/shadow"
gcc $soft "$src/camd.c" -o "$tmp/disaster/usr/bin/camd"
gcc $soft "$src/cloudagent.c" -o "$tmp/disaster/usr/bin/cloudagent"
pack disaster disaster/evidence/firmware.tar.gz "2024-03-01 00:00:00"
gen poor disaster disaster/evidence/bom.json

mkdir -p "$out/parts"
gcc $soft "$src/soft.c" -o "$out/parts/soft.elf"
gcc $hard -Wl,-z,norelro "$src/soft.c" -o "$out/parts/norelro.elf"

if [ $check = no ]; then
	for p in careful complete average disaster; do
		[ ! -f "$here/$p/iotmark.yaml" ] || "$tools" hashes "$here/$p"
	done
	exit 0
fi

bad=0
for f in careful/evidence/sbom.cdx.json careful/evidence/sbom-app.cdx.json careful/evidence/photo.png complete/evidence/sbom.cdx.json complete/evidence/sbom-app.cdx.json complete/evidence/photo.png average/evidence/sbom.spdx average/evidence/photo.png disaster/evidence/bom.json; do
	cmp -s "$here/$f" "$out/$f" || { echo "$f is not what build.sh makes; run build.sh and commit" >&2; bad=1; }
done
# list ARCHIVE: names and modes, and hashes of all members that are no ELF
list() {
	d=$(mktemp -d -p "$tmp")
	tar -tvzf "$1" | awk '{print $1, $6}'
	tar -xzf "$1" -C "$d"
	(cd "$d" && find . -type f ! -path './usr/*' | sort | xargs sha256sum)
}
for p in careful complete average disaster; do
	list "$here/$p/evidence/firmware.tar.gz" >"$tmp/a"
	list "$out/$p/evidence/firmware.tar.gz" >"$tmp/b"
	diff "$tmp/a" "$tmp/b" >&2 || { echo "$p/evidence/firmware.tar.gz is not what build.sh makes; run build.sh and commit" >&2; bad=1; }
	cp -R "$here/$p" "$tmp/copy-$p"
	"$tools" hashes "$tmp/copy-$p"
	cmp -s "$here/$p/iotmark.yaml" "$tmp/copy-$p/iotmark.yaml" || { echo "$p/iotmark.yaml has hashes that do not fit; run build.sh and commit" >&2; bad=1; }
done
exit $bad
