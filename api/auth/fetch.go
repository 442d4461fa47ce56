package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxKeySet    = 1 << 20
)

// fetch gets the key set from the issuer. The error's text contains no URL.
func (i *issuer) fetch() (keys keySet, err error) {
	defer func() { // a parser may panic on untrusted input, and no caller recovers
		if p := recover(); p != nil {
			keys, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(i.life, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.url.String(), nil)
	if err != nil {
		return nil, plain(err)
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	r.Header.Set("User-Agent", "tributary")
	resp, err := i.client.Do(r)
	if err != nil {
		return nil, plain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer has status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	switch {
	case err != nil:
		return nil, plain(err)
	case len(body) > maxKeySet:
		return nil, fmt.Errorf("the answer has more than %d MiB", maxKeySet>>20)
	}
	return parseKeySet(body)
}

// plain describes a connection error without three things: the URL, whose query may
// contain a key; the local port, which would make one outage look like many; and
// anything that the issuer sent.
func plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", fetchTimeout)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("the host name was not resolved")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if strings.Contains(err.Error(), "malformed") { // net/http has no type for this error, and its text quotes the answer
		return errors.New("the answer is not HTTP")
	}
	return err
}

// stay stops at a redirect, which then fails as an unexpected status: only the
// configuration decides which host's keys are trusted.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
