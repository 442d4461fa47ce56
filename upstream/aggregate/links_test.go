package aggregate_test

import (
	"net/http"
	"testing"

	"tributary/upstream/aggregate"
)

func TestLinkTargets(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		next  string
	}{
		"one link":                      {[]string{`</a?p=2>; rel="next"`}, "/a?p=2"},
		"a bare rel":                    {[]string{`</a?p=2>;rel=next`}, "/a?p=2"},
		"several links in a line":       {[]string{`</a?p=1>; rel="first", </a?p=2>; rel="next", </a?p=9>; rel="last"`}, "/a?p=2"},
		"several lines":                 {[]string{`</a?p=1>; rel="first"`, `</a?p=2>; rel="next"`}, "/a?p=2"},
		"several types of one link":     {[]string{`</a?p=2>; rel="next last"`}, "/a?p=2"},
		"another case":                  {[]string{`</a?p=2>; REL="Next"`}, "/a?p=2"},
		"a comma in the target":         {[]string{`</a?p=1,2>; rel="next"`}, "/a?p=1,2"},
		"a comma in a parameter":        {[]string{`</a?p=1>; title="a, <b>; rel=next"; rel="prev", </a?p=2>; rel="next"`}, "/a?p=2"},
		"two of one type":               {[]string{`</a?p=2>; rel="next", </a?p=3>; rel="next"`}, "/a?p=2"},
		"a type that only begins so":    {[]string{`</a?p=2>; rel="next-archive"`}, ""},
		"a parameter that is not a rel": {[]string{`</a?p=2>; rev="next"`}, ""},
		"no brackets":                   {[]string{`/a?p=2; rel="next"`}, ""},
		"a bracket that stays open":     {[]string{`</a?p=2; rel="next"`}, ""},
		"spaces around =":               {[]string{`</a?p=2>; rel = "next"`}, "/a?p=2"},
		"a semicolon in a parameter":    {[]string{`</a?p=1>; title="a;rel=next"; rel=prev`}, ""},
		"nothing":                       {[]string{""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := aggregate.LinkTargets(http.Header{"Link": tt.lines})["next"]; got != tt.next {
				t.Errorf("next = %q, want %q", got, tt.next)
			}
		})
	}
}
