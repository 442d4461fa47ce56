package users

import (
	"fmt"
	"slices"
	"testing"
)

// pager is a directory of users 1 to n with its own rules of paging.
type pager struct {
	n           int
	own         int  // users on a page; 0: as many as _limit says
	max         int  // greatest page; 0: no limit
	ignoresPage bool // ignores _page
	counts      bool // sends X-Total-Count
	links       bool // sends Link
	nameless    int  // id of a user without a name
}

func (d pager) answer(q ListQuery) *listed {
	size := q.PerPage
	if d.own > 0 {
		size = d.own
	}
	if d.max > 0 {
		size = min(size, d.max)
	}
	page := q.Page
	if d.ignoresPage {
		page = 1
	}
	l := &listed{Users: []*User{}}
	for id := (page-1)*size + 1; id <= min(d.n, page*size); id++ {
		u := &User{ID: int64(id), Name: "x"}
		if id == d.nameless {
			u, l.Fault = nil, "[0].name: missing or blank"
		}
		l.Users = append(l.Users, u)
	}
	if d.counts {
		l.Total = new(int64(d.n))
	}
	if d.links {
		l.Linked, l.Prev, l.Next = true, page > 1, page*size < d.n
	}
	return l
}

// walk follows Next from page to page, and returns the users found and the number of
// requests for each page.
func (d pager) walk(t *testing.T, perPage int) (ids []int64, requests []int, pages []*Page) {
	t.Helper()
	for q := (ListQuery{Page: 1, PerPage: perPage}); ; q.Page++ {
		sent := 1
		known := map[int]*listed{q.Page: d.answer(q)}
		p := paginate(q, known[q.Page], func(page int) *listed {
			if known[page] == nil {
				sent++
				known[page] = d.answer(ListQuery{Page: page, PerPage: perPage})
			}
			return known[page]
		})
		for _, u := range p.Users {
			ids = append(ids, u.ID)
		}
		requests, pages = append(requests, sent), append(pages, p)
		if !p.Next {
			return ids, requests, pages
		}
		if q.Page > 30 {
			t.Fatalf("there is a next page after %d", q.Page)
		}
	}
}

func upTo(n int) []int64 {
	var ids []int64
	for id := range n {
		ids = append(ids, int64(id+1))
	}
	return ids
}

// Whatever a directory does with _page and _limit, following the next links finds
// every user once.
func TestPagesOfAllDirectories(t *testing.T) {
	for _, says := range []struct {
		name          string
		counts, links bool
	}{{"and says nothing of it", false, false}, {"and counts", true, false}, {"and links", false, true}, {"and counts and links", true, true}} {
		for _, d := range []struct {
			name string
			pager
		}{
			{"knows pages", pager{}},
			{"ignores _page and _limit", pager{own: 1 << 20, ignoresPage: true}},
			{"ignores _limit, and has pages of 6", pager{own: 6}},
			{"ignores _limit, and has one page", pager{own: 1 << 20}},
		} {
			for n := range 26 {
				for _, perPage := range []int{1, 3, 5} {
					d := d.pager
					d.n, d.counts, d.links = n, says.counts, says.links
					if ids, _, _ := d.walk(t, perPage); !slices.Equal(ids, upTo(n)) {
						t.Errorf("a directory of %d that %s, read by %d: users %v", n, fmt.Sprintf("%+v", d), perPage, ids)
					}
				}
			}
		}
	}
}

func TestPagesOfADirectoryWithABound(t *testing.T) {
	for name, d := range map[string]pager{
		"that counts": {n: 25, max: 10, counts: true},
		"that links":  {n: 25, max: 10, links: true},
	} {
		ids, _, pages := d.walk(t, 100)
		if !slices.Equal(ids, upTo(25)) || len(pages) != 3 {
			t.Errorf("%s: users %v on %d pages, want 25 on 3", name, ids, len(pages))
		}
		if last := pages[0].Last; d.counts && last != 3 {
			t.Errorf("%s: last page = %d, want 3", name, last)
		}
	}
}

