package vault

import _ "gocloud.dev/blob/memblob"

// Tests also know a bucket in memory, in place of one elsewhere.
func init() { cloud = append(cloud, "mem") }
