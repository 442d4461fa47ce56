package telemetry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// Problem is a mistake in an OpenTelemetry variable. It does not quote the value,
// which may contain a key.
type Problem struct {
	Variable string
	Text     string
	Fatal    bool // the SDK would panic, or work in no useful way
}

func (p Problem) String() string { return p.Variable + ": " + p.Text }

// CheckEnvironment checks OpenTelemetry's variables before the SDK reads them. The SDK
// reports a mistake with the whole value, often without the name of the variable, and
// panics on some numbers.
func CheckEnvironment(env func(string) string) []Problem {
	c := &checker{env: env}
	for _, n := range numbers {
		c.number(n)
	}
	for _, signal := range []string{"", "TRACES_", "METRICS_"} {
		c.endpoint(signal)
		c.pairs("OTEL_EXPORTER_OTLP_"+signal+"HEADERS", isHeader, "is not name=value with the value percent-encoded, and is not sent")
		c.certificates("OTEL_EXPORTER_OTLP_" + signal)
	}
	c.pairs("OTEL_RESOURCE_ATTRIBUTES", isAttribute, "is not name=value with the value percent-encoded")
	return c.problems
}

type checker struct {
	env      func(string) string
	problems []Problem
}

func (c *checker) warn(variable, format string, args ...any) {
	c.problems = append(c.problems, Problem{variable, fmt.Sprintf(format, args...), false})
}

// number is a variable that must be an integer within bounds.
type number struct {
	variable    string
	least, most int
}

const (
	maxQueue        = 1_000_000     // the SDK allocates the whole queue at its start
	maxMilliseconds = math.MaxInt32 // 24 days; this value is often used for "no limit"
)

// numbers are all numbers that the SDK reads. The lower bounds have two reasons: with
// a delay of 0 the SDK exports in a busy loop, and a timeout of 0 or a negative limit
// of attributes, events or links means unlimited.
var numbers = []number{
	{"OTEL_BSP_SCHEDULE_DELAY", 1, maxMilliseconds},
	{"OTEL_BSP_EXPORT_TIMEOUT", 0, maxMilliseconds},
	{"OTEL_BSP_MAX_QUEUE_SIZE", 1, maxQueue},
	{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, maxQueue},
	{"OTEL_BLRP_SCHEDULE_DELAY", 1, maxMilliseconds},
	{"OTEL_BLRP_EXPORT_TIMEOUT", 0, maxMilliseconds},
	{"OTEL_BLRP_MAX_QUEUE_SIZE", 1, maxQueue},
	{"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", 1, maxQueue},
	{"OTEL_METRIC_EXPORT_INTERVAL", 1, maxMilliseconds},
	{"OTEL_METRIC_EXPORT_TIMEOUT", 1, maxMilliseconds},
	{"OTEL_EXPORTER_OTLP_TIMEOUT", 0, maxMilliseconds},
	{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", 0, maxMilliseconds},
	{"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", 0, maxMilliseconds},
	{"OTEL_ATTRIBUTE_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_SPAN_EVENT_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_SPAN_LINK_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", math.MinInt32, math.MaxInt32},
	{"OTEL_GO_X_CARDINALITY_LIMIT", math.MinInt32, math.MaxInt32},
}

func (c *checker) number(n number) {
	value := c.env(n.variable)
	if value == "" {
		return
	}
	v, err := strconv.Atoi(value)
	if err != nil || v < n.least || v > n.most {
		text := fmt.Sprintf("is not a whole number between %d and %d", n.least, n.most)
		c.problems = append(c.problems, Problem{n.variable, text, true})
	}
}

func (c *checker) endpoint(signal string) {
	variable := "OTEL_EXPORTER_OTLP_" + signal + "ENDPOINT"
	protocol := cmp.Or(c.env("OTEL_EXPORTER_OTLP_"+signal+"PROTOCOL"), c.env("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if value := c.env(variable); value != "" && !usableEndpoint(value, protocol) {
		c.warn(variable, "is not an absolute http or https URL (use http://host:4318), and is ignored")
	}
}

// usableEndpoint reports whether an exporter can send to value. Only gRPC accepts
// other schemes, and host:port without a scheme.
func usableEndpoint(value, protocol string) bool {
	u, err := url.Parse(value)
	if err != nil {
		return false
	}
	return protocol == grpcProtocol || (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// pairs checks a list of name=value. It reports wrong entries only by their position,
// because any part of them may be a key.
func (c *checker) pairs(variable string, ok func(name, value string) bool, what string) {
	for i, entry := range strings.Split(c.env(variable), ",") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, escaped, found := strings.Cut(entry, "=")
		value, err := url.PathUnescape(escaped)
		if !found || err != nil || !ok(strings.TrimSpace(name), strings.TrimSpace(value)) {
			c.warn(variable, "entry %d %s", i+1, what)
		}
	}
}

func isHeader(name, value string) bool {
	return name != "" && !strings.ContainsFunc(name, notInToken) && !strings.ContainsFunc(value, unicode.IsControl)
}

func isAttribute(name, _ string) bool { return name != "" }

// notInToken is true of characters outside a token (RFC 9110 §5.6.2).
func notInToken(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

func (c *checker) certificates(prefix string) {
	if file := c.env(prefix + "CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			c.warn(prefix+"CERTIFICATE", "the file cannot be read or holds no certificate, and is ignored")
		}
	}
	certificate, key := c.env(prefix+"CLIENT_CERTIFICATE"), c.env(prefix+"CLIENT_KEY")
	if certificate == "" && key == "" {
		return
	}
	if _, err := tls.LoadX509KeyPair(certificate, key); err != nil {
		c.warn(prefix+"CLIENT_CERTIFICATE", "is no certificate with its key in %sCLIENT_KEY, and is not shown to the collector", prefix)
	}
}

// sdkDisabled parses a boolean as OpenTelemetry specifies: "true" in any case is true,
// anything else is false.
func sdkDisabled(env func(string) string) bool {
	return strings.EqualFold(env("OTEL_SDK_DISABLED"), "true")
}
