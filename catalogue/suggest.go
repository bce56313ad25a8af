package catalogue

// Suggest returns the known word that is most like the given one, or "" when
// none is like it. The measure is that of Ratcliff and Obershelp, with the
// cutoff 0.6 of Python's difflib.get_close_matches: the same word is proposed
// as by every other reader of the catalogue. Of two equally like words the
// later in the alphabet is taken.
func Suggest(word string, known []string) string {
	const cutoff = 0.6
	var best string
	var top float64
	m := newMatcher([]rune(word))
	for _, k := range known {
		a := []rune(k)
		if m.bound(a) < cutoff || m.bag(a) < cutoff {
			continue
		}
		r := m.ratio(a)
		if r >= cutoff && (r > top || r == top && k > best) {
			best, top = k, r
		}
	}
	return best
}

// matcher compares words with one word b.
type matcher struct {
	b     []rune
	at    map[rune][]int // where a letter stands in b
	count map[rune]int   // how often a letter stands in b
}

func newMatcher(b []rune) *matcher {
	m := &matcher{b: b, at: map[rune][]int{}, count: map[rune]int{}}
	for i, r := range b {
		m.at[r] = append(m.at[r], i)
		m.count[r]++
	}
	// difflib leaves out what is frequent in a long word.
	if n := len(b); n >= 200 {
		for r, at := range m.at {
			if len(at) > n/100+1 {
				delete(m.at, r)
			}
		}
	}
	return m
}

func share(matches, length int) float64 {
	if length == 0 {
		return 1
	}
	return 2 * float64(matches) / float64(length)
}

// bound is an upper bound of ratio by length alone.
func (m *matcher) bound(a []rune) float64 { return share(min(len(a), len(m.b)), len(a)+len(m.b)) }

// bag is an upper bound of ratio by the letters alone.
func (m *matcher) bag(a []rune) float64 {
	left := map[rune]int{}
	n := 0
	for _, r := range a {
		l, ok := left[r]
		if !ok {
			l = m.count[r]
		}
		if l > 0 {
			n++
		}
		left[r] = l - 1
	}
	return share(n, len(a)+len(m.b))
}

// ratio is twice the number of letters in matching blocks over the letters of
// both words.
func (m *matcher) ratio(a []rune) float64 {
	type span struct{ alo, ahi, blo, bhi int }
	todo := []span{{0, len(a), 0, len(m.b)}}
	matches := 0
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		i, j, k := m.longest(a, s.alo, s.ahi, s.blo, s.bhi)
		if k == 0 {
			continue
		}
		matches += k
		todo = append(todo, span{s.alo, i, s.blo, j}, span{i + k, s.ahi, j + k, s.bhi})
	}
	return share(matches, len(a)+len(m.b))
}

// longest finds the longest matching block, of several the first in a, and of
// these the first in b.
func (m *matcher) longest(a []rune, alo, ahi, blo, bhi int) (bi, bj, size int) {
	bi, bj = alo, blo
	lengths := map[int]int{}
	for i := alo; i < ahi; i++ {
		next := map[int]int{}
		for _, j := range m.at[a[i]] {
			if j < blo {
				continue
			}
			if j >= bhi {
				break
			}
			k := lengths[j-1] + 1
			next[j] = k
			if k > size {
				bi, bj, size = i-k+1, j-k+1, k
			}
		}
		lengths = next
	}
	for bi > alo && bj > blo && a[bi-1] == m.b[bj-1] {
		bi, bj, size = bi-1, bj-1, size+1
	}
	for bi+size < ahi && bj+size < bhi && a[bi+size] == m.b[bj+size] {
		size++
	}
	return bi, bj, size
}
