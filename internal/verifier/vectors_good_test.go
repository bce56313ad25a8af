package verifier_test

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

const day = 86_400

// current is the bundle that most others are made of.
func (m *maker) current() base { return m.world(verifytest.Opts{Witnesses: 3}, nil) }

func (m *maker) good() {
	w := m.current()
	m.add("current", "a mark in force, seen by three witnesses", w, verify.GenuineCurrent, "")
	plain, _ := json.Marshal(w.bundle)
	m.bytes("current-plain", "the same, not compressed", w, plain, verify.GenuineCurrent, "")
	later := func(seconds int64) base {
		w := w
		w.now += seconds
		return w
	}
	m.add("current-two-days", "not quite two days later", later(2*day-600), verify.GenuineCurrent, "")
	m.add("aged", "three days later", later(3*day), verify.GenuineAged, "")
	m.add("list-past", "eight days later: the status lists are past their date", later(8*day), verify.NotCurrent, "")
	m.add("old", "fifteen days later", later(15*day), verify.NotCurrent, "")
	m.add("expired-since", "after the last day of the terms, by an old file", later(800*day), verify.Expired, "")
	m.add("clock-a-little-behind", "the clock is five minutes behind that of the witnesses", later(-300), verify.GenuineCurrent, "")
	m.add("clock-behind", "the clock is an hour behind that of the witnesses", later(-3_600), verify.CannotCheck, "clock-behind")

	w3 := verifytest.Opts{Witnesses: 3}
	with := func(name, about string, o verifytest.Opts, answer verify.Answer, do func(s *verifytest.Scheme, k *verifytest.Mark)) {
		m.add(name, about, m.world(o, do), answer, "")
	}
	with("unwitnessed", "the policy asks for no witness", verifytest.Opts{Unwitnessed: true}, verify.GenuineCurrent, nil)
	with("one-witness", "the policy asks for one witness", verifytest.Opts{Witnesses: 1}, verify.GenuineCurrent, nil)
	with("suspended", "suspended by two of the committee", w3, verify.Suspended, func(_ *verifytest.Scheme, k *verifytest.Mark) { k.Suspend(2) })
	with("suspended-by-one", "suspended by one of the committee, and not confirmed yet", w3, verify.Suspended, func(_ *verifytest.Scheme, k *verifytest.Mark) { k.Suspend(1) })
	with("suspension-lapsed", "nobody confirmed the suspension for thirty days", w3, verify.GenuineCurrent, func(s *verifytest.Scheme, k *verifytest.Mark) {
		k.Suspend(1)
		s.Pass(31)
	})
	with("restored", "suspended and restored", w3, verify.GenuineCurrent, func(_ *verifytest.Scheme, k *verifytest.Mark) {
		k.Suspend(2)
		k.Seal()
		k.Evaluate()
		k.Restore()
	})
	with("withdrawn", "withdrawn by the committee", w3, verify.Withdrawn, func(_ *verifytest.Scheme, k *verifytest.Mark) { k.Withdraw(verify.Committee) })
	with("withdrawn-by-maker", "given back by the maker", w3, verify.Withdrawn, func(_ *verifytest.Scheme, k *verifytest.Mark) { k.Withdraw(verify.Maker) })
	with("expired", "the registry knows that it has expired", w3, verify.Expired, func(s *verifytest.Scheme, _ *verifytest.Mark) { s.Pass(800) })
	with("renewed", "renewed: the newer terms are another entry", w3, verify.GenuineCurrent, func(s *verifytest.Scheme, k *verifytest.Mark) {
		s.Pass(300)
		k.Seal()
		k.Evaluate()
		k.Renew()
	})
	with("amended", "amended for a later version", w3, verify.GenuineCurrent, func(_ *verifytest.Scheme, k *verifytest.Mark) {
		k.Seal()
		k.Evaluate()
		k.Amend()
	})
	with("keyring-chain", "the root has changed; the bundle leads from the trusted one to the new one", w3, verify.GenuineCurrent, func(s *verifytest.Scheme, _ *verifytest.Mark) {
		s.SetKeyring(s.WithKeys(verifytest.NewKey(s.Opts.Domain+"/root/6", "museum", "r6", verify.Root)))
		s.SetKeyring(s.EndKeys(s.Root[4].Name))
	})
	with("key-ended-later", "a committee key that signed the grant has ended since", w3, verify.GenuineCurrent, func(s *verifytest.Scheme, _ *verifytest.Mark) { s.SetKeyring(s.EndKeys(s.Committee[0].Name)) })
	with("several-marks", "the third mark of several", w3, verify.GenuineCurrent, func(s *verifytest.Scheme, _ *verifytest.Mark) {
		s.Grant(s.Makers[1], "plug").Suspend(2)
		s.Grant(s.Makers[2], "lock").Withdraw(verify.Committee)
	})
	with("two-of-three", "a nested policy is met without one of the witnesses", w3, verify.GenuineCurrent, nil)
	m.nested()
	m.ssh()
	m.names()
}

