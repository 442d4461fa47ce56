// Package users is what the gateway knows of people: what the directory has
// of them ([User]), what others add to it ([Profile]), and how the directory is
// told of changes ([Change]).
//
// A provider is one file: where to ask, what its answer looks like to the
// letter, and what it means in our terms. It is an [upstream.Spec] and knows of
// no cache, no policy and no other provider. [Service] joins them.
//
// What is told here is personal: the errors of this package name fields and
// rules, never what stood in a field.
package users
