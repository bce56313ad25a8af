package ledger

import (
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// Init makes a log without entries in a folder that holds none. The checkpoint
// of size 0 is signed by the log alone: it says nothing that a witness would
// have to see.
func Init(dir string, signer note.Signer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unwritable(err, dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, checkpointAt)); err == nil {
		return fail(iotmark.Conflict, "log-exists", nil, "%s holds a log already; a log is made once and never again", dir)
	}
	es, err := os.ReadDir(dir)
	if err != nil {
		return unwritable(err, dir)
	}
	if len(es) > 0 {
		return fail(iotmark.Conflict, "log-exists", nil, "%s is not empty; a log needs a folder of its own", dir)
	}
	b, err := signCheckpoint(signer, 0, emptyRoot)
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, checkpointAt), b, 0o644); err != nil {
		return unwritable(err, dir)
	}
	return nil
}

func signCheckpoint(s note.Signer, size int64, root tlog.Hash) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: string(checkpointText(s.Name(), size, root))}, s)
	if err != nil {
		return nil, fail(iotmark.Unavailable, "log-key-failed", err, "the log's key does not sign")
	}
	return b, nil
}
