package securitytxt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/open-iot-mark/iotmark"
)

// signature reads the frame of a clear-signed message and the first signature
// in it, and returns the code of what is wrong: pgp_data_error when the frame
// is broken, pgp_error when what it holds is not OpenPGP, pgp_signature_error
// when that is no whole signature.
func signature(content string) (*Signature, string) {
	_, body, code := armor(content)
	if code != "" {
		return nil, code
	}
	p, err := packet.Read(io.LimitReader(bytes.NewReader(body), maxBytes))
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, "pgp_signature_error"
	case unsupported(err):
		// A newer form than the library knows is no fault of the file.
		return nil, ""
	case err != nil:
		return nil, "pgp_error"
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		return nil, "pgp_signature_error"
	}
	s := &Signature{Made: iotmark.DateOf(sig.CreationTime)}
	if sig.CreationTime.Year() > 9999 || sig.CreationTime.IsZero() {
		s.Made = ""
	}
	if sig.IssuerKeyId != nil {
		s.KeyID = fmt.Sprintf("%016X", *sig.IssuerKeyId)
	}
	return s, ""
}

func unsupported(err error) bool {
	_, ok := errors.AsType[pgperrors.UnsupportedError](err)
	return ok
}

// armor returns the text that was signed and the bytes of the signature
// (RFC 9580, 6.2 and 7): without dash-escapes, without white space at the ends
// of lines, with CR LF between lines and none after the last.
func armor(content string) (signed string, sig []byte, code string) {
	var message, frame []string // lines of the text and of the signature
	state := 0                  // 0 before, 1 head of the message, 2 text, 3 signature, 4 end
	for l := range strings.SplitSeq(content, "\n") {
		l = strings.TrimRight(l, " \t\r")
		switch {
		case state == 0 && l == beginMessage:
			state = 1
		case state == 1 && l == "":
			state = 2
		case state == 1 && !strings.HasPrefix(l, "Hash:"):
			return "", nil, "pgp_data_error"
		case state == 2 && l == beginSignature:
			state = 3
		case state == 3 && l == endSignature:
			state = 4
		case state == 2:
			message = append(message, strings.TrimPrefix(l, "- "))
		case state == 3:
			frame = append(frame, l)
		}
	}
	if state != 4 {
		return "", nil, "pgp_data_error"
	}
	i := 0
	for i < len(frame) && strings.Contains(frame[i], ": ") {
		i++
	}
	if i < len(frame) && frame[i] == "" {
		i++
	}
	var b64, sum string
	for _, l := range frame[i:] {
		switch {
		case strings.HasPrefix(l, "-"):
			return "", nil, "pgp_data_error"
		case strings.HasPrefix(l, "=") && len(l) == 5:
			sum = l[1:]
		default:
			b64 += l
		}
	}
	body, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(body) == 0 {
		return "", nil, "pgp_error"
	}
	if sum != "" {
		if c, err := base64.StdEncoding.DecodeString(sum); err != nil || len(c) != 3 || int(c[0])<<16|int(c[1])<<8|int(c[2]) != crc24(body) {
			return "", nil, "pgp_error"
		}
	}
	return strings.Join(message, "\r\n"), body, ""
}

// crc24 is the checksum of an armor (RFC 9580, 6.1).
func crc24(b []byte) int {
	c := 0xB704CE
	for _, x := range b {
		c ^= int(x) << 16
		for range 8 {
			if c <<= 1; c&0x1000000 != 0 {
				c ^= 0x1864CFB
			}
		}
	}
	return c & 0xFFFFFF
}

// Verify checks the signature of a file against an armored or binary public
// key, and returns the id of the key that signed. The reader cannot: the key
// is elsewhere. The time of the signature stands in for the clock.
func Verify(content, key []byte) (keyID string, err error) {
	if len(content) > maxBytes || len(key) > maxBytes {
		return "", errors.New("the file or the key is too large")
	}
	defer func() {
		if r := recover(); r != nil {
			keyID, err = "", fmt.Errorf("the signature cannot be read: %v", r)
		}
	}()
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
	if err != nil {
		if ring, err = openpgp.ReadKeyRing(bytes.NewReader(key)); err != nil {
			return "", fmt.Errorf("read the key: %w", err)
		}
	}
	text, raw, code := armor(string(content))
	if code != "" {
		return "", fmt.Errorf("there is no whole clear-signed message in the file (%s)", code)
	}
	sig, code := signature(string(content))
	if sig == nil || sig.Made == "" {
		return "", fmt.Errorf("the signature cannot be read (%s)", code)
	}
	at := sig.Made.Time().AddDate(0, 0, 1)
	signer, err := openpgp.CheckDetachedSignature(ring, strings.NewReader(text), bytes.NewReader(raw), &packet.Config{Time: func() time.Time { return at }})
	if err != nil {
		return "", fmt.Errorf("check the signature: %w", err)
	}
	return fmt.Sprintf("%016X", signer.PrimaryKey.KeyId), nil
}
