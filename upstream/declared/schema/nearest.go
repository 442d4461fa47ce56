package schema

import (
	"iter"
	"strings"
)

// Nearest is the known name that is most like an unknown one, "" if none is close: a
// third of the letters may differ, and at most two.
func Nearest(name string, known iter.Seq[string]) string {
	best, least := "", min(3, max(1, (len(name)+1)/3)+1)
	name = strings.ToLower(name)
	for k := range known {
		d := distance(name, strings.ToLower(k), least)
		if d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// didYouMean suggests the nearest name, if there is one.
func didYouMean(name string, known iter.Seq[string]) string {
	best := Nearest(name, known)
	if best == "" {
		return ""
	}
	return ": did you mean " + quoted(best) + "?"
}

// distance is how many letters must be added, left out, replaced, or swapped with
// their neighbour to make b of a. If these are more than most, it is most + 1.
func distance(a, b string, most int) int {
	if len(a) > 40 || max(len(a)-len(b), len(b)-len(a)) > most {
		return most + 1
	}
	var rows [3][]int
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	least := 0 // of the last row
	for i := range len(a) {
		row[0] = i + 1
		leastBefore := least
		least = row[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if min(leastBefore, least) > most {
			return most + 1 // each row is made of the two before it, and no less
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], most+1)
}
