//go:build race

package worstday_test

// underRace: the race detector makes a day several times longer.
const underRace = true
