// Package firmware reads firmware images: trees of files as tar, zip or cpio,
// compressed or not, in a U-Boot envelope or not. It says what accounts,
// services, keys, packages and programs are in them, and how much of the
// image it understood.
//
// What it refuses to do: write anything to disk, follow a link or a path out
// of the tree, run or emulate anything, break encryption, and judge. Images
// that it cannot look into, such as those of microcontrollers, are no error:
// they end as facts that say Opaque, so that nobody takes silence for a pass.
//
// What can go wrong: an archive is cut or damaged, or unpacks to more than
// the limits; then the whole image is refused, since half a tree would pass
// for all of it.
//
// A file's content is looked at while it streams by. Kept are only the small
// texts that say who may sign in, what starts and what is installed.
package firmware

import (
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
)

// Facts are what was read out of one image. Lists are cut at a bound; Totals
// has the true counts.
type Facts struct {
	Format     []string        `json:"format"`               // from the outside in, such as uImage, xz, cpio
	ImageName  string          `json:"image_name,omitempty"` // what the envelope calls it
	Opaque     bool            `json:"opaque,omitempty"`     // it could not be looked into at all
	OpaqueAs   string          `json:"opaque_as,omitempty"`  // what it is then, such as "opaque MCU image"
	Coverage   Coverage        `json:"coverage"`
	Roots      []Root          `json:"roots,omitempty"` // root trees that were found
	Accounts   []Account       `json:"accounts,omitempty"`
	Services   []Service       `json:"services,omitempty"`
	Consoles   []Console       `json:"consoles,omitempty"`
	Packages   []Package       `json:"packages,omitempty"`
	Keys       []Key           `json:"keys,omitempty"`
	Authorized []AuthorizedKey `json:"authorized_keys,omitempty"`
	Programs   []elf.Program   `json:"programs,omitempty"` // programs and libraries; kernel modules are only counted
	Versions   []Version       `json:"versions,omitempty"` // by the strings that components carry
	Odd        []Oddity        `json:"odd,omitempty"`      // entries no honest archive needs
	Totals     Totals          `json:"totals"`
}

// Coverage says how much was looked into. It must lead every report: what
// nobody looked at cannot pass.
type Coverage struct {
	BytesIn         int64      `json:"bytes_in"`
	BytesUnderstood int64      `json:"bytes_understood"` // of BytesIn: envelope and payload that were read to their end
	BytesFiles      int64      `json:"bytes_files"`      // content of all files in the tree
	BytesLooked     int64      `json:"bytes_looked"`     // of BytesFiles
	Entries         int        `json:"entries"`
	Files           int        `json:"files"`
	Dirs            int        `json:"dirs"`
	Links           int        `json:"links"`
	Devices         int        `json:"devices"` // device nodes, pipes, sockets
	ELF             int        `json:"elf"`     // all ELF files, kernel modules among them
	Modules         int        `json:"modules"` // ELF objects, such as kernel modules
	OpaqueFiles     int        `json:"opaque_files"`
	NotLooked       []Unlooked `json:"not_looked,omitempty"` // the first of the opaque files
}

// Complete reports whether every byte of the image and of its files was
// looked at.
func (c Coverage) Complete() bool {
	return c.BytesIn > 0 && c.BytesUnderstood == c.BytesIn && c.OpaqueFiles == 0
}

// Unlooked is one file, or one part of the image, that was not looked into.
type Unlooked struct {
	Path string `json:"path"` // empty: bytes of the image itself
	Why  string `json:"why"`  // its format, or why it was left
	Size int64  `json:"size"`
}

// Root is one root tree. Devices with two slots carry two.
type Root struct {
	Prefix string `json:"prefix"` // empty, or ending in a slash
	Passwd bool   `json:"passwd,omitempty"`
	Shadow bool   `json:"shadow,omitempty"`
	Init   bool   `json:"init,omitempty"` // start scripts, inittab or units were found
}

// Place is where something stands in the tree.
type Place struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
}

// PasswordState says what stands where the password's hash belongs.
type PasswordState string

// Locked: no password fits. Empty: none is asked for. Hashed: see Scheme.
// Elsewhere: the account says shadow, and no shadow file is in the image.
// Missing: there is a shadow file, without this account; no password fits.
// Plain: something that is no hash of any scheme.
const (
	Locked    PasswordState = "locked"
	Empty     PasswordState = "empty"
	Hashed    PasswordState = "hashed"
	Elsewhere PasswordState = "elsewhere"
	Missing   PasswordState = "missing"
	Plain     PasswordState = "plain"
)

