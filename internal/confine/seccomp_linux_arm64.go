package confine

import "golang.org/x/sys/unix"

const audit = unix.AUDIT_ARCH_AARCH64
