package console

import (
	"strings"
	"testing"
	"time"

	"tributary/telemetry/story"
)

func TestSentence(t *testing.T) {
	const old = 21 * time.Minute
	for name, tt := range map[string]struct {
		s          situation
		want, tone string
	}{
		"all is well and quiet": {
			situation{upstreams: 7, minute: story.Totals{Complete: 1240}},
			"All 7 upstreams are well; every one of 1,240 answers in the last minute was served.", "well",
		},
		"no traffic": {
			situation{upstreams: 7}, "All 7 upstreams are well; nobody has asked in the last minute.", "well",
		},
		"just started": {
			situation{upstreams: 7, age: 12 * time.Second}, "All 7 upstreams are well; nobody has asked since the start 12 s ago.", "well",
		},
		"one answer": {
			situation{upstreams: 1, minute: story.Totals{Complete: 1}},
			"The only upstream is well; the only answer in the last minute was served.", "well",
		},
		"one failing and nobody hurt": {
			situation{upstreams: 7, failing: 1, minute: story.Totals{Complete: 40}},
			"1 of 7 upstreams is failing; every one of 40 answers in the last minute was served.", "warning",
		},
		"several failing, answers are older": {
			situation{upstreams: 6, failing: 2, minute: story.Totals{Complete: 769, Degraded: 471, Older: 471, Oldest: old}},
			"2 of 6 upstreams are failing; every one of 1,240 answers in the last minute was served, 38 % with older data, the oldest 21 min.", "warning",
		},
		"parts are missing": {
			situation{upstreams: 6, failing: 1, minute: story.Totals{Complete: 50, Degraded: 50, Older: 20, Oldest: old}},
			"1 of 6 upstreams is failing; every one of 100 answers in the last minute was served, 20 % with older data, the oldest 21 min, 30 % with a source missing.", "warning",
		},
		"the only answer lacks a source": {
			situation{upstreams: 6, failing: 1, minute: story.Totals{Degraded: 1}},
			"1 of 6 upstreams is failing; the only answer in the last minute was served, with a source missing.", "warning",
		},
		"few are older": {
			situation{upstreams: 6, failing: 1, minute: story.Totals{Complete: 1000, Degraded: 2, Older: 2, Oldest: old}},
			"1 of 6 upstreams is failing; every one of 1,002 answers in the last minute was served, less than 1 % with older data, the oldest 21 min.", "warning",
		},
		"all are older": {
			situation{upstreams: 6, failing: 6, minute: story.Totals{Degraded: 30, Older: 30, Oldest: old}},
			"All 6 upstreams are failing; every one of 30 answers in the last minute was served, all of them with older data, the oldest 21 min.", "bad",
		},
		"the only answer is older": {
			situation{upstreams: 6, failing: 1, minute: story.Totals{Degraded: 1, Older: 1, Oldest: old}},
			"1 of 6 upstreams is failing; the only answer in the last minute was served, with data that is 21 min old.", "warning",
		},
		"few problems": {
			situation{upstreams: 6, failing: 1, minute: story.Totals{Complete: 1000, Problems: 3}},
			"1 of 6 upstreams is failing; 3 of 1,003 requests in the last minute got no answer (less than 1 %).", "warning",
		},
		"many problems": {
			situation{upstreams: 6, failing: 3, minute: story.Totals{Complete: 20, Problems: 180}},
			"3 of 6 upstreams are failing; 180 of 200 requests in the last minute got no answer (90 %).", "bad",
		},
		"nothing but problems": {
			situation{upstreams: 1, failing: 1, minute: story.Totals{Problems: 12}},
			"The only upstream is failing; none of 12 requests in the last minute got an answer.", "bad",
		},
		"one problem": {
			situation{upstreams: 2, minute: story.Totals{Problems: 1}},
			"All 2 upstreams are well; the only request in the last minute got no answer.", "bad",
		},
		"our own overload": {
			situation{upstreams: 6, minute: story.Totals{Complete: 90, Degraded: 10, Older: 10, Oldest: time.Minute, Overloaded: 10}},
			"All 6 upstreams are well; every one of 100 answers in the last minute was served, 10 % with older data, the oldest 60 s; 10 answers lack a source, because too many calls to it were in flight.", "warning",
		},
		"only mistakes of callers": {
			situation{upstreams: 6, minute: story.Totals{ClientErrors: 3}},
			"All 6 upstreams are well; all 3 requests in the last minute were mistakes of their callers.", "well",
		},
		"one mistake of a caller": {
			situation{upstreams: 6, minute: story.Totals{ClientErrors: 1}},
			"All 6 upstreams are well; the only request in the last minute was a mistake of its caller.", "well",
		},
		"slow": {
			situation{upstreams: 6, slow: 1, minute: story.Totals{Complete: 2}},
			"1 of 6 upstreams is slow; every one of 2 answers in the last minute was served.", "warning",
		},
		"nothing is enabled": {
			situation{}, "No upstream is enabled; nobody has asked in the last minute.", "warning",
		},
		"draining": {
			situation{upstreams: 6, draining: true, minute: story.Totals{Complete: 5}},
			"The gateway is draining: all 6 upstreams are well; every one of 5 answers in the last minute was served.", "warning",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.s.age == 0 {
				tt.s.age = time.Hour
			}
			if got := tt.s.sentence(); got != tt.want {
				t.Errorf("sentence = %q\nwant %q", got, tt.want)
			}
			if got := tt.s.tone(); got != tt.tone {
				t.Errorf("tone = %s, want %s", got, tt.tone)
			}
		})
	}
}

// The figure beside the sentence shows the same age as the sentence.
func TestOldestOfTheMinuteIsThatOfTheSentence(t *testing.T) {
	totals := story.Totals{Complete: 1, Degraded: 1, Older: 1, Oldest: 89600 * time.Millisecond}
	if got, want := *minuteOf(totals).OldestS, int64(90); got != want {
		t.Errorf("oldest_s = %d, want %d", got, want)
	}
	if s := (situation{upstreams: 1, minute: totals}).sentence(); !strings.Contains(s, "90 s old") {
		t.Errorf("the sentence is %q, want data that is 90 s old", s)
	}
}
