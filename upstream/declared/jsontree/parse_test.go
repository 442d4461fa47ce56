package jsontree_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tributary/upstream/declared/jsontree"
)

func parse(t testing.TB, raw string) *jsontree.Tree {
	t.Helper()
	tree, err := jsontree.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("Parse(%.80q): %v", raw, err)
	}
	return tree
}

func TestParseKeepsWhatWasWritten(t *testing.T) {
	for name, tt := range map[string]struct{ raw, want string }{
		"digits":             {`[1.10, 9007199254740993, 1e400, -0, 1E+2]`, `[1.10,9007199254740993,1e400,-0,1E+2]`},
		"escapes":            {`{"\u00e9\/": "\ud83d\ude00 <b>"}`, `{"\u00e9\/":"\ud83d\ude00 <b>"}`},
		"order of members":   {"{\"b\" : 1,\n\t\"a\": null }", `{"b":1,"a":null}`},
		"empty ones":         {` { "a" : [ ], "b": { } , "": "" } `, `{"a":[],"b":{},"":""}`},
		"a byte order mark":  {"\ufeff[true, false]", `[true,false]`},
		"white space inside": {`["a b, c: d"]`, `["a b, c: d"]`},
		"one value":          {" \"text\"\n", `"text"`},
		"64 lists":           {strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 64) + strings.Repeat("]", 64)},
	} {
		raw := []byte(tt.raw)
		tree, err := jsontree.Parse(raw)
		if err != nil {
			t.Errorf("%s: Parse: %v", name, err)
			continue
		}
		if got := string(tree.Root().Bytes()); got != tt.want {
			t.Errorf("%s: bytes = %s, want %s", name, got, tt.want)
		}
		if string(raw) != tt.raw {
			t.Errorf("%s: Parse altered its argument to %q", name, raw)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	many := "[" + strings.Repeat("1,", jsontree.MaxValues-2)
	parse(t, many+"1]")
	for name, tt := range map[string]struct{ raw, want string }{
		"nothing":                   {``, "ends before the value does"},
		"half a value":              {`{"a":[1`, "ends before the value does at /a"},
		"two values":                {`{"a":1} 2`, "something follows the value"},
		"an equal name":             {`{"b":{"a":"secret","a":"secret"}}`, "a member's name appears twice at /b/a"},
		"an equal name, escaped":    {`{"a":1,"\u0061":2}`, "a member's name appears twice at /a"},
		"broken UTF-8":              {"{\"a\":[\"\xff\"]}", "broken UTF-8 at /a/0"},
		"broken UTF-8 in a name":    {"{\"\xff\":1}", "broken UTF-8"},
		"half of a surrogate pair":  {`["x","ab\ud800"]`, "half of a surrogate pair at /1"},
		"a bad escape":              {`["\u12"]`, "not valid JSON at /0"},
		"a leading zero":            {`{"a":01}`, "not valid JSON"},
		"not a number":              {`{"a":NaN}`, "not valid JSON at /a"},
		"a comma too many":          {`[1,]`, "not valid JSON"},
		"a name that is not quoted": {`{a:1}`, "not valid JSON"},
		"too deep":                  {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "nested more than 64 deep at /a" + strings.Repeat("/0", 62)},
		"too many values":           {many + "1,1]", "more than 100,000 values at /99998"},
		"a name that breaks lines":  {`{"a\nb":NaN}`, `not valid JSON at "/a\nb"`},
	} {
		_, err := jsontree.Parse([]byte(tt.raw))
		var mistake *jsontree.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s: Parse = %v, want an *Error", name, err)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("%s: Parse = %q, want %q", name, err, tt.want)
		}
	}
}

func TestSize(t *testing.T) {
	small, large := parse(t, `{"a":1}`).Size(), parse(t, order(100)).Size()
	if small < 64 || small > 400 {
		t.Errorf("size of two values = %d", small)
	}
	if raw := len(order(100)); large < raw || large > 4*raw {
		t.Errorf("size of %d bytes = %d", raw, large)
	}
}

// order is an answer of about 90 bytes a line.
func order(lines int) string {
	var b bytes.Buffer
	b.WriteString(`{"id":"17","number":9007199254740993,"state":"PAID","customer_id":42,"total":10.00,"note":null,"lines":[`)
	for i := range lines {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"AB-%d","qty":%d,"unit_price":%d.10,"title":"something long enough to be one"}`, i, i+1, i)
	}
	b.WriteString("]}")
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	for name, lines := range map[string]int{"1 kB": 10, "40 kB": 450} {
		raw := []byte(order(lines))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jsontree.Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
