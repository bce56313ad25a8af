package firmware

import (
	"bytes"
	"regexp"
)

// versionMarks are strings by which programs say what they are or contain,
// taken from the programs. The literal is looked for first, since a regular
// expression over megabytes is slow.
var versionMarks = []struct {
	name    string
	literal string
	re      *regexp.Regexp
}{
	{"busybox", "BusyBox v", regexp.MustCompile(`^BusyBox v(\d+\.\d+(?:\.\d+)?)`)},
	{"openssl", "OpenSSL ", regexp.MustCompile(`^OpenSSL (\d+\.\d+\.\d+[a-z]{0,2})(?:-[a-z]+)?\s+\d{1,2} [A-Z][a-z]{2} \d{4}`)},
	{"linux", "Linux version ", regexp.MustCompile(`^Linux version (\d+\.\d+\.\d+)`)},
	{"dropbear", "SSH-2.0-dropbear_", regexp.MustCompile(`^SSH-2\.0-dropbear_(\d{4}\.\d+|0\.\d+)`)},
	{"openssh", "OpenSSH_", regexp.MustCompile(`^OpenSSH_(\d+\.\d+(?:p\d+)?)`)},
	{"dnsmasq", "dnsmasq-", regexp.MustCompile(`^dnsmasq-(\d+\.\d+)\x00`)},
	{"curl", "libcurl/", regexp.MustCompile(`^libcurl/(\d+\.\d+\.\d+)`)},
	{"zlib", "inflate ", regexp.MustCompile(`^inflate (\d+\.\d+(?:\.\d+){0,2}) Copyright 1995-\d{4} Mark Adler`)},
	{"lighttpd", "lighttpd/", regexp.MustCompile(`^lighttpd/(\d+\.\d+\.\d+)`)},
	{"mbedtls", "bed TLS ", regexp.MustCompile(`^bed TLS (\d+\.\d+\.\d+)\x00`)},
	{"hostapd", "hostapd v", regexp.MustCompile(`^hostapd v(\d+\.\d+)`)},
	{"wpa_supplicant", "wpa_supplicant v", regexp.MustCompile(`^wpa_supplicant v(\d+\.\d+)`)},
	{"u-boot", "U-Boot ", regexp.MustCompile(`^U-Boot (\d{4}\.\d{2})`)},
	{"miniupnpd", "MiniUPnPd/", regexp.MustCompile(`^MiniUPnPd/(\d+\.\d+(?:\.\d+)?)`)},
	{"mosquitto", "mosquitto version ", regexp.MustCompile(`^mosquitto version (\d+\.\d+\.\d+)`)},
	{"glibc", "GNU C Library ", regexp.MustCompile(`^GNU C Library \([^)]{1,80}\) stable release version (\d+\.\d+)`)},
}

// versions looks for the first mark of each component in one file.
func (a *analysis) versions(path string, b []byte) {
	for _, m := range versionMarks {
		lit := []byte(m.literal)
		for at, tries := 0, 0; tries < 64; tries++ {
			i := bytes.Index(b[at:], lit)
			if i < 0 {
				break
			}
			at += i
			if v := m.re.FindSubmatch(b[at:min(len(b), at+256)]); v != nil {
				add(&a.f.Versions, &a.f.Totals.Versions, maxVersions, Version{m.name, string(v[1]), Place{Path: path}})
				break
			}
			at += len(lit)
		}
	}
}
