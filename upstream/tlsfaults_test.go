package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign returns the certificate of a server on the loopback interface, changed.
func (a *authority) sign(change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "hush"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A fault of TLS is named, is not tried again, and sends nothing: neither the request nor
// its credentials. The failure has nothing of the certificate.
func TestTLSFaults(t *testing.T) {
	trusted, unknown := newAuthority(t), newAuthority(t)
	same := func(*x509.Certificate) {}
	serves := func(cert tls.Certificate) func(*tls.Config) {
		return func(c *tls.Config) { c.Certificates = []tls.Certificate{cert} }
	}
	for name, c := range map[string]struct {
		configure func(*tls.Config)
		detail    string // after "TLS handshake failed: "; "": there is no fault
	}{
		"a good certificate": {serves(trusted.sign(same)), ""},
		"an expired certificate": {serves(trusted.sign(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })),
			"its certificate has expired or is not valid yet"},
		"a certificate that is not valid yet": {serves(trusted.sign(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })),
			"its certificate has expired or is not valid yet"},
		"a certificate of an unknown authority": {serves(unknown.sign(same)),
			"its certificate is signed by an unknown authority"},
		"a certificate for another address": {serves(trusted.sign(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} })),
			"its certificate is for another host"},
		"a certificate for a name": {serves(trusted.sign(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"hush.test"} })),
			"its certificate is for another host"},
		"a certificate of a client": {serves(trusted.sign(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })),
			"its certificate is not valid"},
		"an old version of TLS": {func(c *tls.Config) {
			serves(trusted.sign(same))(c)
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		},
			"the server refused it: protocol version not supported"},
		"a server that wants a certificate of ours": {func(c *tls.Config) {
			serves(trusted.sign(same))(c)
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, "the server refused it: handshake failure"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.TLS = &tls.Config{}
			c.configure(srv.TLS)
			srv.StartTLS()
			t.Cleanup(srv.Close)
			got := ask(trusts(t, srv.URL, trusted), "a")
			if c.detail == "" {
				want(t, got, upstream.Live, "")
				return
			}
			wantTLSFault(t, got, c.detail)
			if requests > 0 {
				t.Error("a request was sent")
			}
		})
	}
	for name, serve := range map[string]string{
		"a server without TLS":           "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhush",
		"a server that speaks otherwise": "220 hush ESMTP\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					io.WriteString(conn, serve)
					io.Copy(io.Discard, conn)
					conn.Close()
				}
			}()
			wantTLSFault(t, ask(trusts(t, "https://"+l.Addr().String(), trusted), "a"), "the server does not speak TLS on this port")
		})
	}
}

// trusts is a source that believes an authority, and has credentials and retries.
func trusts(t *testing.T, base string, a *authority) source {
	return real(t, base, func(c *config) {
		tr := upstream.NewTransport(time.Minute, 1)
		tr.TLSClientConfig.RootCAs = x509.NewCertPool()
		tr.TLSClientConfig.RootCAs.AddCert(a.cert)
		c.Transport, c.Policies.Retries = tr, 2
		c.Credentials = func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t") }
	})
}

func wantTLSFault(t *testing.T, got answer, detail string) {
	t.Helper()
	want(t, got, upstream.Failed, upstream.CodeConnection)
	if wanted := "TLS handshake failed: " + detail; got.Err.Detail != wanted || strings.Contains(got.Err.Error(), "hush") {
		t.Errorf("detail = %q, want %q", got.Err.Detail, wanted)
	}
	if got.Attempts != 1 {
		t.Errorf("attempts = %d, want 1: the next handshake would fail as well", got.Attempts)
	}
}
