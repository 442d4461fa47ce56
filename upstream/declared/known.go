package declared

import (
	"context"
	"io/fs"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/schema"
	"tributary/upstream/declared/shape"
)

// Known is what the gateway has beside the file.
type Known struct {
	Files     fs.FS               // the folder of the file, where schemas are read
	Upstreams []string            // built-in upstreams, which sources may name
	Sources   map[string]*BuiltIn // built-in sources, which parts may name
	Paths     []string            // of the built-in endpoints that are served, as "/v1/users/{id}"
	Tokens    bool                // callers' tokens are checked (JWT_JWKS_URL)
}

// BuiltIn is a source that is programmed and not declared.
type BuiltIn struct {
	Parameters []BuiltInParameter
	Type       *shape.Type    // of its data
	Schema     *schema.Schema // of its data, for examples; nil: there are none
}

// BuiltInParameter is a parameter of a built-in source.
type BuiltInParameter struct {
	Name string
	Kind shape.Kind
}

// AskBuiltIn asks a built-in source. values are those of its parameters, in their
// order. It returns the data, none if there is none, and what became of the question,
// by the end of ctx.
type AskBuiltIn func(ctx context.Context, values []string, d upstream.Directives) (aggregate.Encoded, aggregate.Outcome)
