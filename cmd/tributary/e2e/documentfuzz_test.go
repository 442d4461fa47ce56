package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tributary/api/contracttest"
	"tributary/cmd/tributary/app"
	"tributary/telemetry/telemetrytest"
)

// TestRequestsFromTheDocument sends the demo thousands of requests that are
// made up from openapi.yaml, good ones and spoiled ones, and holds every answer
// against it: whether it is described, and whether it is one that this request
// may get. What is good must not be refused, and what is forbidden must be.
//
// TRIBUTARY_FUZZ_SEED makes other requests up, TRIBUTARY_FUZZ_REQUESTS another
// number of them.
func TestRequestsFromTheDocument(t *testing.T) {
	requests := 20_000
	if testing.Short() {
		requests = 2_000
	}
	requests = int(fromEnv(t, "TRIBUTARY_FUZZ_REQUESTS", uint64(requests)))
	d, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	f := &fuzzer{document: d, singles: d.singles(), seed: fromEnv(t, "TRIBUTARY_FUZZ_SEED", 1), counts: map[string]map[int]int{}, told: map[string]bool{}}
	f.isRepeatable(t)
	t.Run("while all is well", func(t *testing.T) { f.wellOff(t, requests*75/100) })
	t.Run("while upstreams misbehave", func(t *testing.T) { f.inTrouble(t, requests*15/100) })
	t.Run("while clients ask too much", func(t *testing.T) { f.limited(t, requests*5/100) })
	t.Run("while much is switched off", func(t *testing.T) { f.switchedOff(t, requests*5/100) })
	if t.Failed() {
		t.Logf("to repeat it: TRIBUTARY_FUZZ_SEED=%d TRIBUTARY_FUZZ_REQUESTS=%d", f.seed, requests)
	}
	t.Logf("%d inputs are tried one at a time, in the first %d requests", len(f.singles), 2*len(f.singles))
	f.report(t, requests/1000)
}

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// isRepeatable makes sure that a request can be had again.
func (f *fuzzer) isRepeatable(t *testing.T) {
	f.access = access{keys: fuzzKeys}
	for n := range 200 {
		if first, second := f.request(n).String(), f.request(n).String(); first != second {
			t.Fatalf("request %d of seed %d is once\n%s\nand once\n%s", n, f.seed, first, second)
		}
	}
}

// fuzzKeys are who may do what in the demo.
var fuzzKeys = map[string][]string{demoKey: {"weather:read", "users:read", "users:write"}, "weather-key": {"weather:read"}, "reader-key": {"users:read"}}

// fuzzEnv is the environment of a demo that knows these keys.
func fuzzEnv(more map[string]string) map[string]string {
	env := map[string]string{
		"API_KEYS":  "weather:weather:read:weather-key,reader:users:read:reader-key,demo:weather:read+users:read+users:write:" + demoKey,
		"LOG_LEVEL": "error",
	}
	maps.Copy(env, more)
	return env
}

