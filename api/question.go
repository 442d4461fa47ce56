package api

import (
	"context"
	"net/http"

	"tributary/upstream"
)

// question is what a request asks of an aggregate, its parameters read.
type question struct {
	key string // the same for questions to one endpoint that have the same answer
	ask func(context.Context, upstream.Directives) (reply, error)
}

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
