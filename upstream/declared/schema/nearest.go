package schema

import "iter"

// mostDiffering is how many letters of a similar name may differ.
const mostDiffering = 2

// longestCompared bounds the names that are compared, in bytes.
const longestCompared = 40

// Nearest is the known name that is most like an unknown one, "" if none is close: a
// third of the letters may differ, and at most two. Capital letters of ASCII are like
// small ones.
func Nearest(name string, known iter.Seq[string]) string {
	best, most := "", min(mostDiffering, max(1, (len(name)+1)/3))
	for k := range known {
		d, within := distance(name, k, most)
		if within && (d < most || best == "" || k < best) {
			best, most = k, d
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
// their neighbour to make b of a; within is false if these are more than most. Every start
// compares the whole environment with all variables, so it gives up early, and allocates
// nothing.
func distance(a, b string, most int) (d int, within bool) {
	if len(a) > longestCompared || max(len(a)-len(b), len(b)-len(a)) > most {
		return 0, false
	}
	var rows [3][longestCompared + mostDiffering + 1]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := 1
			if lower(a[i]) == lower(b[j]) {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && lower(a[i]) == lower(b[j-1]) && lower(a[i-1]) == lower(b[j]) {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > most { // later rows have no smaller numbers
			return 0, false
		}
		before, last, row = last, row, before
	}
	return last[len(b)], last[len(b)] <= most
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
