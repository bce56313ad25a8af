package firmware

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// ClearText are programs that serve protocols without encryption and that
// makers are asked to leave out: telnet, ftp, tftp, rsh, rlogin, rexec
// (ETSI EN 303 645 V3.1.3, 5.6-5 and 5.5-7). The value is the protocol.
var ClearText = map[string]string{
	"telnetd": "telnet", "in.telnetd": "telnet", "utelnetd": "telnet", "telnetd.netkit": "telnet",
	"ftpd": "ftp", "in.ftpd": "ftp", "vsftpd": "ftp", "proftpd": "ftp", "pure-ftpd": "ftp", "bftpd": "ftp", "stupid-ftpd": "ftp", "uftpd": "ftp",
	"tftpd": "tftp", "in.tftpd": "tftp", "atftpd": "tftp", "utftpd": "tftp", "tftpd-hpa": "tftp",
	"rshd": "rsh", "in.rshd": "rsh", "rlogind": "rlogin", "in.rlogind": "rlogin", "rexecd": "rexec", "in.rexecd": "rexec",
}

var shells = []string{"sh", "ash", "bash", "dash", "hush", "ksh", "zsh", "tcsh"}

// services reads what one root starts at boot.
func (a *analysis) services(root *Root) {
	s := &starts{a: a, root: root.Prefix, seen: map[string]bool{}, listed: map[string]bool{}}
	s.inittab()
	for _, p := range []string{"etc/init.d/rcS", "etc/rcS", "etc/rc", "etc/rc.sysinit", "etc/rc.d/rc.sysinit", "etc/rc.d/rcS", "etc/rc.local", "etc/rc.d/rc.local", "etc/init.d/rc.local", "init", "linuxrc"} {
		s.script(p, true, 0)
	}
	for _, d := range []string{"etc/rcS.d", "etc/rc2.d", "etc/rc3.d", "etc/rc4.d", "etc/rc5.d", "etc/rc.d/rcS.d", "etc/rc.d/rc2.d", "etc/rc.d/rc3.d", "etc/rc.d/rc5.d", "etc/rc.d", "etc/init.d"} {
		for _, p := range a.t.below(s.root, d, a.index) {
			if b := path.Base(p); len(b) > 2 && b[0] == 'S' && b[1] >= '0' && b[1] <= '9' {
				s.script(strings.TrimPrefix(p, s.root), true, 0)
			}
		}
	}
	for _, d := range []string{"etc/runlevels/sysinit", "etc/runlevels/boot", "etc/runlevels/default"} { // OpenRC
		for _, p := range a.t.below(s.root, d, a.index) {
			s.script(strings.TrimPrefix(p, s.root), true, 0)
		}
	}
	s.systemd()
	for _, p := range a.t.below(s.root, "etc/init.d", a.index) {
		s.script(strings.TrimPrefix(p, s.root), false, 0)
	}
	s.inetd()
	s.cron()
	s.present()
	root.Init = len(s.seen) > 0
}

// starts collects the services of one root.
type starts struct {
	a      *analysis
	root   string
	seen   map[string]bool // files read
	listed map[string]bool
	on     map[string]bool // names of programs that are started
}

func (s *starts) add(v Service) {
	key := v.Name + "\x00" + v.Place.Path + "\x00" + string(rune(v.Place.Line))
	if s.listed[key] {
		return
	}
	s.listed[key] = true
	if v.Started {
		if s.on == nil {
			s.on = map[string]bool{}
		}
		s.on[v.Name] = true
	}
	v.Name, v.Args = cut(v.Name, 64), cut(v.Args, 80)
	v.TLS = s.tls(v.Name)
	add(&s.a.f.Services, &s.a.f.Totals.Services, maxServices, v)
}

func (s *starts) console(cmd, how string, at Place) {
	add(&s.a.f.Consoles, &s.a.f.Totals.Consoles, maxConsoles, Console{cut(cmd, 120), how, at})
}

