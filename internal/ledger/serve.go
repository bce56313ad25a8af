package ledger

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// The paths that a log serves: C2SP tlog-tiles, and the two of ours. Anything
// else is not there, whatever lies in the folder.
var (
	tilePath    = regexp.MustCompile(`^tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$`)
	birthPath   = regexp.MustCompile(`^birth/(0|[1-9][0-9]{0,14})\.tlog-proof$`)
	forEver     = "public, max-age=31536000, immutable"
	forAMoment  = "public, max-age=2, must-revalidate"
	plainText   = "text/plain; charset=utf-8"
	plainOctets = "application/octet-stream"
)

// Handler serves the log in a folder: checkpoint, births, tiles and entries as
// files, and birth/<index>.tlog-proof, which is made from them. Everything but
// the first two stays the same for ever and says so. It lists nothing and
// changes nothing. vkey is the log's verifier key.
func Handler(dir, vkey string) (http.Handler, error) {
	r, err := NewReader(dir, vkey)
	if err != nil {
		return nil, err
	}
	if _, ok := r.src.(folder); !ok {
		return nil, fail(iotmark.Invalid, "log-missing", nil, "a log is served from a folder; iotmark mirror makes one")
	}
	return &server{r, dir}, nil
}

type server struct {
	r   *Reader
	dir string
}

// ServeHTTP answers GET and HEAD.
func (s *server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Access-Control-Allow-Origin", "*") // whoever verifies may do so in a browser
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		answer(w, http.StatusMethodNotAllowed, "a log is read only")
		return
	}
	name := strings.TrimPrefix(req.URL.Path, "/")
	switch {
	case name == checkpointAt:
		s.small(w, req, name, plainText, forAMoment)
	case name == birthsAt:
		s.births(w, req)
	case tilePath.MatchString(name):
		s.small(w, req, name, plainOctets, forEver)
	case birthPath.MatchString(name):
		s.birth(w, req, birthPath.FindStringSubmatch(name)[1])
	default:
		s.problem(w, fs.ErrNotExist)
	}
}

// answer writes a short text that nobody shall keep.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", plainText)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

func (s *server) problem(w http.ResponseWriter, err error) {
	if errors.Is(err, fs.ErrNotExist) || iotmark.KindOf(err) == iotmark.NotFound {
		answer(w, http.StatusNotFound, "not here")
		return
	}
	answer(w, iotmark.HTTPStatus(err), "cannot be read now")
}

// small serves a file that fits into memory.
func (s *server) small(w http.ResponseWriter, req *http.Request, name, kind, keep string) {
	b, err := whole(req.Context(), s.r.src, name, maxBundle)
	if err != nil {
		s.problem(w, err)
		return
	}
	send(w, req, b, kind, keep, strings.HasPrefix(name, "tile/entries/"))
}

// send answers with bytes, compressed where that helps and is wanted.
func send(w http.ResponseWriter, req *http.Request, b []byte, kind, keep string, squeeze bool) {
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("Cache-Control", keep)
	sum := sha256.Sum256(b)
	tag := fmt.Sprintf("%x", sum[:12])
	if squeeze {
		head.Set("Vary", "Accept-Encoding")
		if req.Header.Get("Range") == "" && strings.Contains(req.Header.Get("Accept-Encoding"), "gzip") {
			var out bytes.Buffer
			z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
			if err == nil {
				_, err = z.Write(b)
			}
			if err == nil && z.Close() == nil && out.Len() < len(b) {
				b, tag = out.Bytes(), tag+"-gzip"
				head.Set("Content-Encoding", "gzip")
			}
		}
	}
	head.Set("Etag", `"`+tag+`"`)
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(b))
}

// births serves the file that only grows. Its length tells which it is.
func (s *server) births(w http.ResponseWriter, req *http.Request) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		s.problem(w, err)
		return
	}
	defer root.Close()
	f, err := plainFile(root, birthsAt)
	if errors.Is(err, fs.ErrNotExist) { // nothing is published yet
		send(w, req, nil, plainText, forAMoment, false)
		return
	}
	if err != nil {
		s.problem(w, err)
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		s.problem(w, err)
		return
	}
	head := w.Header()
	head.Set("Content-Type", plainText)
	head.Set("Cache-Control", forAMoment)
	head.Set("Etag", `"n`+strconv.FormatInt(st.Size(), 10)+`"`)
	http.ServeContent(w, req, "", time.Time{}, io.NewSectionReader(f, 0, st.Size()))
}

// birth makes the proof of one entry.
func (s *server) birth(w http.ResponseWriter, req *http.Request, index string) {
	n, err := strconv.ParseInt(index, 10, 64)
	if err != nil {
		s.problem(w, fs.ErrNotExist)
		return
	}
	b, err := s.r.BirthProof(req.Context(), n)
	if err != nil {
		s.problem(w, err)
		return
	}
	send(w, req, b, plainText, forEver, false)
}

// Server is a web server with limits for strangers.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
