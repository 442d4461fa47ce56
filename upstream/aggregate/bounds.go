package aggregate

// DropOutside makes a number unknown unless it is between least and most. A number above
// most by excess or less becomes most.
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
