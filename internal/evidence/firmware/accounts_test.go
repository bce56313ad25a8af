package firmware_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// The hashes were made with crypt(3) of libxcrypt 4.4.33.
func TestReadAccounts(t *testing.T) {
	t.Parallel()
	at := func(file string, n int) firmware.Place { return firmware.Place{Path: "etc/" + file, Line: n} }
	passwd := strings.Join([]string{
		"# a comment:x:0:0::/:/bin/sh", // seven fields, and no account
		"des1:z.oc/VuO0KIg6:0:0::/:/bin/sh",
		"des2:a0.ioGbPACugk:1:1::/:/bin/ash",
		"des3:9/prOmyW1O9f.:2:2::/:",
		"self:$1$saltsalt$SyEoYrJ8kCNeLXwKGgJnn1:3:3::/:/bin/sh",
		"svc:x:400000000000:1::/:/usr/sbin/nologin",
		"twice:x:5:5::/:/bin/sh",
		"gone:x:6:6::/:/bin/sh",
		"nt:$3$$8846f7eaee8fb117ad06bdd830b7586c:7:7::/:/bin/sh\r",
		"short:x:1", "",
	}, "\n")
	shadow := "svc::1::::::\ntwice:!!:1::::::\ntwice::1::::::\n"
	f := facts(t, "x", tarOf(t, file{Name: "bin/sh", Body: "x"}, file{Name: "etc/passwd", Body: passwd}, file{Name: "etc/shadow", Body: shadow}))
	list := 0
	for i, a := range f.Accounts {
		if a.All {
			list, f.Accounts[i].Tried = a.Tried, 0
		}
		if a.KnownPassword {
			f.Accounts[i].Tried = 0
		}
	}
	if list < 60 {
		t.Errorf("only %d passwords were tried", list)
	}
	two, three := at("shadow", 1), at("shadow", 2)
	want := []firmware.Account{
		{Name: "des1", UID: 0, Shell: "/bin/sh", Login: true, Password: firmware.Hashed, Scheme: "des", KnownPassword: true, Place: at("passwd", 2)},
		{Name: "des2", UID: 1, Shell: "/bin/ash", Login: true, Password: firmware.Hashed, Scheme: "des", KnownPassword: true, Place: at("passwd", 3)},
		{Name: "des3", UID: 2, Login: true, Password: firmware.Hashed, Scheme: "des", All: true, Place: at("passwd", 4)},
		{Name: "self", UID: 3, Shell: "/bin/sh", Login: true, Password: firmware.Hashed, Scheme: "md5", KnownPassword: true, Place: at("passwd", 5)},
		{Name: "svc", UID: -1, Shell: "/usr/sbin/nologin", Password: firmware.Empty, Place: at("passwd", 6), Hash: &two},
		{Name: "twice", UID: 5, Shell: "/bin/sh", Login: true, Password: firmware.Locked, Place: at("passwd", 7), Hash: &three},
		{Name: "gone", UID: 6, Shell: "/bin/sh", Login: true, Password: firmware.Missing, Place: at("passwd", 8)},
		{Name: "nt", UID: 7, Shell: "/bin/sh", Login: true, Password: firmware.Hashed, Scheme: "nt", Place: at("passwd", 9)},
	}
	if d := cmp.Diff(want, f.Accounts); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	for _, r := range f.Roots {
		if !r.Passwd || !r.Shadow {
			t.Errorf("got root %+v", r)
		}
	}
	survives(t, f)
}

// Many slow hashes end at the budget of work, not at that of time.
func TestReadManyHashes(t *testing.T) {
	t.Parallel()
	line := "u:$6$saltsalt$jxfGdWt9QXV5o6.Y51BN2ARtJa/gR7YF3IiQleqnuUPN2asAlAORjxOkKm5cNJi2QTl2InCrqrT79yBy2plHD1:1:1::/:/bin/sh\n"
	f := facts(t, "x", tarOf(t, file{Name: "bin/sh", Body: "x"}, file{Name: "etc/passwd", Body: strings.Repeat(line, 400)}))
	all := 0
	for _, a := range f.Accounts {
		if a.All {
			all++
		}
	}
	if len(f.Accounts) != 400 || all < 5 || all > 50 {
		t.Errorf("%d of %d accounts were tried with the whole list", all, len(f.Accounts))
	}
}
