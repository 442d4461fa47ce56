package api

import (
	"context"
	"net/http"

	"tributary/api/admission"
	"tributary/upstream"
)

// question is what a request asks of an aggregate, its parameters read.
type question interface {
	key() string // the same for questions to one endpoint that have the same answer
	class() admission.Class
	// ask returns with an error a reply that has only public: shared caches may store
	// problems too.
	ask(context.Context, upstream.Directives) (reply, error)
}

// asking is a question that a function answers; name is its key.
type asking struct {
	name string
	in   admission.Class
	f    func(context.Context, upstream.Directives) (reply, error)
}

func (a asking) key() string { return a.name }

func (a asking) class() admission.Class { return a.in }

func (a asking) ask(ctx context.Context, d upstream.Directives) (reply, error) { return a.f(ctx, d) }

// batchQuestion is what a request asks about many things.
type batchQuestion struct {
	kind reply // who may store the answer
	ask  func(context.Context, upstream.Directives) ([]entry, error)
}

// batchReading reads the questions of a batch.
type batchReading func(*http.Request) (batchQuestion, error)

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
		factsOf(r.Context()).permit.class = q.class()
		a, err := q.ask(r.Context(), upstream.ParseDirectives(r.Header))
		factsOf(r.Context()).public = a.public
		if err != nil {
			return err
		}
		for name, values := range a.header {
			w.Header()[name] = append(w.Header()[name], values...)
		}
		return s.respond(w, r, a)
	})
}

// askMany answers the questions of a batch once.
func (s *server) askMany(read batchReading) http.HandlerFunc {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := mustAccept(w, r); err != nil {
			return err
		}
		q, err := read(r)
		if err != nil {
			return err
		}
		factsOf(r.Context()).permit.class = admission.Many
		entries, err := q.ask(r.Context(), upstream.ParseDirectives(r.Header))
		if err != nil {
			return err
		}
		if allOverloaded(entries) {
			return overload(nil)
		}
		return s.respondBatch(w, r, entries, q.kind)
	})
}
