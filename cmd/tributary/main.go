// Command tributary is a gateway that gives frontends one stable endpoint where
// the world has many unstable upstreams. Its commands are in package app.
package main

import (
	"context"
	"os"

	"tributary/cmd/tributary/app"
)

func main() {
	app.FitMemory(os.Getenv, os.DirFS("/"))
	app.PaceCollections(os.Getenv)
	os.Exit(app.Run(context.Background(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
