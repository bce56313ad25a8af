package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// source gives the files of a log by their path.
type source interface {
	// read returns up to limit bytes of a file from an offset, fewer only at
	// its end, and fs.ErrNotExist when there is no such file.
	read(ctx context.Context, name string, offset, limit int64) ([]byte, error)
	String() string
}

// whole reads a file that may have so many bytes.
func whole(ctx context.Context, s source, name string, most int64) ([]byte, error) {
	b, err := s.read(ctx, name, 0, most+1)
	if err == nil && int64(len(b)) > most {
		return nil, unverified("log-file-large", "%s of %s has more than %d bytes", name, s, most)
	}
	return b, err
}

// folder is a log on disk. No name leads out of it.
type folder string

func (f folder) String() string { return string(f) }

func (f folder) read(_ context.Context, name string, offset, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, fail(iotmark.Invalid, "log-missing", err, "%s cannot be opened", f)
	}
	defer root.Close()
	file, err := plainFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, fail(iotmark.Unavailable, "log-read", err, "%s in %s cannot be read", name, f)
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, offset, limit))
	if err != nil {
		return nil, fail(iotmark.Unavailable, "log-read", err, "%s in %s cannot be read", name, f)
	}
	return b, nil
}

// plainFile opens a file below a folder. What is no plain file is not there: a
// pipe would wait for its other end.
func plainFile(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// site is a log behind an address. It asks the host that was named and no
// other: it follows no redirection.
type site struct {
	base   *url.URL
	client *http.Client
}

const (
	siteTimeout = 30 * time.Second // of one file
	siteTries   = 3                // of one file, where the network failed
)

// newSite takes the address below which a log is served.
func newSite(address string) (*site, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return nil, fail(iotmark.Invalid, "address-wrong", nil, "this is no address of a log; write it as in https://log.example/1")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fail(iotmark.Invalid, "address-wrong", nil, "a log is read by https or http, not by %s", u.Scheme)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fail(iotmark.Invalid, "address-wrong", nil, "the address of a log has no user name, no question mark and no #")
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = 64 << 10
	t.ResponseHeaderTimeout = siteTimeout
	return &site{u, &http.Client{
		Transport: t,
		Timeout:   siteTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}, nil
}

func (s *site) String() string { return s.base.String() }

func (s *site) read(ctx context.Context, name string, offset, limit int64) (b []byte, err error) {
	for try := range siteTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Duration(try*try) * 300 * time.Millisecond):
			}
		}
		var again bool
		if b, again, err = s.once(ctx, name, offset, limit); !again {
			break
		}
	}
	return b, err
}

// once asks one time. again: the network or the service failed, and another
// time may be better.
func (s *site) once(ctx context.Context, name string, offset, limit int64) (b []byte, again bool, err error) {
	u := s.base.JoinPath(name)
	unreachable := func(err error, format string, args ...any) error {
		return fail(iotmark.Unavailable, "log-unreachable", err, "%s: "+format, append([]any{u}, args...)...)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, false, unreachable(err, "no address")
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // it names the address again
		}
		return nil, ctx.Err() == nil, unreachable(err, "no answer")
	}
	defer resp.Body.Close()
	skip := offset
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		if offset == 0 || !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
			return nil, false, unreachable(nil, "answers another part than was asked for")
		}
		skip = 0
	case http.StatusRequestedRangeNotSatisfiable:
		return nil, false, nil // nothing behind the offset
	case http.StatusNotFound, http.StatusGone:
		return nil, false, fs.ErrNotExist
	default:
		return nil, resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests, unreachable(nil, "answers %d", resp.StatusCode)
	}
	if skip > 0 {
		if n, err := io.CopyN(io.Discard, resp.Body, skip); err == io.EOF && n <= skip {
			return nil, false, nil
		} else if err != nil {
			return nil, true, unreachable(err, "broke off")
		}
	}
	b, err = io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, ctx.Err() == nil, unreachable(err, "broke off")
	}
	return b, false, nil
}