// nested makes the vector of a policy with groups of groups, of which one
// witness has not signed.
func (m *maker) nested() {
	w := m.current()
	v := &m.out[len(m.out)-1]
	t, err := verify.ParseTrust(w.trust)
	if err != nil {
		m.t.Fatal(err)
	}
	l := strings.Split(t.Policy, "\n")
	t.Policy = strings.Join(slices.Concat([]string{"# two of three, and one of these two"}, l[:4],
		[]string{"group some 1 w1 w2", "group  all\tall some w3", "", "quorum all", ""}), "\n")
	w.trust = t.Marshal()
	w.bundle = clone(w.bundle)
	for i := range w.bundle.Entries {
		w.bundle.Entries[i].Proof = without(w.bundle.Entries[i].Proof, "\u2014 witness1.example ")
	}
	m.out = m.out[:len(m.out)-1]
	m.add(v.name, v.About, w, verify.GenuineCurrent, "")
	unmet := w
	unmet.bundle = clone(w.bundle)
	for i := range w.bundle.Entries {
		unmet.bundle.Entries[i].Proof = without(unmet.bundle.Entries[i].Proof, "\u2014 witness3.example ")
	}
	m.dated(w)
	m.add("two-of-three-unmet", "the witness that a nested policy cannot do without has not signed", unmet, verify.NotGenuine, "quorum-unmet")
}

// dated makes the vectors of a witness that says another time than the others,
// in a world where one of the first two must sign, and the third.
func (m *maker) dated(w base) {
	lies := func(failure iotmark.ErrorID, answer verify.Answer, name, about string, alone bool, by int64) {
		w := w
		w.bundle = clone(w.bundle)
		for i, e := range w.bundle.Entries {
			n := w.now - 30
			times := map[int]int64{0: n + by, 2: n}
			if !alone {
				times[1] = n
			}
			w.bundle.Entries[i].Proof = dated(w.s, without(e.Proof, "\u2014 witness2.example "), times)
		}
		m.add(name, about, w, answer, failure)
	}
	lies("", verify.GenuineCurrent, "dated-hour", "two witnesses signed an hour apart", true, 3600)
	lies("quorum-unmet", verify.NotGenuine, "dated-more", "two witnesses signed a second more than an hour apart", true, 3601)
	lies("quorum-unmet", verify.NotGenuine, "dated-back", "a witness who is needed dates back by a month", true, -30*day)
	lies("quorum-unmet", verify.NotGenuine, "dated-ahead", "a witness who is needed is a month ahead", true, 30*day)
	lies("", verify.GenuineCurrent, "dated-back-beside", "a witness who is not needed dates back by a month", false, -30*day)
	lies("", verify.GenuineCurrent, "dated-ahead-beside", "a witness who is not needed is beyond what a number of JavaScript can tell apart", false, 1<<61)
}

// without leaves out the lines that begin with something.
func without(s, prefix string) string {
	l := strings.SplitAfter(s, "\n")
	return strings.Join(slices.DeleteFunc(l, func(l string) bool { return strings.HasPrefix(l, prefix) }), "")
}

