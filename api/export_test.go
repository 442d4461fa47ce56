package api

import "slices"

// ProblemCodes are the codes of all types of problem, sorted.
func ProblemCodes() []string {
	var codes []string
	for _, k := range kinds {
		codes = append(codes, k.Code)
	}
	slices.Sort(codes)
	return codes
}