func TestPaginate(t *testing.T) {
	static := pager{own: 1 << 20, ignoresPage: true}
	of := func(n int, d pager) pager { d.n = n; return d }
	for name, tt := range map[string]struct {
		d       pager
		q       ListQuery
		ids     []int64
		total   int64 // -1: unknown
		last    int64
		next    bool
		fault   string
		request int
	}{
		"it is empty after all that a directory without pages has":                      {of(10, static), ListQuery{Page: 2, PerPage: 20}, nil, 10, 1, false, "", 2},
		"it is empty far after that":                                                    {of(10, static), ListQuery{Page: 50, PerPage: 10}, nil, -1, 0, false, "", 2},
		"it is empty where the directory's list is exactly one page":                    {of(10, static), ListQuery{Page: 2, PerPage: 10}, nil, -1, 0, false, "", 2},
		"it may have a next where the list is exactly one page":                         {of(10, static), ListQuery{Page: 1, PerPage: 10}, upTo(10), -1, 0, true, "", 1},
		"it is the middle of all that a directory without pages has":                    {of(10, static), ListQuery{Page: 2, PerPage: 4}, []int64{5, 6, 7, 8}, 10, 3, true, "", 2},
		"it is the beginning of that, once it is clear that it is all":                  {of(10, static), ListQuery{Page: 1, PerPage: 4}, upTo(4), 10, 3, true, "", 2},
		"it needs no second request where all are counted":                              {of(10, pager{own: 20, ignoresPage: true, counts: true}), ListQuery{Page: 2, PerPage: 4}, []int64{5, 6, 7, 8}, 10, 3, true, "", 1},
		"it is far beyond any list":                                                     {of(10, static), ListQuery{Page: 1<<63 - 1, PerPage: 3}, nil, 10, 4, false, "", 2},
		"it does not repeat the first page of a directory that heeds _limit only":       {of(30, pager{ignoresPage: true}), ListQuery{Page: 2, PerPage: 10}, nil, -1, 0, false, "", 2},
		"it has a fault if that directory counts more users":                            {of(30, pager{ignoresPage: true, counts: true}), ListQuery{Page: 2, PerPage: 10}, nil, 30, 0, false, repeating, 2},
		"it has a fault if that directory links to more users":                          {of(30, pager{ignoresPage: true, links: true}), ListQuery{Page: 2, PerPage: 10}, nil, -1, 0, false, repeating, 2},
		"it has a fault if a directory has its own page size and sends only one page":   {of(30, pager{own: 12, ignoresPage: true, counts: true}), ListQuery{Page: 2, PerPage: 10}, []int64{11, 12}, 30, 0, false, repeating, 2},
		"it is accepted if full and linked to the page before":                          {of(30, pager{links: true}), ListQuery{Page: 2, PerPage: 10}, upTo(20)[10:], -1, 0, true, "", 1},
		"it is accepted if it ends the list by its total":                               {of(25, pager{counts: true}), ListQuery{Page: 3, PerPage: 10}, upTo(25)[20:], 25, 3, false, "", 1},
		"it is accepted if empty after the total":                                       {of(25, pager{counts: true}), ListQuery{Page: 4, PerPage: 10}, nil, 25, 3, false, "", 1},
		"it is compared when it is full and only counted":                               {of(30, pager{counts: true}), ListQuery{Page: 2, PerPage: 10}, upTo(20)[10:], 30, 3, true, "", 2},
		"it is compared when nothing is said of it":                                     {of(30, pager{}), ListQuery{Page: 2, PerPage: 10}, upTo(20)[10:], -1, 0, true, "", 2},
		"it is cut out of two of the directory's pages":                                 {of(30, pager{own: 12}), ListQuery{Page: 3, PerPage: 5}, upTo(15)[10:], -1, 0, true, "", 3},
		"it reports users that were left out":                                           {of(4, pager{counts: true, nameless: 2}), ListQuery{Page: 1, PerPage: 10}, []int64{1, 3, 4}, 4, 1, false, "1 of 4 left out: [0].name: missing or blank", 1},
		"it counts users left out, so that others stay on their page":                   {of(6, pager{own: 6, ignoresPage: true, counts: true, nameless: 2}), ListQuery{Page: 2, PerPage: 3}, []int64{4, 5, 6}, 6, 2, false, "1 of 6 left out: [0].name: missing or blank", 1},
		"it has no next where the directory's links name none, though the page is full": {of(10, pager{links: true}), ListQuery{Page: 1, PerPage: 10}, upTo(10), -1, 0, false, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			sent := 1
			got := paginate(tt.q, tt.d.answer(tt.q), func(page int) *listed {
				sent++
				return tt.d.answer(ListQuery{Page: page, PerPage: tt.q.PerPage})
			})
			ids := []int64{}
			for _, u := range got.Users {
				ids = append(ids, u.ID)
			}
			total := int64(-1)
			if got.Total != nil {
				total = *got.Total
			}
			if !slices.Equal(ids, tt.ids) || total != tt.total || got.Last != tt.last || got.Next != tt.next || got.fault != tt.fault {
				t.Errorf("page = %v of %d, last %d, next %t, fault %q; want %v of %d, last %d, next %t, fault %q",
					ids, total, got.Last, got.Next, got.fault, tt.ids, tt.total, tt.last, tt.next, tt.fault)
			}
			if sent != tt.request {
				t.Errorf("it took %d requests, want %d", sent, tt.request)
			}
		})
	}
}

func TestPaginateWithoutPageOne(t *testing.T) {
	nothing := func(int) *listed { return nil }
	q := ListQuery{Page: 2, PerPage: 4}
	if got := paginate(q, (pager{n: 8}).answer(q), nothing); got == nil || got.Users[0].ID != 5 {
		t.Errorf("page = %v, want what the directory said", got)
	}
	if got := paginate(q, (pager{n: 8, own: 6}).answer(ListQuery{Page: 1, PerPage: 4}), nothing); got != nil {
		t.Errorf("page = %v, want none: it is not known where these users stand", got)
	}
}
