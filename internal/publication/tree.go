package publication

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/open-iot-mark/iotmark"
)

// tree is the folder of one published product, read through an os.Root, so
// that neither a name nor a link leads out of it.
type tree struct {
	root  *os.Root
	files map[string]int64 // plain files and their sizes
}

// readTree lists a folder within bounds. What is no plain file is a problem,
// and so is what is over a bound; then nothing of it is read.
func readTree(root *os.Root) (*tree, []Problem) {
	t := &tree{root: root, files: map[string]int64{}}
	w := walker{tree: t}
	w.folder(".", 0)
	return t, w.problems
}

type walker struct {
	*tree
	problems []Problem
	names    int
	bytes    int64
}

func (w *walker) tell(id iotmark.ErrorID, p, msg string) bool {
	w.problems = append(w.problems, Problem{id, p, msg})
	return len(w.problems) < maxProblems
}

// maxProblems bounds what is told about one product.
const maxProblems = 100

// folder lists one folder and those below it; false ends the walk.
func (w *walker) folder(dir string, depth int) bool {
	f, err := w.root.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return w.tell("file-unreadable", dir, "the folder cannot be read: "+reason(err))
	}
	defer f.Close()
	var entries []fs.DirEntry
	for {
		some, err := f.ReadDir(256)
		entries = append(entries, some...)
		if w.names += len(some); w.names > MaxFiles+MaxHistory {
			w.tell("too-many", dir, fmt.Sprintf("there are more than %d files and folders", MaxFiles+MaxHistory))
			return false
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return w.tell("file-unreadable", dir, "the folder cannot be read: "+reason(err))
		}
	}
	if len(entries) == 0 && depth > 0 {
		return w.tell("folder-empty", dir, "a published set has no empty folders; take it away")
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return compare(a.Name(), b.Name()) })
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		st, err := w.root.Lstat(p)
		ok := true
		switch {
		case err != nil:
			ok = w.tell("file-unreadable", p, "it cannot be looked at: "+reason(err))
		case st.IsDir() && depth == MaxDepth:
			ok = w.tell("too-deep", p, fmt.Sprintf("there are folders below folders more than %d deep", MaxDepth))
		case st.IsDir():
			ok = w.folder(p, depth+1)
		case !st.Mode().IsRegular():
			ok = w.tell("not-a-file", p, "it is a link, a device or a pipe; a published set has plain files only")
		case st.Size() > MaxFile:
			ok = w.tell("too-large", p, fmt.Sprintf("it has more than %d bytes", MaxFile))
		default:
			if w.bytes += st.Size(); w.bytes > MaxTotal {
				w.tell("too-large", p, fmt.Sprintf("the files have more than %d bytes together", MaxTotal))
				return false
			}
			w.files[p] = st.Size()
		}
		if !ok {
			return false
		}
	}
	return true
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// reason takes the path off an error of the system.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return err.Error()
}

// names lists the files by path.
func (t *tree) names() []string { return slices.Sorted(maps.Keys(t.files)) }

// open opens a plain file; a pipe that took its place meanwhile does not
// block.
func (t *tree) open(p string) (*os.File, error) {
	f, err := t.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		f.Close()
		return nil, errors.New("it is no plain file")
	}
	return f, nil
}

// read reads a file of at most limit bytes.
func (t *tree) read(p string, limit int64) ([]byte, error) {
	f, err := t.open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return b, err
}

// hash hashes a file and stops when ctx ends.
func (t *tree) hash(ctx context.Context, p string, limit int64) (File, error) {
	f, err := t.open(p)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(stopping{ctx, f}, limit+1))
	return File{Path: p, SHA256: iotmark.Digest(hex.EncodeToString(h.Sum(nil))), Size: n}, err
}

// stopping is a reader that ends with ctx.
type stopping struct {
	ctx context.Context
	io.Reader
}

func (s stopping) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(b)
}
