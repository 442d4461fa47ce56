package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// rate allows a number of calls in each window. The zero rate is no limit.
type rate struct {
	Calls  int
	Window time.Duration
}

// maxCalls is the greatest integer that a RateLimit header can hold (RFC 9651
// §3.3.1).
const maxCalls = 999_999_999_999_999

func parseRate(value string) (rate, error) {
	if value == "off" {
		return rate{}, nil
	}
	count, window, _ := strings.Cut(value, "/")
	calls, callsErr := strconv.Atoi(count)
	per, perErr := time.ParseDuration(window)
	if callsErr != nil || perErr != nil || calls < 1 || per <= 0 {
		return rate{}, fmt.Errorf("%q is not calls per window (use 60/1m, off)", value)
	}
	if calls > maxCalls {
		return rate{}, fmt.Errorf("%q allows more than %d calls (use off for no limit)", value, maxCalls)
	}
	return rate{calls, per}, nil
}

func (r rate) String() string {
	if r == (rate{}) {
		return "off"
	}
	return strconv.Itoa(r.Calls) + "/" + formatDuration(r.Window)
}

// rates are limits that all apply at the same time; an empty list is no limit.
type rates []rate

func parseRates(value string) (rates, error) {
	if value == "off" {
		return nil, nil
	}
	var all rates
	var errs []error
	for _, item := range items(value) {
		r, err := parseRate(item)
		if err == nil && r == (rate{}) {
			err = errors.New("off cannot stand beside a limit")
		}
		all, errs = append(all, r), append(errs, err)
	}
	if len(all) == 0 {
		errs = append(errs, fmt.Errorf("%q is not calls per window (use 60/1m, off)", value))
	}
	return all, errors.Join(errs...)
}

func (r rates) String() string {
	if len(r) == 0 {
		return "off"
	}
	var words []string
	for _, one := range r {
		words = append(words, one.String())
	}
	return strings.Join(words, ",")
}
