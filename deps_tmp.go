//go:build tools

package iotmark

import (
	_ "github.com/CycloneDX/cyclonedx-go"
	_ "github.com/GehirnInc/crypt"
	_ "github.com/ProtonMail/go-crypto/openpgp"
	_ "github.com/abadojack/whatlanggo"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/spdx/tools-golang/json"
	_ "github.com/ulikunitz/xz"
	_ "github.com/urfave/cli/v3"
	_ "golang.org/x/crypto/bcrypt"
	_ "golang.org/x/net/html"
)
