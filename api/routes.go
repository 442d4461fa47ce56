package api

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"tributary/api/auth"
	"tributary/telemetry"
)

// routes is the whole HTTP surface, in the order of openapi.yaml.
func (s *server) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(
		telemetry.AccessLog(s.log, logAttrs),
		s.recoverer,
		crossOrigin(s.Origins), // before auth: a preflight has no credentials
		compressed,
		s.limitBody,
		withoutSlash,
	)
	r.NotFound(s.notBuiltIn)
	r.MethodNotAllowed(s.handle(s.otherMethods(r)))

	r.Group(func(r chi.Router) {
		r.Use(s.V1.announce, s.clientAddress, s.Auth.Middleware(s.refuse), noteCaller, s.limit)

		r.Group(func(r chi.Router) {
			r.Use(s.Auth.Require(auth.WeatherRead, s.problem))
			if s.serves(Weather) {
				here, forecast := s.aboutPlace(s.Weather.Current, units), s.aboutPlace(s.Forecast.Ask, units, span)
				r.With(s.deadline).Get("/v1/weather", orBatch("place", s.ask(here), s.aboutPlaces(s.Weather.CurrentAt, units)))
				r.With(s.deadline).Get("/v1/weather/forecast", orBatch("place", s.ask(forecast), s.aboutPlaces(s.Forecast.AskMany, units, span)))
				s.live(r, "/v1/weather", here)
			}
			if s.serves(AirQuality) {
				here := s.aboutPlace(s.Air.Current)
				r.With(s.deadline).Get("/v1/air-quality", orBatch("place", s.ask(here), s.aboutPlaces(s.Air.CurrentAt)))
				s.live(r, "/v1/air-quality", here)
			}
			if s.serves(Places) {
				r.With(s.deadline).Get("/v1/places", s.handle(s.places))
			}
		})
		if s.serves(Users) {
			r.Group(func(r chi.Router) {
				r.Use(s.Auth.Require(auth.UsersRead, s.problem))
				r.With(s.deadline).Get("/v1/users", orBatch("id", s.handle(s.listUsers), s.handle(s.manyUsers)))
				r.With(s.deadline).Get("/v1/users/{id}", s.ask(s.aboutUser))
				s.live(r, "/v1/users/{id}", s.aboutUser)
			})
			r.Group(func(r chi.Router) {
				r.Use(s.Auth.Require(auth.UsersWrite, s.problem), s.deadline)
				r.Post("/v1/users", s.handle(s.once(s.createUser)))
				r.Put("/v1/users/{id}", s.handle(s.replaceUser))
				r.Patch("/v1/users/{id}", s.handle(s.once(s.patchUser)))
				r.Delete("/v1/users/{id}", s.handle(s.deleteUser))
			})
		}
		r.With(s.deadline).Get("/v1/status", s.handle(s.status))
	})

	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))

	r.Get("/", s.handle(s.root))
	r.Get("/docs", s.handle(s.docs))
	r.Get("/docs/{file}", s.handle(s.serveDocsFile))
	r.Get("/favicon.ico", s.handle(s.favicon))
	r.Get("/openapi.yaml", s.handle(s.document))
	r.Get("/problems", s.handle(s.listProblems))
	r.Get("/problems/{slug}", s.handle(s.explain))
	if s.Demo != nil {
		faults := http.NewCrossOriginProtection().Handler(s.Demo.Faults) // only our own page may pull plugs
		r.Handle("/_sim", faults)
		r.Handle("/_sim/*", faults)
	}
	return r
}

// live streams the answers to the question of a path as they change. Streams have no
// deadline.
func (s *server) live(r chi.Router, path string, read reading) {
	r.Get(path+"/stream", s.stream(path, read, nil))
}

func (s *server) serves(r Resource) bool { return slices.Contains(s.BuiltIn, r) }
