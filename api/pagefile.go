package api

// PageFile is a file that the pages of this package share with those of the operators'
// console.
func PageFile(name string) ([]byte, error) { return pages.ReadFile("pages/" + name) }
