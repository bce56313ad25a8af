package devicesecurity_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
)

// The hashes were made with crypt(3) of libxcrypt 4.4.33. "Strong" ones are
// of a password that is on no list.
const (
	desAdmin     = "abOV.DfJmdnYw"
	md5Of1234    = "$1$abcdefgh$eaPgyn2A41yAxm5/hbIw5/"
	md5Empty     = "$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0"
	md5Service   = "$1$x$ZFKdvkZ2f4aeq/fmm2ktB/"
	sha256Root   = "$5$abcdefgh$R6RGSMgggXQz2wdKz0HpXWjK9oI5Hjvxad6awq8YNS4"
	sha512Admin  = "$6$abcdefgh$Jofd.FZRLVyYwt/zWLWzi7cPbdUfgEgHrcdJLmkXy8uHwCGSf90RMkKTVTj0nhlkfJpZY94qtrpFrWz1mwRvH1"
	bcryptAdmin  = "$2b$05$abcdefghabcdefghabcdeeB.eu3kcZXtuvzm8CAw03qf3fiz5q8ry"
	yescrypt     = "$y$j9T$abcdefgh$y7YixSZSrQy8hU6ORzd2u2Wa2NMN3ZDzpKLLnB2kgT9"
	strongMD5    = "$1$saltsalt$a3vFHoJdFX2k9S3WHZrAO1"
	strongSHA512 = "$6$saltsalt$jxfGdWt9QXV5o6.Y51BN2ARtJa/gR7YF3IiQleqnuUPN2asAlAORjxOkKm5cNJi2QTl2InCrqrT79yBy2plHD1"
	strongBcrypt = "$2b$05$abcdefghabcdefghabcdee8d/qwq35R4Ci7q7K7NzIVyxHNBd0W4O"
	slowBcrypt   = "$2b$13$abcdefghabcdefghabcdeelqdicoLSSsTLnPp7GJ3HvEAmRR.0Uku"
	slowSHA512   = "$6$rounds=200000$saltsalt$.90NSuFlpefmvBP/bJfRrq4TtixoMsXyZ9eFrtUTyI8IpkiZ1titjdiAzC0fp7TgB/DKywui/3iUqwpWmiDVw0"
)

const (
	publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	// In the manner of OpenWrt: a login is asked for only when a setting says so.
	loginScript = "#!/bin/sh\n\n[ \"$(uci -q get system.main.ttylogin)\" = 1 ] || exec /bin/ash --login\n\nexec /bin/login\n"
)

// shadow is the tree whose root account has the given password field.
func shadow(hash string) tree {
	return root(tree{"etc/shadow": "root:" + hash + ":20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n"})
}

