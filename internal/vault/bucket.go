package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"github.com/open-iot-mark/iotmark"
)

// bucket is where the objects are.
type bucket struct {
	*blob.Bucket
	dir  string // of a folder; "" of a bucket elsewhere
	name string // for messages
}

func openBucket(ctx context.Context, address string) (*bucket, error) {
	if address == "" || strings.ContainsRune(address, 0) {
		return nil, invalid("vault-address", "the place of the evidence store is empty or no text; give the path of a folder")
	}
	if scheme, _, ok := strings.Cut(address, "://"); ok {
		if slices.Contains(cloud, scheme) {
			return cloudBucket(ctx, address)
		}
		return nil, invalid("vault-address", "this program keeps evidence in no place of the kind %.20s://; give the path of a folder, or use a program that was built with -tags cloud", scheme)
	}
	dir, err := filepath.Abs(address)
	if err != nil {
		return nil, err
	}
	b := &bucket{dir: dir, name: dir}
	// The folder itself, and not those above it: a path with a slip in it, or
	// below a disk that is not mounted, is told rather than made.
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, b.tell(err)
	}
	b.Bucket, err = fileblob.OpenBucket(dir, &fileblob.Options{
		DirFileMode: 0o700,
		NoTempDir:   true, // on the same disk: no second one can be full, and a rename is a rename
		Metadata:    fileblob.MetadataDontWrite,
	})
	return b, b.tell(err)
}

// cloudBucket opens what gocloud.dev has a driver for.
func cloudBucket(ctx context.Context, address string) (*bucket, error) {
	name, _, _ := strings.Cut(address, "?")
	b := &bucket{name: name}
	var err error
	b.Bucket, err = blob.OpenBucket(ctx, address)
	if err != nil { // its text may hold what is secret in the address
		return nil, invalid("vault-address", "%s: the bucket cannot be opened; see its address and the rights of this program", name)
	}
	return b, nil
}

// tell gives errors of the place an id and words.
func (b *bucket) tell(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*iotmark.Error](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	id, msg := iotmark.ErrorID("vault-unreachable"), "the place of the evidence cannot be reached; see that its disk is mounted, or that its service answers"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), gcerrors.Code(err) == gcerrors.ResourceExhausted:
		id, msg = "vault-full", "the place of the evidence is full; make room and hand it in again, nothing of it was kept"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission), gcerrors.Code(err) == gcerrors.PermissionDenied:
		id, msg = "vault-read-only", "this program may not write to the place of the evidence, or not read it; give it the right to"
	case errors.Is(err, syscall.EIO):
		id, msg = "vault-failing", "the disk of the evidence fails; see the messages of the system"
	}
	return &iotmark.Error{Kind: iotmark.Unavailable, ID: id, Msg: b.name + ": " + msg, Err: cause(err)}
}

// cause leaves off what the library says around an error of the system.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// small returns an object of a few bytes.
func (b *bucket) small(ctx context.Context, name string) ([]byte, error) {
	r, err := b.NewReader(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, 4096))
}

// put writes an object of a few bytes.
func (b *bucket) put(ctx context.Context, name string, content []byte) error {
	w, err := b.create(ctx, name)
	if err != nil {
		return err
	}
	defer w.abort()
	if _, err := w.Write(content); err != nil {
		return err
	}
	return w.commit()
}

// object is one on its way in: it appears when it is committed, whole.
type object struct {
	w      *blob.Writer
	b      *bucket
	name   string
	cancel context.CancelFunc
	file   *os.File // of a folder
	done   bool
}

func (b *bucket) create(ctx context.Context, name string) (*object, error) {
	o := &object{b: b, name: name}
	ctx, o.cancel = context.WithCancel(ctx)
	var err error
	o.w, err = b.NewWriter(ctx, name, &blob.WriterOptions{
		ContentType: "application/octet-stream", // ciphertext; without it the first bytes would be held back and looked at
		BeforeWrite: func(as func(any) bool) error { as(&o.file); return nil },
	})
	if err != nil {
		o.cancel()
		return nil, b.tell(err)
	}
	return o, nil
}

func (o *object) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	return n, o.b.tell(err)
}

// commit makes the object appear, on the disk and not only in a cache of the
// system: the row that names it is written after it.
func (o *object) commit() error {
	o.done = true
	defer o.cancel()
	if o.file != nil {
		if err := o.file.Sync(); err != nil {
			o.cancel()
			o.w.Close()
			return o.b.tell(err)
		}
	}
	if err := o.w.Close(); err != nil {
		return o.b.tell(err)
	}
	if o.b.dir == "" {
		return nil
	}
	path := filepath.Join(o.b.dir, filepath.FromSlash(o.name))
	return o.b.tell(errors.Join(syncFolder(filepath.Dir(path)), syncFolder(o.b.dir)))
}

// abort takes away what was written, unless it was committed.
func (o *object) abort() {
	if !o.done {
		o.done = true
		o.cancel()
		o.w.Close()
	}
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && runtime.GOOS != "windows" { // some systems have no such thing for folders
		return err
	}
	return nil
}

// at opens an object to be read at any place. From a bucket elsewhere it is
// copied to a temporary file first: still encrypted, and without a name.
func (b *bucket) at(ctx context.Context, name string) (*os.File, int64, error) {
	if !objectForm.MatchString(name) {
		return nil, 0, &iotmark.Error{Kind: iotmark.Unverified, ID: "vault-damaged", Msg: fmt.Sprintf("the database names an object %.60q, which is no name of one; it was changed", name)}
	}
	if b.dir != "" {
		f, err := os.Open(filepath.Join(b.dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, 0, err
		}
		st, err := f.Stat()
		if err == nil && !st.Mode().IsRegular() {
			err = &fs.PathError{Op: "read", Path: name, Err: errors.New("this is no file")}
		}
		if err != nil {
			f.Close()
			return nil, 0, err
		}
		return f, st.Size(), nil
	}
	r, err := b.NewReader(ctx, name, nil)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	f, err := os.CreateTemp("", "iotmark-vault-")
	if err != nil {
		return nil, 0, err
	}
	os.Remove(f.Name())
	n, err := io.Copy(f, r)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, n, nil
}

// remove takes an object away, and what an interrupted writing of it left.
// One that is not there is no error.
func (b *bucket) remove(ctx context.Context, name string) error {
	if !objectForm.MatchString(name) {
		return invalid("vault-damaged", "%.60q is no name of an object; nothing was removed", name)
	}
	return b.each(ctx, &blob.ListOptions{Prefix: name}, func(o *blob.ListObject) error {
		if err := b.Delete(ctx, o.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return b.tell(err)
		}
		return nil
	})
}

// each calls f with what is listed.
func (b *bucket) each(ctx context.Context, what *blob.ListOptions, f func(*blob.ListObject) error) error {
	for it := b.List(what); ; {
		o, err := it.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return b.tell(err)
		}
		if err := f(o); err != nil {
			return err
		}
	}
}

// empty reports whether there is nothing but the mark.
func (b *bucket) empty(ctx context.Context) (bool, error) {
	empty := true
	err := b.each(ctx, &blob.ListOptions{Delimiter: "/"}, func(o *blob.ListObject) error {
		empty = empty && strings.HasPrefix(o.Key, marker)
		return nil
	})
	return empty, err
}
