package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tributary/api/auth"
)

func TestTime(t *testing.T) {
	k := theKeys()
	it(t, "accepts a token for 30 s after exp", func(t *testing.T) {
		a := open(t, believing(startPiped(t, publishes(k.ed))))
		token := k.ed.token(t, nil)
		time.Sleep(time.Hour + 30*time.Second - time.Nanosecond)
		_, err := show(a, token)
		wantStatus(t, err, http.StatusOK, "")
		time.Sleep(time.Nanosecond)
		_, err = show(a, token)
		wantStatus(t, err, http.StatusUnauthorized, "expired")
	})
	it(t, "accepts a token from 30 s before nbf", func(t *testing.T) {
		a := open(t, believing(startPiped(t, publishes(k.ed))))
		token := k.ed.token(t, claims{"nbf": time.Now().Add(time.Minute).Unix()})
		time.Sleep(30*time.Second - time.Nanosecond)
		_, err := show(a, token)
		wantStatus(t, err, http.StatusUnauthorized, "not yet valid")
		time.Sleep(time.Nanosecond)
		_, err = show(a, token)
		wantStatus(t, err, http.StatusOK, "")
	})
}

func TestIssuerNeverRead(t *testing.T) {
	k := theKeys()
	it(t, "answers 503 with Retry-After", func(t *testing.T) {
		i := startPiped(t, down)
		a := open(t, believing(i))
		synctest.Wait()
		_, err := show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusServiceUnavailable, "could not be read")
		refused, ok := errors.AsType[*auth.Error](err)
		if !ok || refused.RetryAfter != time.Second || refused.Challenge != "" {
			t.Errorf("error = %+v, want a retry after 1 s and no challenge", refused)
		}
		i.now(publishes(k.ed))
		time.Sleep(refused.RetryAfter)
		_, err = show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
	})
	it(t, "sets Retry-After to its next fetch in a long outage", func(t *testing.T) {
		i := startPiped(t, down)
		a := open(t, believing(i))
		time.Sleep(10 * time.Minute)
		for before := i.asked(); i.asked() == before; { // until the next fetch begins
			time.Sleep(time.Second)
		}
		_, err := show(a, k.ed.token(t, nil))
		refused, ok := errors.AsType[*auth.Error](err)
		if !ok || refused.RetryAfter < 25*time.Second || refused.RetryAfter > 30*time.Second {
			t.Errorf("error = %+v, want a retry after almost 30 s", refused)
		}
	})
	it(t, "answers 401 for a token that can never be valid", func(t *testing.T) {
		a := open(t, believing(startPiped(t, down)))
		_, err := show(a, "a.b.c")
		wantStatus(t, err, http.StatusUnauthorized, "malformed")
		_, err = show(a, raw(`{"alg":"none"}`, `{}`))
		wantStatus(t, err, http.StatusUnauthorized, "algorithm")
	})
	it(t, "lets keys and anonymous callers in", func(t *testing.T) {
		cfg := believing(startPiped(t, hangs))
		cfg.Keys, cfg.Anonymous = apiKeys(), []string{auth.WeatherRead}
		a := open(t, cfg)
		for _, r := range []*http.Request{request(), request(bearer(webKey)...), request(xAPIKey(writerKey)...)} {
			_, err := a.Authenticate(r)
			wantStatus(t, err, http.StatusOK, "")
		}
	})
	it(t, "waits for the first fetch", func(t *testing.T) {
		i := startPiped(t, after(1500*time.Millisecond, publishes(k.ed)))
		_, err := show(open(t, believing(i)), k.ed.token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
		if i.asked() != 1 {
			t.Errorf("the issuer was asked %d times, want once", i.asked())
		}
	})
	it(t, "waits for two seconds at most", func(t *testing.T) {
		a := open(t, believing(startPiped(t, hangs)))
		start := time.Now()
		_, err := show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusServiceUnavailable, "")
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %v, want 2s", took)
		}
	})
	it(t, "does not wait longer than the caller does", func(t *testing.T) {
		a := open(t, believing(startPiped(t, hangs)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := a.Authenticate(request(bearer(k.ed.token(t, nil))...).WithContext(ctx))
		wantStatus(t, err, http.StatusServiceUnavailable, "")
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want 1s", took)
		}
	})
}

