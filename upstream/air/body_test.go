package air

import (
	"testing"

	"tributary/upstream/upstreamtest"
)

// The buffer of a body is used again for the next answer.
func TestDecodersKeepNoPartOfTheBody(t *testing.T) {
	upstreamtest.KeepsNoBody(t, OpenMeteo().Decode, respond(`{"current_units":{"pm2_5":"μg/m³"},"current":{"time":1795500000,"pm2_5":7}}`, now))
	upstreamtest.KeepsNoBody(t, OpenWeather().Decode, respond(`{"list":[{"dt":1795500000,"components":{"pm2_5":7,"o3":50}}]}`, now))
}
