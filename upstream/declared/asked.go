package declared

import (
	"context"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/jsontree"
)

// asked is a question to one source, and the place for its answer.
type asked interface {
	aggregate.Part
	outcome() aggregate.Outcome
	value() value
}

// ask makes the question of a part to one of its sources. single is the room for it, if
// it is one. ok is false if there is nobody to ask.
func (t *Table) ask(single *singleQuestion, s *partSource, texts, keys []string, q *Query) (_ asked, ok bool) {
	if s.builtIn != nil {
		ask := t.connections.BuiltIn[s.name]
		if ask == nil {
			return nil, false
		}
		values := s.arrange(texts)
		return &builtInQuestion{table: t, ask: ask, key: s.name + " " + cacheKey(values, nil), values: values, directives: q.Directives}, true
	}
	question := question{values: s.arrange(texts)}
	if s.source.caller {
		question.caller = q.Caller
	}
	question.key = cacheKey(question.values, question.caller)
	if b := t.batches[s.source]; b != nil {
		return newBatchQuestion(s.source, b, question, keys, q.Directives), true
	}
	if one := t.singles[s.source]; one != nil {
		single.Slot = aggregate.NewSlot(one, question, q.Directives)
		return single, true
	}
	return nil, false
}

// arrange puts the values of a part into the order of the source's parameters.
func (s *partSource) arrange(texts []string) []string {
	if s.inOrder {
		return texts
	}
	values := make([]string, len(s.order))
	for i, at := range s.order {
		values[i] = texts[at]
	}
	return values
}

// singleQuestion asks a declared source for one thing.
type singleQuestion struct {
	aggregate.Slot[question, *jsontree.Tree]
}

func (s *singleQuestion) outcome() aggregate.Outcome { return s.Outcome() }

func (s *singleQuestion) value() value {
	if !s.Useful() {
		return value{}
	}
	return value{node: s.Answer.Value.Root()}
}

// builtInQuestion asks a built-in source.
type builtInQuestion struct {
	table      *Table
	ask        AskBuiltIn
	key        string
	values     []string
	directives upstream.Directives

	answer aggregate.Outcome
	tree   *jsontree.Tree // nil: none
}

// Now implements aggregate.Part. We cannot tell whether the answer is cached.
func (b *builtInQuestion) Now(context.Context, time.Time) (done, held bool) { return false, false }

// Ask implements aggregate.Part.
func (b *builtInQuestion) Ask(ctx context.Context) {
	start := time.Now()
	var data aggregate.Encoded
	data, b.answer = b.ask(ctx, b.values, b.directives)
	if b.answer.Forward != upstream.NotForwarded {
		b.answer.Latency = time.Since(start)
	}
	if data.JSON == nil || !b.answer.Useful() {
		return
	}
	var err error
	if b.tree, err = b.table.parse(b.key, data); err != nil {
		b.answer.Provenance = upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeInvalidResponse, "its answer cannot be read")}
	}
}

// isSwitchedOff reports whether every provider of the built-in source is disabled: then
// the question is skipped, and nobody says why.
func (b *builtInQuestion) isSwitchedOff() bool {
	return b.answer.State == upstream.Skipped && b.answer.Err == nil && len(b.answer.Sources) == 0
}

// taggedTree is the parsed answer of a built-in source.
type taggedTree struct {
	tag  string
	tree *jsontree.Tree
}

// parse parses the answer of a built-in source, once for the same answer: a tree that
// is the same says that nothing has changed.
func (t *Table) parse(key string, data aggregate.Encoded) (*jsontree.Tree, error) {
	if kept := t.parsed.Get(key); kept != nil {
		if was := kept.Value.(*taggedTree); was.tag == data.Tag {
			return was.tree, nil
		}
	}
	tree, err := jsontree.Parse(data.JSON)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	e := cache.NewEntry(&taggedTree{data.Tag, tree}, now, cache.FreshOnly(now, renderedFor))
	e.Size = tree.Size()
	t.parsed.Set(key, e)
	return tree, nil
}

// Useful implements aggregate.Part.
func (b *builtInQuestion) Useful() bool { return b.tree != nil }

func (b *builtInQuestion) outcome() aggregate.Outcome { return b.answer }

func (b *builtInQuestion) value() value { return value{node: b.tree.Root()} }
