package firmware

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
)

const magicXZ = "\xfd7zXZ\x00"

// class says what is done with a format.
type class int

const (
	unknown  class = iota
	envelope       // a header around one payload
	packed         // one compressed stream
	archive        // many files
	program        // ELF
	named          // recognised, and not looked into
	mcu            // image of a microcontroller: no files inside
)

// format is one row of the table of formats.
type format struct {
	name  string
	class class
	weak  bool // the mark is short: believed only at the start of a whole image
	is    func(h []byte, size int64) bool
}

func prefix(marks ...string) func([]byte, int64) bool {
	return func(h []byte, _ int64) bool {
		for _, m := range marks {
			if bytes.HasPrefix(h, []byte(m)) {
				return true
			}
		}
		return false
	}
}

// formats is the table, strong marks first. A row checks more than its magic
// wherever the header has something to check.
var formats = []format{
	{"uImage", envelope, false, isUImage},
	{"gzip", packed, false, func(h []byte, _ int64) bool {
		return len(h) > 10 && h[0] == 0x1f && h[1] == 0x8b && h[2] == 8 && h[3]&0xe0 == 0
	}},
	{"xz", packed, false, prefix(magicXZ)},
	{"zstd", packed, false, prefix("\x28\xb5\x2f\xfd")},
	{"bzip2", packed, false, func(h []byte, _ int64) bool {
		return len(h) > 10 && string(h[:3]) == "BZh" && h[3] >= '1' && h[3] <= '9' && (string(h[4:10]) == "1AY&SY" || string(h[4:10]) == "\x17\x72\x45\x38\x50\x90")
	}},
	{"lzma", packed, false, isLZMA},
	{"cpio", archive, false, func(h []byte, _ int64) bool { _, ok := parseNewc(h); return ok }},
	{"zip", archive, false, prefix("PK\x03\x04", "PK\x05\x06")},
	{"elf", program, false, func(h []byte, _ int64) bool { return elf.IsELF(h) }},
	{"cpio-binary", named, false, isOldCpio},
	{"cpio-odc", named, false, func(h []byte, _ int64) bool { return len(h) >= 76 && string(h[:6]) == "070707" && octal(h[6:76]) }},
	{"squashfs", named, false, isSquashfs},
	{"cramfs", named, false, func(h []byte, _ int64) bool {
		return len(h) >= 32 && (string(h[:4]) == "\x45\x3d\xcd\x28" || string(h[:4]) == "\x28\xcd\x3d\x45") && string(h[16:32]) == "Compressed ROMFS"
	}},
	{"romfs", named, false, prefix("-rom1fs-")},
	{"jffs2", named, false, isJFFS2},
	{"ubi", named, false, prefix("UBI#\x01")},
	{"ubifs", named, false, prefix("\x31\x18\x10\x06")},
	{"ext", named, false, isExt},
	{"fat", named, false, isFAT},
	{"fit", named, false, func(h []byte, size int64) bool {
		return len(h) >= 40 && string(h[:4]) == "\xd0\x0d\xfe\xed" && binary.BigEndian.Uint32(h[4:]) >= 40 && int64(binary.BigEndian.Uint32(h[4:])) <= max(size, 1<<20)
	}},
	{"trx", named, false, prefix("HDR0")},
	{"android-boot", named, false, prefix("ANDROID!")},
	{"android-sparse", named, false, prefix("\x3a\xff\x26\xed\x01\x00")},
	{"lz4", named, false, prefix("\x04\x22\x4d\x18")},
	{"lzop", named, false, prefix("\x89LZO\x00\x0d\x0a\x1a\x0a")},
	{"7z", named, false, prefix("7z\xbc\xaf\x27\x1c")},
	{"rar", named, false, prefix("Rar!\x1a\x07")},
	{"ar", named, false, prefix("!<arch>\n")},
	{"zImage", named, false, func(h []byte, _ int64) bool {
		return len(h) >= 0x30 && (string(h[0x24:0x28]) == "\x18\x28\x6f\x01" || string(h[0x24:0x28]) == "\x01\x6f\x28\x18")
	}},
	{"kernel-arm64", named, false, func(h []byte, _ int64) bool { return len(h) >= 64 && string(h[56:60]) == "ARM\x64" }},
	{"matter-ota", mcu, false, func(h []byte, size int64) bool {
		return len(h) >= 16 && string(h[:4]) == "\x1e\xf1\xee\x1b" && int64(binary.LittleEndian.Uint64(h[4:])) == size
	}},
	{"zigbee-ota", mcu, false, prefix("\x1e\xf1\xee\x0b")},
	{"mcuboot", mcu, false, prefix("\x3d\xb8\xf3\x96")},
	{"uf2", mcu, false, prefix("UF2\n\x57\x51\x5d\x9e")},
	{"tar", archive, false, isTar},
	{"intel-hex", mcu, true, isHex},
	{"srec", mcu, true, func(h []byte, _ int64) bool { return len(h) > 10 && h[0] == 'S' && h[1] == '0' && hexdigits(h[2:10]) }},
	{"particle-module", mcu, true, func(h []byte, size int64) bool {
		return len(h) >= 24 && int64(binary.LittleEndian.Uint32(h[4:]))-int64(binary.LittleEndian.Uint32(h)) == size-4
	}},
	{"esp-image", mcu, true, func(h []byte, _ int64) bool {
		return len(h) > 24 && h[0] == 0xe9 && h[1] >= 1 && h[1] <= 16 && h[2] <= 5 && h[23] <= 1
	}},
	{"cortex-m", mcu, true, func(h []byte, _ int64) bool {
		if len(h) < 64 {
			return false
		}
		sp, reset := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		return sp >= 0x2000_0000 && sp < 0x2100_0000 && sp%4 == 0 && reset&1 == 1 && reset < 0x2000_0000
	}},
}

