#!/bin/sh
# Builds sample.c with protections on and off: ./build.sh FOLDER. The committed files are those of gcc 12 on x86_64; the
# test builds them again wherever gcc is there.
set -eu
src=$(cd "$(dirname "$0")" && pwd)/sample.c
out=$1
b() { name=$1; shift; gcc -O2 -Wl,--build-id=none "$@" "$src" -o "$out/$name"; }
b hard.elf -s -fPIE -pie -D_FORTIFY_SOURCE=2 -fstack-protector-strong -Wl,-z,relro,-z,now,-z,noexecstack
b lazy.elf -s -fPIE -pie -U_FORTIFY_SOURCE -fstack-protector-all -Wl,-z,relro,-z,lazy -Wl,-rpath,'$ORIGIN/../lib:/tmp/build/lib' -Wl,--enable-new-dtags
b soft.elf -s -fno-pie -no-pie -U_FORTIFY_SOURCE -fno-stack-protector -Wl,-z,norelro,-z,lazy,-z,execstack -Wl,-rpath,lib -Wl,--disable-new-dtags
b symbols.elf -fPIE -pie -U_FORTIFY_SOURCE -fno-stack-protector -Wl,-z,relro,-z,now
b library.elf -s -DLIBRARY -fPIC -shared -D_FORTIFY_SOURCE=2 -fstack-protector-strong -Wl,-z,relro,-z,now
