package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"tributary"
	"tributary/telemetry"
)

// routes is the whole HTTP surface, in the order of openapi.yaml.
func (s *server) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(
		s.identify,
		s.Telemetry.Server,
		telemetry.AccessLog(s.log, logged),
		s.recoverer,
		crossOrigin(s.Origins),
		s.limitBody,
		s.deadline,
		middleware.GetHead,
	)
	r.NotFound(s.handle(func(http.ResponseWriter, *http.Request) error {
		return errNothingHere
	}))
	r.MethodNotAllowed(s.handle(s.methodNotAllowed(r)))

	r.Get("/v1/weather", s.handle(s.weather))
	r.Get("/v1/places", s.handle(s.places))
	r.Get("/v1/status", s.handle(s.status))

	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))

	r.Get("/openapi.yaml", s.handle(s.file("application/yaml", tributary.OpenAPI)))
	r.Get("/problems/{slug}", s.handle(s.explain))
	return r
}
