// Command serve lets the test suites of W3C ask our issuer and our verifier:
// it serves internal/interop on a loopback address, once over HTTP (the first
// argument) and once over HTTPS with a certificate of its own (the second),
// because suites fetch status lists by https. docs/interop.md has the commands.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/open-iot-mark/iotmark/internal/interop"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: serve 127.0.0.1:40443 127.0.0.1:443; the second is the port of https://localhost")
	}
	var at [2]net.Listener
	for i, a := range args {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return err
		}
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			return fmt.Errorf("%s is no loopback address; everybody knows the key of this server", a)
		}
		at[i] = l
	}
	domain := "localhost"
	if port := at[1].Addr().(*net.TCPAddr).Port; port != 443 {
		domain = fmt.Sprintf("localhost:%d", port)
	}
	cert, err := certificate()
	if err != nil {
		return err
	}
	s := interop.New(domain, time.Now)
	fmt.Println(s.DID())
	server := &http.Server{Handler: s.Handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(at[0]) }()
	go func() {
		failed <- server.Serve(tls.NewListener(at[1], &tls.Config{Certificates: []tls.Certificate{cert}}))
	}()
	return <-failed
}

// certificate makes a certificate for localhost that nobody trusts.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
