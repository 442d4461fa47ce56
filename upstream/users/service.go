package users

import (
	"context"
	"slices"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/air"
	"tributary/upstream/weather"
)

// Config configures a Service. Directory and Patience are required.
type Config struct {
	Directory  *upstream.Upstream
	GitHub     *upstream.Upstream  // nil: switched off
	Weather    At[weather.Current] // nil: switched off
	AirQuality At[air.Current]     // nil: switched off

	// Patience is how long, since it could be asked, a part is waited for once the
	// directory has answered, and the directory itself if it has a stale answer.
	Patience time.Duration

	// LinkByUsername: the directory's usernames are GitHub logins.
	LinkByUsername bool

	// DirectoryIdempotency: the directory honours Idempotency-Key, so a write with a
	// key may be retried.
	DirectoryIdempotency bool
}

// Service reads and writes users. It is safe for concurrent use.
type Service struct {
	Config
	users *upstream.Source[int64, *Record]
	lists *upstream.Source[ListQuery, *listed]
	posts *upstream.Source[activityQuery, count]
	todos *upstream.Source[activityQuery, count]

	accounts *upstream.Source[string, *GitHub] // nil: GitHub is switched off
}

// NewService returns a service with its own sources.
func NewService(cfg Config) *Service {
	s := &Service{
		Config: cfg,
		users:  upstream.NewSource(cfg.Directory, directoryUser()),
		lists:  upstream.NewSource(cfg.Directory, directoryList()),
		posts:  upstream.NewSource(cfg.Directory, directoryPosts()),
		todos:  upstream.NewSource(cfg.Directory, directoryTodos()),
	}
	if cfg.GitHub != nil {
		s.accounts = upstream.NewSource(cfg.GitHub, gitHubUser())
	}
	return s
}

// Parts are the data of other services about a user. A part that does not exist or is
// not available is absent.
type Parts struct {
	GitHub     *GitHub          `json:"github,omitempty"`
	Activity   *Activity        `json:"activity,omitempty"`
	Weather    *weather.Current `json:"weather,omitempty"`     // at the user's coordinates, metric, without spread
	AirQuality *air.Current     `json:"air_quality,omitempty"` // there, too, without spread
}

// PartNames are the names of all parts, in the order of their outcomes.
var PartNames = []string{"github", "activity", "weather", "air_quality"}

// Include selects the parts of a profile.
type Include struct{ GitHub, Activity, Weather, AirQuality bool }

// Including selects the parts with these names.
func Including(names []string) Include {
	return Include{
		GitHub:     slices.Contains(names, "github"),
		Activity:   slices.Contains(names, "activity"),
		Weather:    slices.Contains(names, "weather"),
		AirQuality: slices.Contains(names, "air_quality"),
	}
}

// User returns one user with the parts that were asked for, and the outcome of
// each source: the directory, then those parts in the order of PartNames. The error is an
// *aggregate.NoAnswerError when the directory has no answer; a missing part is no
// error.
func (s *Service) User(ctx context.Context, id int64, include Include, d upstream.Directives) (Profile, []aggregate.Outcome, error) {
	directory := aggregate.NewSlot(s.users, id, d)
	user := func() *User { return &directory.Answer.Value.User }
	github := aggregate.Later[string, *GitHub]{
		Name: "github", Source: s.accounts, Directives: d,
		Question: func() (string, bool) { return user().Username, s.LinkByUsername && isLogin(user().Username) },
	}
	activity := s.activity(id, d)
	weather := newPlacePart("weather", s.Weather, user, d)
	airQuality := newPlacePart("air_quality", s.AirQuality, user, d)

	var beside, after []aggregate.Part // parts that start with the directory, and parts that need its answer
	if include.Activity {
		beside = append(beside, &activity.posts, &activity.todos)
	}
	if include.GitHub {
		after = append(after, &github)
	}
	if include.Weather {
		after = append(after, weather)
	}
	if include.AirQuality {
		after = append(after, airQuality)
	}
	aggregate.Lead(ctx, s.Patience, &directory, beside, after)

	sources := append(make([]aggregate.Outcome, 0, 1+len(PartNames)), directory.Outcome())
	if !directory.Useful() {
		return Profile{}, nil, &aggregate.NoAnswerError{Subject: "this user", Sources: sources}
	}
	profile := Profile{User: *user()}
	if include.GitHub {
		profile.GitHub = github.Answer.Value
		sources = append(sources, github.Outcome())
	}
	if include.Activity {
		profile.Activity = activity.value()
		sources = append(sources, activity.outcome())
	}
	if include.Weather {
		profile.Weather = weather.value
		sources = append(sources, weather.outcome)
	}
	if include.AirQuality {
		profile.AirQuality = airQuality.value
		sources = append(sources, airQuality.outcome)
	}
	return profile, sources, nil
}

// Account returns the GitHub account of a login, nil if there is none, and what became
// of the question.
func (s *Service) Account(ctx context.Context, login string, d upstream.Directives) (*GitHub, aggregate.Outcome) {
	account := aggregate.Later[string, *GitHub]{
		Name: "github", Source: s.accounts, Directives: d,
		Question: func() (string, bool) { return login, isLogin(login) },
	}
	aggregate.Gather(ctx, s.Patience, &account)
	return account.Answer.Value, account.Outcome()
}

// List returns a page of users. Unreadable users are left out; then the outcome has
// an error although there is a page. The error is an *aggregate.NoAnswerError if the
// directory has no answer.
func (s *Service) List(ctx context.Context, q ListQuery, d upstream.Directives) (*Page, aggregate.Outcome, error) {
	answer := s.list(ctx, q, d)
	outcome := aggregate.Outcome{Name: s.lists.Name(), Provenance: answer.Provenance}
	failed := answer.Provenance
	var page *Page
	if answer.Useful() {
		page = paginate(q, answer.Value, func(n int) *listed {
			other := s.list(ctx, ListQuery{Page: n, PerPage: q.PerPage, Text: q.Text}, d)
			if !other.Useful() {
				failed = other.Provenance
				return nil
			}
			waited := outcome.Latency + other.Latency
			outcome.Provenance = aggregate.Together(outcome.Provenance, other.Provenance)
			outcome.Latency = waited
			return other.Value
		})
	}
	switch {
	case page == nil:
		outcome.Provenance = failed
		return nil, outcome, &aggregate.NoAnswerError{Subject: "the list of users", Sources: []aggregate.Outcome{outcome}}
	case !page.mixed: // other pages were only compared with this one
		outcome.State, outcome.Age, outcome.Err = answer.State, answer.Age, answer.Err
	}
	if page.fault != "" && outcome.Err == nil {
		outcome.Err = upstream.Errorf(upstream.CodeInvalidResponse, "%s", page.fault)
	}
	return page, outcome, nil
}

// list returns the directory's answer to q, which may be another page.
func (s *Service) list(ctx context.Context, q ListQuery, d upstream.Directives) upstream.Answer[*listed] {
	slot := aggregate.NewSlot(s.lists, q, d)
	aggregate.Gather(ctx, s.Patience, &slot)
	return slot.Answer
}
