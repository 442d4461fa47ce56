package api

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"tributary/api/admission"
	"tributary/api/auth"
	"tributary/telemetry"
)

// routes is the whole HTTP surface. It and the functions below it have the paths in the
// order of openapi.yaml.
func (s *server) routes() chi.Router {
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
		r.Use(s.V1.announce, s.clientAddress, s.Auth.Middleware(s.refuse), noteCaller, s.limit, s.admit)
		r.Group(s.weatherRoutes)
		if s.serves(Users) {
			r.Group(s.userReadRoutes)
			r.Group(s.userWriteRoutes)
		}
		r.With(s.deadline).Get("/v1/status", s.handle(s.status))
	})
	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))
	s.pageRoutes(r)
	return r
}

// weatherRoutes are the paths that need the scope weather:read.
func (s *server) weatherRoutes(r chi.Router) {
	r.Use(s.Auth.Require(auth.WeatherRead, s.problem))
	if s.serves(Weather) {
		here, forecast := s.aboutPlace(s.Weather.Current, units), s.aboutPlace(s.Forecast.Ask, units, span)
		s.readsOrBatch(r, "/v1/weather", here, s.aboutPlaces(s.Weather.CurrentAt, units))
		s.readsOrBatch(r, "/v1/weather/forecast", forecast, s.aboutPlaces(s.Forecast.AskMany, units, span))
		s.live(r, "/v1/weather", here)
	}
	if s.serves(AirQuality) {
		here := s.aboutPlace(s.Air.Current)
		s.readsOrBatch(r, "/v1/air-quality", here, s.aboutPlaces(s.Air.CurrentAt))
		s.live(r, "/v1/air-quality", here)
	}
	if s.serves(Places) {
		s.reads(r, "/v1/places", s.namedPlaces)
	}
}

func (s *server) userReadRoutes(r chi.Router) {
	r.Use(s.Auth.Require(auth.UsersRead, s.problem))
	s.readsOrBatch(r, "/v1/users", s.aboutUsers, s.aboutManyUsers)
	s.reads(r, userPath, s.aboutUser)
	s.live(r, userPath, s.aboutUser)
}

func (s *server) userWriteRoutes(r chi.Router) {
	r.Use(s.Auth.Require(auth.UsersWrite, s.problem), s.deadline)
	r.Post("/v1/users", s.handle(s.once(s.createUser)))
	r.Put(userPath, s.handle(s.replaceUser))
	r.Patch(userPath, s.handle(s.once(s.patchUser)))
	r.Delete(userPath, s.handle(s.deleteUser))
}

// pageRoutes are pages for people, the API's description, and in a demo the faults of
// the simulated upstreams.
func (s *server) pageRoutes(r chi.Router) {
	r.Get("/", s.handle(s.root))
	r.Get("/docs", s.handle(s.docs))
	r.Get("/docs/{file}", s.handle(s.serveDocsFile))
	r.Get("/favicon.ico", s.handle(s.favicon))
	r.Get("/openapi.yaml", s.handle(s.document))
	r.Get("/problems", s.handle(s.listProblems))
	r.Get("/problems/{slug}", s.handle(s.explain))
	if s.Demo != nil {
		faults := http.NewCrossOriginProtection().Handler(s.Demo.Faults) // other sites' pages may not set faults
		r.Handle("/_sim", faults)
		r.Handle("/_sim/*", faults)
	}
}

// reads serves a path that answers one question.
func (s *server) reads(r chi.Router, path string, read reading) {
	s.lookups[path] = read.lookup
	r.With(s.deadline).Get(path, s.ask(read))
}

// readsOrBatch serves a path that answers one question or a batch of them.
func (s *server) readsOrBatch(r chi.Router, path string, one reading, many batchReading) {
	isBatch := isBatch(batchParameters[path])
	s.lookups[path] = func(r *http.Request) (admission.Class, bool) {
		if isBatch(r) {
			return many.lookup(r)
		}
		return one.lookup(r)
	}
	r.With(s.deadline).Get(path, orBatch(isBatch, s.ask(one), s.askMany(many)))
}

// live serves the stream of a path: the answers to its question, as they change. Streams
// have no deadline.
func (s *server) live(r chi.Router, path string, read reading) {
	s.lookups[path+"/stream"] = read.lookup
	r.Get(path+"/stream", s.stream(path, read, nil))
}

func (s *server) serves(r Resource) bool { return slices.Contains(s.BuiltIn, r) }
