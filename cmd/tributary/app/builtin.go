package app

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"tributary"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// builtInSources are the sources that parts of declared endpoints may name without
// declaring them. Their types are those of the contract.
var builtInSources = sync.OnceValue(func() map[string]*declared.BuiltIn {
	loader := schema.NewLoader(nil)
	loader.Add("openapi.yaml", contractSchemas())
	builtIn := func(component string, parameters ...declared.BuiltInParameter) *declared.BuiltIn {
		s, mistakes := loader.Load("openapi.yaml#/components/schemas/" + component)
		if s == nil {
			panic(mistakes) // a test loads them all
		}
		return &declared.BuiltIn{Parameters: parameters, Type: s.Type, Schema: s}
	}
	lat, lon := declared.BuiltInParameter{Name: "lat", Kind: shape.Number}, declared.BuiltInParameter{Name: "lon", Kind: shape.Number}
	return map[string]*declared.BuiltIn{
		"weather":     builtIn("Weather", lat, lon),
		"air_quality": builtIn("AirQuality", lat, lon),
		"user":        builtIn("User", declared.BuiltInParameter{Name: "id", Kind: shape.Integer}),
		"github":      builtIn("GitHub", declared.BuiltInParameter{Name: "login", Kind: shape.Text}),
	}
})

// contractSchemas is the contract with little more than its schemas, which refer to no
// other part of it. A start with declared endpoints waits until it is parsed, and the whole
// contract is four times as long.
func contractSchemas() []byte {
	_, schemas, _ := bytes.Cut(tributary.OpenAPI, []byte("\n  schemas:\n"))
	schemas, _, _ = bytes.Cut(schemas, []byte("\n  examples:\n"))
	return slices.Concat([]byte("openapi: 3.1.0\ncomponents:\n  schemas:\n"), schemas)
}

// askBuiltIn is how built-in sources are asked. users may be nil.
func askBuiltIn(atPlace map[string]weather.Ask, people *users.Service) map[string]declared.AskBuiltIn {
	asks := make(map[string]declared.AskBuiltIn)
	for name, ask := range atPlace {
		asks[name] = func(ctx context.Context, values []string, d upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
			lat, latErr := strconv.ParseFloat(values[0], 64)
			lon, lonErr := strconv.ParseFloat(values[1], 64)
			// Written so that NaN is refused too.
			if latErr != nil || lonErr != nil || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) {
				return refused(name, "lat and lon must be coordinates in degrees")
			}
			data, sources, err := ask(ctx, weather.Query{At: weather.NewPlace(lat, lon), Directives: d})
			return data, aggregate.Composite(name, sources, err)
		}
	}
	if people == nil {
		return asks
	}
	asks["user"] = func(ctx context.Context, values []string, d upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
		id, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil || id < 1 {
			return refused("user", "id must be a positive integer")
		}
		profile, sources, err := people.User(ctx, id, users.Include{}, d)
		outcome := aggregate.Composite("user", sources, err)
		outcome.Sources = nil // there is only one
		if err != nil {
			return aggregate.Encoded{}, outcome
		}
		return encode(profile), outcome
	}
	asks["github"] = func(ctx context.Context, values []string, d upstream.Directives) (aggregate.Encoded, aggregate.Outcome) {
		account, outcome := people.Account(ctx, values[0], d)
		if account == nil {
			return aggregate.Encoded{}, outcome
		}
		return encode(account), outcome
	}
	return asks
}

// refused is the outcome of a question that cannot be asked.
func refused(name, detail string) (aggregate.Encoded, aggregate.Outcome) {
	return aggregate.Encoded{}, aggregate.Outcome{Name: name, Provenance: upstream.Provenance{
		State: upstream.Failed, Err: upstream.Errorf(upstream.CodeBadRequest, "%s", detail),
	}}
}

func encode(v any) aggregate.Encoded {
	body, err := json.Marshal(v)
	if err != nil {
		return aggregate.Encoded{} // cannot happen: these types have a JSON form
	}
	return aggregate.Encoded{JSON: body, Tag: aggregate.Tag(body)}
}
