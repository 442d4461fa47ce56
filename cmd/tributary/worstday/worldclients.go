package worstday

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"tributary/cmd/tributary/worstday/simnet"
)

// clients are the connections of all clients, by their addresses.
type clients struct {
	net *simnet.Network

	mu   sync.Mutex
	each map[string]*http.Transport
}

// Do sends a request from the host of a client, an IP address, to a gateway. Only the
// path and the query of its URL count. The answer is not decompressed.
func (w *World) Do(ctx context.Context, replica int, client string, r *http.Request) (*http.Response, error) {
	return w.clients.send(ctx, client, "http://"+replicaHost(replica), r)
}

// Ask sends a request straight to a provider, as somebody who does not use the gateway.
func (w *World) Ask(ctx context.Context, provider string, r *http.Request) (*http.Response, error) {
	base := w.sim.URL(provider)
	if base == "" {
		return nil, fmt.Errorf("no provider %q", provider)
	}
	return w.clients.send(ctx, operatorHost, base, r)
}

func (c *clients) send(ctx context.Context, host, base string, r *http.Request) (*http.Response, error) {
	to, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	r = r.Clone(ctx)
	r.URL.Scheme, r.URL.Host, r.RequestURI, r.Host = to.Scheme, to.Host, "", ""
	return c.transport(host).RoundTrip(r)
}

func (c *clients) transport(host string) *http.Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.each[host]
	if t == nil {
		t = &http.Transport{DialContext: c.net.Host(host).Dial, MaxIdleConnsPerHost: 64, DisableCompression: true}
		if c.each == nil {
			c.each = make(map[string]*http.Transport)
		}
		c.each[host] = t
	}
	return t
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.each {
		t.CloseIdleConnections()
	}
}
