package api_test

import (
	"bytes"
	"net/http"
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
