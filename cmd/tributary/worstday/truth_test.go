package worstday

import (
	"math"
	"strings"
	"testing"
	"time"
)

// What nobody knows is not found wrong, so the providers must know it.
func TestTruthIsKnown(t *testing.T) {
	for question := range questions {
		source, what, _ := strings.Cut(question, " ")
		here := truth.value(source, what, 28.65, 77.23, time.Date(2000, 1, 3, 1, 0, 0, 0, time.UTC))
		there := truth.value(source, what, 59.91, 10.75, time.Date(2000, 1, 3, 1, 0, 0, 0, time.UTC))
		if math.IsNaN(here) || here == there {
			t.Errorf("%s of %s in Delhi = %v, in Oslo = %v, want two values", what, source, here, there)
		}
	}
}
