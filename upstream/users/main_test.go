package users_test

import (
	"testing"

	"go.uber.org/goleak"

	"tributary/telemetry/telemetrytest"
)

// watch checks the logs of the upstreams in these tests.
var watch telemetrytest.Watch

func TestMain(m *testing.M) { goleak.VerifyTestMain(watch.Wrap(m, telemetrytest.Log)) }