func TestIssuerOutage(t *testing.T) {
	k := theKeys()
	for name, c := range map[string]struct {
		fails http.HandlerFunc
		logs  string
	}{
		"an error":            {down, "status 503"},
		"silence":             {hangs, "no answer within 5s"},
		"what is not HTTP":    {speaks("HTP/1.1 200 hush\r\n\r\n"), "the answer is not HTTP"},
		"a header of its own": {speaks("HTTP/1.1 200 OK\r\nhush hush\r\n\r\n"), "the answer is not HTTP"},
		"a drip":              {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); hangs(w, r) }, "no answer within 5s"},
		"a cut connection":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"a cut answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999")
			w.Write([]byte("{"))
		}, "unexpected EOF"},
		"garbage":               {sends("<html>"), "not a JWK set"},
		"JSON of another kind":  {sends(`{"keys":{"a":1}}`), "not a JWK set"},
		"no keys member":        {sends(`{}`), "no key for RS256"},
		"an empty set":          {sends(jwks()), "no key for RS256"},
		"a set of others' keys": {sends(jwks(k.p384.jwk(nil), `7`, `{"kty":"oct","k":"c2VjcmV0","kid":"ed-1"}`)), "no key for RS256"},
		"a huge set":            {sends(`{"keys":[` + k.other.jwk(nil) + strings.Repeat(" ", 1<<20) + `]}`), "more than 1 MiB"},
		"an endless set": {func(w http.ResponseWriter, _ *http.Request) {
			for line := bytes.Repeat([]byte(" "), 64<<10); ; {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, "more than 1 MiB"},
		"a redirect":             {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, "status 302"},
		"a success that is none": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "status 204"},
	} {
		it(t, "keeps using its keys during "+name, func(t *testing.T) {
			i := startPiped(t, publishes(k.ed))
			var log bytes.Buffer
			cfg := believing(i)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			a := open(t, cfg)
			synctest.Wait()
			i.now(c.fails)
			time.Sleep(30 * time.Minute)
			_, err := show(a, k.ed.token(t, nil))
			wantStatus(t, err, http.StatusOK, "")
			_, err = show(a, k.other.token(t, nil))
			wantStatus(t, err, http.StatusUnauthorized, "unknown key")
			a.Close()
			if !strings.Contains(log.String(), c.logs) || strings.Contains(log.String(), "hush") {
				t.Errorf("log:\n%swant %q, and nothing of the URL's query", log.String(), c.logs)
			}
		})
		it(t, "answers 503 when it begins with "+name, func(t *testing.T) {
			i := startPiped(t, c.fails)
			a := open(t, believing(i))
			_, err := show(a, k.ed.token(t, nil))
			wantStatus(t, err, http.StatusServiceUnavailable, "")
			i.now(publishes(k.ed))
			time.Sleep(10 * time.Second)
			_, err = show(a, k.ed.token(t, nil))
			wantStatus(t, err, http.StatusOK, "")
		})
	}
	it(t, "backs off to a fetch every 30 s at most", func(t *testing.T) {
		i := startPiped(t, down)
		open(t, believing(i))
		time.Sleep(5 * time.Minute)
		for n, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			want *= time.Second
			if got := i.gap(n + 1); got > want || got < want*9/10 {
				t.Errorf("gap %d = %v, want 90 to 100 %% of %v", n+1, got, want)
			}
		}
	})
	it(t, "starts the back-off again in the next outage", func(t *testing.T) {
		i := startPiped(t, down)
		open(t, believing(i))
		time.Sleep(5 * time.Minute)
		i.now(publishes(k.ed))
		time.Sleep(time.Minute)
		i.now(down)
		time.Sleep(10 * time.Minute)
		for n := 1; n < i.asked(); n++ {
			if i.gap(n) > time.Minute { // as while the issuer is well
				if got := i.gap(n + 1); got > time.Second {
					t.Errorf("it asked again after %v, want 1s at most", got)
				}
				return
			}
		}
		t.Error("there were no good times")
	})
	it(t, "logs one line when an outage begins, one when it ends, and one when keys change", func(t *testing.T) {
		var log bytes.Buffer
		i := startPiped(t, publishes(k.ed))
		cfg := believing(i)
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		a := open(t, cfg)
		time.Sleep(time.Hour) // nothing changes, so nothing is logged
		i.now(hangs)
		time.Sleep(time.Hour)
		i.now(publishes(k.ed))
		time.Sleep(time.Hour)
		i.now(publishes(k.ec, k.rsa))
		time.Sleep(time.Hour)
		a.Close()
		var got []string
		for line := range strings.Lines(log.String()) {
			_, told, _ := strings.Cut(line, "level=")
			got = append(got, strings.TrimSpace(told))
		}
		want := []string{
			`INFO msg="the token issuer's keys were read" keys=1`,
			`WARN msg="the token issuer's keys could not be read" error="no answer within 5s" known=true`,
			`INFO msg="the token issuer's keys were read" keys=1`,
			`INFO msg="the token issuer's keys were read" keys=2`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
	for name, c := range map[string]struct {
		fails func(port int) error
		logs  string
	}{
		"a reset connection": {func(port int) error {
			return &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: port}, Err: syscall.ECONNRESET}
		}, "read: connection reset by peer"},
		"a silent resolver": {func(port int) error {
			return &net.OpError{Op: "dial", Err: &net.DNSError{Err: fmt.Sprintf("read udp :%d: i/o timeout", port), Name: "issuer.test"}}
		}, "the host name was not resolved"},
	} {
		it(t, "logs "+name+" once, whatever our port", func(t *testing.T) {
			var log bytes.Buffer
			cfg := believing(startPiped(t, down))
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			port := 40_000
			cfg.Transport = transport(func(*http.Request) (*http.Response, error) {
				port++
				return nil, c.fails(port)
			})
			a := open(t, cfg)
			time.Sleep(time.Hour)
			a.Close()
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), c.logs) {
				t.Errorf("log:\n%swant one line with %q", log.String(), c.logs)
			}
		})
	}
	it(t, "survives a transport that panics", func(t *testing.T) {
		i := startPiped(t, down)
		i.transport = transport(func(*http.Request) (*http.Response, error) { panic("oh") })
		_, err := show(open(t, believing(i)), k.ed.token(t, nil))
		wantStatus(t, err, http.StatusServiceUnavailable, "")
	})
}

