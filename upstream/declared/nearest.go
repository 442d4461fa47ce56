package declared

// didYouMean is " (did you mean NAME?)" with the known name that differs from given
// in the fewest characters, or "" if none is near: a third of the characters at most may
// differ.
func didYouMean(given string, known []string) string {
	best, distance := "", max(1, (len(given)+1)/3)+1
	for _, k := range known {
		if d := editDistance(given, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// editDistance is the number of characters to insert, delete or replace that make b
// of a (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
