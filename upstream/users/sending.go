package users

import "context"

type sendingKey struct{}

// BeforeSending returns a context in which f is called before each request of a write
// to the directory, retries included. If f fails, the request is not sent, and the
// write fails as not done.
func BeforeSending(ctx context.Context, f func(context.Context) error) context.Context {
	return context.WithValue(ctx, sendingKey{}, f)
}

func beforeSending(ctx context.Context) error {
	if f, ok := ctx.Value(sendingKey{}).(func(context.Context) error); ok {
		return f(ctx)
	}
	return nil
}
