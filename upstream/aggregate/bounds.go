package aggregate

// DropOutside makes a number unknown that is not between least and most. One that
// is no more than excess above most is taken for most.
func DropOutside(number **float64, least, most, excess float64) {
	v := *number
	switch {
	case v == nil:
	case !(*v >= least && *v <= most+excess): // NaN is outside too
		*number = nil
	case *v > most:
		*number = new(most)
	}
}
