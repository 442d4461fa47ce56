package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"
)

// nice is a text that goes with the name of a member, so that a made-up answer reads
// well; empty if the name says nothing.
func (m *maker) nice(p place, random *rand.Rand) string {
	for _, name := range []string{plainName(p.name), lastWord(p.name)} {
		if v := m.ofPerson(p, name); v != "" {
			return v
		}
		if v := m.ofPlace(p, name); v != "" {
			return v
		}
		if list := texts[name]; list != nil {
			return list[random.IntN(len(list))]
		}
		if v := code(name, random); v != "" {
			return v
		}
	}
	return ""
}

// code makes identifiers and times.
func code(name string, random *rand.Rand) string {
	switch name {
	case "id", "number", "no", "key", "ref", "reference":
		return fmt.Sprint(1000 + random.IntN(9000))
	case "sku":
		return fmt.Sprintf("%c%c-%03d", 'A'+random.IntN(26), 'A'+random.IntN(26), random.IntN(1000))
	case "code":
		return fmt.Sprintf("%c%d", 'A'+random.IntN(26), 10+random.IntN(90))
	case "tracking", "trackingnumber", "trackingcode":
		return fmt.Sprintf("TRK%09d", random.IntN(1e9))
	case "uuid":
		return uuid(random)
	case "at", "time", "timestamp", "created", "updated", "modified", "eta":
		return moment(random).Format(time.RFC3339)
	case "date", "day", "birthday":
		return moment(random).Format(time.DateOnly)
	case "url", "uri", "link", "href", "website", "homepage":
		return "https://example.org/" + word(random)
	case "image", "avatar", "photo", "picture", "thumbnail", "icon":
		return "https://example.org/" + word(random) + ".png"
	}
	return ""
}

// plainName is a name in lower case, letters only.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// lastWord is the last word of a name: city of ship_to_city and of shipToCity. A plural
// is given as the singular.
func lastWord(name string) string {
	from := strings.LastIndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
	last := name[from+1:]
	if i := strings.LastIndexFunc(last, unicode.IsUpper); i > 0 && strings.ToUpper(last) != last {
		last = last[i:]
	}
	last = plainName(last)
	if len(last) > 3 && !strings.HasSuffix(last, "ss") && !strings.HasSuffix(last, "us") {
		last = strings.TrimSuffix(last, "s")
	}
	return last
}

// texts are for names whose values do not depend on other members.
var texts = map[string][]string{
	"title":       things,
	"product":     things,
	"item":        things,
	"description": sentences, "note": sentences, "comment": sentences, "text": sentences, "body": sentences,
	"message": sentences, "summary": sentences, "bio": sentences, "remark": sentences, "content": sentences, "detail": sentences,
	"currency": {"EUR", "USD", "GBP", "JPY"},
	"language": {"en", "de", "fr", "es"}, "lang": {"en", "de", "fr", "es"}, "locale": {"en-GB", "de-DE", "fr-FR"},
	"status": {"open", "done", "waiting"}, "state": {"open", "done", "waiting"},
	"type": {"standard", "basic", "large"}, "kind": {"standard", "basic", "large"}, "category": {"home", "garden", "office"},
	"carrier": {"Northline", "Bluebird Post", "Harbour Freight"}, "provider": {"Northline", "Bluebird Post", "Harbour Freight"},
	"company": companies, "organization": companies, "organisation": companies, "brand": companies, "vendor": companies, "supplier": companies,
	"unit": {"pcs", "kg", "m"}, "color": {"blue", "green", "grey"}, "colour": {"blue", "green", "grey"},
	"size": {"S", "M", "L"}, "tag": {"new", "sale", "popular", "local"}, "label": {"new", "sale", "popular", "local"},
	"role": {"editor", "owner", "guest"}, "department": {"sales", "support", "finance"},
	"name": things,
}

var (
	things    = []string{"Walnut desk", "Linen shirt", "Copper kettle", "Reading lamp", "Garden chair", "Paper notebook", "Wool blanket", "Bread knife"}
	companies = []string{"Harbour & Sons", "Green Field Ltd", "Nordic Supplies", "Oak Street Trading"}
	sentences = []string{"Leave it with the neighbours.", "Ready to be sent.", "Checked twice, all in order.", "Please call before delivery.", "Works as described."}
)
