package api_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	theContract() // built before any test moves time
	goleak.VerifyTestMain(m)
}
