package sample

import "encoding/json"

// town has texts and coordinates that belong together.
type town struct {
	name, country, code, street, zone string
	latitude, longitude               json.Number
}

var towns = []town{
	{"Lisbon", "PT", "1100-148", "Rua Augusta 12", "Europe/Lisbon", "38.72", "-9.14"},
	{"Berlin", "DE", "10115", "Gartenstraße 7", "Europe/Berlin", "52.52", "13.40"},
	{"Nairobi", "KE", "00100", "Moi Avenue 31", "Africa/Nairobi", "-1.29", "36.82"},
	{"Kyoto", "JP", "604-8005", "Sanjo-dori 45", "Asia/Tokyo", "35.01", "135.77"},
	{"Denver", "US", "80202", "16th Street 210", "America/Denver", "39.74", "-104.99"},
	{"Delhi", "IN", "110001", "Janpath 18", "Asia/Kolkata", "28.65", "77.23"},
}

func (m *maker) town(p place) town {
	return towns[m.random(p.above, "town", p.salt).IntN(len(towns))]
}

func (m *maker) ofPlace(p place, name string) string {
	t := m.town(p)
	switch name {
	case "city", "town", "place", "location", "locality":
		return t.name
	case "country", "countrycode":
		return t.country
	case "postalcode", "postcode", "zip", "zipcode":
		return t.code
	case "street", "address", "line", "addressline", "streetaddress":
		return t.street
	case "timezone", "tz":
		return t.zone
	}
	return ""
}

// coordinate is the latitude or longitude of the town that the other members name.
func (m *maker) coordinate(p place) json.Number {
	switch lastWord(p.name) {
	case "latitude", "lat":
		return m.town(p).latitude
	case "longitude", "lon", "lng":
		return m.town(p).longitude
	}
	return ""
}