// upstreamNames are those that "tributary check" lists.
func upstreamNames() (names []string) {
	var stdout strings.Builder
	app.Run(context.Background(), []string{"check"}, func(string) string { return "" }, &stdout, io.Discard)
	for line := range strings.Lines(stdout.String()) {
		if name, _, ok := strings.Cut(line, "_ENABLED="); ok {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

// fuzzer sends requests and counts answers.
type fuzzer struct {
	*document

	singles []single

	seed uint64
	next int // the number of the next request

	demo      *running
	client    *http.Client
	access    access
	sometimes []int // statuses that requests may get that are not for a file or a page, as things are

	mu     sync.Mutex
	counts map[string]map[int]int // by operation and status
	told   map[string]bool        // mistakes of which one example is enough
}

func (f *fuzzer) start(t *testing.T, env map[string]string, sometimes ...int) {
	f.demo, f.sometimes = startDemo(t, env), sometimes
	f.access = access{keys: fuzzKeys, anonymous: []string{"weather:read", "users:read"}}
	if scopes, ok := env["ANONYMOUS_SCOPES"]; ok {
		f.access.anonymous = strings.Split(scopes, "+")
	}
	transport := &http.Transport{MaxIdleConnsPerHost: fuzzClients, DisableCompression: true, ExpectContinueTimeout: time.Hour}
	t.Cleanup(transport.CloseIdleConnections)
	f.client = &http.Client{Transport: transport, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fuzzClients ask side by side.
const fuzzClients = 8

// run makes up so many requests, and sends them.
func (f *fuzzer) run(t *testing.T, requests int, each func(*testing.T, int, *madeUp)) {
	var next atomic.Int64
	next.Store(int64(f.next))
	f.next += requests
	var clients sync.WaitGroup
	for range fuzzClients {
		clients.Go(func() {
			for n := int(next.Add(1)) - 1; n < f.next; n = int(next.Add(1)) - 1 {
				each(t, n, f.request(n))
			}
		})
	}
	clients.Wait()
}

func (f *fuzzer) wellOff(t *testing.T, requests int) {
	f.start(t, fuzzEnv(nil))
	f.run(t, requests, func(t *testing.T, n int, a *madeUp) {
		if answer := f.ask(t, n, a); answer != nil {
			f.askAgain(t, n, a, answer)
		}
	})
	if logs := f.demo.logs.String(); logs != "" {
		t.Errorf("it logged errors:\n%.5000s", logs)
	}
}

// inTrouble breaks the upstreams in one way after the other.
func (f *fuzzer) inTrouble(t *testing.T, requests int) {
	hasty := map[string]string{"REQUEST_TIMEOUT": "1s", "PATIENCE": "50ms", "PATIENCE_MIN": "50ms"}
	for _, u := range upstreamNames() {
		for name, value := range map[string]string{"TIMEOUT": "100ms", "RETRIES": "1", "RETRY_DELAY": "1ms", "BREAKER_DELAY": "20ms", "BREAKER_MIN_CALLS": "40", "FRESH_FOR": "0s", "REVALIDATE_FOR": "0s"} {
			hasty[strings.ToUpper(u)+"_"+name] = value
		}
	}
	hasty["DIRECTORY_BREAKER_MIN_CALLS"] = "1000000" // so that its own mistakes are seen
	f.start(t, fuzzEnv(hasty), 404, 409, 422, 502, 503, 504)
	faults := []string{
		``, `{"mode": "down"}`, `{"mode": "reset"}`, `{"mode": "truncate"}`, `{"mode": "garbage"}`, `{"mode": "hang"}`, `{"mode": "drip"}`, `{"error_rate": 0.5}`, `{"error_rate": 1}`,
		`{"error_rate": 1, "status": 400}`, `{"error_rate": 1, "status": 401}`, `{"error_rate": 1, "status": 403}`, `{"error_rate": 1, "status": 404}`, `{"error_rate": 1, "status": 409}`, `{"error_rate": 1, "status": 422}`,
		// These last, as whoever says so is left alone for a second.
		`{"error_rate": 1, "status": 429, "retry_after_s": 1}`, `{"error_rate": 1, "status": 503, "retry_after_s": 1}`,
	}
	for i := range faults {
		for j, u := range upstreamNames() {
			fault := faults[i]
			if i%3 == 2 && j%2 == 1 { // not all in the same way
				fault = faults[(i+j)%len(faults)]
			}
			f.demo.fault(u, fault)
		}
		f.run(t, requests/len(faults), f.once)
	}
}

func (f *fuzzer) limited(t *testing.T, requests int) {
	f.start(t, fuzzEnv(map[string]string{"CLIENT_RATE_LIMIT": "20/1h"}), http.StatusTooManyRequests)
	f.run(t, requests, f.once)
}

// switchedOff lacks what some answers need, and is closed to most who have no
// key.
func (f *fuzzer) switchedOff(t *testing.T, requests int) {
	f.start(t, fuzzEnv(map[string]string{
		"ANONYMOUS_SCOPES": "weather:read", "GEOCODING_ENABLED": "false", "DIRECTORY_ENABLED": "false", "GITHUB_ENABLED": "false", "METNO_ENABLED": "false",
	}), http.StatusNotImplemented)
	f.run(t, requests, f.once)
}

func (f *fuzzer) once(t *testing.T, n int, a *madeUp) { f.ask(t, n, a) }

// reply is an answer, read to its end.
type reply struct {
	*http.Response

	body []byte
}

// ask sends a request and judges the answer; nil if there was none.
func (f *fuzzer) ask(t *testing.T, n int, a *madeUp) *reply {
	request, answer, err := f.send(a)
	if err != nil {
		f.blame(t, n, a, nil, "there is no answer: "+err.Error())
		return nil
	}
	e := f.expect(a, f.access)
	f.count(e.op, answer.StatusCode)
	for _, mistake := range slices.Concat(f.unjustified(a, e, answer), f.undescribed(a, e, request, answer), contradictions(a, e, answer)) {
		f.blame(t, n, a, answer, mistake)
	}
	return answer
}

// count counts by operation; what is for none is "".
func (f *fuzzer) count(op *operation, status int) {
	name := ""
	if op != nil {
		name = op.OperationId
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[name] == nil {
		f.counts[name] = map[int]int{}
	}
	f.counts[name][status]++
}

func (f *fuzzer) send(a *madeUp) (*http.Request, *reply, error) {
	request, err := http.NewRequest(a.method, f.demo.urls["api"], nil)
	if err != nil {
		return nil, nil, err
	}
	if request.URL.Path, err = url.PathUnescape(a.path); err != nil {
		return nil, nil, err
	}
	request.URL.RawPath, request.URL.RawQuery = a.path, a.query
	request.Header = a.header.Clone()
	if a.body != nil {
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
		if a.chunks {
			request.ContentLength = -1
		}
		if len(a.body) > 1<<18 {
			request.Header.Set("Expect", "100-continue") // else the answer may be lost with the connection
		}
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	answer := &reply{Response: response}
	if answer.body, err = io.ReadAll(response.Body); err != nil {
		return nil, nil, err
	}
	// The demo's key is on its page of the API, on purpose, and nowhere else.
	body := strings.Replace(string(answer.body), `data-key="`+demoKey+`"`, "", 1)
	watch.Check(telemetrytest.Answer, fmt.Append(nil, response.Header, body))
	if answer.body, err = contracttest.Decompressed(answer.body, response.Header.Get("Content-Encoding")); err != nil {
		return nil, nil, err
	}
	return request, answer, nil
}

// unjustified finds a refusal without a reason, and success in spite of one.
func (f *fuzzer) unjustified(a *madeUp, e *expectation, answer *reply) []string {
	status := answer.StatusCode
	good := status < 300 || status == http.StatusNotModified
	_, must := e.must[status]
	_, may := e.may[status]
	sometimes := slices.Contains(f.sometimes, status) && e.op != nil && e.op.secured &&
		(len(e.must) == 0 || status == http.StatusTooManyRequests || status == http.StatusNotImplemented) // which are told first
	switch {
	case e.denied() && !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests}, status):
		return []string{fmt.Sprintf("it says more than that it is not allowed: %v", e.must)}
	case must || may:
	case good && len(e.must) > 0:
		return []string{fmt.Sprintf("it succeeds, in spite of %v", e.must)}
	case status == http.StatusNotModified && len(a.header["If-None-Match"]) == 0 && len(a.header["If-Modified-Since"]) == 0:
		return []string{"a 304 that nobody asked for"}
	case status == http.StatusGatewayTimeout && strings.Contains(a.header.Get("Cache-Control"), "only-if-cached"):
	case !good && !sometimes:
		return []string{fmt.Sprintf("it is refused without a reason; there are %v, perhaps %v", e.must, e.may)}
	}
	return nil
}

// undescribed finds what the document does not say of the answer. It judges
// the one of an example: what stands in its place has no say in the answer.
func (f *fuzzer) undescribed(a *madeUp, e *expectation, request *http.Request, answer *reply) []string {
	if a.method == http.MethodOptions && a.header.Get("Access-Control-Request-Method") != "" {
		return nil // of pages the document has nothing but words
	}
	asked := request.Clone(request.Context())
	if e.op != nil {
		asked.URL.Path, asked.URL.RawPath = e.op.path, ""
		if fixed, _, variable := strings.Cut(e.op.path, "{"); variable {
			asked.URL.Path = fixed + "1"
		}
	}
	return f.Mistakes(asked, answer.Response, answer.body)
}

// contradictions finds answers that say one thing and mean another.
func contradictions(a *madeUp, e *expectation, answer *reply) (mistakes []string) {
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Sprintf(format, args...)) }
	if sent := a.header["X-Request-Id"]; len(sent) == 1 {
		if got := answer.Header.Get("X-Request-Id"); (got == sent[0]) != idInWords.MatchString(sent[0]) {
			mistake("X-Request-Id: %q is answered with %q", sent[0], got)
		}
	}
	if answer.StatusCode == http.StatusMethodNotAllowed && a.method != http.MethodOptions && answer.Header.Get("Allow") != strings.Join(append(e.methods, http.MethodOptions), ", ") {
		mistake("Allow has %q, there are %q", answer.Header.Get("Allow"), e.methods)
	}
	if coding := answer.Header.Get("Content-Encoding"); coding != "" && !takes(a.header.Get("Accept-Encoding"), coding) {
		mistake("it is in %s, with Accept-Encoding %q", coding, a.header.Get("Accept-Encoding"))
	}
	if vary := strings.Join(answer.Header["Vary"], ", "); !strings.Contains(vary, "Accept-Encoding") && answer.StatusCode != http.StatusNoContent {
		mistake("its Vary is %q, without Accept-Encoding", vary)
	}
	if answer.Header.Get("Content-Type") != "application/problem+json" || len(answer.body) == 0 {
		return mistakes
	}
	var p struct {
		Status   int
		Code     string
		Instance string
		Errors   []struct{ Parameter, Pointer, Detail string }
	}
	if err := json.Unmarshal(answer.body, &p); err != nil {
		return append(mistakes, "it is no JSON: "+err.Error())
	}
	if p.Status != answer.StatusCode {
		mistake("it says that its status is %d", p.Status)
	}
	if instance, err := url.Parse(p.Instance); err != nil || instance.Host != "" || strings.Replace(instance.Path, "/.//", "//", 1) != withoutSlash(answer.Request.URL.Path) {
		mistake("it says that its path is %q", p.Instance)
	}
	if p.Code != "invalid_parameters" && p.Code != "invalid_fields" || len(p.Errors) == 0 {
		return mistakes
	}
	for _, blamed := range e.blamed {
		told := false
		for _, m := range p.Errors {
			told = told || m.Parameter == blamed || m.Pointer != "" && (m.Pointer == blamed || strings.HasPrefix(blamed, m.Pointer+"/"))
		}
		if !told && strings.HasPrefix(blamed, "/") == (p.Code == "invalid_fields") {
			mistake("it does not say that %q is wrong", blamed)
		}
	}
	return mistakes
}

// takes reports whether an Accept-Encoding lets a coding be used.
func takes(accepted, coding string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";q=")
		if name == coding || name == "*" && !strings.Contains(accepted, coding) {
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}

// askAgain sends what succeeded once more: with the entity tag, nothing has
// changed or the tag has; with the key, it is the same answer.
func (f *fuzzer) askAgain(t *testing.T, n int, a *madeUp, first *reply) {
	tag, keyed := first.Header.Get("ETag"), len(a.header["Idempotency-Key"]) > 0
	switch {
	case first.StatusCode == http.StatusOK && tag != "" && len(a.header["If-None-Match"]) == 0:
		again := *a
		again.header = a.header.Clone()
		again.header.Set("If-None-Match", `"other", `+tag)
		second := f.ask(t, n, &again)
		if second != nil && (second.StatusCode == http.StatusNotModified) != (second.Header.Get("ETag") == tag) {
			f.blame(t, n, &again, second, "asked again with the entity tag "+tag)
		}
	case keyed && a.op.takes("Idempotency-Key") && a.method == a.op.method && (first.StatusCode < 300 || first.StatusCode == http.StatusUnprocessableEntity):
		second := f.ask(t, n, a)
		if second != nil && (second.StatusCode != first.StatusCode || !bytes.Equal(second.body, first.body) || second.Header.Get("Idempotent-Replayed") != "true") {
			f.blame(t, n, a, second, "with the same key there was another answer before: "+string(first.body))
		}
		other := *a
		other.body = append(slices.Clone(a.body), ' ')
		if third := f.ask(t, n, &other); third != nil && third.StatusCode != http.StatusUnprocessableEntity {
			f.blame(t, n, &other, third, "the same key came with another body before")
		}
	}
}

// blame fails the test; of mistakes that are the same but for their numbers
// one is told.
func (f *fuzzer) blame(t *testing.T, n int, a *madeUp, answer *reply, mistake string) {
	status, shown := 0, ""
	if answer != nil {
		status, shown = answer.StatusCode, fmt.Sprintf("%d %v\n  %.1500q", answer.StatusCode, answer.Header, answer.body)
	}
	kind := fmt.Sprintf("%s %d %.60s", a.op.OperationId, status, mistake)
	f.mu.Lock()
	known := f.told[kind]
	f.told[kind] = true
	f.mu.Unlock()
	if !known {
		t.Errorf("request %d of seed %d, %s: %s\n%s\n%s", n, f.seed, a.op.OperationId, mistake, a, shown)
	}
}

// report logs what was answered, and fails the test if an operation has hardly
// ever succeeded: then it was not tried.
func (f *fuzzer) report(t *testing.T, least int) {
	var table strings.Builder
	row := func(name string, declared []string) (good, all int) {
		var columns, never []string
		for _, status := range slices.Sorted(maps.Keys(f.counts[name])) {
			n := f.counts[name][status]
			columns = append(columns, fmt.Sprintf("%d: %d", status, n))
			if all += n; status < 300 {
				good += n
			}
		}
		for _, status := range declared {
			if code, err := strconv.Atoi(status); err == nil && f.counts[name][code] == 0 && code != http.StatusMethodNotAllowed {
				never = append(never, status)
			}
		}
		fmt.Fprintf(&table, "%-15s %6d   %s", name, all, strings.Join(columns, "  "))
		if never != nil {
			fmt.Fprintf(&table, "  (never %s)", strings.Join(never, ", "))
		}
		table.WriteByte('\n')
		return good, all
	}
	_, sum := row("", nil)
	for _, o := range f.operations {
		good, all := row(o.OperationId, slices.Collect(o.Responses.Codes.KeysFromOldest()))
		if sum += all; good < least {
			t.Errorf("%s has succeeded %d times, want at least %d", o.OperationId, good, least)
		}
	}
	t.Logf("%d answers, the first line to what no operation is for:\n%s", sum, &table)
}
