package verifytest

import "fmt"

// Lives makes the lives of marks, one after another, and goes back to those
// of before to renew them. A mark has some eleven entries: promise,
// application, evidence, evaluation, grant, a status, and a year later
// evidence, evaluation, renewal and a status again; of every ten one is
// complained about, and of every twenty one suspended for a while.
func (s *Scheme) Lives() func() {
	var waiting []*Mark
	i := 0
	var m Maker
	return func() {
		if i%20 == 0 {
			m = NewMaker(fmt.Sprintf("maker-%d.example", i/20))
			m.Keys[0].Person = fmt.Sprintf("n%d", i/20) // of so many, two would have one pseudonym
			m.Body.Keys = Entries(m.Keys...)
			s.Register(m)
		}
		k := s.Grant(m, fmt.Sprintf("product-%d", i))
		s.Status(s.StatusOf())
		if waiting = append(waiting, k); len(waiting) > 200 {
			k, waiting = waiting[0], waiting[1:]
			if i%10 == 0 {
				k.DecideComplaint(k.Complain())
			}
			if i%20 == 0 {
				k.Suspend(1)
				k.Confirm()
				k.Restore()
			}
			k.Seal()
			k.Evaluate()
			k.Renew()
			s.Status(s.StatusOf())
		}
		i++
	}
}