// detect names the format of the bytes. Weak marks are asked for only at the
// start of a whole image. size is -1 where it is not known.
func detect(h []byte, size int64, weak bool) format {
	for _, f := range formats {
		if (weak || !f.weak) && f.is(h, size) {
			return f
		}
	}
	return format{name: "unknown"}
}

// Sniff reports whether the bytes can be an image: anything that is neither
// text nor one of the document formats. An image in no known format is one
// all the same, and is told to be opaque.
func Sniff(_ string, head []byte) bool {
	if len(head) == 0 {
		return false
	}
	if detect(head, -1, true).class != unknown {
		return true
	}
	for _, m := range []string{"%PDF-", "\x89PNG", "\xff\xd8\xff", "GIF8", "\xd0\xcf\x11\xe0", "{\\rtf", "%!PS"} {
		if bytes.HasPrefix(head, []byte(m)) {
			return false
		}
	}
	return !isText(head)
}

// isText reports whether bytes look like a text: UTF-8 without control
// characters.
func isText(b []byte) bool {
	if len(b) > 2 && (string(b[:2]) == "\xff\xfe" || string(b[:2]) == "\xfe\xff") {
		return true
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 && len(b)-i >= utf8.UTFMax || r < 0x20 && !strings.ContainsRune("\n\r\t\f\x1b", r) {
			return false
		}
		i += n
	}
	return true
}

// uImage is the legacy header of U-Boot (include/image.h): big endian, magic,
// header CRC, time, size, load, entry, data CRC, four bytes of operating
// system, architecture, type and compression, and a name of 32 bytes.
type uImage struct {
	size, crc uint32
	typ       byte
	name      string
}

func parseUImage(h []byte) (uImage, bool) {
	if len(h) < 64 || binary.BigEndian.Uint32(h) != 0x27051956 {
		return uImage{}, false
	}
	bare := bytes.Clone(h[:64])
	clear(bare[4:8])
	if crc32.ChecksumIEEE(bare) != binary.BigEndian.Uint32(h[4:]) {
		return uImage{}, false
	}
	name, _, _ := bytes.Cut(h[32:64], []byte{0})
	return uImage{size: binary.BigEndian.Uint32(h[12:]), crc: binary.BigEndian.Uint32(h[24:]), typ: h[30], name: show(string(name))}, true
}

