package declared

import (
	"slices"

	"tributary/upstream/declared/schema"
)

// didYouMean suggests the known name that is most like one that is not known: it is
// " (did you mean NAME?)", or "" if none is close.
func didYouMean(given string, known []string) string {
	best := schema.Nearest(given, slices.Values(known))
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}
