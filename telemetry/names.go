package telemetry

import "go.opentelemetry.io/otel/attribute"

// SourceName is the attribute of spans and metrics that names a source.
const SourceName = attribute.Key("tributary.source.name")