func isUImage(h []byte, _ int64) bool { _, ok := parseUImage(h); return ok }

// isLZMA knows the old format without magic: properties 0x5d, a dictionary
// of a size that encoders write, and a size that is unknown or below 4 GiB.
func isLZMA(h []byte, _ int64) bool {
	if len(h) < 14 || h[0] != 0x5d || h[13] != 0 {
		return false
	}
	dict, size := binary.LittleEndian.Uint32(h[1:]), binary.LittleEndian.Uint64(h[5:])
	return dict >= 1<<12 && dict&(dict-1) == 0 && (size == 1<<64-1 || size < 1<<32)
}

// isOldCpio knows the old binary cpio in both byte orders: magic 070707, then
// a name of sensible length that ends in NUL.
func isOldCpio(h []byte, _ int64) bool {
	if len(h) < 28 {
		return false
	}
	var o binary.ByteOrder = binary.LittleEndian
	if o.Uint16(h) != 0o070707 {
		o = binary.BigEndian
	}
	n := int(o.Uint16(h[20:]))
	return o.Uint16(h) == 0o070707 && n > 1 && n <= maxName && (26+n > len(h) || h[25+n] == 0)
}

func isSquashfs(h []byte, _ int64) bool {
	if len(h) < 32 {
		return false
	}
	var o binary.ByteOrder = binary.LittleEndian
	switch string(h[:4]) {
	case "sqsh", "qshs":
		o = binary.BigEndian
	case "hsqs", "shsq", "tqsh":
	default:
		return false
	}
	v := o.Uint16(h[28:])
	return v >= 1 && v <= 4
}

// isJFFS2 checks the CRC that every node's header carries; Linux leaves out
// the inversions of the usual CRC-32.
func isJFFS2(h []byte, _ int64) bool {
	if len(h) < 12 {
		return false
	}
	var o binary.ByteOrder = binary.LittleEndian
	if o.Uint16(h) != 0x1985 {
		o = binary.BigEndian
	}
	return o.Uint16(h) == 0x1985 && ^crc32.Update(^uint32(0), crc32.IEEETable, h[:8]) == o.Uint32(h[8:])
}

func isExt(h []byte, _ int64) bool {
	if len(h) < 2048 {
		return false
	}
	s := h[1024:]
	return binary.LittleEndian.Uint16(s[56:]) == 0xef53 && binary.LittleEndian.Uint32(s) > 0 && binary.LittleEndian.Uint32(s[4:]) > 0 && binary.LittleEndian.Uint32(s[24:]) <= 6
}

func isFAT(h []byte, _ int64) bool {
	if len(h) < 512 || h[510] != 0x55 || h[511] != 0xaa || h[0] != 0xeb && h[0] != 0xe9 {
		return false
	}
	n := binary.LittleEndian.Uint16(h[11:])
	return n >= 512 && n <= 4096 && n&(n-1) == 0 && (string(h[54:57]) == "FAT" || string(h[82:85]) == "FAT")
}

// isTar checks the sum that every tar header carries.
func isTar(h []byte, _ int64) bool {
	if len(h) < 512 || h[0] == 0 {
		return false
	}
	var want int64
	field := strings.Trim(string(h[148:156]), " \x00")
	if field == "" {
		return false
	}
	for _, c := range field {
		if c < '0' || c > '7' {
			return false
		}
		want = want*8 + int64(c-'0')
	}
	var sum int64
	for i, c := range h[:512] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return sum == want
}

func isHex(h []byte, _ int64) bool {
	return len(h) > 11 && h[0] == ':' && hexdigits(h[1:11])
}

func octal(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '7' {
			return false
		}
	}
	return true
}

func hexdigits(b []byte) bool {
	for _, c := range b {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}