// tls reports whether a server's own configuration demands encryption.
func (s *starts) tls(name string) bool {
	demands := map[string]struct {
		files []string
		lines []string // all must stand, in small letters and without spaces
	}{
		"vsftpd":  {[]string{"etc/vsftpd.conf", "etc/vsftpd/vsftpd.conf"}, []string{"ssl_enable=yes", "force_local_logins_ssl=yes"}},
		"proftpd": {[]string{"etc/proftpd.conf", "etc/proftpd/proftpd.conf"}, []string{"tlsengineon", "tlsrequiredon"}},
	}
	d := demands[name]
	for _, f := range d.files {
		b, _, ok := s.a.t.read(s.root, f)
		if !ok {
			continue
		}
		left := slices.Clone(d.lines)
		for l := range bytes.Lines(b) {
			l := strings.ToLower(strings.Join(strings.Fields(string(l)), ""))
			left = slices.DeleteFunc(left, func(x string) bool { return x == l })
		}
		if len(left) == 0 {
			return true
		}
	}
	return false
}

// inittab reads the table of init: id:levels:action:process.
func (s *starts) inittab() {
	b, at, ok := s.a.t.read(s.root, "etc/inittab")
	if !ok {
		s.busyboxDefault()
		return
	}
	s.seen[at] = true
	n := 0
	for l := range bytes.Lines(b) {
		n++
		t := strings.TrimSpace(string(l))
		if t == "" || t[0] == '#' {
			continue
		}
		f := strings.SplitN(t, ":", 4)
		if len(f) < 4 || f[2] == "off" {
			continue
		}
		cmd := strings.TrimLeft(f[3], "-@")
		place := Place{at, n}
		if asks := slices.Contains(terminals, f[2]); asks || slices.Contains([]string{"once", "wait", "ondemand"}, f[2]) {
			if how := openShell(cmd); how != "" {
				s.console(f[2]+" "+f[3], how, place)
				continue
			}
			if asks {
				s.consoleScript(f[2]+" "+f[3], strings.Fields(cmd), 0)
			}
		}
		s.commands(cmd, place, "inittab", f[2] != "shutdown" && f[2] != "ctrlaltdel" && f[2] != "restart", 0)
	}
}

// terminals are the actions of init that keep a program on a terminal
// (BusyBox, init/init.c; OpenWrt's procd, inittab.c).
var terminals = []string{"respawn", "respawnlate", "askfirst", "askconsole", "askconsolelate"}

// consoleScript looks into the script that a terminal runs for a line which
// gives a shell, as OpenWrt's login.sh does unless a setting says otherwise.
// Conditions are not evaluated: any such line counts, as with services.
func (s *starts) consoleScript(line string, w []string, depth int) bool {
	name, args := runs(w)
	base := path.Base(strings.TrimLeft(name, "-"))
	switch {
	case slices.Contains(shells, base):
		args = slices.DeleteFunc(slices.Clone(args), func(x string) bool { return strings.HasPrefix(x, "-") })
		if len(args) == 0 {
			return false
		}
		name = args[0]
	case strings.HasSuffix(base, "getty"):
		// Only a getty that asks for no name goes straight to its program.
		i := slices.Index(args, "-l")
		if i < 0 || i+1 >= len(args) || !slices.Contains(args, "-n") && !slices.Contains(args, "--skip-login") {
			return false
		}
		name = args[i+1]
	}
	if !strings.HasPrefix(name, "/") || depth > 3 {
		return false
	}
	b, at, ok := s.a.t.read(s.root, name[1:])
	if !ok {
		return false
	}
	for _, c := range parseShell(string(b), map[string]string{}) {
		if !slices.Contains(c.words, "exec") {
			continue // a shell in a pipe or for one command hands nothing out
		}
		to, args := runs(c.words)
		if slices.Contains(args, "") {
			continue // a variable that is not known here may be a script
		}
		args = slices.DeleteFunc(slices.Clone(args), func(x string) bool { return strings.ContainsAny(x, "<>") || strings.HasPrefix(x, "/dev/") })
		if how := openShell(strings.Join(append([]string{to}, args...), " ")); how != "" {
			if how == "inittab" {
				how = "script"
			}
			s.console(line, how, Place{at, 1 + c.line})
			return true
		}
		if s.consoleScript(line, append([]string{to}, args...), depth+1) {
			return true
		}
	}
	return false
}