// speaks answers with these raw bytes.
func speaks(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, text)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetchesAreDrawn(t *testing.T) {
	it(t, "draws the times of its fetches from the generator that it is given", func(t *testing.T) {
		gap := func(seed uint64) time.Duration {
			i := startPiped(t, publishes(theKeys().ed))
			cfg := believing(i)
			cfg.Rand = rand.New(rand.NewPCG(seed, 0))
			open(t, cfg)
			time.Sleep(10 * time.Minute)
			return i.gap(1)
		}
		first, again, other := gap(1), gap(1), gap(2)
		if first != again || first == other {
			t.Errorf("gaps = %v and %v with one seed, %v with another, want only the first two equal", first, again, other)
		}
	})
}

func TestKeyRotation(t *testing.T) {
	k := theKeys()
	next := k.other.as("ed-2")
	it(t, "takes a new key with the first token signed with it, and drops the old one", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		time.Sleep(time.Minute)
		i.now(publishes(next))
		_, err := show(a, next.token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
		_, err = show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusUnauthorized, "unknown key")
		time.Sleep(10 * time.Minute)
		if i.gap(2) < 9*time.Minute {
			t.Errorf("it was asked again after %v, want the ten minutes to begin anew", i.gap(2))
		}
	})
	it(t, "drops a key within ten minutes without a request", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed, k.ec))
		a := open(t, believing(i))
		synctest.Wait()
		i.now(publishes(k.ec))
		time.Sleep(8 * time.Minute)
		_, err := show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
		time.Sleep(2 * time.Minute)
		_, err = show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusUnauthorized, "unknown key")
		if i.gap(1) < 9*time.Minute {
			t.Errorf("it was asked again after %v, want 9 to 10 minutes", i.gap(1))
		}
	})
	it(t, "replaces a key under the same name", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		synctest.Wait()
		i.now(publishes(k.other.as("ed-1")))
		time.Sleep(10 * time.Minute)
		_, err := show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusUnauthorized, "signature")
	})
	it(t, "fetches again for a token with a known kid but another signature", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		time.Sleep(11 * time.Second)
		i.now(publishes(k.other.as("ed-1")))
		_, err := show(a, k.other.as("ed-1").token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
		_, err = show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusUnauthorized, "signature")
	})
	it(t, "logs that a key has changed under its name", func(t *testing.T) {
		var log bytes.Buffer
		i := startPiped(t, publishes(k.ed))
		cfg := believing(i)
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		a := open(t, cfg)
		synctest.Wait()
		i.now(publishes(k.other.as("ed-1")))
		time.Sleep(10 * time.Minute)
		a.Close()
		if n := strings.Count(log.String(), "keys were read"); n != 2 {
			t.Errorf("log:\n%swant two lines for two fetches", log.String())
		}
	})
	for name, forged := range map[string]signer{"wrong signatures": k.other.as("ed-1"), "tokens without a kid": k.other.as("")} {
		it(t, "fetches at most every ten seconds, however many "+name+" are sent", func(t *testing.T) {
			i := startPiped(t, publishes(k.ed))
			a := open(t, believing(i))
			synctest.Wait()
			for range 600 { // over one minute
				_, err := show(a, forged.token(t, nil))
				wantStatus(t, err, http.StatusUnauthorized, "signature")
				time.Sleep(100 * time.Millisecond)
			}
			if i.asked() != 6 {
				t.Errorf("it was asked %d times in a minute, want 6", i.asked())
			}
		})
	}
	it(t, "does not fetch for tokens that can never be valid", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		time.Sleep(time.Minute)
		for _, token := range []string{"a.b.c", raw(`{"alg":"none","kid":"ed-1"}`, `{}`), k.ed.token(t, claims{"exp": 1}), k.ed.token(t, claims{"aud": "others"})} {
			_, err := show(a, token)
			wantStatus(t, err, http.StatusUnauthorized, "")
		}
		if i.asked() != 1 {
			t.Errorf("it was asked %d times, want once at the start", i.asked())
		}
	})
	it(t, "fetches at most every ten seconds for different key ids", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		synctest.Wait()
		for n := range 600 { // over one minute
			_, err := show(a, k.other.as(fmt.Sprint("made-up-", n)).token(t, nil))
			wantStatus(t, err, http.StatusUnauthorized, "unknown key")
			time.Sleep(100 * time.Millisecond)
		}
		if i.asked() != 6 {
			t.Errorf("it was asked %d times in a minute, want 6", i.asked())
		}
	})
	it(t, "fetches once for all callers that wait", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		time.Sleep(time.Minute)
		i.now(after(time.Second, publishes(next)))
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				_, err := show(a, next.token(t, nil))
				wantStatus(t, err, http.StatusOK, "")
			})
		}
		callers.Wait()
		if i.asked() != 2 {
			t.Errorf("it was asked %d times, want twice", i.asked())
		}
	})
}

