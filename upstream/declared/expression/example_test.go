package expression_test

import (
	"fmt"

	"tributary/upstream/declared/expression"
	"tributary/upstream/declared/shape"
)

func Example() {
	customer := &shape.Type{Kind: shape.Object, Fields: map[string]*shape.Type{"first": text, "last": text}}
	env := expression.NewEnv(map[string]*shape.Type{"customer": customer})

	_, mistake := env.Compile(`customer.first + customer.surname`)
	fmt.Printf("%s at %d\n", mistake.Rule, mistake.Offset)

	program, _ := env.Compile(`customer.first + " " + customer.last`)
	for _, last := range []any{"Lovelace", nil} {
		names := map[string]any{"first": "Ada", "last": last}
		v, ok, err := program.Run(func(r *expression.Ref) (any, error) { return names[r.Path[0]], nil })
		fmt.Println(v, ok, err)
	}
	// Output:
	// unknown field surname at 26
	// Ada Lovelace true <nil>
	// <nil> false <nil>
}
