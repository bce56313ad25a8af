package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"
)

// Captures are made once: keys and hellos are new each time. What is
// committed counts; build.sh leaves it alone.
//
//	go run ./testdata/products/tools capture careful > testdata/products/careful/evidence/capture.pcapng
//
// One that is named careful-... is a section of pcapng that a mutation adds to
// that capture.
var captures = map[string]func() ([]byte, error){
	"careful": careful, "average": average, "disaster": disaster,
	"careful-mqtt": added(func(l *line) { l.tcp(meter, link, 1883, mqtt("tw-l3", "", "", "tw/energy", `{"kwh":4.2}`)) }),
	"careful-http": added(func(l *line) {
		l.tcp(meter, updates, 80, get(updates.name, "/tw-l3/latest", "tarn-updater/1.9.0", "2.6.1"))
	}),
	"careful-mqtt-login": added(func(l *line) {
		l.tcp(meter, link, 1883, mqtt("tw-l3", "meter", "throwaway-7", "tw/energy", `{"kwh":4.2}`))
	}),
	"careful-basic": added(func(l *line) {
		l.tcp(phone, meter, 80, get("192.168.7.20", "/api/energy", "Tarnwick/7.2.0", "[]", "Authorization: Basic b3duZXI6dGhyb3dhd2F5LTc="))
	}),
	"careful-tls10":      added(handshake(link, 8883, tls.VersionTLS10, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, good)),
	"careful-tls11":      added(handshake(updates, 443, tls.VersionTLS11, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, good)),
	"careful-static-rsa": added(handshake(link, 8883, tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, good)),
	"careful-3des":       added(handshake(updates, 443, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, good)),
	"careful-ran-out": added(handshake(updates, 443, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		func(c *x509.Certificate) { c.NotAfter = carefulDay.Add(-24 * time.Hour) })),
	"careful-other-name": added(handshake(link, 8883, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} })),
	"careful-stranger": added(func(l *line) {
		far := at(routerMAC, "198.51.100.77", "metrics.boxcount.example")
		l.lookup(meter, router, far)
		handshake(far, 443, tls.VersionTLS13, 0, good)(l)
	}),
	"careful-nameless": added(func(l *line) { handshakeAs("", at(routerMAC, "198.51.100.78", ""), 443, tls.VersionTLS13, 0, good)(l) }),
	"careful-telnet": added(func(l *line) {
		l.tcp(phone, meter, 23, []turn{{true, []byte("\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03")}, {false, []byte("\xff\xfb\x1f")}, {true, []byte("\r\ntarnwick diagnostics\r\n# ")}})
	}),
}

// capture prints a capture.
func capture(name string) error {
	f, ok := captures[name]
	if !ok {
		return fmt.Errorf("there is no capture %s; there are %s", name, strings.Join(slices.Sorted(maps.Keys(captures)), ", "))
	}
	b, err := f()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(b)
	return err
}

const routerMAC = "02:00:5e:77:00:01"

var (
	carefulDay = time.Date(2026, 10, 14, 9, 30, 0, 0, time.UTC)
	router     = at(routerMAC, "192.168.7.1", "")
	meter      = at("02:00:5e:77:00:14", "192.168.7.20", "tw-l3")
	phone      = at("02:00:5e:77:00:1e", "192.168.7.30", "phone")
	link       = at(routerMAC, "198.51.100.10", "link.tarnwick.example")
	updates    = at(routerMAC, "198.51.100.11", "updates.tarnwick.example")
)

func good(*x509.Certificate) {}

// authority signs certificates for hosts.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pool *x509.CertPool
}

func newAuthority(name string, at time.Time) authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	c := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key))))
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return authority{c, key, pool}
}

// server returns the settings of a server whose certificate was changed, and
// those of a client that takes it.
func (a authority) server(name string, at time.Time, key crypto.Signer, change func(*x509.Certificate)) (c, s *tls.Config) {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: at.AddDate(0, -2, 0), NotAfter: at.AddDate(0, 4, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	change(t)
	if len(t.DNSNames) == 1 && t.DNSNames[0] == "" {
		t.DNSNames, t.Subject.CommonName = nil, "server"
	}
	der := must(x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key))
	return &tls.Config{ServerName: name, RootCAs: a.pool, InsecureSkipVerify: true},
		&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func elliptical() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }
func rsa2048() crypto.Signer    { return must(rsa.GenerateKey(rand.Reader, 2048)) }