func TestClose(t *testing.T) {
	k := theKeys()
	it(t, "cancels a running fetch", func(t *testing.T) {
		var log bytes.Buffer
		cfg := believing(startPiped(t, hangs))
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		a := open(t, cfg)
		synctest.Wait()
		start := time.Now()
		a.Close()
		a.Close()
		if log.Len() > 0 {
			t.Errorf("log = %q, want nothing: an end is no outage", log.String())
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v, want none", took)
		}
	})
	it(t, "waits for the fetch to end", func(t *testing.T) {
		i := startPiped(t, down)
		i.transport = transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			time.Sleep(time.Second)
			return nil, r.Context().Err()
		})
		a := open(t, believing(i))
		synctest.Wait()
		start := time.Now()
		a.Close()
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want 1s", took)
		}
	})
	it(t, "fetches nothing afterwards, and keeps using its keys", func(t *testing.T) {
		i := startPiped(t, publishes(k.ed))
		a := open(t, believing(i))
		time.Sleep(time.Minute)
		a.Close()
		_, err := show(a, k.ed.token(t, nil))
		wantStatus(t, err, http.StatusOK, "")
		_, err = show(a, k.other.token(t, nil))
		wantStatus(t, err, http.StatusUnauthorized, "unknown key")
		time.Sleep(time.Hour)
		if i.asked() != 1 {
			t.Errorf("the issuer was asked %d times, want once", i.asked())
		}
	})
}

