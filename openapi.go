// Package tributary holds what the gateway serves as it is.
package tributary

import "embed"

// OpenAPI is the contract, which the gateway serves.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Files has the contract as a file, for those who read schemas in it.
//
//go:embed openapi.yaml
var Files embed.FS
