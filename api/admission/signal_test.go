package admission

import (
	"math"
	"runtime/metrics"
	"slices"
	"testing"
	"time"
)

func TestMean(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0.001, 0.010, 0.100, math.Inf(1)}
	for name, tt := range map[string]struct {
		before, now []uint64
		want        time.Duration
	}{
		"is of what is new":               {[]uint64{0, 50, 0, 7}, []uint64{0, 54, 4, 7}, 5500 * time.Microsecond},
		"counts no wait as none":          {[]uint64{0, 0, 0, 0}, []uint64{5, 0, 5, 0}, 5 * time.Millisecond},
		"counts the longest as their low": {[]uint64{0, 0, 0, 0}, []uint64{0, 0, 0, 9}, 100 * time.Millisecond},
		"is unknown for a few":            {[]uint64{0, 0, 0, 0}, []uint64{0, 0, 0, 4}, unknown},
		"is unknown for none":             {[]uint64{9, 9, 9, 9}, []uint64{9, 9, 9, 9}, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tt.before)
			got := mean(&metrics.Float64Histogram{Counts: tt.now, Buckets: buckets}, before)
			if got != tt.want && got.Round(time.Microsecond) != tt.want {
				t.Errorf("mean = %v, want %v", got, tt.want)
			}
			want := tt.now
			if tt.want == unknown {
				want = tt.before // they count next time
			}
			if !slices.Equal(before, want) {
				t.Errorf("counts = %v afterwards, want %v", before, want)
			}
		})
	}
}

func TestSchedulerWaitIsInThisRuntime(t *testing.T) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		t.Errorf("the runtime's metric is a %v, want a histogram", sample[0].Value.Kind())
	}
}
