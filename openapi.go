// Package tributary holds what the gateway serves as it is.
package tributary

import _ "embed"

// OpenAPI is the contract, which the gateway serves.
//
//go:embed openapi.yaml
var OpenAPI []byte
