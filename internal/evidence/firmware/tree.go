package firmware

import (
	"context"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// node is one entry of the virtual tree. Content is not kept here.
type node struct {
	kind byte   // f, d, l, o; hard links are l
	link string // where a link points
	hard bool   // the link's path starts at the archive's root
	size int64
}

// tree is the tree of an archive's entries by clean path without a leading
// slash. Nothing of it ever reaches a disk.
type tree struct {
	nodes map[string]node
	texts map[string][]byte // content of the files that are kept
	kept  int
	names int   // bytes of names and links
	steps int64 // bytes of paths that were walked
	// links holds a hash of each path that is a link, so that a walk down a
	// path needs the path itself only where a link may stand.
	links  map[uint64]bool
	at     []byte // of the last walk, used again
	rungs  []rung
	inodes map[uint64][]string // names of hard-linked files that came without content yet
}

func newTree() *tree {
	return &tree{nodes: map[string]node{}, texts: map[string][]byte{}, inodes: map[uint64][]string{}, links: map[uint64]bool{}}
}

// show makes a name fit for a report: valid, in one line, without control
// and direction marks, and not endless.
func show(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return '\uFFFD'
		}
		return r
	}, s)
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}

// place finds the clean path of a name and what is odd about it. ok is false
// when the entry does not belong into the tree.
func place(name string) (clean string, odd []string, ok bool) {
	if i := strings.IndexByte(name, 0); i >= 0 {
		name, odd = name[:i], append(odd, "nul")
	}
	if s := show(name); s != name {
		name, odd = s, append(odd, "control")
	}
	if strings.HasPrefix(name, "/") {
		odd = append(odd, "absolute")
	}
	ok = true
	for c := range strings.SplitSeq(name, "/") {
		if c == ".." {
			odd, ok = append(odd, "parent"), false
			break
		}
	}
	clean = strings.TrimPrefix(path.Clean("/"+name), "/")
	if !ok {
		clean = name
	}
	return clean, odd, ok
}

// put enters a member and returns its clean path. Content of entries that do
// not belong into the tree is looked at all the same, under the name given.
// Names are bounded together: as many entries as are allowed, each with as
// long a name as is allowed, would take a gigabyte.
func (t *tree) put(m member, f *Facts) (string, error) {
	if t.names += len(m.name) + len(m.link); t.names > maxNames {
		return "", evidence.TooMany("bytes of names", maxNames)
	}
	p, odd, ok := place(m.name)
	for _, o := range odd {
		add(&f.Odd, &f.Totals.Odd, maxOdd, Oddity{p, o})
	}
	if !ok || p == "" {
		return p, nil
	}
	n := node{kind: m.kind, link: show(m.link), size: m.size}
	if m.kind == 'h' {
		n.kind, n.hard = 'l', true
	}
	if old, there := t.nodes[p]; there && !(old.kind == 'd' && n.kind == 'd') {
		add(&f.Odd, &f.Totals.Odd, maxOdd, Oddity{p, "duplicate"})
		delete(t.texts, p) // the later entry stands, as when it is unpacked
	}
	if n.kind == 'l' && !n.hard && climbs(p, n.link) {
		add(&f.Odd, &f.Totals.Odd, maxOdd, Oddity{p, "link-out"})
	}
	t.nodes[p] = n
	if n.kind == 'l' {
		t.links[pathHash(hashStart, p)] = true
	}
	if m.kind == 'f' && m.more {
		if m.size == 0 {
			t.inodes[m.inode] = append(t.inodes[m.inode], p)
		} else {
			for _, q := range t.inodes[m.inode] {
				t.nodes[q] = node{kind: 'l', link: p, hard: true}
				t.links[pathHash(hashStart, q)] = true
			}
			delete(t.inodes, m.inode)
		}
	}
	return p, nil
}

