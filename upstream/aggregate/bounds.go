package aggregate

// DropOutside makes a number unknown unless it is between least and most. A number that
// is greater than most, but by no more than excess, becomes most.
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
