package users

// Page is a page of the list of users.
type Page struct {
	Users []User
	Total *int64 // number of matching users; nil: unknown
	Last  int64  // number of the last page; 0: unknown
	Next  bool   // there is, or may be, a next page

	fault string // what is missing from Users, and why; "": nothing
	mixed bool   // Users come from other pages of the directory than the requested one
}

// paginate makes the page for q from got, the directory's answer to q. Some
// directories ignore _page, _limit or both, and not all of them say so. An answer to
// a page after the first is accepted only if the directory shows which page it is:
// by X-Total-Count or Link, or because its users differ from those of page 1.
// Otherwise a directory without pages would repeat its users on every page forever.
//
// ask requests another page of the same list and returns nil if there is no answer.
// paginate returns nil if it needs an answer that is missing.
func paginate(q ListQuery, got *listed, ask func(page int) *listed) *Page {
	switch {
	case q.Page == 1 && len(got.Users) <= q.PerPage:
		return got.page(q, got.size(q))
	case len(got.Users) > 0 && got.isWhole():
		return got.window(q)
	case q.Page == 1 && (got.Next || got.Total != nil):
		return excerpt(q, got, ask)
	case q.Page == 1:
		second := ask(2)
		if second == nil || len(second.Users) == 0 || second.repeats(got) {
			return got.window(q)
		}
		return excerpt(q, got, ask)
	case got.fits(q):
		return got.page(q, q.PerPage)
	}

	first := ask(1)
	switch {
	case first == nil && len(got.Users) > q.PerPage:
		return nil
	case first == nil:
		return got.page(q, q.PerPage)
	case got.repeats(first):
		return got.window(q)
	case first.isWhole():
		return first.window(q) // no user is on this page
	case len(first.Users) > q.PerPage:
		return excerpt(q, first, ask)
	case len(got.Users) > q.PerPage:
		return got.window(q)
	}
	return got.page(q, first.size(q))
}

// size is the number of users on a full page, derived from the first page: fewer than
// requested if that page is short but not the last.
func (l *listed) size(q ListQuery) int {
	n := len(l.Users)
	if n > 0 && n < q.PerPage && (l.Next || l.Total != nil && *l.Total > int64(n)) {
		return n
	}
	return q.PerPage
}

// fits reports whether l, the answer to a page after the first, can only be that page.
// A page that is not full must end the list by its total. A full page must link to
// the previous page, and to the next one unless the total ends with it: otherwise it
// could be the whole list of a directory that ignores _limit and happens to have
// that number of users.
func (l *listed) fits(q ListQuery) bool {
	n := int64(len(l.Users))
	switch {
	case n == int64(q.PerPage):
		return l.Prev && (l.Next || l.Total != nil && *l.Total == q.offset()+n)
	case l.Total != nil:
		return n == max(0, *l.Total-q.offset())
	}
	return false
}

// offset is the number of users before the page, limited to avoid overflow.
func (q ListQuery) offset() int64 {
	if int64(q.Page-1) > maxInteger/int64(q.PerPage) {
		return maxInteger
	}
	return int64(q.Page-1) * int64(q.PerPage)
}

// page makes the page for q from l when l is the requested page. A full page has size
// users.
func (l *listed) page(q ListQuery, size int) *Page {
	p := &Page{Users: readable(l.Users), Total: l.Total, fault: l.fault()}
	n := len(l.Users)
	if l.Total != nil {
		p.Last = pages(*l.Total, size)
	}
	switch {
	case n == 0:
	case l.Next, int64(q.Page) < p.Last:
		p.Next = true
	case l.Total == nil && !l.Linked:
		p.Next = n == size
	}
	return p
}

// window cuts the page for q out of l when the directory sends the same list for
// every page.
func (l *listed) window(q ListQuery) *Page {
	total := int64(len(l.Users))
	from := min(total, q.offset())
	to := min(total, from+int64(q.PerPage))
	p := &Page{Users: readable(l.Users[from:to]), Total: &total, Last: pages(total, q.PerPage), fault: l.fault()}
	p.Next = int64(q.Page) < p.Last
	switch {
	case l.isWhole():
	case l.Total != nil, l.Next: // the directory has more users than it sends
		p.Total, p.Last, p.fault = l.Total, 0, repeating
	case len(l.Users) == q.PerPage: // the directory may obey _limit, so there may be more
		p.Total, p.Last = nil, 0
	}
	return p
}

// repeating is the fault when the directory has users that it does not send.
const repeating = "page: the directory repeats its first page on every other one"

// excerpt cuts the page for q out of the pages of a directory that ignores _limit and
// has its own page size. first is its first page.
func excerpt(q ListQuery, first *listed, ask func(page int) *listed) *Page {
	size := int64(len(first.Users))
	from := q.offset()
	begin, end := from/size+1, (from+int64(q.PerPage)-1)/size+1
	p := &Page{Total: first.Total, mixed: true}
	if first.Total != nil {
		p.Last = pages(*first.Total, q.PerPage)
	}
	var users []*User
	last := first
	for page := begin; page <= end; page++ {
		if page > 1 {
			last = ask(int(page))
		}
		if last == nil {
			return nil
		}
		users = append(users, last.Users[:min(size, int64(len(last.Users)))]...)
		if p.fault == "" {
			p.fault = last.fault()
		}
		if int64(len(last.Users)) < size {
			break
		}
	}
	users = users[min(int64(len(users)), from-(begin-1)*size):]
	shown := users[:min(len(users), q.PerPage)]
	p.Users = readable(shown)
	switch {
	case len(shown) == 0:
	case len(users) > len(shown), last.Next, int64(q.Page) < p.Last:
		p.Next = true
	case first.Total == nil && !last.Linked:
		p.Next = int64(len(last.Users)) >= size
	}
	return p
}

// readable returns the users that were decoded.
func readable(items []*User) []User {
	users := make([]User, 0, len(items))
	for _, u := range items {
		if u != nil {
			users = append(users, *u)
		}
	}
	return users
}

// pages is the number of pages of a list, at least one.
func pages(total int64, size int) int64 {
	return max(1, (total+int64(size)-1)/int64(size))
}
