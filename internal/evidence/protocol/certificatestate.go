package protocol

import (
	"bytes"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// certificateState reports whether a request asks for what certificates need
// and carries nothing else: an OCSP request (RFC 6960, appendix A), a list of
// withdrawn certificates or the certificate of an issuer (RFC 5280, 4.2.1.13
// and 4.2.2.1). It is told by the form of the request. The name of the host
// is not asked: whoever sends it may name his host as he likes.
func certificateState(q *message, bare bool, path string) bool {
	if mediaType(q.value("content-type")) == "application/ocsp-request" && q.value("cookie") == nil {
		return isOCSPRequest(q.body)
	}
	if !bare {
		return false
	}
	for _, end := range []string{".crl", ".crt", ".cer", ".p7c"} {
		if strings.HasSuffix(strings.ToLower(path), end) {
			return true
		}
	}
	// The request stands at the end of the path; base64 may hold slashes too.
	for range 16 {
		_, rest, ok := strings.Cut(path, "/")
		if !ok {
			return false
		}
		path = rest
		text := strings.TrimRight(string(unescape([]byte(strings.ReplaceAll(path, "+", "%2B")))), "=")
		if der, err := base64.RawStdEncoding.DecodeString(text); err == nil && len(der) > 0 && isOCSPRequest(der) {
			return true
		}
	}
	return false
}

// isOCSPRequest reports whether bytes are an OCSPRequest (RFC 6960, 4.1.1)
// with nothing behind it. None, and a beginning of one, count.
func isOCSPRequest(der []byte) bool {
	if len(der) == 0 {
		return true
	}
	in := cryptobyte.String(der)
	var outer, tbs, list, request, id, hash, name, key, serial cryptobyte.String
	if !in.ReadASN1(&outer, tag.SEQUENCE) {
		return beginsSequence(der)
	}
	return in.Empty() && outer.ReadASN1(&tbs, tag.SEQUENCE) &&
		tbs.SkipOptionalASN1(tag.Tag(0).Constructed().ContextSpecific()) && // version
		tbs.SkipOptionalASN1(tag.Tag(1).Constructed().ContextSpecific()) && // who asks
		tbs.ReadASN1(&list, tag.SEQUENCE) && list.ReadASN1(&request, tag.SEQUENCE) && request.ReadASN1(&id, tag.SEQUENCE) &&
		id.ReadASN1(&hash, tag.SEQUENCE) && id.ReadASN1(&name, tag.OCTET_STRING) && id.ReadASN1(&key, tag.OCTET_STRING) && id.ReadASN1(&serial, tag.INTEGER)
}

// beginsSequence reports whether bytes are the beginning of a SEQUENCE that is
// longer than they are, and do not read as text.
func beginsSequence(b []byte) bool {
	if b[0] != 0x30 || text(b) {
		return false
	}
	return len(b) < 4 || b[1] == 0x82 && len(b) < 4+int(b[2])<<8+int(b[3]) || b[1] == 0x81 && len(b) < 3+int(b[2]) || b[1] < 0x80 && len(b) < 2+int(b[1])
}

// signedKinds are the media types of what authorities sign.
var signedKinds = map[string]bool{
	"application/ocsp-response": true, "application/pkix-crl": true, "application/pkix-cert": true,
	"application/x-pkcs7-crl": true, "application/pkcs7-mime": true, "application/x-x509-ca-cert": true,
}

// signed reports whether an answer is what an authority signs, by what it says
// and by its form: DER or PEM.
func signed(r *message, kind string) bool {
	return signedKinds[kind] && (!text(r.body) || bytes.HasPrefix(r.body, []byte("-----BEGIN ")))
}
