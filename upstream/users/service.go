package users

import (
	"context"
	"time"

	"tributary/upstream"
)

// Config is what a service is made of. Directory and Patience are required.
type Config struct {
	Directory *upstream.Upstream
	GitHub    *upstream.Upstream // nil: switched off
	Weather   WeatherAt          // nil: switched off

	// Patience is how long, from the start, parts are waited for once the
	// directory has answered, and the directory if it holds an old answer.
	Patience time.Duration

	// LinkByUsername says that a username of this directory is a GitHub login.
	LinkByUsername bool

	// DirectoryIdempotency says that the directory honours Idempotency-Key, so
	// that a write with one may be repeated.
	DirectoryIdempotency bool
}

// Service answers questions about users, and changes them. It is safe for
// concurrent use.
type Service struct {
	Config
	users *upstream.Source[int64, *Record]
	lists *upstream.Source[ListQuery, *Page]
	posts *upstream.Source[int64, int]
	todos *upstream.Source[int64, Todos]

	accounts *upstream.Source[string, *GitHub] // nil: nobody has one
}

// NewService makes a service with sources of its own.
func NewService(cfg Config) *Service {
	s := &Service{
		Config: cfg,
		users:  upstream.NewSource(cfg.Directory, directoryUser()),
		lists:  upstream.NewSource(cfg.Directory, directoryList()),
		posts:  upstream.NewSource(cfg.Directory, directoryPosts()),
		todos:  upstream.NewSource(cfg.Directory, directoryTodos()),
	}
	if cfg.GitHub != nil && cfg.LinkByUsername {
		s.accounts = upstream.NewSource(cfg.GitHub, gitHubUser())
	}
	return s
}

// Include says which parts of a profile are wanted.
type Include struct{ GitHub, Activity, Weather bool }

// User is one user with the parts that were asked for, and where each is from:
// the directory, then github, activity and weather. The error is an
// *upstream.NoAnswerError when the directory has no answer; without a part
// there still is one.
func (s *Service) User(ctx context.Context, id int64, include Include, w upstream.Wish) (Profile, []upstream.Outcome, error) {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	directory := &directoryPart{slot: s.users.Slot(id, w), id: id, known: make(chan struct{}), giveUp: giveUp}
	github := gitHubPart{follower: follower{directory: directory}, accounts: s.accounts, wish: w}
	activity := activityPart{directory: directory, posts: s.posts.Slot(id, w), todos: s.todos.Slot(id, w)}
	weather := weatherPart{follower: follower{directory: directory}, at: s.Weather, wish: w, patience: s.Patience}

	parts := append(make([]upstream.Part, 0, 5), directory)
	if include.GitHub {
		parts = append(parts, &github)
	}
	if include.Activity {
		parts = append(parts, activity.of(&activity.posts), activity.of(&activity.todos))
	}
	if include.Weather {
		parts = append(parts, &weather)
	}
	upstream.Gather(ctx, s.Patience, parts...)

	sources := append(make([]upstream.Outcome, 0, 4), directory.outcome())
	if directory.wrong {
		s.users.Remove(id)
	}
	record := directory.record()
	if record == nil {
		return Profile{}, nil, &upstream.NoAnswerError{Subject: "this user", Sources: sources}
	}
	profile := Profile{User: record.User}
	if include.GitHub {
		profile.GitHub = github.slot.Answer.Value
		sources = append(sources, github.outcome())
	}
	if include.Activity {
		profile.Activity = activity.value()
		sources = append(sources, activity.outcome())
	}
	if include.Weather {
		profile.Weather = weather.value
		sources = append(sources, weather.outcome)
	}
	return profile, sources, nil
}

// List is a page of users. The error is an *upstream.NoAnswerError when the
// directory has no answer.
func (s *Service) List(ctx context.Context, q ListQuery, w upstream.Wish) (*Page, upstream.Outcome, error) {
	slot := s.lists.Slot(q, w)
	upstream.Gather(ctx, s.Patience, &slot)
	outcome := upstream.Outcome{Name: s.lists.Name(), Provenance: slot.Answer.Provenance}
	if !slot.Useful() {
		return nil, outcome, &upstream.NoAnswerError{Subject: "the list of users", Sources: []upstream.Outcome{outcome}}
	}
	return slot.Answer.Value.window(q), outcome, nil
}
