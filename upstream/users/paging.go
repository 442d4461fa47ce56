package users

// Page is a part of the list of users.
type Page struct {
	Users []User
	Total *int64 // of the users who match; nil: not known
	Last  int64  // the number of the last page; 0: not known
	Next  bool   // there is a next page, or there may be one

	fault string // what is missing from Users, and why; "": nothing
	mixed bool   // Users are from other pages of the directory than the one that was asked for
}

// paginate makes the page that q asks for out of got, the directory's answer to
// q. Directories differ: some ignore _page, some _limit, some both, and not all
// say so. An answer to a page after the first is believed if the directory shows
// that it knows which page it gave: by its X-Total-Count or Link, or because the
// users differ from those of page 1. Otherwise a directory without pages would
// repeat its users on every page, for ever.
//
// ask asks the directory for another page of the same list; nil: no answer.
// paginate is nil if it cannot do without one.
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
		return first.window(q) // which has nobody on this page
	case len(first.Users) > q.PerPage:
		return excerpt(q, first, ask)
	case len(got.Users) > q.PerPage:
		return got.window(q)
	}
	return got.page(q, first.size(q))
}

// size is how many users a full page of the directory has, by its first page:
// fewer than it was asked for if the page is short and yet not the last.
func (l *listed) size(q ListQuery) int {
	n := len(l.Users)
	if n > 0 && n < q.PerPage && (l.Next || l.Total != nil && *l.Total > int64(n)) {
		return n
	}
	return q.PerPage
}

// fits reports whether l, the answer to a page after the first, can only be
// that page. A page that is not full must have the rest of what was counted. A
// full one must have a link to the page before, and one to the next unless the
// count ends with it: the last page of a directory that heeds no _limit may have
// as many users by chance.
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

// offset is how many users stand before the page, bounded so that it can be
// added to.
func (q ListQuery) offset() int64 {
	if int64(q.Page-1) > maxInteger/int64(q.PerPage) {
		return maxInteger
	}
	return int64(q.Page-1) * int64(q.PerPage)
}

// page is l as the directory gave it: the page that q asks for. A full page has
// size users.
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

// window is the page that q asks for, cut out of l, which is all that the
// directory gives, whichever page it is asked for.
func (l *listed) window(q ListQuery) *Page {
	total := int64(len(l.Users))
	from := min(total, q.offset())
	to := min(total, from+int64(q.PerPage))
	p := &Page{Users: readable(l.Users[from:to]), Total: &total, Last: pages(total, q.PerPage), fault: l.fault()}
	p.Next = int64(q.Page) < p.Last
	switch {
	case l.isWhole():
	case l.Total != nil, l.Next: // it knows of more users than these
		p.Total, p.Last, p.fault = l.Total, 0, repeating
	case len(l.Users) == q.PerPage: // there may be more, if it heeds _limit
		p.Total, p.Last = nil, 0
	}
	return p
}

// repeating is what to say when there are users who cannot be had.
const repeating = "page: the directory repeats its first page on every other one"

// excerpt is the page that q asks for, cut out of the pages of a directory that
// has larger ones, whatever it is asked for. first is its first page.
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

// readable are the users that could be read.
func readable(items []*User) []User {
	users := make([]User, 0, len(items))
	for _, u := range items {
		if u != nil {
			users = append(users, *u)
		}
	}
	return users
}

// pages is how many pages of a size a list has, at least one.
func pages(total int64, size int) int64 {
	return max(1, (total+int64(size)-1)/int64(size))
}
