package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mentara/api"
	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

// Options are what a Service needs to know. Log and PublicURL are required.
type Options struct {
	Log       *slog.Logger
	PublicURL *url.URL // where browsers reach the web app
	Practice  string   // its name, shown to those who are invited
	Lifetimes Lifetimes
	Now       func() time.Time // nil: time.Now
}

// Service is everything one can do with accounts.
type Service struct {
	db        *db.DB
	log       *slog.Logger
	public    *url.URL
	practice  string
	life      Lifetimes
	clock     func() time.Time
	hasher    *hasher
	throttle  *throttle
	addresses *api.Limiter // sign-ins of one address, over all accounts
	cookies   cookieNames
}

// New makes a service on a migrated database.
func New(d *db.DB, o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{
		db: d, log: o.Log, public: o.PublicURL, practice: o.Practice, life: o.Lifetimes.orDefault(), clock: o.Now,
		hasher: newHasher(), throttle: newThrottle(),
		// A whole practice may sit behind one address and sign in at nine.
		addresses: api.NewLimiter(0.5, 100, 50_000),
		cookies:   cookieNamesFor(o.PublicURL),
	}
}

// now is UTC in microseconds, which is what PostgreSQL keeps: a time read back
// equals the time that was written.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// NewUser is an account to be made. Password may be empty: then only links
// sign it in.
type NewUser struct {
	Email, Name, Password string
	Role                  auth.Role
	Locale, TimeZone      string // empty: "en" and "UTC"
}

// CreateUser makes an account without an invitation, for the command line and
// the demo. A taken address is fault.Conflict "email_taken".
func (s *Service) CreateUser(ctx context.Context, n NewUser) (User, error) {
	u, err := s.prepare(ctx, n, "")
	if err != nil {
		return User{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.insertUser(ctx, tx, u, "")
	})
	if err != nil {
		return User{}, err
	}
	return u.User, nil
}

// prepare checks a new user and hashes the password, outside any transaction.
// prefix is where the fields are in a request: "body.".
func (s *Service) prepare(ctx context.Context, n NewUser, prefix string) (*userRow, error) {
	email, err := normalEmail(prefix+"email", n.Email)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]auth.Role{auth.Client, auth.Therapist, auth.Moderator, auth.Admin}, n.Role) {
		return nil, invalid(prefix+"role", "A role is client, therapist, moderator or admin.")
	}
	name, err := normalName(prefix+"name", n.Name)
	if err != nil {
		return nil, err
	}
	locale, zone := n.Locale, n.TimeZone
	if locale == "" {
		locale = "en"
	}
	if zone == "" {
		zone = "UTC"
	}
	if err := errors.Join(checkLocale(prefix+"locale", locale), checkZone(prefix+"timeZone", zone)); err != nil {
		return nil, err
	}
	u := &userRow{
		User:     User{ID: newID(), Email: email, Name: name, Role: n.Role, Locale: locale, TimeZone: zone, CreatedAt: s.now()},
		SortName: fold(name),
	}
	if n.Password == "" {
		return u, nil
	}
	if err := checkPassword(prefix+"password", n.Password, email, name); err != nil {
		return nil, err
	}
	u.Password, err = s.hasher.Hash(ctx, n.Password)
	return u, err
}

func (s *Service) insertUser(ctx context.Context, tx *db.Tx, u *userRow, by string) error {
	if _, err := tx.NewInsert().Model(u).Exec(ctx); err != nil {
		if db.IsUnique(err) {
			return fault.New(fault.Conflict, "email_taken", "There is an account with this address already.")
		}
		return fmt.Errorf("insert user: %w", err)
	}
	return tx.Emit(ctx, event.UserCreated{User: u.ID, Role: string(u.Role), By: by})
}

// normalEmail is the one form of an address: bare, lower-case.
func normalEmail(location, s string) (string, error) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > 254 || hasControl(s) {
		return "", invalid(location, "This is not an email address.")
	}
	return strings.ToLower(s), nil
}

// normalName trims a name and refuses control and direction characters, with
// which one person could be made to look like another.
func normalName(location, s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	if n := utf8.RuneCountInString(s); n < 1 || n > 100 || hasControl(s) {
		return "", invalid(location, "A name has 1 to 100 characters.")
	}
	return s, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError
	})
}

func checkLocale(location, s string) error {
	ok := len(s) >= 2 && len(s) <= 35
	for part := range strings.SplitSeq(s, "-") {
		ok = ok && len(part) >= 1 && len(part) <= 8 && strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	}
	if !ok {
		return invalid(location, "This is not a language tag, such as en or de-CH.")
	}
	return nil
}

// checkZone wants a name of the IANA database. LoadLocation would also take
// "Local", which means another place on another machine.
func checkZone(location, s string) error {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" || len(s) > 64 {
		return invalid(location, "This is not a time zone, such as Europe/Berlin.")
	}
	return nil
}

func invalid(location, message string) error {
	return fault.New(fault.Invalid, "invalid", message).With(location, message)
}

func notFound() error {
	return fault.New(fault.NotFound, "not_found", "There is no such thing here.")
}
