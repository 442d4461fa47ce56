package api

import (
	"context"
	"net/http"

	"tributary/upstream"
)

// question is what a request asks of an aggregate, its parameters read.
type question interface {
	key() string // the same for questions to one endpoint that have the same answer
	ask(context.Context, upstream.Directives) (reply, error)
}

// asking is a question that a function answers; name is its key.
type asking struct {
	name string
	f    func(context.Context, upstream.Directives) (reply, error)
}

func (a asking) key() string { return a.name }

func (a asking) ask(ctx context.Context, d upstream.Directives) (reply, error) { return a.f(ctx, d) }

// reading reads the question of a request. The error is the problem of its parameters.
type reading func(*http.Request) (question, error)

// ask answers questions once.
func (s *server) ask(read reading) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := mustAccept(w, r); err != nil {
			return err
		}
		q, err := read(r)
		if err != nil {
			return err
		}
		a, err := q.ask(r.Context(), upstream.ParseDirectives(r.Header))
		if err != nil {
			return err
		}
		return s.respond(w, r, a)
	})
}
