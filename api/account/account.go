// Package account knows the people of a practice: their accounts, roles and
// passwords, the sessions they are signed in with, invitations, one-time links
// and who treats whom.
//
// The first admin comes by a token printed on the console. Everyone else is
// invited, or comes as a guest by a link that opens one room. There is no
// self-registration and no default account. A session lives on the server and
// its cookie holds a random token of which only the hash is stored.
//
// It decides who somebody is, and leaves what they may do with a room, a chat
// or a worksheet to those slices. Second factors and single sign-on will stand
// between a proven password and its session: that is why a sign-in answers with
// what comes next.
package account

import (
	"net/netip"
	"time"

	"mentara/internal/auth"
)

// User is a person with an account.
type User struct {
	ID            string `bun:"id,pk"`
	Email         string
	Name          string
	Role          auth.Role
	Locale        string // BCP 47
	TimeZone      string // IANA
	CreatedAt     time.Time
	LastSeenAt    time.Time `bun:",nullzero"`
	DeactivatedAt time.Time `bun:",nullzero"`
}

// Active reports whether the account may sign in.
func (u User) Active() bool { return u.DeactivatedAt.IsZero() }

// Client is the browser behind a sign-in.
type Client struct {
	Address   netip.Addr
	UserAgent string
	Session   string // token of the session it has now; it ends with a new one
	Device    string // token it got when somebody signed in here before
}

// Grant is a session that has just begun: what goes into the cookies, once, and
// who it is.
type Grant struct {
	Token   string // session cookie; empty when the browser has it already
	Device  string // device cookie; empty when the browser has it already
	Expires time.Time
	Me      Me
}

// Lifetimes of what expires. Zero values are replaced by those of
// DefaultLifetimes.
type Lifetimes struct {
	Session    time.Duration // a session, however busy
	Idle       time.Duration // a session nobody uses
	Guest      time.Duration // a guest's session
	Invitation time.Duration
	Setup      time.Duration // the console token of the first admin
}

// DefaultLifetimes are those of a practice that has not decided otherwise.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{
		Session:    14 * 24 * time.Hour,
		Idle:       12 * time.Hour,
		Guest:      12 * time.Hour,
		Invitation: 7 * 24 * time.Hour,
		Setup:      30 * time.Minute,
	}
}

func (l Lifetimes) orDefault() Lifetimes {
	d := DefaultLifetimes()
	for _, f := range []struct{ have, fallback *time.Duration }{
		{&l.Session, &d.Session}, {&l.Idle, &d.Idle}, {&l.Guest, &d.Guest},
		{&l.Invitation, &d.Invitation}, {&l.Setup, &d.Setup},
	} {
		if *f.have <= 0 {
			*f.have = *f.fallback
		}
	}
	return l
}
