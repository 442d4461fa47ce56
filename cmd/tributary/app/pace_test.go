package app

import (
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
)

func TestPaceCollections(t *testing.T) {
	withCollector(t, 100, math.MaxInt64)
	// GOGC is set some time after a collection: so there is one after the other until it is
	// as wanted.
	becomes := func(want string, is func(percent uint64) bool) {
		t.Helper()
		gogc := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for metrics.Read(gogc); !is(gogc[0].Value.Uint64()); metrics.Read(gogc) {
			if t.Context().Err() != nil {
				t.Fatalf("GOGC = %d, want %s", gogc[0].Value.Uint64(), want)
			}
			runtime.GC()
		}
	}
	usual := func(percent uint64) bool { return percent == 100 }
	rare := func(percent uint64) bool { return percent > 100 }

	stop := PaceCollections(environment(nil).get)
	becomes("more while little lives", rare)
	if gogc, _ := collector(); gogc != "100" {
		t.Errorf("GOGC is said to be %s, want what is configured", gogc)
	}
	much := make([]byte, 2*greatestSpare)
	becomes("100 while more lives than may be spare", usual)
	runtime.KeepAlive(much)
	becomes("more again", rare)
	stop()
	becomes("100 at the end", usual)
}
