package weather

import "tributary/upstream/aggregate"

// The members of the providers' answers, whose wire structs have many of them.
type (
	number        = aggregate.Number
	text          = aggregate.Text
	object[T any] = aggregate.Object[T]
	units         = aggregate.Units
	scale         = aggregate.Scale
)

var same = aggregate.Same

// Units that can be converted, by the names that providers use.
var (
	toCelsius = map[text]scale{"°C": same, "celsius": same, "°F": {Shift: -32, Factor: 5.0 / 9}, "K": {Shift: -273.15, Factor: 1}}
	toMPS     = map[text]scale{"m/s": same, "km/h": {Factor: 1 / 3.6}, "mp/h": {Factor: 0.44704}, "mph": {Factor: 0.44704}, "kn": {Factor: 1852.0 / 3600}}
	toHPa     = map[text]scale{"hPa": same, "Pa": {Factor: 0.01}}
	toMM      = map[text]scale{"mm": same, "inch": {Factor: 25.4}}
	toMetres  = map[text]scale{"m": same, "ft": {Factor: 0.3048}}
	toSeconds = map[text]scale{"seconds": same}
	toPercent = map[text]scale{"%": same}
	toDegrees = map[text]scale{"°": same, "degrees": same}
)
