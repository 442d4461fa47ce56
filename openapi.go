// Package tributary holds what the gateway serves as it is.
package tributary

import _ "embed"

// OpenAPI is the contract, for whoever asks the gateway for it.
//
//go:embed openapi.yaml
var OpenAPI []byte
