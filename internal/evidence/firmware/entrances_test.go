package firmware_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// A script on a console is looked into for a line that gives a shell.
func TestReadConsoleScript(t *testing.T) {
	t.Parallel()
	const script = "usr/libexec/login.sh"
	const asked = "::askconsole:/" + script
	at := func(how, path string, line int) []firmware.Console {
		return []firmware.Console{{Command: "askconsole /" + script, How: how, Place: firmware.Place{Path: path, Line: line}}}
	}
	table := func(command string) []firmware.Console {
		return []firmware.Console{{Command: command, How: "inittab", Place: firmware.Place{Path: "etc/inittab", Line: 1}}}
	}
	for _, c := range []struct {
		name, line, body string
		want             []firmware.Console
	}{
		{"a login only when a setting says so", asked, "#!/bin/sh\n\n[ \"$(uci -q get system.main.ttylogin)\" = 1 ] || exec /bin/ash --login\n\nexec /bin/login\n", at("script", script, 3)},
		{"with redirections", asked, "#!/bin/sh\nexec setsid /bin/sh < /dev/console >/dev/console 2>&1\n", at("script", script, 2)},
		{"a login that asks nobody", asked, "#!/bin/sh\nexec login -f root\n", at("autologin", script, 2)},
		{"by another script", asked, "#!/bin/sh\nexec /bin/more.sh\n", at("script", "bin/more.sh", 2)},
		{"by a shell", "::askconsole:/bin/sh /" + script, "#!/bin/sh\nexec /bin/dash\n", []firmware.Console{{Command: "askconsole /bin/sh /" + script, How: "script", Place: firmware.Place{Path: script, Line: 2}}}},
		{"itself again and again", asked, "#!/bin/sh\nexec /" + script + "\nexec /" + script + "\n", nil},
		{"a login", asked, "#!/bin/sh\nexec /bin/login\n", nil},
		{"a shell that runs a script", asked, "#!/bin/sh\nexec /bin/sh /bin/menu\n", nil},
		{"a shell that runs what is not known", asked, "#!/bin/sh\nexec /bin/sh $MENU\n", nil},
		{"a shell for one command", asked, "#!/bin/sh\necho ls | /bin/sh\nexec /bin/sh -c ls\n", nil},
		{"no terminal", "::sysinit:/" + script, "#!/bin/sh\nexec /bin/sh\n", nil},
		{"a shell itself, late", "::askconsolelate:/bin/ash --login", "x", table("askconsolelate /bin/ash --login")},
		{"a shell itself, started late", "::respawnlate:/bin/sh", "x", table("respawnlate /bin/sh")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := facts(t, "image.tar", tarOf(t, file{Name: "bin/sh", Body: "x"}, file{Name: "etc/inittab", Body: c.line + "\n"}, file{Name: script, Body: c.body},
				file{Name: "bin/more.sh", Body: "#!/bin/sh\nexec /bin/bash -l\n"}))
			if d := cmp.Diff(c.want, f.Consoles); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
			survives(t, f)
		})
	}
}

// Keys that let their owners in. The fingerprint is what ssh-keygen -l says.
func TestReadAuthorizedKeys(t *testing.T) {
	t.Parallel()
	const (
		key   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
		print = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
	)
	f := facts(t, "image.tar", tarOf(t, file{Name: "bin/sh", Body: "x"},
		file{Name: "etc/passwd", Body: "root:x:0:0::/root:/bin/sh\nop:x:5:5::/home/op:/bin/sh\nno:x:6:6::/home/no:/bin/false\n"},
		file{Name: "root/.ssh/authorized_keys", Body: "# nobody\n\nfrom=\"10.0.0.1\" " + key + " a b\n"},
		file{Name: "home/op/.ssh/authorized_keys2", Body: key},
		file{Name: "home/no/.ssh/authorized_keys", Body: key},
		file{Name: "etc/dropbear/authorized_keys", To: "../../root/.ssh/authorized_keys"}))
	want := []firmware.AuthorizedKey{
		{Type: "ssh-ed25519", Fingerprint: print, Place: firmware.Place{Path: "root/.ssh/authorized_keys", Line: 3}},
		{Type: "ssh-ed25519", Fingerprint: print, Place: firmware.Place{Path: "home/op/.ssh/authorized_keys2", Line: 1}},
	}
	if d := cmp.Diff(want, f.Authorized); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	survives(t, f)
}
