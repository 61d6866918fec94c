package account

import (
	"time"

	"mentara/internal/auth"
)

// What leaves for clients. A field is here because somebody may see it; rows
// never leave as they are.

// Me is who the caller is.
type Me struct {
	ID        string    `json:"id" doc:"User id, or the guest's" example:"7Q2M5XJ3ZK4W6N8P9R0T1V2Y3A"`
	Kind      auth.Kind `json:"kind" enum:"user,guest"`
	Name      string    `json:"name" example:"Mira Lindqvist"`
	Email     string    `json:"email,omitempty" doc:"Absent for guests"`
	Role      auth.Role `json:"role,omitempty" enum:"client,therapist,moderator,admin" doc:"Absent for guests"`
	Locale    string    `json:"locale" example:"en"`
	TimeZone  string    `json:"timeZone" example:"Europe/Berlin"`
	Room      string    `json:"room,omitempty" doc:"The one room of a guest"`
	SessionID string    `json:"sessionId"`
	Practice  string    `json:"practice" doc:"Name of the practice"`
}

// SignInResult is who signed in, and what comes next: "done" means that the
// session has begun. Second factors will add other values.
type SignInResult struct {
	Next string `json:"next" enum:"done"`
	Me
}

// Device is a session as its owner sees it.
type Device struct {
	ID         string    `json:"id"`
	UserAgent  string    `json:"userAgent" doc:"Browser and system in words" example:"Firefox on Windows"`
	Address    string    `json:"address" doc:"Where it was last used from" example:"203.0.113.7"`
	CreatedAt  time.Time `json:"createdAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	ExpiresAt  time.Time `json:"expiresAt" doc:"When it ends if it is not used"`
	Current    bool      `json:"current"`
}

// Person is somebody with an account, as staff sees them.
type Person struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Email      string     `json:"email"`
	Role       auth.Role  `json:"role" enum:"client,therapist,moderator,admin"`
	Active     bool       `json:"active" doc:"Whether the account may sign in"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastSeenAt *time.Time `json:"lastSeenAt,omitempty" doc:"Absent if never"`
}

// Invitation is one as its sender sees it.
type Invitation struct {
	ID          string    `json:"id"`
	Email       string    `json:"email"`
	Name        string    `json:"name" doc:"Suggested to the invited person; may be empty"`
	Role        auth.Role `json:"role" enum:"client,therapist,moderator,admin"`
	TherapistID string    `json:"therapistId,omitempty" doc:"Who will treat a new client"`
	InvitedBy   string    `json:"invitedBy" doc:"Name of the sender"`
	State       string    `json:"state" enum:"open,accepted,expired,revoked"`
	CreatedAt   time.Time `json:"createdAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	Link        string    `json:"link,omitempty" doc:"Where to accept it; only in the answer that made it"`
}

// InvitationPreview is one as the invited person sees it.
type InvitationPreview struct {
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      auth.Role `json:"role" enum:"client,therapist,moderator,admin"`
	Practice  string    `json:"practice"`
	InvitedBy string    `json:"invitedBy"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Care says that a therapist treats a client.
type Care struct {
	TherapistID   string    `json:"therapistId"`
	TherapistName string    `json:"therapistName"`
	ClientID      string    `json:"clientId"`
	ClientName    string    `json:"clientName"`
	Since         time.Time `json:"since"`
}

// CareUnit is a couple, family or group treated together.
type CareUnit struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Kind        UnitKind  `json:"kind" enum:"couple,family,group"`
	TherapistID string    `json:"therapistId"`
	Members     []Named   `json:"members"`
	CreatedAt   time.Time `json:"createdAt"`
}

// Named is a reference to a person that can be shown.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Service) meOf(sess *sessionRow, u *userRow) Me { return s.me(principalOf(sess, u), u) }

// me describes a principal. u is nil for guests.
func (s *Service) me(p auth.Principal, u *userRow) Me {
	m := Me{ID: p.ID, Kind: p.Kind, Name: p.Name, SessionID: p.SessionID, Practice: s.practice, Locale: "en", TimeZone: "UTC"}
	if p.Room != nil {
		m.Room = p.Room.Room
	}
	if u != nil {
		m.Name, m.Email, m.Role, m.Locale, m.TimeZone = u.Name, u.Email, u.Role, u.Locale, u.TimeZone
	}
	return m
}

func viewPerson(u User) Person {
	p := Person{ID: u.ID, Name: u.Name, Email: u.Email, Role: u.Role, Active: u.Active(), CreatedAt: u.CreatedAt.UTC()}
	if !u.LastSeenAt.IsZero() {
		seen := u.LastSeenAt.UTC()
		p.LastSeenAt = &seen
	}
	return p
}

func (s *Service) viewInvitation(i *invitationRow, invitedBy string) Invitation {
	return Invitation{
		ID: i.ID, Email: i.Email, Name: i.Name, Role: i.Role, TherapistID: i.TherapistID, InvitedBy: invitedBy,
		State: i.state(s.now()), CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
}

func viewCare(c careRow) Care {
	v := Care{TherapistID: c.TherapistID, ClientID: c.ClientID, Since: c.Since.UTC()}
	if c.Therapist != nil {
		v.TherapistName = c.Therapist.Name
	}
	if c.Client != nil {
		v.ClientName = c.Client.Name
	}
	return v
}