func TestDefaultLogins(t *testing.T) {
	t.Parallel()
	table(t, devicesecurity.DefaultLogins, []row{
		{"locked with !", root(nil), []string{"passed locked"}},
		{"locked with *", shadow("*"), []string{"passed locked"}},
		{"locked with a hash kept", shadow("!" + md5Of1234), []string{"passed locked"}},
		{"LK", shadow("LK"), []string{"passed locked"}},
		{"no line in shadow", root(tree{"etc/shadow": "daemon:*:1::::::\n"}), []string{"passed locked"}},
		{"empty", shadow(""), []string{"failed empty exploitable"}},
		{"empty in passwd", root(tree{"etc/passwd": "root::0:0::/:/bin/sh\n"}), []string{"failed empty exploitable"}},
		{"empty, no shell named", root(tree{"etc/passwd": "root::0:0::/:\n"}), []string{"failed empty exploitable"}},
		{"empty, and nobody gets in", root(tree{"etc/passwd": "root:x:0:0::/:/bin/sh\nguest::5:5::/:/bin/false\n"}), []string{"passed locked"}},
		{"DES admin", shadow(desAdmin), []string{"failed known exploitable"}},
		{"MD5 1234", shadow(md5Of1234), []string{"failed known exploitable"}},
		{"MD5 of nothing", shadow(md5Empty), []string{"failed known exploitable"}},
		{"MD5 service", shadow(md5Service), []string{"failed known exploitable"}},
		{"SHA-256 root", shadow(sha256Root), []string{"failed known exploitable"}},
		{"SHA-512 admin", shadow(sha512Admin), []string{"failed known exploitable"}},
		{"bcrypt admin", shadow(bcryptAdmin), []string{"failed known exploitable"}},
		{"hash in passwd itself", root(tree{"etc/passwd": "root:" + md5Of1234 + ":0:0::/:/bin/sh\n"}), []string{"failed known exploitable"}},
		{"known, and nobody gets in", root(tree{"etc/passwd": "root:x:0:0::/:/sbin/nologin\n", "etc/shadow": "root:" + md5Of1234 + ":1::::::\n"}), []string{"passed locked"}},
		{"a password of their own, MD5", shadow(strongMD5), []string{"cantTell shared"}},
		{"a password of their own, SHA-512", shadow(strongSHA512), []string{"cantTell shared"}},
		{"a password of their own, bcrypt", shadow(strongBcrypt), []string{"cantTell shared"}},
		{"yescrypt cannot be tried", shadow(yescrypt), []string{"cantTell not-tried"}},
		{"bcrypt that costs too much", shadow(slowBcrypt), []string{"cantTell not-tried"}},
		{"SHA-512 that costs too much", shadow(slowSHA512), []string{"cantTell not-tried"}},
		{"rounds that would run for days", shadow("$6$rounds=999999999$saltsalt$" + strings.Repeat("a", 86)), []string{"cantTell not-tried"}},
		{"bcrypt that would run for days", shadow("$2b$31$abcdefghabcdefghabcdeeB.eu3kcZXtuvzm8CAw03qf3fiz5q8ry"), []string{"cantTell not-tried"}},
		{"no shadow", root(tree{"etc/shadow": ""}), []string{"cantTell elsewhere"}},
		{"shadow is a link out of the image", root(tree{"etc/shadow": "-> /mnt/data/shadow"}), []string{"cantTell elsewhere"}},
		{"shadow is a link within", root(tree{"etc/shadow": "-> ../lib/shadow", "lib/shadow": "root::1::::::\n"}), []string{"failed empty exploitable"}},
		{"no passwd", root(tree{"etc/passwd": ""}), []string{"cantTell no-accounts"}},
		{"lines of another shape", root(tree{"etc/passwd": "# root::0:0::/:/bin/sh\nadmin::0\n"}), []string{"cantTell no-accounts"}},
		{"a sample beside it", root(tree{"usr/share/doc/passwd": "root::0:0::/:/bin/sh\n"}), []string{"passed locked"}},
		{"several", root(tree{
			"etc/passwd": "root:x:0:0::/:/bin/sh\nadmin:x:0:0::/:/bin/sh\nsvc:x:5:5::/:/bin/ash\nop:x:6:6::/:/bin/ash\n",
			"etc/shadow": "root:" + sha512Admin + ":1::::::\nadmin::1::::::\nsvc:" + strongMD5 + ":1::::::\nop:" + yescrypt + ":1::::::\n",
		}), []string{"failed empty exploitable", "failed known exploitable", "cantTell shared", "cantTell not-tried"}},
		{"a shell on the console", inittab("ttyS0::askfirst:-/bin/sh"), []string{"failed console-shell"}},
		{"telnet that hands out a shell", rcS("telnetd -l /bin/sh &"), []string{"failed open-shell exploitable"}},
		{"telnet that asks", rcS("telnetd -l /bin/login &"), []string{"passed locked"}},
		{"OpenWrt's console", root(tree{"etc/inittab": "::sysinit:/etc/init.d/rcS\n::askconsole:/usr/libexec/login.sh\n", "usr/libexec/login.sh": loginScript}), []string{"failed console-shell"}},
		{"OpenWrt's console, always asking", root(tree{"etc/inittab": "::sysinit:/etc/init.d/rcS\n::askconsole:/usr/libexec/login.sh\n", "usr/libexec/login.sh": "#!/bin/sh\nexec /bin/login\n"}), []string{"passed locked"}},
		{"a key of root", root(tree{"root/.ssh/authorized_keys": "# support\n" + publicKey + " support@maker\n"}), []string{"failed authorized-key"}},
		{"a key with options", root(tree{"etc/dropbear/authorized_keys": "command=\"/bin/a b\",no-pty " + publicKey}), []string{"failed authorized-key"}},
		{"a key where root's home is a link", root(tree{"root": "-> var/root", "var/root/.ssh/authorized_keys": publicKey}), []string{"failed authorized-key"}},
		{"a key beside a known password", root(tree{"etc/passwd": "root::0:0::/root:/bin/sh\n", "root/.ssh/authorized_keys": publicKey}), []string{"failed authorized-key", "failed empty exploitable"}},
		{"a file for keys without any", root(tree{"root/.ssh/authorized_keys": "\n# " + publicKey + "\n", "etc/dropbear/authorized_keys": "\n"}), []string{"passed locked"}},
		{"a key that is none", root(tree{"root/.ssh/authorized_keys": "ssh-rsa AAAA\nssh-ed25519 zzz\nssh-dss " + publicKey[12:] + "\n"}), []string{"passed locked"}},
		{"a key where nobody looks", root(tree{"usr/share/doc/authorized_keys": publicKey}), []string{"passed locked"}},
		{"two slots", tree{
			"a/bin/sh": "x", "a/etc/passwd": "root:!:0:0::/:/bin/sh\n", "b/bin/sh": "x", "b/etc/passwd": "root::0:0::/:/bin/sh\n",
		}, []string{"failed empty exploitable"}},
	})
}