// Account is one line of a passwd file. The hash itself is never kept.
type Account struct {
	Name     string        `json:"name"`
	UID      int           `json:"uid"` // -1: no number
	Shell    string        `json:"shell"`
	Login    bool          `json:"login"` // the shell lets a person in
	Password PasswordState `json:"password"`
	Scheme   string        `json:"scheme,omitempty"` // des, bsdi, md5, sha1, sha256, sha512, bcrypt, scrypt, yescrypt, gost-yescrypt, unknown
	Rounds   int           `json:"rounds,omitempty"` // where the hash says so
	// KnownPassword: a password of the list of well-known defaults fits.
	KnownPassword bool `json:"known_password,omitempty"`
	// Tried is how many passwords of the list were tried; 0 where the scheme
	// is not supported or one try costs too much.
	Tried int `json:"tried,omitempty"`
	// All: the whole list was tried.
	All    bool   `json:"all,omitempty"`
	Place  Place  `json:"place"`
	Hash   *Place `json:"hash,omitempty"`   // where the hash stands, when in a shadow file
	Prefix string `json:"prefix,omitempty"` // of the root it belongs to
}

// Service is one program that start-up files name, or that is present.
type Service struct {
	Name    string `json:"name"`           // base name of the program
	Started bool   `json:"started"`        // a file that runs at boot names it
	How     string `json:"how"`            // inittab, script, systemd, inetd, xinetd, cron, present
	Args    string `json:"args,omitempty"` // cut to 80 characters
	Place   Place  `json:"place"`
	Applet  bool   `json:"applet,omitempty"`   // present only as a link to BusyBox or toybox
	NoLogin bool   `json:"no_login,omitempty"` // it hands out a shell without asking
	TLS     bool   `json:"tls,omitempty"`      // its configuration demands encryption
}

// Console is a line that gives a shell without a login.
type Console struct {
	Command string `json:"command"`
	How     string `json:"how"`   // inittab, script, getty, autologin, busybox-default
	Place   Place  `json:"place"` // for a script, the line in it that gives the shell
}

// AuthorizedKey is one public key whose owner is let in over SSH.
type AuthorizedKey struct {
	Type        string `json:"type"`        // as SSH writes it, such as ssh-ed25519
	Fingerprint string `json:"fingerprint"` // as OpenSSH writes it: SHA256: and base64
	Place       Place  `json:"place"`
}

// Package is one installed package.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch,omitempty"`
	Source  string `json:"source,omitempty"` // name of the source package, where it differs
	Licence string `json:"licence,omitempty"`
	Manager string `json:"manager"` // dpkg, opkg, apk
	Place   Place  `json:"place"`
}

// Key is one private key that was parsed, not only matched by its marker.
type Key struct {
	Type      string `json:"type"`     // rsa, dsa, ec, ed25519, x25519, unknown
	Form      string `json:"form"`     // pkcs1, pkcs8, sec1, openssh, dropbear
	Encoding  string `json:"encoding"` // pem, der, raw
	Bits      int    `json:"bits,omitempty"`
	Encrypted bool   `json:"encrypted,omitempty"`
	SPKI      string `json:"spki,omitempty"` // SHA-256 of the public half (SubjectPublicKeyInfo), in hexadecimal
	Place     Place  `json:"place"`
	Offset    int64  `json:"offset"` // within the file
}

// Version is a component that a program says it is or contains.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Place   Place  `json:"place"`
}

// Oddity is an entry that was kept as data and not followed.
type Oddity struct {
	Path string `json:"path"`
	What string `json:"what"` // parent, absolute, nul, duplicate, link-out, link-loop, control
}

// Totals are true counts where lists are cut.
type Totals struct {
	Accounts   int `json:"accounts"`
	Services   int `json:"services"`
	Consoles   int `json:"consoles"`
	Packages   int `json:"packages"`
	Keys       int `json:"keys"`
	Authorized int `json:"authorized_keys,omitempty"`
	Programs   int `json:"programs"`
	Versions   int `json:"versions"`
	Odd        int `json:"odd"`
}

// Bounds of the lists. A router has some 20 accounts, 60 services, 300
// packages and 300 programs; a Debian root 2,000 packages and 4,000 programs.
const (
	maxAccounts   = 500
	maxServices   = 1_000
	maxConsoles   = 100
	maxPackages   = 20_000
	maxKeys       = 500
	maxAuthorized = 200
	maxPrograms   = 10_000
	maxVersions   = 500
	maxOdd        = 200
	maxNotLooked  = 200
	maxRoots      = 8
)

// add appends to a list up to its bound and counts every call.
func add[T any](list *[]T, total *int, limit int, v T) {
	*total++
	if len(*list) < limit {
		*list = append(*list, v)
	}
}
