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
		s.identify,
		s.Telemetry.Server,
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
		r.Use(s.V1.announce, s.clientAddress, s.Auth.Middleware(s.refuse), noteCaller, s.limit, s.deadline)

		r.Group(func(r chi.Router) {
			r.Use(s.Auth.Require(auth.WeatherRead, s.problem))
			if s.serves(Weather) {
				r.Get("/v1/weather", s.aboutPlace(s.Weather.Current, s.Weather.CurrentAt, units))
				r.Get("/v1/weather/forecast", s.aboutPlace(s.Forecast.Ask, s.Forecast.AskMany, units, span))
			}
			if s.serves(AirQuality) {
				r.Get("/v1/air-quality", s.aboutPlace(s.Air.Current, s.Air.CurrentAt))
			}
			if s.serves(Places) {
				r.Get("/v1/places", s.handle(s.places))
			}
		})
		if s.serves(Users) {
			r.Group(func(r chi.Router) {
				r.Use(s.Auth.Require(auth.UsersRead, s.problem))
				r.Get("/v1/users", s.handle(s.listUsers))
				r.Get("/v1/users/{id}", s.handle(s.getUser))
			})
			r.Group(func(r chi.Router) {
				r.Use(s.Auth.Require(auth.UsersWrite, s.problem))
				r.Post("/v1/users", s.handle(s.once(s.createUser)))
				r.Put("/v1/users/{id}", s.handle(s.replaceUser))
				r.Patch("/v1/users/{id}", s.handle(s.once(s.patchUser)))
				r.Delete("/v1/users/{id}", s.handle(s.deleteUser))
			})
		}
		r.Get("/v1/status", s.handle(s.status))
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

func (s *server) serves(r Resource) bool { return slices.Contains(s.BuiltIn, r) }
