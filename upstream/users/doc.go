// Package users reads and changes users: what the directory has of them
// ([User]), what other services add ([Profile]), and changes ([Change]).
//
// A provider is an [upstream.Spec]: where to ask, what the answer looks like, and
// what it means in our terms. It knows no cache, no policy and no other provider.
// [Service] joins them.
//
// The data is personal, so the errors of this package name fields and rules, and
// never quote a value.
package users
