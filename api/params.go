package api

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// params reads a query string and collects every mistake in it. Unknown parameters
// are ignored.
type params struct {
	plain     string     // the query, if it can be read as it is; then there are no values
	values    url.Values // of any other query
	malformed bool       // the whole query: a parameter that seems absent may only be unreadable
	errors    []fieldError
}

func parseParams(r *http.Request) *params {
	p := new(params)
	p.parse(r)
	return p
}

func (p *params) parse(r *http.Request) {
	if plainQuery(r.URL.RawQuery) {
		p.plain = r.URL.RawQuery
		return
	}
	var err error
	if p.values, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		p.malformed = true
		p.mistake("", "the query string is malformed: %s", "a character that is not plain is written as % and two hex digits, and parameters are joined by &")
	}
}

// err returns one problem with all mistakes, or nil.
func (p *params) err() error {
	if len(p.errors) == 0 {
		return nil
	}
	problem := invalidParameters.with("the parameters break a rule; see errors")
	problem.Errors = p.errors
	if p.malformed {
		problem.Errors = p.errors[:1]
	}
	return problem
}

func (p *params) mistake(name, format string, args ...any) {
	p.errors = append(p.errors, fieldError{Parameter: name, Detail: fmt.Sprintf(format, args...)})
}

// get returns the only value of a parameter. ok is false if it is absent, or given
// more than once, which is recorded as a mistake.
func (p *params) get(name string) (value string, ok bool) {
	if p.values == nil {
		return plainValue(p.plain, name)
	}
	values := p.values[name]
	if len(values) > 1 {
		p.mistake(name, "is given %d times; once is enough", len(values))
	}
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// all returns all values of a parameter.
func (p *params) all(name string) []string {
	if value, ok := plainValue(p.plain, name); ok {
		return []string{value}
	}
	return p.values[name]
}

// has reports whether a parameter is given at all.
func (p *params) has(name string) bool {
	_, plain := plainValue(p.plain, name)
	return plain || len(p.values[name]) > 0
}

// maxText is the greatest length of a text parameter, in characters.
const maxText = 100

// text returns a parameter of 1 to 100 characters, or "" if absent or wrong.
func (p *params) text(name string) string {
	v, ok := p.get(name)
	switch {
	case !ok:
	case !utf8.ValidString(v):
		p.mistake(name, "is not valid UTF-8")
	case strings.ContainsFunc(v, unicode.IsControl):
		p.mistake(name, "has control characters")
	case strings.TrimSpace(v) == "":
		p.mistake(name, "is empty; 1 to %d characters are wanted", maxText)
	case utf8.RuneCountInString(v) > maxText:
		p.mistake(name, "has more than %d characters", maxText)
	default:
		return v
	}
	return ""
}

// plainDecimal reports whether v is a number without exponent, hex digits, NaN or plus
// sign, with up to 20 digits before and after the point.
func plainDecimal(v string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(v, "-"), ".")
	return digits(whole) && (!point || digits(fraction))
}

func digits(v string) bool {
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	return 1 <= len(v) && len(v) <= 20
}

// decimal returns a number from -limit to limit.
func (p *params) decimal(name string, limit float64) float64 {
	v, ok := p.get(name)
	if !ok {
		return 0
	}
	return p.degrees(name, "", v, limit)
}

// degrees parses a number from -limit to limit. what says in a mistake which number of
// the parameter it is.
func (p *params) degrees(name, what, v string, limit float64) float64 {
	if !plainDecimal(v) {
		p.mistake(name, "%sis not a plain decimal number, such as -12.5", what)
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < -limit || f > limit {
		p.mistake(name, "%sis not between -%g and %g", what, limit, limit)
		return 0
	}
	return f
}

// integer returns a whole number from low to high, or fallback if absent.
func (p *params) integer(name string, low, high, fallback int) int {
	v, ok := p.get(name)
	if !ok {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || strings.HasPrefix(v, "+") || n < low || n > high {
		p.mistake(name, "is not a whole number from %d to %d", low, high)
		return fallback
	}
	return n
}

// countries are the ISO 3166-1 alpha-2 codes as of 2024, and XK, which is widely
// used for Kosovo. x/text's language package does not help: it also accepts the UN,
// the euro zone and former countries.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

var twoLetters = regexp.MustCompile(`^[A-Za-z]{2}$`)

// country returns a country code in upper case, or "" if absent. Case is ignored.
func (p *params) country(name string) string {
	v, ok := p.get(name)
	if !ok {
		return ""
	}
	code := strings.ToUpper(v)
	if !twoLetters.MatchString(v) || !strings.Contains(countries, code) {
		p.mistake(name, "is not an ISO 3166-1 alpha-2 code, such as IN")
		return ""
	}
	return code
}

// oneOf returns one of words, the first if absent.
func (p *params) oneOf(name string, words ...string) string {
	v, ok := p.get(name)
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, v) {
		p.mistake(name, "is none of: %s", strings.Join(words, ", "))
		return words[0]
	}
	return v
}
