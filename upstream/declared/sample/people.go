package sample

import (
	"fmt"
	"strings"
)

// person has texts that belong together: those of one object agree.
type person struct{ first, last, email string }

var (
	firstNames = []string{"Maria", "Jonas", "Amara", "Kenji", "Leila", "Tomas", "Ines", "Noah", "Priya", "Elif"}
	lastNames  = []string{"Keller", "Okafor", "Tanaka", "Silva", "Novak", "Haddad", "Lindqvist", "Moreau", "Sharma", "Walsh"}
	domains    = []string{"example.com", "example.org", "example.net"}
)

func (m *maker) person(p place) person {
	random := m.random(p.above, "person", p.salt)
	first, last := firstNames[random.IntN(len(firstNames))], lastNames[random.IntN(len(lastNames))]
	return person{first, last, strings.ToLower(first + "." + last + "@" + domains[random.IntN(len(domains))])}
}

// ofPeople are members that show that an object is about a person.
var ofPeople = map[string]bool{
	"email": true, "phone": true, "username": true, "first": true, "last": true, "firstname": true, "lastname": true,
	"login": true, "birthday": true,
}

// people are names of members and lists whose objects are persons.
var people = map[string]bool{
	"customer": true, "user": true, "person": true, "author": true, "owner": true, "contact": true, "recipient": true,
	"sender": true, "employee": true, "member": true, "patient": true, "driver": true, "friend": true, "assignee": true,
}

func (m *maker) ofPerson(p place, name string) string {
	who := m.person(p)
	switch name {
	case "first", "firstname", "givenname":
		return who.first
	case "last", "lastname", "surname", "familyname":
		return who.last
	case "email", "mail":
		return who.email
	case "fullname", "displayname", "author", "owner", "recipient", "customername", "contact":
		return who.first + " " + who.last
	case "name":
		if p.human {
			return who.first + " " + who.last
		}
	case "username", "login", "user", "nickname":
		return strings.ToLower(who.first) + fmt.Sprint(len(who.last))
	case "phone", "telephone", "mobile", "phonenumber":
		return fmt.Sprintf("+1 202 555 01%02d", m.random(p.above, "phone", p.salt).IntN(100)) // numbers kept free for fiction
	}
	return ""
}
