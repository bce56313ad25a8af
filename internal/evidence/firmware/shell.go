package firmware

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// command is one simple command of a shell text.
type command struct {
	line  int // from 0
	words []string
}

// Bounds of one shell text.
const (
	maxCommands = 4_000
	maxWords    = 64
	maxVars     = 256
)

// parseShell takes a text apart into simple commands, in which variables set
// earlier are filled in. It knows quotes, comments, separators and labels of
// case, and evaluates nothing: both branches of an if are there. Commands
// within $( ) and backquotes count as commands.
func parseShell(text string, vars map[string]string) []command {
	var out []command
	var words []string
	var word strings.Builder
	var in bool // within a word
	line, depth, doc := 0, 0, ""
	own := map[string]bool{}
	endWord := func() {
		if in && len(words) < maxWords {
			words = append(words, expand(word.String(), vars))
		}
		word.Reset()
		in = false
	}
	end := func() {
		endWord()
		for len(words) > 0 {
			k, v, ok := strings.Cut(words[0], "=")
			if !ok || !variable(k) {
				break
			}
			if len(vars) < maxVars && len(v) <= 1024 {
				vars[k] = v
			}
			words = words[1:]
		}
		if len(words) > 0 && len(out) < maxCommands {
			out = append(out, command{line, words})
		}
		words = nil
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			if i+1 < len(text) {
				i++
				if text[i] == '\n' {
					line++
				} else {
					in = true
					word.WriteByte(text[i])
				}
			}
		case '\'', '"':
			in = true
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\n' {
					line++
				}
				if c == '"' && text[i] == '\\' && i+1 < len(text) {
					i++
				}
				word.WriteByte(text[i])
			}
		case '#':
			if in {
				word.WriteByte(c)
				continue
			}
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case ' ', '\t', '\r':
			endWord()
		case '\n':
			end()
			line++
			if doc != "" { // a here-document is text, not commands
				for doc != "" && i+1 < len(text) {
					l, _, _ := strings.Cut(text[i+1:], "\n")
					if strings.Trim(l, "\t\r") == doc {
						doc = ""
					}
					i += len(l) + 1
					line++
				}
				doc = ""
			}
		case '<':
			if m := hereDoc.FindStringSubmatch(text[i:min(len(text), i+80)]); m != nil && doc == "" {
				doc = m[1]
				i += len(m[0]) - 1
				endWord()
				continue
			}
			in = true
			word.WriteByte(c)
		case ';', '|', '&', '`':
			if c == '&' && in && strings.HasSuffix(word.String(), ">") { // 2>&1
				word.WriteByte(c)
				continue
			}
			end()
		case '(':
			if rest := strings.TrimLeft(text[i+1:min(len(text), i+16)], " \t"); strings.HasPrefix(rest, ")") && len(words) <= 1 {
				endWord()
				if len(words) == 1 && len(own) < maxVars {
					own[words[0]] = true // a function of the script's own
				}
				words = nil
				i += strings.IndexByte(text[i:], ')')
				continue
			}
			end()
			depth++
		case ')':
			if depth > 0 {
				end()
				depth--
				continue
			}
			word.Reset() // a label of case
			words, in = nil, false
		case '$':
			if i+1 < len(text) && text[i+1] == '(' {
				end()
				continue
			}
			in = true
			word.WriteByte(c)
		default:
			in = true
			word.WriteByte(c)
		}
	}
	end()
	return slices.DeleteFunc(out, func(c command) bool { return own[c.words[0]] })
}

var hereDoc = regexp.MustCompile(`^<<-?\s*["'\\]?([A-Za-z_][A-Za-z0-9_]*)["']?`)

