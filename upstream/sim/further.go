package sim

import (
	"maps"
	"net/http"
)

// Provider is a service that is simulated beside the built-in providers.
type Provider struct {
	Name string

	// Handler makes the answers. It gets the whole request, with its body read. Faults
	// are applied to its answers afterwards.
	Handler http.Handler

	// Route returns the pattern of a request's path, such as /orders/{id}, which names
	// its span; "" for a path that has none. nil: no request has one.
	Route func(*http.Request) string
}

// further makes a provider of a Provider, so that it has faults, logs and spans like the
// built-in ones.
func further(p Provider) provider {
	return provider{
		name:        p.Name,
		contentType: jsonUTF8,
		route:       p.Route,
		answer: func(r *http.Request) answer {
			rec := recorder{head: http.Header{}}
			p.Handler.ServeHTTP(&rec, r)
			return rec.answer()
		},
		fail: func(status int) answer {
			return jsonAnswer(status, refusal{Error: http.StatusText(status)})
		},
	}
}

// recorder keeps an answer, so that a fault can change it before it is sent.
type recorder struct {
	head http.Header
	sent answer // its status is 0 until it is known
}

func (r *recorder) Header() http.Header { return r.head }

func (r *recorder) WriteHeader(status int) {
	if r.sent.status == 0 && status >= 200 { // before are interim answers
		r.sent.status, r.sent.header = status, maps.Clone(r.head)
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.sent.body = append(r.sent.body, b...)
	return len(b), nil
}

func (r *recorder) answer() answer {
	r.WriteHeader(http.StatusOK)
	return r.sent
}