// busyboxDefault: without an inittab BusyBox offers a shell on the console
// (BusyBox, init/init.c, parse_inittab).
func (s *starts) busyboxDefault() {
	for _, p := range []string{"sbin/init", "init", "linuxrc", "bin/init"} {
		if n, ok := s.a.t.nodes[s.root+p]; ok && n.kind == 'l' && path.Base(n.link) == "busybox" {
			s.console("askfirst /bin/sh", "busybox-default", Place{Path: s.root + p})
			return
		}
	}
}

// openShell says how a command of init gives a shell without a login: by
// itself, or through a getty that asks for no name. A shell that is given a
// script is none.
func openShell(cmd string) string {
	w := strings.Fields(cmd)
	if len(w) == 0 {
		return ""
	}
	name := path.Base(strings.TrimLeft(w[0], "-@"))
	if name == "busybox" && len(w) > 1 {
		w = w[1:]
		name = w[0]
	}
	switch {
	case slices.Contains(shells, name):
		for _, x := range w[1:] {
			if !strings.HasPrefix(x, "-") && !strings.HasPrefix(x, "<") && !strings.HasPrefix(x, ">") || x == "-c" {
				return ""
			}
		}
		return "inittab"
	case strings.HasSuffix(name, "getty"):
		skip, program := false, ""
		for i, x := range w {
			switch {
			case x == "-n" || x == "--skip-login":
				skip = true
			case x == "-l" && i+1 < len(w):
				program = w[i+1]
			case x == "-a" || x == "--autologin" || strings.HasPrefix(x, "--autologin="):
				return "autologin"
			case x == "-nl" && i+1 < len(w):
				skip, program = true, w[i+1]
			}
		}
		if skip && slices.Contains(shells, path.Base(program)) {
			return "getty"
		}
	case name == "login":
		if slices.Contains(w, "-f") {
			return "autologin"
		}
	}
	return ""
}

// script reads one start script below the root and what it calls.
func (s *starts) script(name string, started bool, depth int) {
	b, at, ok := s.a.t.read(s.root, name)
	if !ok || s.seen[at] || depth > 8 {
		return
	}
	s.seen[at] = true
	s.commands(string(b), Place{at, 1}, "script", started, depth)
}

// commands takes a shell text apart and enters the programs it starts.
func (s *starts) commands(text string, at Place, how string, started bool, depth int) {
	vars := map[string]string{}
	for _, c := range parseShell(text, vars) {
		place := Place{at.Path, at.Line + c.line}
		name, args := runs(c.words)
		if name == "" {
			continue
		}
		base := path.Base(name)
		switch {
		case slices.Contains(shells, base) || base == "." || base == "source":
			for i, x := range args {
				if x == "-c" && i+1 < len(args) && depth < 4 {
					s.commands(args[i+1], Place{at.Path, place.Line}, how, started, depth+4)
					break
				}
				if !strings.HasPrefix(x, "-") {
					s.script(strings.TrimPrefix(x, "/"), started, depth+1)
					break
				}
			}
			continue
		case strings.HasPrefix(name, "/") && !slices.Contains(args, "stop"):
			if _, _, isText := s.a.t.read(s.root, name[1:]); isText {
				s.script(name[1:], started, depth+1)
				continue
			}
		}
		if ordinary[base] || !programName(base) {
			continue
		}
		_, old := ClearText[base]
		if !started && !old {
			continue
		}
		s.add(Service{Name: base, Started: started, How: how, Args: strings.Join(args, " "), Place: place, NoLogin: old && handsShell(args)})
		if base == "tcpsvd" || base == "udpsvd" || base == "nc" || base == "socat" {
			for i, x := range args {
				if _, old := ClearText[path.Base(x)]; old {
					s.add(Service{Name: path.Base(x), Started: started, How: how, Args: strings.Join(args[i+1:], " "), Place: place})
				}
			}
		}
	}
}

