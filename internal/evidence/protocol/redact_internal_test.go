package protocol

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "hello world", "hello world"},
		{"controls", "a\x00b\x1b[31mc\r\n\r\nd", "a b [31mc d"},
		{"direction", "a\u202eb", "a b"},
		{"query", "GET /a?password=hunter2&x=1", "GET /a?password=...&x=1"},
		{"json", `{"user":"robert","password":"hun\"ter2","x":1}`, `{"user":"robe...","password":"...","x":1}`},
		{"json number", `{"pin":1234,"a":5}`, `{"pin":...`},
		{"json in json", `{"d":"{\"password\":\"hunter2\",\"x\":1}"}`, `{"d":"{\"password\":\"...\",\"x\":1}"}`},
		{"nested", `{"token": { "value": "hunter2" }}`, `{"token": ...`},
		{"spaces", `"wifiPassword" : "hunter 2" , "b":1`, `"wifiPassword" : "..." , "b":1`},
		{"open quote", `"password":"hunter2 and more`, `"password":"...`},
		{"xml", `<NewPassword>hunter2</NewPassword><a>b</a>`, `<NewPassword>...</NewPassword><a>b</a>`},
		{"encoded", `a=%7B%22password%22%3A%22hunter2%22%7D`, `a=%7B%22password%22%3A%22...%22%7D`},
		{"header", "Authorization: Basic dGVzdDoxMjM0\r\nHost: a", "Authorization: ... Host: a"},
		{"cookie", "Cookie: a=b; c=d\r\nHost: a", "Cookie: ... Host: a"},
		{"words", "login failed, password hunter2 wrong", "login failed, password ... wrong"},
		{"bearer", "with Bearer abc.def.ghi ok", "with Bearer ... ok"},
		{"next line", "password:\r\nhunter2\r\nok", "password: ... ok"},
		{"mail", "from bob.smith+x@example.com to", "from ...@example.com to"},
		{"mail in angles", "MAIL FROM:<bob@example.com>", "MAIL FROM:<...@example.com>"},
		{"mail encoded", "/a?email=bob.smith%40example.com", "/a?email=..."},
		{"mail in path", "/users/bob@example.com/x", "/users/...@example.com/x"},
		{"url", "rtsp://admin:p&w@10.0.0.1/a", "rtsp://...@10.0.0.1/a"},
		{"url with slash in it", "rtsp://admin:p/w@10.0.0.1/a", "rtsp://...@10.0.0.1/a"},
		{"url without", "http://10.0.0.1:80/a a@b", "http://10.0.0.1:80/a ...@b"},
		{"serial", "dev/02D5050223D3/state", "dev/02D5.../state"},
		{"hardware", "mac aa:bb:cc:dd:ee:ff end", "mac aa:b... end"},
		{"uuid", "uuid:2f402f80-da50-11e1-9b23-001788102201::x", "uuid:2f40..."},
		{"base64", "key x=AbC1dEf2GhI3jKl4MnO5", "key ..."},
		{"base64 alone", "x=Zm9vYmFyYmF6cXV4Zm9v", "x=Zm9v..."},
		{"telegram", "/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage", "/bot1...:AAHd..."},
		{"serial behind its name", "GET /a?serial=SN20240012345&x=1", "GET /a?serial=SN20...&x=1"},
		{"serial behind a short name", "GET /a?sn=ABC12345678", "GET /a?sn=ABC1..."},
		{"serial in a path", "/v1/devices/SN20240001/state", "/v1/devices/SN20.../state"},
		{"key in a path", "/S3CR3TZ05/device", "/S3CR.../device"},
		{"path stays", "/images/I/41ABC._SL100_.jpg", "/images/I/41ABC._SL100_.jpg"},
		{"long path stays", "/device/firmware/update/version/latest", "/device/firmware/update/version/latest"},
		{"topic stays", "astr/admin/otaupd8", "astr/admin/otaupd8"},
		{"date stays", "2026-11-25T10:11:12Z host", "2026-11-25T10:11:12Z host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := redact([]byte(c.in)); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRedactIsShort(t *testing.T) {
	t.Parallel()
	for _, in := range []string{strings.Repeat("a b", 9999), strings.Repeat("é", 9999), strings.Repeat("\u00a0x", 999), strings.Repeat("x", 130) + "@y", strings.Repeat("\xff\xfe", 200)} {
		if got := redact([]byte(in)); len(got) > passageLen {
			t.Errorf("%d bytes of %.10q", len(got), in)
		}
	}
	if got := redact([]byte(strings.Repeat("bob", 300) + "@example.com")); strings.Contains(got, "bobbobb") {
		t.Errorf("got %q", got)
	}
}