// granted is a world whose grant is signed by a function of the text.
func (m *maker) granted(prepare func(s *verifytest.Scheme), sign func(s *verifytest.Scheme, text []byte) []verify.Sig, change func(b *verify.TermsBody)) base {
	m.t.Helper()
	s := verifytest.New(m.t, verifytest.Opts{Witnesses: 3})
	if prepare != nil {
		prepare(s)
	}
	s.Promise(s.Makers[0], "lamp")
	k := s.NewMark(s.Makers[0], "lamp")
	k.Apply()
	k.Seal()
	k.Evaluate()
	body := k.TermsOf()
	if change != nil {
		change(&body)
	}
	note, _ := s.Note(verifytest.Draft{Type: verify.MarkGranted, Subject: k.Subject, Body: body, Signers: deciders(s)})
	e, err := verify.Parse(s.Opts.Domain, note)
	if err != nil {
		m.t.Fatal(err)
	}
	if sign != nil {
		if note, err = verify.Seal(e.Text, sign(s, e.Text)...); err != nil {
			m.t.Fatal(err)
		}
	}
	s.AppendBytes(note, s.Now.Add(5*time.Second).Unix())
	return base{s, publish(m.t, s, 0), s.Trust.Marshal(), s.Now.Unix()}
}

func (m *maker) ssh() {
	domain := "mark.example"
	ns := verify.Namespace(domain)
	m.add("ssh-keygen", "the grant is signed as ssh-keygen -Y sign does, over SHA-512 and over SHA-256", m.granted(nil, func(s *verifytest.Scheme, text []byte) []verify.Sig {
		d := deciders(s)
		return []verify.Sig{sshSig(m.t, d[0], ns, "sha512", text), sshSig(m.t, d[1], ns, "sha256", text), d[2].Sign(text)}
	}, nil), verify.GenuineCurrent, "")
	m.add("signed-twice", "one key has signed in both ways, which counts once", m.granted(nil, func(s *verifytest.Scheme, text []byte) []verify.Sig {
		d := deciders(s)
		return []verify.Sig{sshSig(m.t, d[0], ns, "sha512", text), d[0].Sign(text), d[1].Sign(text), d[2].Sign(text)}
	}, nil), verify.GenuineCurrent, "")
	m.add("unknown-signer", "somebody unknown has signed too", m.granted(nil, func(s *verifytest.Scheme, text []byte) []verify.Sig {
		d := deciders(s)
		return []verify.Sig{d[0].Sign(text), d[1].Sign(text), d[2].Sign(text), verifytest.NewKey("nobody.example/x", "nobody", "x1", "").Sign(text)}
	}, nil), verify.GenuineCurrent, "")
	hard := func(flags byte) base {
		key := secureKey(verifytest.NewKey(domain+"/committee/6", "museum", "c6", verify.Committee))
		return m.granted(func(s *verifytest.Scheme) { s.SetKeyring(s.WithKeys(key)) }, func(s *verifytest.Scheme, text []byte) []verify.Sig {
			d := deciders(s)
			return []verify.Sig{d[0].Sign(text), d[1].Sign(text), secureSig(m.t, key, domain, flags, text)}
		}, nil)
	}
	m.add("security-key", "one of the committee has signed with a security key, and touched it", hard(1), verify.GenuineCurrent, "")
	m.add("security-key-verified", "the same, with a finger", hard(5), verify.GenuineCurrent, "")
}

func (m *maker) names() {
	terms := func(name, about string, change func(b *verify.TermsBody)) {
		m.add(name, about, m.granted(nil, nil, change), verify.GenuineCurrent, "")
	}
	terms("names", "names with letters of several writings", func(b *verify.TermsBody) {
		b.Product.Name, b.Product.Model = "\u00d6ko-Lampe \u201eGlut\u201c \U0001F4A1 & <more>", "\u0645\u0635\u0628\u0627\u062d \u706f"
		b.Product.Hardware = []string{"rev C", "\u00e4", "\ufb33", "\U0001F600"}
		b.Product.Software.Manifest = verifytest.Digest("manifest")
	})
	terms("bare", "a product without GTIN, hardware, services and Matter", func(b *verify.TermsBody) {
		b.Product.GTINs, b.Product.Hardware, b.Product.Services, b.Product.Matter = nil, nil, nil, nil
	})
	terms("not-yet", "the terms begin next month", func(b *verify.TermsBody) { b.ValidFrom = "2026-04-05" })
	m.out[len(m.out)-1].Answer = verify.NotCurrent
	terms("two-articles", "a product with two GTIN and two services", func(b *verify.TermsBody) {
		b.Product.GTINs, b.Product.Services = []string{"09506000134352", "09506000134369"}, []string{"a.example.com", "b.example.com"}
	})
}
