package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

func TestCompression(t *testing.T) {
	g := newGateway(t)
	plain := g.get("/openapi.yaml", "Accept-Encoding", "identity")
	for _, c := range []struct {
		name, accepted, want string
	}{
		{"zstd where both will do", "gzip, deflate, br, zstd", "zstd"},
		{"gzip", "gzip", "gzip"},
		{"what is liked better", "zstd;q=0.5, gzip;q=1.0", "gzip"},
		{"not what is ruled out", "zstd;q=0, gzip", "gzip"},
		{"nothing that was not requested", "br", ""},
		{"nothing where nothing was asked for", "identity", ""},
		{"nothing where all is ruled out", "gzip;q=0, *;q=0", ""},
	} {
		t.Run("is "+c.name, func(t *testing.T) {
			a := g.get("/openapi.yaml", "Accept-Encoding", c.accepted)
			a.wantHeader("Content-Encoding", c.want)
			a.wantHeader("Vary", "") // apart from Accept-Encoding
			if !bytes.Equal(a.body, plain.body) {
				t.Errorf("%s: %d bytes, want the %d of the plain answer", a.call, len(a.body), len(plain.body))
			}
			head := g.send(http.MethodHead, "/openapi.yaml", "Accept-Encoding", c.accepted)
			head.wantStatus(http.StatusOK)
			head.wantHeader("Content-Encoding", c.want)
			if n := head.ContentLength; len(head.body) > 0 || c.want != "" && n == int64(len(plain.body)) {
				t.Errorf("%s: %d bytes, said to be %d, want none and not the length of the plain answer", head.call, len(head.body), n)
			}
		})
	}

	g.get(city)
	long := g.get(city, "Accept-Encoding", "zstd")
	long.wantHeader("Content-Encoding", "zstd")
	long.weather()
	short := g.get("/livez", "Accept-Encoding", "zstd")
	short.wantHeader("Content-Encoding", "")
	same := g.get(city, "Accept-Encoding", "gzip", "If-None-Match", long.Header.Get("ETag")) // the tag is valid in another coding
	same.wantStatus(http.StatusNotModified)
	same.wantHeader("Content-Encoding", "")
	refused := g.get("/v1/weather", "Accept-Encoding", "zstd")
	refused.problem(http.StatusBadRequest, "invalid_parameters")
}

// Vary names all that an answer depends on, for every answer in a row: the middlewares add
// to it one after the other, and no answer may write into the list of another.
func TestVary(t *testing.T) {
	private := func(s *setup) { s.PublicReads = false }
	pages := func(s *setup) { s.Origins = []string{page} }
	for name, c := range map[string]struct {
		change func(*setup)
		path   string
		coding string
		want   []string
	}{
		"without a coding":                         {func(*setup) {}, here, "", []string{"Accept-Encoding", "Accept"}},
		"with a coding":                            {func(*setup) {}, here, "zstd", []string{"Accept-Encoding", "Accept"}},
		"with CORS":                                {pages, here, "", []string{"Origin", "Accept-Encoding", "Accept"}},
		"with CORS and a coding":                   {pages, here, "gzip", []string{"Origin", "Accept-Encoding", "Accept"}},
		"of answers that are not public":           {private, here, "", []string{"Accept-Encoding", "Accept", "Authorization, X-API-Key"}},
		"of what does not depend on Accept":        {pages, "/livez", "", []string{"Origin", "Accept-Encoding"}},
		"of problems":                              {pages, "/v1/weather", "", []string{"Origin", "Accept-Encoding", "Accept"}},
		"with CORS, not public":                    {func(s *setup) { private(s); pages(s) }, here, "", []string{"Origin", "Accept-Encoding", "Accept", "Authorization, X-API-Key"}},
		"with CORS, not public, of another coding": {func(s *setup) { private(s); pages(s) }, here, "identity", []string{"Origin", "Accept-Encoding", "Accept", "Authorization, X-API-Key"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, c.change)
			for range 3 {
				r := httptest.NewRequest(http.MethodGet, c.path, nil)
				r.Header.Set("Origin", page)
				if c.coding != "" {
					r.Header.Set("Accept-Encoding", c.coding)
				}
				w := httptest.NewRecorder()
				g.handler.ServeHTTP(w, r)
				if got := w.Header()["Vary"]; !slices.Equal(got, c.want) {
					t.Errorf("Vary = %q, want %q", got, c.want)
				}
				for _, header := range []string{"Content-Type", "Etag", "Cache-Control", "Cache-Status", "Server-Timing"} {
					w.Header().Add(header, "another") // into no neighbour, and into no other answer
				}
				if got := w.Header().Get("Cache-Control"); got == "another" {
					t.Error("a value was written over its neighbour")
				}
			}
		})
	}
}

// The header that switches compression off for a stream is for the middleware only.
func TestStreamsDoNotShowHowTheyAreNotCompressed(t *testing.T) {
	for _, coding := range []string{"", "gzip"} {
		g := newGateway(t)
		header := []string{"Accept", "text/event-stream"}
		if coding != "" {
			header = append(header, "Accept-Encoding", coding)
		}
		a := g.send(http.MethodHead, "/v1/weather/stream?lat=28.65&lon=77.23", header...)
		a.wantStatus(http.StatusOK)
		a.wantHeader("No-Gzip-Compression", "")
		a.wantHeader("Content-Encoding", "")
	}
}
