package users

import "context"

type sendingKey struct{}

// BeforeSending calls f before a request that changes something leaves for the
// directory, and before each repetition of it. If f fails the request is not
// sent, and the write fails as one that was not done.
func BeforeSending(ctx context.Context, f func(context.Context) error) context.Context {
	return context.WithValue(ctx, sendingKey{}, f)
}

func beforeSending(ctx context.Context) error {
	if f, ok := ctx.Value(sendingKey{}).(func(context.Context) error); ok {
		return f(ctx)
	}
	return nil
}