// handsShell reports whether telnetd is told to run a shell in place of login.
func handsShell(args []string) bool {
	for i, x := range args {
		if x == "-l" && i+1 < len(args) && slices.Contains(shells, path.Base(args[i+1])) {
			return true
		}
		if p, ok := strings.CutPrefix(x, "-l/"); ok && slices.Contains(shells, path.Base(p)) {
			return true
		}
	}
	return false
}

// present enters the programs of old protocols that are only there.
func (s *starts) present() {
	for _, d := range []string{"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/libexec", "opt/bin", "opt/sbin"} {
		for _, p := range s.a.index[s.root+d] {
			if _, old := ClearText[path.Base(p)]; !old {
				continue
			}
			n := s.a.t.nodes[p]
			to, ok, _ := s.a.t.resolve(s.root, strings.TrimPrefix(p, s.root))
			if n.kind != 'f' && n.kind != 'l' {
				continue
			}
			applet := ok && to != p && (path.Base(to) == "busybox" || path.Base(to) == "toybox") || !ok && path.Base(n.link) == "busybox"
			s.add(Service{Name: path.Base(p), How: "present", Place: Place{Path: p}, Applet: applet})
		}
	}
}

// inetd reads the tables of the super-servers. What they list runs only when
// they run.
func (s *starts) inetd() {
	running := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return s.on[n] })
	}
	on := running("inetd", "openbsd-inetd", "inetutils-inetd")
	if b, at, ok := s.a.t.read(s.root, "etc/inetd.conf"); ok {
		s.seen[at] = true
		n := 0
		for l := range bytes.Lines(b) {
			n++
			f := strings.Fields(string(l))
			if len(f) < 6 || strings.HasPrefix(f[0], "#") || f[5] == "internal" {
				continue
			}
			f = f[5:]
			if b := path.Base(f[0]); (b == "tcpd" || b == "busybox") && len(f) > 1 {
				f = f[1:]
			}
			s.add(Service{Name: path.Base(f[0]), Started: on, How: "inetd", Args: strings.Join(f[1:], " "), Place: Place{at, n}, NoLogin: handsShell(f)})
		}
	}
	on = running("xinetd")
	for _, p := range s.a.t.below(s.root, "etc/xinetd.d", s.a.index) {
		server, disabled, line, n := "", false, 0, 0
		for l := range bytes.Lines(s.a.t.texts[p]) {
			n++
			k, v, ok := strings.Cut(strings.TrimSpace(string(l)), "=")
			if !ok || strings.HasPrefix(k, "#") {
				continue
			}
			switch strings.TrimSpace(k) {
			case "disable":
				disabled = strings.TrimSpace(v) == "yes"
			case "server":
				server, line = strings.TrimSpace(v), n
			}
		}
		if server != "" {
			s.add(Service{Name: path.Base(server), Started: on && !disabled, How: "xinetd", Place: Place{p, line}})
		}
	}
}