// only lets both ends settle on nothing but one version and suite.
func only(version, suite uint16, cs ...*tls.Config) {
	for _, c := range cs {
		c.MinVersion, c.MaxVersion = version, version
		if suite != 0 {
			c.CipherSuites = []uint16{suite}
		}
	}
}

// added is a section of pcapng that comes an hour after the capture.
func added(f func(*line)) func() ([]byte, error) {
	return func() ([]byte, error) {
		l := &line{now: carefulDay.Add(time.Hour), ports: 900}
		f(l)
		return l.pcapng(""), l.err
	}
}

func handshake(far host, port uint16, version, suite uint16, change func(*x509.Certificate)) func(*line) {
	return handshakeAs(far.name, far, port, version, suite, change)
}

func handshakeAs(name string, far host, port uint16, version, suite uint16, change func(*x509.Certificate)) func(*line) {
	return func(l *line) {
		key := elliptical()
		if suite != 0 {
			key = rsa2048()
		}
		c, s := newAuthority("Tarnwick Link CA", l.now).server(name, l.now, key, change)
		only(version, suite, c, s)
		l.tls(meter, far, port, c, s, says("ping", "pong"))
	}
}

// careful is an hour of a meter: it gets an address, asks names and time at
// the router, sends what it measured, looks for an update, and answers the
// app at home. Beside it a phone, whose traffic is not all good.
func careful() ([]byte, error) {
	l := &line{now: carefulDay}
	ca := newAuthority("Tarnwick Link CA", l.now)
	l.lease(meter, router, map[byte]string{12: "tw-l3-250417", 60: "tarnwick"})
	l.lease(phone, router, map[byte]string{12: "Pixel-8", 60: "android-dhcp-15"})
	l.clock(meter, router)

	l.lookup(meter, router, link)
	c, s := ca.server(link.name, l.now, elliptical(), good)
	only(tls.VersionTLS13, 0, c, s)
	l.tls(meter, link, 8883, c, s, mqtt("tw-l3-250417", "", "", "tw/250417/energy", `{"w":[412,0,38],"kwh":18817.4}`))

	l.wait(9 * time.Minute)
	l.lookup(meter, router, updates)
	c, s = ca.server(updates.name, l.now, elliptical(), good)
	only(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, c, s)
	l.tls(meter, updates, 443, c, s, get(updates.name, "/tw-l3/latest", "tarn-updater/1.9.0", "2.6.1"))

	l.wait(20 * time.Minute)
	c, s = newAuthority("meter", l.now).server("tw-l3-250417.local", l.now, elliptical(), good)
	only(tls.VersionTLS13, 0, c, s)
	l.tls(phone, meter, 443, c, s, get("tw-l3-250417.local", "/v1/energy", "Tarnwick/7.2.0", `[{"circuit":1,"w":412}]`))

	paper := at(routerMAC, "203.0.113.40", "morning-paper.example")
	l.lookup(phone, router, paper)
	l.tcp(phone, paper, 80, get(paper.name, "/today", "Mozilla/5.0 (Linux; Android 15; Pixel 8)", "<p>Rain</p>", "Authorization: Basic cmVhZGVyOnRocm93YXdheQ=="))
	return l.pcapng("recorded at the router of a test room; device=02:00:5e:77:00:14"), l.err
}

