package capture

// shelf says which entries of a bounded list are kept. When it is full, the
// first entry of a class takes the place of the latest of the largest class,
// so that however many entries say one thing, one that says another is seen.
type shelf[K, C comparable] struct {
	most    int
	index   map[K]int // where an entry stands
	rows    []row[K, C]
	members map[C][]int
	order   []C // classes by their first entry
}

type row[K, C comparable] struct {
	key   K
	class C
	cost  int // bytes, about
}

func newShelf[K, C comparable](most int) shelf[K, C] {
	return shelf[K, C]{most: most, index: map[K]int{}, members: map[C][]int{}}
}

// place returns where a new entry goes, at the end or instead of another, and
// false when it is not kept. More counts what is not.
func (s *shelf[K, C]) place(a *analysis, key K, class C, cost int, more *int64) (int, bool) {
	if len(s.rows) < s.most && a.afford(cost) {
		s.rows = append(s.rows, row[K, C]{})
		s.put(len(s.rows)-1, row[K, C]{key, class, cost})
		return len(s.rows) - 1, true
	}
	*more++
	if len(s.members[class]) > 0 {
		return 0, false
	}
	var largest C
	for _, c := range s.order {
		if len(s.members[c]) > len(s.members[largest]) {
			largest = c
		}
	}
	list := s.members[largest]
	if len(list) < 2 {
		return 0, false
	}
	at := list[len(list)-1]
	out := s.rows[at]
	a.kept -= out.cost
	if !a.afford(cost) {
		a.kept += out.cost
		return 0, false
	}
	s.members[largest] = list[:len(list)-1]
	delete(s.index, out.key)
	s.put(at, row[K, C]{key, class, cost})
	return at, true
}

func (s *shelf[K, C]) put(at int, r row[K, C]) {
	if len(s.members[r.class]) == 0 {
		s.order = append(s.order, r.class)
	}
	s.rows[at], s.index[r.key] = r, at
	s.members[r.class] = append(s.members[r.class], at)
}
