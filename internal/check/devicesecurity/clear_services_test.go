package devicesecurity_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
)

// rcS is the tree whose first script holds the given line.
func rcS(line string) tree { return root(tree{"etc/init.d/rcS": "#!/bin/sh\n" + line + "\n"}) }

func inittab(line string) tree {
	return root(tree{"etc/inittab": "::sysinit:/etc/init.d/rcS\n" + line + "\n"})
}

func TestClearServices(t *testing.T) {
	t.Parallel()
	none, started, console := []string{"passed none"}, []string{"failed started"}, []string{"failed console-shell"}
	present := []string{"passed present"}
	table(t, devicesecurity.ClearServices, []row{
		{"nothing", root(nil), none},
		{"telnetd in rcS", rcS("telnetd &"), started},
		{"with its path", rcS("/usr/sbin/telnetd -l /bin/login"), started},
		{"behind busybox", rcS("/bin/busybox telnetd"), started},
		{"after &&", rcS("[ -x /usr/sbin/telnetd ] && telnetd"), started},
		{"in a branch", rcS("if [ -f /x ]; then\n\ttelnetd\nfi"), started},
		{"by a variable", rcS("DAEMON=/usr/sbin/in.ftpd\nstart-stop-daemon --start --exec $DAEMON"), started},
		{"by start-stop-daemon, short", rcS("start-stop-daemon -S -q -b -x /usr/sbin/tftpd -- -l /tmp"), started},
		{"by tcpsvd", rcS("tcpsvd 0.0.0.0 21 ftpd -w / &"), started},
		{"in sh -c", rcS("sh -c 'telnetd -p 2323'"), started},
		{"in a script that is called", root(tree{"etc/init.d/rcS": "#!/bin/sh\n/usr/bin/go.sh\n", "usr/bin/go.sh": "#!/bin/sh\nutelnetd -d\n"}), started},
		{"in a numbered script", root(tree{"etc/init.d/S60telnet": "#!/bin/sh\nstart() {\n\techo go\n\ttelnetd\n}\n"}), started},
		{"by a link in rcS.d", root(tree{"etc/init.d/telnet": "#!/bin/sh\ntelnetd\n", "etc/rc3.d/S20telnet": "-> ../init.d/telnet"}), started},
		{"procd", root(tree{"etc/init.d/telnet": "#!/bin/sh /etc/rc.common\nSTART=50\nstart_service() {\nprocd_open_instance\nprocd_set_param command /usr/sbin/telnetd -F\nprocd_close_instance\n}\n", "etc/rc.d/S50telnet": "-> ../init.d/telnet"}), started},
		{"in inittab", inittab("::respawn:/usr/sbin/telnetd -F"), started},
		{"inetd that starts", root(tree{"etc/init.d/rcS": "#!/bin/sh\ninetd\n", "etc/inetd.conf": "ftp stream tcp nowait root /usr/sbin/ftpd ftpd -w /\n"}), started},
		{"xinetd that starts", root(tree{"etc/init.d/rcS": "#!/bin/sh\nxinetd\n", "etc/xinetd.d/rsh": "service shell\n{\n\tdisable = no\n\tserver = /usr/sbin/in.rshd\n}\n"}), started},
		{"xinetd, disabled", root(tree{"etc/init.d/rcS": "#!/bin/sh\nxinetd\n", "etc/xinetd.d/rsh": "service shell\n{\n\tdisable = yes\n\tserver = /usr/sbin/in.rshd\n}\n"}), present},
		{"systemd unit", root(tree{"etc/systemd/system/ftp.service": "[Service]\nExecStart=/usr/sbin/vsftpd\n", "etc/systemd/system/multi-user.target.wants/ftp.service": "-> ../ftp.service"}), started},
		{"systemd socket", root(tree{"lib/systemd/system/telnet.socket": "[Socket]\nListenStream=23\nAccept=yes\n", "lib/systemd/system/telnet@.service": "[Service]\nExecStart=-/usr/sbin/in.telnetd\n", "etc/systemd/system/sockets.target.wants/telnet.socket": "-> /lib/systemd/system/telnet.socket"}), started},
		{"systemd, masked", root(tree{"lib/systemd/system/ftp.service": "[Service]\nExecStart=/usr/sbin/vsftpd\n", "etc/systemd/system/ftp.service": "-> /dev/null", "etc/systemd/system/multi-user.target.wants/ftp.service": "-> /lib/systemd/system/ftp.service"}), none},
		{"systemd, not wanted", root(tree{"lib/systemd/system/ftp.service": "[Service]\nExecStart=/usr/sbin/vsftpd\n"}), none},
		{"vsftpd that demands TLS", root(tree{"etc/init.d/rcS": "#!/bin/sh\nvsftpd &\n", "etc/vsftpd.conf": "ssl_enable=YES\nforce_local_logins_ssl=YES\n"}), none},
		{"vsftpd that allows TLS", root(tree{"etc/init.d/rcS": "#!/bin/sh\nvsftpd &\n", "etc/vsftpd.conf": "ssl_enable=YES\n"}), started},
		{"a shell for everybody", rcS("telnetd -l /bin/sh &"), []string{"failed open-shell exploitable"}},

		{"only a link to BusyBox", root(tree{"usr/sbin/telnetd": "-> ../../bin/busybox"}), present},
		{"only a program", root(tree{"usr/sbin/vsftpd": "\x00"}), present},
		{"inetd that does not start", root(tree{"etc/inetd.conf": "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n"}), present},
		{"a script that nobody calls", root(tree{"etc/init.d/telnet": "#!/bin/sh\ntelnetd\n"}), present},

		{"a comment", rcS("# telnetd"), none},
		{"a word of echo", rcS("echo telnetd is off"), none},
		{"it is stopped", rcS("killall telnetd"), none},
		{"stopped by start-stop-daemon", rcS("start-stop-daemon -K -x /usr/sbin/telnetd"), none},
		{"a test", rcS("test -x /usr/sbin/telnetd || exit 0"), none},
		{"a text", rcS("cat > /tmp/help <<EOF\ntelnetd is not here\nEOF\necho done"), none},
		{"a label", rcS("case \"$1\" in\ntelnetd) echo no ;;\nesac"), none},
		{"a function of that name", rcS("telnetd() {\n\techo no\n}\ntelnetd"), none},
		{"tftp, the client", rcS("tftp -g -r x 192.0.2.1"), none},

		{"a shell that respawns", inittab("ttyS0::respawn:-/bin/sh"), console},
		{"askfirst", inittab("tty2::askfirst:-/bin/sh"), console},
		{"ash by busybox", inittab("ttyS0::respawn:/bin/busybox ash"), console},
		{"getty that asks for nothing", inittab("ttyS0::respawn:/sbin/getty -n -l /bin/sh ttyS0 115200"), console},
		{"autologin", inittab("1:2345:respawn:/sbin/agetty --autologin root tty1 linux"), console},
		{"autologin by systemd", root(tree{"lib/systemd/system/getty@.service": "[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear - $TERM\n", "etc/systemd/system/getty@tty1.service.d/auto.conf": "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root %I\n", "etc/systemd/system/getty.target.wants/getty@tty1.service": "-> /lib/systemd/system/getty@.service"}), console},
		{"no inittab at all", root(tree{"etc/inittab": ""}), console},
		{"getty with login", inittab("ttyS0::respawn:/sbin/getty ttyS0 115200"), none},
		{"a shell that runs a script", inittab("::respawn:/bin/sh /usr/bin/watch.sh"), none},
		{"sysinit by a shell", inittab("::sysinit:/bin/sh /etc/boot.sh"), none},
		{"sulogin", inittab("~~:S:wait:/sbin/sulogin"), none},
		{"switched off", inittab("x:5:off:/bin/sh"), none},

		{"no start files", tree{"bin/sh": "x", "etc/passwd": "root:!:0:0::/:/bin/sh\n"}, []string{"cantTell no-start"}},
		{"no root tree", tree{"readme.txt": "hello\n"}, []string{"cantTell no-start"}},
		{"three at once", root(tree{"etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/bin/sh\n", "etc/init.d/rcS": "#!/bin/sh\ntelnetd -l/bin/sh\ntftpd\n"}), []string{"failed open-shell exploitable", "failed started", "failed console-shell"}},
	})
}
