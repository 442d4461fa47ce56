package weather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// OpenMeteoMany completes a source of Open-Meteo, which has no Request yet, with how it is
// asked about one place, and about many in one call. query is the rest of the request's
// query, after the coordinates. A call counts in Open-Meteo's quota what a call for each
// place would: it saves connections only.
func OpenMeteoMany[R any](spec upstream.Spec[Place, *R], query func([]Place) string) upstream.BatchSpec[Place, *R] {
	request := func(ctx context.Context, places ...Place) (*http.Request, error) {
		latitudes, longitudes := make([]string, len(places)), make([]string, len(places))
		for i, p := range places {
			latitudes[i], longitudes[i] = degrees(p.Latitude), degrees(p.Longitude)
		}
		return aggregate.Get(ctx, spec.Route+"?latitude="+strings.Join(latitudes, ",")+"&longitude="+strings.Join(longitudes, ",")+query(places))
	}
	spec.Request = func(ctx context.Context, p Place) (*http.Request, error) { return request(ctx, p) }
	return upstream.BatchSpec[Place, *R]{
		Spec:       spec,
		Most:       100, // Open-Meteo takes 1000, but a failure is that of all
		RequestAll: func(ctx context.Context, places []Place) (*http.Request, error) { return request(ctx, places...) },
		DecodeAll: func(places []Place, r upstream.Response) (map[string]upstream.Item[*R], error) {
			return decodeOpenMeteoList(places, r, spec.Decode)
		},
		// A place that it cannot answer for is a 400 for the whole call.
		Spoils:   func(e *upstream.Error) bool { return e.Status == http.StatusBadRequest },
		WeightOf: func(n int) float64 { return float64(n) * max(1, spec.Weight) },
	}
}

// decodeOpenMeteoList reads an answer about many places: a list in their order. Each
// item is read by itself, as one may be no JSON: a coordinate can be a bare nan, and an
// error while the body is written ends it with a text.
func decodeOpenMeteoList[R any](places []Place, r upstream.Response, decode func(upstream.Response) (*R, error)) (map[string]upstream.Item[*R], error) {
	list, whole, err := splitList(r.Body)
	if err != nil {
		return nil, err
	}
	if len(list) > len(places) || whole && len(list) < len(places) || !whole && len(list) == len(places) {
		return nil, fmt.Errorf("body: %d items for %d places", len(list), len(places))
	}
	items := make(map[string]upstream.Item[*R], len(places))
	for i, p := range places {
		var item upstream.Item[*R]
		switch {
		case i < len(list):
			if !hasLocation(list[i], i) {
				return nil, errors.New("location_id: the items are in another order")
			}
			one := r
			one.Body = list[i]
			item.Value, item.Err = decode(one)
			item.Size = len(list[i])
		case i == len(list):
			item = upstream.Item[*R]{Err: errors.New("body: breaks off here"), Again: true}
		default:
			item.Again = true
		}
		items[p.Key()] = item
	}
	return items, nil
}

// hasLocation reports whether an item says that it is the one with this number, or says
// nothing about it. The first says nothing.
func hasLocation(item []byte, number int) bool {
	var a struct {
		LocationID aggregate.Number `json:"location_id"`
	}
	if upstream.DecodeJSON(item, '{', &a) != nil || !a.LocationID.Known {
		return true // what else is wrong with it is found later
	}
	return a.LocationID.Value == float64(number)
}

// splitList returns the objects of a JSON list as they stand there. whole is false if the
// list breaks off, after those that are returned. It looks at nothing but braces and
// text, so that an object that is no JSON does not spoil the others.
func splitList(body []byte) (objects [][]byte, whole bool, err error) {
	rest, isList := bytes.CutPrefix(bytes.TrimLeft(body, space), []byte("["))
	if !isList {
		return nil, false, errors.New("body: not a JSON array")
	}
	for {
		rest = bytes.TrimLeft(rest, space)
		if len(objects) == 0 && len(rest) > 0 && rest[0] == ']' {
			return nil, true, nil
		}
		n := lengthOfObject(rest)
		if n == 0 {
			return objects, false, nil
		}
		objects = append(objects, rest[:n])
		rest = bytes.TrimLeft(rest[n:], space)
		if end, isEnd := bytes.CutPrefix(rest, []byte("]")); isEnd {
			if len(bytes.TrimLeft(end, space)) > 0 {
				return nil, false, errors.New("body: more than a JSON array")
			}
			return objects, true, nil
		}
		var more bool
		if rest, more = bytes.CutPrefix(rest, []byte(",")); !more {
			return objects, false, nil
		}
	}
}

const space = " \t\r\n"

// lengthOfObject is the number of bytes of the object that b begins with, 0 if it does
// not, or the object does not end.
func lengthOfObject(b []byte) int {
	if len(b) == 0 || b[0] != '{' {
		return 0
	}
	depth, inText := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
