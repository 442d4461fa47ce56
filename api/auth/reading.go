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
	readTimeout = 5 * time.Second
	maxKeySet   = 1 << 20
)

// read asks the issuer. The error's text holds no URL.
func (i *issuer) read() (keys keySet, err error) {
	defer func() { // a parser may panic on what it is sent, and nothing above recovers
		if p := recover(); p != nil {
			keys, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(i.life, readTimeout)
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

// plain says what went wrong between us and the issuer. It leaves out the URL,
// whose query may hold a key; our own port, with which one outage would look like
// many; and what the issuer has sent.
func plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", readTimeout)
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
	if strings.Contains(err.Error(), "malformed") { // net/http quotes it, and has no type for it
		return errors.New("the answer is not HTTP")
	}
	return err
}

// stay makes a redirect an answer like any other, and so a failure: whose keys
// we believe is for the configuration to say.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
