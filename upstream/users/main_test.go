package users_test

import (
	"testing"

	"go.uber.org/goleak"

	"tributary/telemetry/telemetrytest"
)

// watch hears what the upstreams of these tests log.
var watch telemetrytest.Watch

func TestMain(m *testing.M) { goleak.VerifyTestMain(watch.Over(m, telemetrytest.Log)) }
