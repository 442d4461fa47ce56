package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// quality is the weight, 0 to 1, that Accept gives a media type (RFC 9110
// §12.5.1). The most specific matching range decides; 0 excludes the type.
func quality(r *http.Request, mediaType string) float64 {
	lines := r.Header.Values("Accept")
	if len(lines) == 0 || len(lines) == 1 && (lines[0] == "" || lines[0] == "*/*" || lines[0] == mediaType) {
		return 1
	}
	group, _, _ := strings.Cut(mediaType, "/")
	best, quality := 0, 0.0
	ranges := listed(strings.Join(lines, ","))
	if len(ranges) == 0 {
		return 1 // as without the header
	}
	for _, part := range ranges {
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

// listed returns the elements of a list that are not empty (RFC 9110 §5.6.1). A comma in
// a quoted string separates nothing.
func listed(header string) (elements []string) {
	quoted, begin := false, 0
	for i := 0; i <= len(header); i++ {
		switch {
		case i == len(header) || header[i] == ',' && !quoted:
			if element := strings.Trim(header[begin:i], " \t"); element != "" {
				elements = append(elements, element)
			}
			begin = i + 1
		case header[i] == '"':
			quoted = !quoted
		case quoted && header[i] == '\\':
			i++ // the next character is escaped
		}
	}
	return elements
}

// mustAccept returns a 406 if the caller does not accept JSON. It adds Accept to
// Vary, because every answer of the handler depends on it.
func mustAccept(w http.ResponseWriter, r *http.Request) error {
	return mustAcceptType(w, r, "application/json")
}

func mustAcceptType(w http.ResponseWriter, r *http.Request, mediaType string) error {
	addVary(w.Header(), "Accept") // added, not set: CORS has put Origin there
	if quality(r, mediaType) > 0 {
		return nil
	}
	return notAcceptable.with("the answer is " + mediaType + ", which Accept rules out")
}

// addVary adds to Vary, with room for what is added later.
func addVary(h http.Header, name string) {
	if h["Vary"] == nil {
		h["Vary"] = make([]string, 0, 3)
	}
	h["Vary"] = append(h["Vary"], name)
}

// compressed sends bodies as zstd or gzip to callers that accept one (RFC 9110
// §12.5.3), except bodies smaller than a packet or already compressed, and adds
// Accept-Encoding to Vary. Entity tags are weak, so one tag is valid for every
// coding. A HEAD request runs as GET inside, and net/http drops the body: otherwise
// its headers would announce another coding than GET's (§9.3.2).
//
// Where no coding is accepted, only Vary is set, without the library's writer.
func compressed(next http.Handler) http.Handler {
	coded := gzhttp.GzipHandler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			factsOf(r.Context()).head = true
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		if len(r.Header["Accept-Encoding"]) == 0 {
			addVary(w.Header(), "Accept-Encoding")
			next.ServeHTTP(w, r)
			return
		}
		coded.ServeHTTP(w, r)
	})
}

// matches reports whether If-None-Match lists the entity tag, by weak comparison
// (RFC 9110 §13.1.2). tag is quoted and may be weak.
func matches(header []string, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	return anyTag(header, func(other string) bool { return other == opaque })
}

// anyTag reports whether a conditional header is "*" or lists an entity tag for
// which is returns true. is gets the quoted tag without W/. A header that is not a
// list of entity tags lists none.
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
