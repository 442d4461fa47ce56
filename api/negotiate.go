package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// quality is what the Accept header gives a media type (RFC 9110 §12.5.1), 0 to
// 1: the most specific range that matches decides, and 0 rules it out.
func quality(r *http.Request, mediaType string) float64 {
	lines := r.Header.Values("Accept")
	if len(lines) == 0 || len(lines) == 1 && (lines[0] == "" || lines[0] == "*/*" || lines[0] == mediaType) {
		return 1
	}
	group, _, _ := strings.Cut(mediaType, "/")
	best, quality := 0, 0.0
	for part := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		mediaRange, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		specific := 0
		switch mediaRange {
		case mediaType:
			specific = 3
		case group + "/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific > best {
			best, quality = specific, 1
			if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
				quality = q
			}
		}
	}
	return quality
}

// mustAccept is the problem of a caller who does not want JSON. It says that
// the answer, whatever it will be, depends on Accept.
func mustAccept(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept") // beside what CORS has put there
	if quality(r, "application/json") > 0 {
		return nil
	}
	return notAcceptable.with("the answer is application/json, which Accept rules out")
}

// compressed sends a body as zstd or gzip where the caller takes one (RFC 9110
// §12.5.3), unless it is smaller than a packet or already compressed, and says
// that answers depend on Accept-Encoding. Entity tags are weak: they name the
// same answer in any coding. Within, a HEAD is a GET whose body net/http leaves
// out, or its headers would tell of another coding (§9.3.2).
func compressed(next http.Handler) http.Handler {
	coded := gzhttp.GzipHandler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		coded.ServeHTTP(w, r)
	})
}

// matches reports whether an If-None-Match has the entity tag, by the weak
// comparison (RFC 9110 §13.1.2). tag is quoted, and may be weak.
func matches(header []string, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	return anyTag(header, func(other string) bool { return other == opaque })
}

// anyTag reports whether a conditional header is "*", or lists an entity tag of
// which is is true: quoted, and without the mark of a weak one. What is no list
// of entity tags has none.
func anyTag(header []string, is func(opaque string) bool) bool {
	for _, line := range header {
		if strings.Trim(line, " \t") == "*" {
			return true
		}
		for rest := line; ; {
			rest = strings.TrimLeft(rest, " \t,")
			candidate := strings.TrimPrefix(rest, "W/")
			if candidate == "" || candidate[0] != '"' {
				break // the end, or not a list of entity tags
			}
			end := strings.IndexByte(candidate[1:], '"')
			if end < 0 {
				break
			}
			if is(candidate[:end+2]) {
				return true
			}
			rest = candidate[end+2:]
		}
	}
	return false
}
