package api

import (
	"context"
	"strings"
	"sync"
	"time"

	"tributary/upstream/declared"
)

// StreamLimits bound how many streams are open at the same time.
type StreamLimits struct {
	Client  int // of one client; 0: 20
	Process int // of all clients; 0: 10,000
}

// feedKey is equal for streams that share a feed.
type feedKey struct {
	endpoint any // the path, or a *declared.Endpoint
	question string
}

// streams are the open streams and their feeds.
type streams struct {
	limits StreamLimits
	ending chan struct{} // closed at shutdown

	mu       sync.Mutex
	open     int
	byClient map[string]int
	feeds    map[feedKey]*feed
}

func newStreams(l StreamLimits) *streams {
	if l.Client == 0 {
		l.Client = 20
	}
	if l.Process == 0 {
		l.Process = 10_000
	}
	return &streams{limits: l, ending: make(chan struct{}), byClient: make(map[string]int), feeds: make(map[feedKey]*feed)}
}

// EndStreams ends all streams, and each later one after its first event. Call it once,
// at shutdown, when no new connection can be opened here: the clients come back to
// another replica.
func (a *API) EndStreams() { close(a.server.streams.ending) }

// retryOfStreams is the Retry-After of streams that are refused. When another one ends
// is not known.
const retryOfStreams = 5 * time.Second

// enter counts a stream of a client, until leave is called. refused is nil if there is
// room for it.
func (s *streams) enter(client string) (refused *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.byClient[client] >= s.limits.Client:
		refused = tooManyRequests.with("this client has as many streams open as it may have; close one first")
	case s.open >= s.limits.Process:
		refused = overloaded.with("as many streams are open as this gateway can serve")
	default:
		s.open++
		s.byClient[client]++
		return nil
	}
	refused.retryAfter = retryOfStreams
	return refused
}

func (s *streams) leave(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.byClient[client]--; s.byClient[client] == 0 {
		delete(s.byClient, client)
	}
}

// join returns the feed of a question, which begins with its first listener.
func (s *streams) join(key feedKey, ask func(context.Context) *update) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[key]
	if f == nil {
		ctx, stop := context.WithCancel(context.Background())
		f = newFeed(stop)
		s.feeds[key] = f
		go f.run(ctx, ask)
	}
	f.listeners++
	return f
}

// OpenStreams returns how many streams are open, by their path in openapi.yaml.
func (a *API) OpenStreams() map[string]int {
	s := a.server.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]int, len(s.feeds))
	for key, f := range s.feeds {
		all[key.path()] += f.listeners
	}
	return all
}

func (k feedKey) path() string {
	if e, ok := k.endpoint.(*declared.Endpoint); ok {
		return e.StreamPath()
	}
	return k.endpoint.(string) + "/stream"
}

// changed lets the streams of an endpoint ask again whose question begins with prefix.
func (s *streams) changed(endpoint any, prefix string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, f := range s.feeds {
		if key.endpoint == endpoint && strings.HasPrefix(key.question, prefix) {
			f.askAgain()
		}
	}
}

// part removes a listener from a feed. The last one stops the feed and waits for its
// end.
func (s *streams) part(key feedKey, f *feed) {
	s.mu.Lock()
	f.listeners--
	last := f.listeners == 0
	if last {
		delete(s.feeds, key)
	}
	s.mu.Unlock()
	if last {
		f.stop()
		<-f.ended
	}
}