// climbs reports whether a relative link leads above the root.
func climbs(from, to string) bool {
	if strings.HasPrefix(to, "/") {
		return false
	}
	depth := strings.Count(from, "/")
	for c := range strings.SplitSeq(to, "/") {
		switch c {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}

// Bounds of a walk. Linux allows 40 links on a path; maxSteps holds for all
// walks of one tree together.
const (
	maxHops  = 40
	maxSteps = 256 << 20 // bytes of paths
)

// hashStart and pathHash are FNV-1a (draft-eastlake-fnv, 2), which can go on from
// the hash of the front of a path. Paths of one hash cost time alone.
const hashStart = 14695981039346656037

func pathHash(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// rung is a place on a path that is walked.
type rung struct {
	len  int // of the path up to here
	hash uint64
}

// resolve follows the links on a path as a system would whose root is the
// given prefix. ok is false when the path leads nowhere; loop says that the
// links run in a circle. The work is in proportion to the bytes of the path
// and of the links on it.
func (t *tree) resolve(root, name string) (found string, ok, loop bool) {
	at := append(t.at[:0], root...)
	done := append(t.rungs[:0], rung{len(at), pathHash(hashStart, root)}) // root, and each component below it
	defer func() { t.at, t.rungs = at, done }()                           // used again by the next walk
	todo := []string{name}                                                // what is still to go, the next part last
	pending := len(name)
	for hops := 0; len(todo) > 0; {
		rest := todo[len(todo)-1]
		c, more, cut := strings.Cut(rest, "/")
		if cut {
			todo[len(todo)-1] = more
		} else {
			todo = todo[:len(todo)-1]
		}
		pending -= len(rest) - len(more)
		if t.steps += int64(len(c)) + 1; t.steps > maxSteps {
			return "", false, false
		}
		last := done[len(done)-1]
		switch c {
		case "", ".":
			continue
		case "..":
			if len(done) > 1 {
				done = done[:len(done)-1]
				at = at[:done[len(done)-1].len]
			}
			continue
		}
		h := last.hash
		if len(done) > 1 {
			at = append(at, '/')
			h = pathHash(h, "/")
		}
		at = append(at, c...)
		h = pathHash(h, c)
		done = append(done, rung{len(at), h})
		if !t.links[h] {
			continue // folders need no entry of their own
		}
		t.steps += int64(len(at))
		n, there := t.nodes[string(at)]
		if !there || n.kind != 'l' {
			continue
		}
		if hops++; hops > maxHops || pending > 2*maxName {
			return "", false, true
		}
		to := n.link
		switch {
		case n.hard:
			q, _, fine := place(n.link)
			if !fine || !strings.HasPrefix(q, root) {
				return "", false, false
			}
			done, to = done[:1], q[len(root):]
		case strings.HasPrefix(n.link, "/"):
			done = done[:1]
		default:
			done = done[:len(done)-1]
		}
		at = at[:done[len(done)-1].len]
		todo = append(todo, to)
		pending += len(to)
	}
	p := string(at)
	_, ok = t.nodes[p]
	return p, ok, false
}

// read returns the kept content of a file below a root, with links followed,
// and the path at which it stands.
func (t *tree) read(root, name string) (content []byte, at string, ok bool) {
	p, ok, _ := t.resolve(root, name)
	if !ok {
		return nil, "", false
	}
	b, ok := t.texts[p]
	return b, p, ok
}

// loops reports links that run in a circle. It goes through as many as fit
// half of the steps, so that enough are left for the files that are read.
func (t *tree) loops(ctx context.Context, f *Facts) error {
	names := make([]string, 0, len(t.nodes))
	for p, n := range t.nodes {
		if n.kind == 'l' {
			names = append(names, p)
		}
	}
	slices.Sort(names)
	for _, p := range names[:min(len(names), 20_000)] {
		if t.steps > maxSteps/2 {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, _, loop := t.resolve("", p); loop {
			add(&f.Odd, &f.Totals.Odd, maxOdd, Oddity{p, "link-loop"})
		}
	}
	return nil
}

// parents names the folders that stand in a root tree.
var parents = []string{"etc", "bin", "sbin", "usr", "lib"}

const (
	etc          = 1 << 0 // bit of etc among parents
	maxRootDepth = 10     // folders down to which a root tree is looked for
)

// roots finds the prefixes below which a root tree stands: etc beside one of
// bin, sbin, usr, lib; else any etc with a file that start-up or sign-in
// reads. Trees within another root, such as usr/local, are no roots.
func (t *tree) roots() []string {
	have := map[string]uint8{} // bits of parents
	for p := range t.nodes {
		at := 0
		for range maxRootDepth {
			i := strings.IndexByte(p[at:], '/')
			c := p[at:]
			if i >= 0 {
				c = c[:i]
			}
			if k := slices.Index(parents, c); k >= 0 {
				have[p[:at]] |= 1 << k
			}
			if i < 0 {
				break
			}
			at += i + 1
		}
	}
	var all []string
	for pre, set := range have {
		if set&etc != 0 && set != etc {
			all = append(all, pre)
		}
	}
	if len(all) == 0 {
		for pre, set := range have {
			if set&etc != 0 && (t.any(pre, "etc/passwd", "etc/shadow", "etc/inittab", "etc/init.d", "etc/inetd.conf", "etc/init.d/rcS")) {
				all = append(all, pre)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if n := strings.Count(a, "/") - strings.Count(b, "/"); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, pre := range all {
		inside := slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(pre, o) })
		if !inside && len(out) < maxRoots {
			out = append(out, pre)
		}
	}
	return out
}

func (t *tree) any(root string, names ...string) bool {
	for _, n := range names {
		if _, ok := t.nodes[root+n]; ok {
			return true
		}
	}
	return false
}

// below returns the sorted paths under a folder of a root, one level deep.
func (t *tree) below(root, dir string, index map[string][]string) []string {
	d, ok, _ := t.resolve(root, dir)
	if !ok && len(index[root+dir]) > 0 {
		d = root + dir // folders need no entry of their own
	}
	return index[d]
}

// index lists the names in each folder, sorted.
func (t *tree) index() map[string][]string {
	m := map[string][]string{}
	for p := range t.nodes {
		d, _ := path.Split(p)
		d = strings.TrimSuffix(d, "/")
		m[d] = append(m[d], p)
	}
	for _, l := range m {
		slices.Sort(l)
	}
	return m
}
