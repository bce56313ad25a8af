package ledger

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/open-iot-mark/iotmark"
)

// treeStateAt is where Tessera keeps how far it has built the tree; a copy that
// [Mirror] made has none.
const treeStateAt = ".state/treeState"

// Resume makes a copy a log again, which goes on where the copy ends: for when
// the log itself is lost. It reads all of the copy first, and changes nothing
// when a file of it is wrong; then the result says what. Only the last copy
// will do: under an older one the log is forked, which its witnesses refuse.
//
// Errors: log-exists when the folder is a log already; log-busy when the copy
// is just brought up to date; those of [Reader.Fsck]; log-write.
func Resume(ctx context.Context, dir, vkey string) (Checked, error) {
	r, err := NewReader(dir, vkey)
	if err != nil {
		return Checked{}, err
	}
	if _, err := r.Head(ctx); err != nil {
		return Checked{}, err // before anything is made in a folder that is no log
	}
	if !lost(dir) {
		return Checked{}, fail(iotmark.Conflict, "log-exists", nil, "%s is a log already, and goes on as it is", dir)
	}
	l, err := lock(filepath.Join(dir, ".lock"))
	if err != nil {
		if ours(err) {
			return Checked{}, err
		}
		return Checked{}, unwritable(err, dir)
	}
	defer l.Close()
	c, err := r.Fsck(ctx, nil)
	if err != nil || len(c.Problems) > 0 {
		return c, err
	}
	b, err := json.Marshal(struct {
		Size int64  `json:"size"`
		Root []byte `json:"root"`
	}{c.Size, c.Root[:]})
	if err != nil {
		return c, err
	}
	if err := put(filepath.Join(dir, treeStateAt), b, 0o644); err != nil {
		return c, unwritable(err, dir)
	}
	return c, nil
}

// lost says whether nothing tells how far a log was built. With published
// entries it is a copy, and Tessera would begin it anew.
func lost(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, treeStateAt))
	return os.IsNotExist(err)
}
