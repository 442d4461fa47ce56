package app

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// address is host:port to listen on; an empty host means every interface, port
// 0 any free one.
type address string

func parseAddress(value string) (address, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil || strings.ContainsFunc(host, notInHost) || !isPort(port) {
		return "", fmt.Errorf("%q is not host:port (use :8080, 127.0.0.1:8080)", value)
	}
	return address(value), nil
}

func notInHost(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-._:%", c)
}

// isPort accepts only decimal digits; the resolver would also accept "http" and "+80".
func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// port returns the number after the colon.
func (a address) port() int {
	_, port, _ := net.SplitHostPort(string(a))
	n, _ := strconv.Atoi(port)
	return n
}

// optionalAddress is an address, or "" for none.
type optionalAddress string

func parseOptionalAddress(value string) (optionalAddress, error) {
	if value == "off" {
		return "", nil
	}
	a, err := parseAddress(value)
	if err != nil {
		return "", fmt.Errorf("%q is neither host:port nor off", value)
	}
	return optionalAddress(a), nil
}

func (a optionalAddress) String() string {
	if a == "" {
		return "off"
	}
	return string(a)
}

// hostNames are names of hosts, in lower case and without ports.
type hostNames []string

var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

func parseHostNames(value string) (hostNames, error) {
	var names hostNames
	var errs []error
	for _, item := range items(value) {
		name := strings.ToLower(item)
		if !hostName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%q is not a host name (use console.example.com, without a port)", item))
			continue
		}
		names = append(names, name)
	}
	return names, errors.Join(errs...)
}

func (h hostNames) String() string { return joinWords(h, ",") }

// parseURL parses an http or https URL without user and password. Its errors quote
// nothing, because a refused URL may hold a password.
func parseURL(value string) (url.URL, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Port() != "" && !isPort(u.Port()):
		return url.URL{}, errors.New("is not an absolute http or https URL (use https://host/prefix)")
	case u.User != nil:
		return url.URL{}, errors.New("must not hold a user or a password")
	case strings.Contains(value, "#"):
		return url.URL{}, errors.New("must not hold a fragment")
	}
	return *u, nil
}

// parseURLPointer is parseURL for a field that is nil where there is no URL.
func parseURLPointer(value string) (*url.URL, error) {
	u, err := parseURL(value)
	return &u, err
}

// parseContact accepts what a provider can use to reach the operator. Its error does not
// quote the value, which may be somebody's address.
func parseContact(value string) (string, error) {
	text, err := parseText(value)
	if err != nil {
		return "", err
	}
	_, noMail := mail.ParseAddress(text)
	u, noURL := parseURL(text)
	if noMail != nil && (noURL != nil || !strings.Contains(u.Hostname(), ".")) {
		return "", errors.New("is neither a mail address nor a web address (use ops@example.org, https://example.org/contact)")
	}
	return text, nil
}