func TestKeySet(t *testing.T) {
	k := theKeys()
	good := http.StatusOK
	bad := http.StatusUnauthorized
	none := http.StatusServiceUnavailable // as if no keys were fetched
	for name, c := range map[string]struct {
		set    string
		signer signer
		status int
	}{
		"takes a key that does not say what it is for":      {jwks(k.ed.jwk(claims{"use": nil, "alg": nil})), k.ed, good},
		"takes a key that may verify":                       {jwks(k.ec.jwk(claims{"use": nil, "key_ops": []string{"verify"}})), k.ec, good},
		"takes the good key among odd ones":                 {jwks(`null`, `"x"`, `{"kty":7}`, `{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`, k.rsa.jwk(nil)), k.rsa, good},
		"takes a key whose certificate it cannot read":      {jwks(k.rsa.jwk(claims{"x5c": []string{"bm9uZQ=="}, "x5t": "AQ"})), k.rsa, good},
		"takes two keys under one name by their algorithms": {jwks(k.ec.as("ed-1").jwk(nil), k.ed.jwk(nil)), k.ed, good},
		"takes a key without a name for a token without":    {jwks(k.ed.jwk(claims{"kid": nil}), k.ec.jwk(nil)), k.ed.as(""), good},
		"refuses a key for encryption":                      {jwks(k.ec.jwk(nil), k.ed.jwk(claims{"use": "enc"})), k.ed, bad},
		"refuses a key that may only sign":                  {jwks(k.ec.jwk(nil), k.ed.jwk(claims{"key_ops": []string{"sign"}})), k.ed, bad},
		"refuses a key for another algorithm":               {jwks(k.ec.jwk(nil), k.rsa.jwk(claims{"alg": "PS256"})), k.rsa, bad},
		"refuses a small RSA key":                           {jwks(k.ec.jwk(nil), k.small.jwk(nil)), k.small, bad},
		"has no use for P-384":                              {jwks(k.p384.jwk(claims{"alg": nil})), k.ec, none},
		"refuses a shared secret":                           {jwks(k.ec.jwk(nil), `{"kty":"oct","k":"c2VjcmV0","kid":"ed-1"}`), k.ed, bad},
		"takes the public part of a private key":            {jwks(k.ed.jwk(claims{"d": "AQ"})), k.ed, good},
		"takes the first of two keys under one name":        {jwks(k.ed.jwk(nil), k.other.as("ed-1").jwk(nil)), k.ed, good},
		"takes the second of two keys under one name":       {jwks(k.other.as("ed-1").jwk(nil), k.ed.jwk(nil)), k.ed, good},
		"takes a key without a name for a named token":      {jwks(k.other.jwk(nil), k.ed.jwk(claims{"kid": nil})), k.ed, good},
		"takes the second of two keys without a name":       {jwks(k.other.jwk(claims{"kid": nil}), k.ed.jwk(claims{"kid": nil})), k.ed.as(""), good},
		"takes a named key for a token without":             {jwks(k.other.jwk(nil), k.ed.jwk(nil)), k.ed.as(""), good},
		"counts a key that is published often once":         {jwks(append(slices.Repeat([]string{k.other.as("ed-1").jwk(nil)}, 20), k.ed.jwk(nil))...), k.ed, good},
		"tries eight keys for a token and no more":          {jwks(append(strangers(8, nil), k.ed.jwk(nil))...), k.ed, bad},
		"tries the key of the token's name first":           {jwks(append(strangers(20, claims{"kid": nil}), k.ed.jwk(nil))...), k.ed, good},
		"skips a byte order mark":                           {"\ufeff" + jwks(k.ed.jwk(nil)), k.ed, good},
	} {
		it(t, name, func(t *testing.T) {
			a := open(t, believing(startPiped(t, sends(c.set))))
			var header claims
			if c.signer.kid == "" {
				header = claims{"kid": nil}
			}
			_, err := show(a, c.signer.tokenWith(t, header, nil))
			wantStatus(t, err, c.status, "")
		})
	}
}