// cron reads the system's tables: five fields of time, a person where the
// table has one, and the command.
func (s *starts) cron() {
	on := s.on["crond"] || s.on["cron"] || s.on["busybox-crond"]
	table := func(p string, person bool) {
		b, at, ok := s.a.t.read(s.root, strings.TrimPrefix(p, s.root))
		if !ok {
			return
		}
		skip := 5
		if person {
			skip = 6
		}
		n := 0
		for l := range bytes.Lines(b) {
			n++
			t := strings.TrimSpace(string(l))
			f := strings.Fields(t)
			if len(f) == 0 || f[0][0] == '#' || strings.Contains(f[0], "=") {
				continue
			}
			k := skip
			if f[0][0] == '@' {
				k -= 4
			}
			if len(f) > k {
				s.commands(strings.Join(f[k:], " "), Place{at, n}, "cron", on, 0)
			}
		}
	}
	table(s.root+"etc/crontab", true)
	for _, p := range s.a.t.below(s.root, "etc/cron.d", s.a.index) {
		table(p, true)
	}
	for _, d := range []string{"etc/crontabs", "var/spool/cron/crontabs", "var/spool/cron"} {
		for _, p := range s.a.t.below(s.root, d, s.a.index) {
			table(p, false)
		}
	}
}

var unitDirs = []string{"etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system"}

// systemd reads the units that targets want, and the sockets that start them.
func (s *starts) systemd() {
	done := map[string]bool{}
	for _, d := range unitDirs {
		for _, p := range s.a.index[s.root+d] {
			if !strings.HasSuffix(p, ".wants") && !strings.HasSuffix(p, ".requires") {
				continue
			}
			for _, l := range s.a.index[p] {
				s.unit(path.Base(l), done, 0)
			}
		}
	}
	// Folders may have no entry of their own: ask for the usual targets too.
	for _, d := range unitDirs {
		for _, target := range []string{"multi-user", "basic", "sysinit", "default", "graphical", "sockets", "timers", "getty", "network-online"} {
			for _, l := range s.a.index[s.root+d+"/"+target+".target.wants"] {
				s.unit(path.Base(l), done, 0)
			}
		}
	}
}

// unit enters the programs of one unit.
func (s *starts) unit(name string, done map[string]bool, depth int) {
	if done[name] || depth > 8 {
		return
	}
	done[name] = true
	file := name
	stem, suffix, _ := cutLast(name, ".")
	if i := strings.IndexByte(stem, '@'); i >= 0 {
		file = stem[:i+1] + "." + suffix
	}
	var b []byte
	at := ""
	for _, d := range unitDirs {
		for _, f := range []string{name, file} {
			if n, ok := s.a.t.nodes[s.root+d+"/"+f]; ok && n.kind == 'l' && n.link == "/dev/null" {
				return // masked
			}
			if t, p, ok := s.a.t.read(s.root, d+"/"+f); ok && at == "" {
				b, at = t, p
			}
		}
	}
	if at == "" {
		return
	}
	s.seen[at] = true
	s.unitLines(b, at, done, depth)
	service := ""
	for l := range bytes.Lines(b) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(string(l)), "Service="); ok {
			service = v
		}
	}
	if suffix == "socket" {
		if service == "" {
			service = stem + ".service"
		}
		s.unit(service, done, depth+1)
		s.unit(stem+"@.service", done, depth+1)
	}
	for _, d := range unitDirs {
		for _, f := range []string{name, file} {
			for _, p := range s.a.index[s.root+d+"/"+f+".d"] {
				s.unitLines(s.a.t.texts[p], p, done, depth)
			}
		}
	}
}

func (s *starts) unitLines(b []byte, at string, done map[string]bool, depth int) {
	n := 0
	for l := range bytes.Lines(b) {
		n++
		k, v, ok := strings.Cut(strings.TrimSpace(string(l)), "=")
		if !ok {
			continue
		}
		switch k {
		case "ExecStart":
			cmd := strings.TrimLeft(v, "@-:+!")
			if how := openShell(cmd); how != "" {
				s.console(cmd, how, Place{at, n})
				continue
			}
			s.commands(cmd, Place{at, n}, "systemd", true, 0)
		case "Wants", "Requires":
			for _, u := range strings.Fields(v) {
				s.unit(u, done, depth+1)
			}
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
