// Package users reads and writes users: it combines the directory's data ([User]) with
// data from other services ([Profile]) and applies changes ([Change]).
//
// A provider is an [upstream.Spec]: how to make the request, the form of the answer,
// and its conversion. It knows no cache, no policy and no other provider. [Service]
// combines the providers.
//
// The data is personal, so errors of this package name fields and rules but never
// quote a value.
package users
