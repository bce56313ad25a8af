//go:build cloud

package vault

import _ "gocloud.dev/blob/s3blob" // s3://

// cloud are the kinds of buckets in programs that are built with -tags cloud:
// what speaks S3, which others than Amazon do too. The drivers of Google and
// Azure are an import each, and 30 modules more.
var cloud = []string{"s3"}