// strangers are n other keys with the id ed-1, with members changed.
func strangers(n int, changes claims) (all []string) {
	for range n {
		all = append(all, signer{"ed-1", jwt.SigningMethodEdDSA, newEd25519()}.jwk(changes))
	}
	return all
}

func TestWrongCredentialsDifferFromExpiredOnes(t *testing.T) {
	k := theKeys()
	hour := time.Now().Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		headers []string
		wrong   bool
	}{
		"an unknown key":                               {bearer("nope"), true},
		"an unknown X-API-Key":                         {xAPIKey("nope"), true},
		"an empty key":                                 {xAPIKey(""), true},
		"an empty bearer":                              {bearer(""), true},
		"two keys":                                     {append(bearer(webKey), xAPIKey(writerKey)...), true},
		"another scheme":                               {[]string{"Authorization", "Basic d2ViOmtleQ=="}, true},
		"a malformed token":                            {bearer("a.b.c"), true},
		"a token without a signature":                  {bearer(raw(`{"alg":"none"}`, `{}`)), true},
		"a token of an unknown key":                    {bearer(k.other.token(t, nil)), true},
		"a token with a wrong signature":               {bearer(k.other.as("ed-1").token(t, nil)), true},
		"an expired token with a wrong signature":      {bearer(k.other.as("ed-1").token(t, claims{"exp": 1})), true},
		"another issuer's token":                       {bearer(k.ed.token(t, claims{"iss": "https://elsewhere.example"})), true},
		"a token for others":                           {bearer(k.ed.token(t, claims{"aud": "others"})), true},
		"a token without a subject":                    {bearer(k.ed.token(t, claims{"sub": nil})), true},
		"an expired token with a good signature":       {bearer(k.ed.token(t, claims{"exp": 1})), false},
		"a token before its time, of a good signature": {bearer(k.ed.token(t, claims{"nbf": hour, "exp": hour + 1})), false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := believing(startIssuer(t, publishes(k.ed)))
			cfg.Keys = apiKeys()
			_, err := open(t, cfg).Authenticate(request(c.headers...))
			if refused, ok := errors.AsType[*auth.Error](err); !ok || refused.Wrong != c.wrong || refused.Status != http.StatusUnauthorized {
				t.Errorf("error = %+v, want a 401 with Wrong %t", err, c.wrong)
			}
		})
	}
	t.Run("none at all, and the right ones without the scope", func(t *testing.T) {
		a := open(t, auth.Config{Keys: apiKeys()})
		for _, caller := range []auth.Caller{{}, {Kind: auth.APIKey}} {
			if refused, ok := errors.AsType[*auth.Error](a.Authorize(caller, auth.UsersWrite)); !ok || refused.Wrong {
				t.Errorf("error = %+v, want one that is not Wrong", refused)
			}
		}
	})
}