func variable(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// expand fills in variables that were set to a plain value.
func expand(s string, vars map[string]string) string {
	if !strings.Contains(s, "$") || len(s) > 1024 {
		return s
	}
	n := 0
	out := os.Expand(s, func(k string) string {
		k, _, _ = strings.Cut(k, ":")
		if n += len(vars[k]); n > 4096 {
			return ""
		}
		return vars[k]
	})
	return out
}

// prefixes are words after which the command proper follows.
var prefixes = words(`if then else elif do while until ! { exec nohup nice ionice setsid time command builtin eval env chrt
	start_daemon daemon startproc service_start run_command busybox toybox chpst softlimit stdbuf`)

// ordinary are commands of start scripts that serve nothing.
var ordinary = words(`[ [[ test : true false echo printf read set unset export local return exit break continue shift trap wait cd pwd
	umask ulimit alias type hash fi done esac case for in function } cat cp mv rm ln ls mkdir mknod mkfifo rmdir touch chmod chown chgrp
	mount umount swapon swapoff fsck e2fsck mke2fs mkfs dd sync sleep usleep date hwclock hostname uname dmesg klogd-once insmod modprobe
	rmmod depmod lsmod ifconfig ip route iptables ip6tables iptables-restore nft brctl vconfig iwconfig iw arp sysctl kill killall pkill
	pidof ps grep egrep fgrep sed awk cut tr sort uniq head tail wc find xargs expr basename dirname tee seq which id su mktemp
	tar gzip gunzip zcat cpio md5sum sha256sum stat df du free logger clear stty setconsole loadkmap loadfont mdev udevadm restorecon
	ldconfig nvram uci fw_printenv fw_setenv flash_erase nandwrite ubiattach reboot poweroff halt shutdown init telinit runlevel
	killall5 start-stop-daemon log_daemon_msg log_end_msg log_begin_msg log_progress_msg log_failure_msg log_success_msg success failure
	procd_open_instance procd_close_instance procd_set_param config_load config_get include boot start stop restart reload status chroot switch_root pivot_root
	exportfs tty openvt fbset setfont dbus-uuidgen ssh-keygen openssl dropbearkey install runcon env-update rc-status einfo ebegin eend ewarn eerror`)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// programName reports whether a word can be the name of a program.
func programName(s string) bool {
	if s == "" || s == "." || s == "/" || s[0] == '-' || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if c <= ' ' || strings.ContainsRune("$*?=<>\"'(){}[]|&;%~^,", c) {
			return false
		}
	}
	return strings.Trim(s, "0123456789.") != ""
}

// runs finds the program that a simple command starts, behind words such as
// exec and behind start-stop-daemon and procd.
func runs(w []string) (name string, args []string) {
	for len(w) > 0 {
		base := path.Base(w[0])
		switch {
		case base == "start-stop-daemon":
			return startStop(w[1:])
		case base == "procd_set_param":
			if len(w) > 2 && w[1] == "command" {
				return w[2], w[3:]
			}
			return "", nil
		case prefixes[base]:
			w = w[1:]
			for len(w) > 0 && (strings.HasPrefix(w[0], "-") || strings.Trim(w[0], "0123456789") == "") {
				w = w[1:]
			}
		case strings.Contains(w[0], "=") && variable(w[0][:strings.IndexByte(w[0], '=')]):
			w = w[1:] // env A=b prog
		default:
			return w[0], w[1:]
		}
	}
	return "", nil
}

// startStop reads the options of start-stop-daemon(8), also in the short form
// of BusyBox.
func startStop(w []string) (name string, args []string) {
	for i := 0; i < len(w); i++ {
		x := w[i]
		switch {
		case x == "--":
			return name, w[i+1:]
		case x == "-K" || x == "--stop" || x == "-T" || x == "--status":
			return "", nil
		case slices.Contains([]string{"--exec", "--startas"}, x) || len(x) > 1 && x[0] == '-' && x[1] != '-' && (strings.HasSuffix(x, "x") || x == "-a"):
			if i+1 < len(w) {
				i++
				if name == "" || x == "-a" || x == "--startas" {
					name = w[i]
				}
			}
		case strings.HasPrefix(x, "--exec="):
			name = x[len("--exec="):]
		case strings.HasPrefix(x, "--startas="):
			name = x[len("--startas="):]
		}
	}
	return name, nil
}
