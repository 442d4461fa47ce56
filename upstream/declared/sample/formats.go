package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// epoch is when made-up times begin. A clock would make answers differ from one day
// to the next.
var epoch = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

func moment(random *rand.Rand) time.Time {
	return epoch.Add(time.Duration(random.IntN(200*24*60)) * time.Minute)
}

// formatted is a text of a format; of one that is not known, what goes with the name.
func (m *maker) formatted(format string, p place, random *rand.Rand) string {
	switch format {
	case "date-time":
		return moment(random).Format(time.RFC3339)
	case "date":
		return moment(random).Format(time.DateOnly)
	case "time":
		return moment(random).Format("15:04:05Z")
	case "email", "idn-email":
		return m.person(p).email
	case "hostname", "idn-hostname":
		return word(random) + ".example.org"
	case "uri", "iri", "uri-reference", "iri-reference":
		return "https://example.org/" + word(random)
	case "uuid":
		return uuid(random)
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", 1+random.IntN(254))
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x", 1+random.IntN(0xffff))
	}
	if v := fixed[format]; v != nil {
		return v[random.IntN(len(v))]
	}
	if nice := m.nice(p, random); nice != "" {
		return nice
	}
	return word(random)
}

var fixed = map[string][]string{
	"duration":              {"P1D", "PT15M", "P2W"},
	"period":                {"2026-03-01T00:00:00Z/P1D"},
	"semver":                {"1.4.2", "2.0.1", "0.9.0"},
	"uri-template":          {"https://example.org/{id}"},
	"json-pointer":          {"/items/0", "/name"},
	"relative-json-pointer": {"1/name", "0/id"},
	"regex":                 {"^[a-z]+$", "[0-9]{4}"},
	"byte":                  {"c2FtcGxl", "ZXhhbXBsZQ=="},
}

// uuid is one of version 4 (RFC 9562).
func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}
