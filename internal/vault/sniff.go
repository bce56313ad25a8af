package vault

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"strings"
)

const sniffed = 1024 // bytes that are looked at

// magic are formats that net/http does not tell (WHATWG MIME Sniffing has
// those that browsers show). None of them is more than looked at.
var magic = []struct{ is, kind string }{
	{"\x7fELF", "application/x-elf"},
	{"MZ", "application/vnd.microsoft.portable-executable"},
	{"\x0a\x0d\x0d\x0a", "application/x-pcapng"},
	{"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"},
	{"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"},
	{"\x4d\x3c\xb2\xa1", "application/vnd.tcpdump.pcap"},
	{"\xa1\xb2\x3c\x4d", "application/vnd.tcpdump.pcap"},
	{"\xfd7zXZ\x00", "application/x-xz"},
	{"\x28\xb5\x2f\xfd", "application/zstd"},
	{"BZh", "application/x-bzip2"},
	{"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{"hsqs", "application/x-squashfs"},
	{"\xd0\x0d\xfe\xed", "application/x-fit-image"},
	{"-----BEGIN ", "application/x-pem-file"},
	{"age-encryption.org/v1\n", "application/x-age"},
}

// sniff names the media type that the first bytes show. It is what the bytes
// look like, for people to compare with what was said; nothing relies on it.
func sniff(head []byte) string {
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.is)) {
			return m.kind
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return "application/x-tar"
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if t == "text/plain" {
		if b := bytes.TrimSpace(head); len(b) > 0 && (b[0] == '{' || b[0] == '[') {
			return "application/json"
		}
	}
	return t
}

// byEnding is what the end of a name says; an own table, because that of the
// system differs from machine to machine.
var byEnding = map[string]string{
	".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".mp4": "video/mp4", ".webm": "video/webm", ".zip": "application/zip", ".apk": "application/zip", ".ipa": "application/zip",
	".jar": "application/zip", ".docx": "application/zip", ".xlsx": "application/zip", ".odt": "application/zip", ".ods": "application/zip",
	".gz": "application/x-gzip", ".tgz": "application/x-gzip", ".tar": "application/x-tar", ".xz": "application/x-xz", ".zst": "application/zstd", ".7z": "application/x-7z-compressed",
	".pcap": "application/vnd.tcpdump.pcap", ".pcapng": "application/x-pcapng", ".elf": "application/x-elf", ".exe": "application/vnd.microsoft.portable-executable",
	".json": "application/json", ".html": "text/html", ".htm": "text/html", ".xml": "text/xml", ".svg": "image/svg+xml",
	".txt": "text/plain", ".md": "text/plain", ".csv": "text/csv", ".yaml": "application/yaml", ".yml": "application/yaml",
}

// declaredType returns the media type that was said, without parameters, or
// else the one that the name says.
func declaredType(said, name string) string {
	if said == "" {
		return byEnding[strings.ToLower(path.Ext(name))]
	}
	if t, _, err := mime.ParseMediaType(said); err == nil {
		return t
	}
	return strings.ToLower(strings.TrimSpace(said))
}

// same are names of one format.
var same = map[string]string{
	"application/gzip": "application/x-gzip", "application/x-tgz": "application/x-gzip",
	"application/xml": "text/xml", "image/svg+xml": "text/xml", "image/jpg": "image/jpeg",
	"application/vnd.android.package-archive": "application/zip", "application/java-archive": "application/zip", "application/x-zip-compressed": "application/zip",
	"application/x-pcap": "application/vnd.tcpdump.pcap", "application/x-executable": "application/x-elf",
}

func plain(t string) string {
	if s, ok := same[t]; ok {
		t = s
	}
	switch {
	case strings.HasPrefix(t, "application/vnd.openxmlformats-"), strings.HasPrefix(t, "application/vnd.oasis."):
		return "application/zip"
	case strings.HasPrefix(t, "text/"), strings.HasSuffix(t, "json"), strings.HasSuffix(t, "yaml"), strings.HasSuffix(t, "+xml"), t == "application/x-pem-file":
		return "text"
	}
	return t
}

// Disguised reports that the bytes are of another format than was said, or
// than their name says: a program called a picture, an archive called a
// document. Of formats without a mark of their own nothing can be said.
func (p Piece) Disguised() bool {
	said, shown := plain(p.Declared), plain(p.Type)
	if p.Declared == "" || p.Type == "" || said == shown || said == "application/octet-stream" {
		return false
	}
	if shown != "application/octet-stream" {
		return true
	}
	// Nothing is known by sight: what has a mark should have shown it.
	for _, t := range byEnding {
		if plain(t) == said {
			return true
		}
	}
	return false
}
