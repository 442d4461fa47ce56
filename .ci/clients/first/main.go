// Command first keeps, of an OpenAPI document on standard input, only the first of the
// alternatives that a response or an object has. Generators without unions of objects
// can read the result. A client made from it has all operations, but no batches.
package main

import (
	"log"
	"os"

	"go.yaml.in/yaml/v3"
)

func main() {
	log.SetFlags(0)
	var document yaml.Node
	if err := yaml.NewDecoder(os.Stdin).Decode(&document); err != nil {
		log.Fatal(err)
	}
	simplify(&document)
	if err := yaml.NewEncoder(os.Stdout).Encode(&document); err != nil {
		log.Fatal(err)
	}
}

// simplify replaces schemas that are nothing but alternatives by the first, and removes
// the alternatives that a schema has beside its properties.
func simplify(n *yaml.Node) {
	for _, c := range n.Content {
		simplify(c)
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "anyOf" {
			continue
		}
		if len(n.Content) == 2 {
			*n = *n.Content[1].Content[0]
		} else {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
		}
		return
	}
}
