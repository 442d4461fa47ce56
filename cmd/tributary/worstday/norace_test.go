//go:build !race

package worstday_test

const underRace = false