// average is a camera that is mostly in order. Its media server still settles
// on a suite without forward secrecy, and a library calls home.
func average() ([]byte, error) {
	l := &line{now: time.Date(2026, 9, 22, 18, 4, 0, 0, time.UTC)}
	const gate = "02:00:5e:40:00:01"
	router := at(gate, "10.0.4.1", "")
	camera := at("02:00:5e:40:00:2a", "10.0.4.42", "nook")
	phone := at("02:00:5e:40:00:51", "10.0.4.81", "phone")
	ca := newAuthority("Example Public CA 2", l.now)
	l.lease(camera, router, map[byte]string{12: "nook-c2-0091", 60: "udhcp 1.36.1", 161: "https://marlow-nook.example/mud/mn-c2.json"})
	l.lease(phone, router, map[byte]string{12: "iPhone"})
	l.clock(camera, router)
	call := func(name, ip string, version, suite uint16, key crypto.Signer, talk []turn) {
		far := at(gate, ip, name)
		l.lookup(camera, router, far)
		c, s := ca.server(name, l.now, key, good)
		only(version, suite, c, s)
		l.tls(camera, far, 443, c, s, talk)
		l.wait(40 * time.Second)
	}
	call("api.marlow-nook.example", "198.51.100.60", tls.VersionTLS13, 0, elliptical(), get("api.marlow-nook.example", "/v2/state", "nook/4.2.0", `{"ok":true}`))
	call("media.marlow-nook.example", "198.51.100.61", tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, rsa2048(),
		says(strings.Repeat("frame ", 300), "ok"))
	call("push.pingway.example", "198.51.100.90", tls.VersionTLS13, 0, elliptical(), says("motion", "ok"))
	call("report.crashlens.example", "203.0.113.150", tls.VersionTLS13, 0, elliptical(), says(`{"sdk":"3.1","model":"MN-C2"}`, "ok"))
	c, s := newAuthority("camera", l.now).server("nook-c2-0091.local", l.now, elliptical(), good)
	only(tls.VersionTLS13, 0, c, s)
	l.tls(phone, camera, 443, c, s, says("live", strings.Repeat("frame ", 300)))
	news := at(gate, "203.0.113.41", "news.example")
	l.lookup(phone, router, news)
	l.tcp(phone, news, 80, get(news.name, "/", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "<p>News</p>"))
	return l.pcapng(""), l.err
}

// disaster is a camera that says everything aloud, and its owner's phone.
func disaster() ([]byte, error) {
	l := &line{now: time.Date(2024, 3, 5, 20, 15, 0, 0, time.UTC)}
	const gate = "02:00:5e:0c:00:01"
	router := at(gate, "192.168.1.1", "")
	camera := at("02:00:5e:0c:36:00", "192.168.1.77", "ipcam")
	phone := at("02:00:5e:0c:00:99", "192.168.1.50", "phone")
	l.lease(camera, router, map[byte]string{12: "ipcam", 60: "udhcp 1.15.2"})
	l.lease(phone, router, map[byte]string{12: "Galaxy-A12", 60: "android-dhcp-11"})

	mq := at(gate, "203.0.113.20", "mq.zippico.example")
	l.lookup(camera, router, mq)
	l.tcp(camera, mq, 1883, mqtt("02005E0C3600", "02005E0C3600", "02005E0C3600", "zc/02005E0C3600/alarm", `{"motion":1,"room":"bedroom"}`))

	track := at(gate, "203.0.113.99", "track.pixelhaul.example")
	l.lookup(camera, router, track)
	l.tcp(camera, track, 80, get(track.name, "/c?mac=02005E0C3600&ssid=homenet", "ZC360/1.0.3", "GIF"))

	// An old server with an old certificate, which the camera takes.
	p2p := at(gate, "203.0.113.21", "p2p.zippico.example")
	l.lookup(camera, router, p2p)
	ca := newAuthority("zc", l.now)
	c, s := ca.server(p2p.name, l.now, must(rsa.GenerateKey(rand.Reader, 2048)), func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = l.now.AddDate(-3, 0, 0), l.now.AddDate(-2, 0, 0)
	})
	only(tls.VersionTLS10, tls.TLS_RSA_WITH_RC4_128_SHA, c, s)
	l.tls(camera, p2p, 8000, c, s, says("hello", "world"))

	// A relay that is found by its number only.
	relay := at(gate, "198.51.100.200", "")
	port := l.port()
	for i := range 3 {
		l.udp(camera, port, relay, 32100, []byte{0xf1, 0x13, 0, byte(4 + i), 0x9a, 0x7d, 0x33, byte(0x40 + i)})
		l.udp(relay, 32100, camera, port, []byte{0xf1, 0x14, 0, 4, 0x9a, 0x7d, 0x33, byte(0x80 + i)})
	}
	l.tcp(phone, camera, 80, get("192.168.1.77", "/cgi-bin/snapshot.cgi", "ZippiCam/2.1 (Android)", "JPEG", "Authorization: Basic YWRtaW46YWRtaW4="))
	bank := at(gate, "203.0.113.42", "bank.example")
	l.lookup(phone, router, bank)
	c, s = newAuthority("Example Public CA", l.now).server(bank.name, l.now, elliptical(), good)
	only(tls.VersionTLS13, 0, c, s)
	l.tls(phone, bank, 443, c, s, says("balance", "12.40"))
	return l.pcap(), l.err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
