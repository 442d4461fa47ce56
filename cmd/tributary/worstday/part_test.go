package worstday_test

import (
	"testing"
	"time"

	"tributary/cmd/tributary/worstday"
)

func TestPartOfADay(t *testing.T) {
	event := func(at time.Duration, what, who string) worstday.Event {
		return worstday.Event{At: at, What: what, Who: who}
	}
	day := worstday.Schedule{
		Length: 3 * time.Minute, Replicas: 3, Redis: true,
		Events: []worstday.Event{
			event(5*time.Second, "fault", "github"), event(10*time.Second, "heal", "github"),
			event(55*time.Second, "fault", "metno"), event(70*time.Second, "heal", "metno"),
			event(80*time.Second, "crash", "1"), event(100*time.Second, "redis", "gone"), event(150*time.Second, "redis", "back"),
		},
		Requests: []worstday.Request{
			{Number: 0, At: 30 * time.Second, Method: "GET", URL: "/v1/users/1"},
			{Number: 1, At: 100 * time.Second, Method: "GET", URL: "/v1/users/2", Leave: time.Hour},
		},
	}
	part := day.Part(time.Minute, 0.5)
	var got []string
	for _, e := range part.Events {
		got = append(got, e.At.Round(time.Second).String()+" "+e.What+" "+e.Who)
	}
	// The first minute that has the crash and Redis begins at 45 s.
	want := []string{"10s fault metno", "25s heal metno", "35s crash 1", "55s redis gone", "1m0s redis back"}
	if len(got) != len(want) {
		t.Fatalf("events = %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d = %q, want %q", i, got[i], want[i])
		}
	}
	numbers := map[int]bool{}
	for _, r := range part.Requests {
		if numbers[r.Number] || r.At < 0 || r.At > time.Minute || r.At+r.Leave > time.Minute+time.Second {
			t.Errorf("a request has another's number, or is outside of the part: %s", r)
		}
		numbers[r.Number] = true
	}
	if numbers[0] || !numbers[1] || len(numbers) < 10 {
		t.Errorf("requests = %v, want that of the part and about thirty new ones", part.Requests)
	}
	if again := day.Part(time.Minute, 0.5); again.String() != part.String() {
		t.Error("the same part of the same day is another one")
	}
}

// A fault that lasts when the part begins is there from its start.
func TestPartBeginsWithWhatIsBroken(t *testing.T) {
	day := worstday.Schedule{Length: 3 * time.Minute, Replicas: 1, Redis: true, Events: []worstday.Event{
		{At: time.Second, What: "fault", Who: "github"}, {At: time.Second, What: "redis", Who: "hang"}, {At: 165 * time.Second, What: "restart", Who: "0"},
		{At: 170 * time.Second, What: "crash", Who: "0"},
	}}
	part := day.Part(time.Minute, 0.1)
	if len(part.Events) != 5 || part.Events[0].Who != "github" || part.Events[1].Who != "hang" || part.Events[1].At > time.Second {
		t.Errorf("events = %v, want the two faults at the start, a restart, a crash, and Redis back", part.Events)
	}
}
