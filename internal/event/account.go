package event

// accountFacts are the facts of api/account.
var accountFacts = []Fact{
	UserCreated{}, UserChanged{}, UserDeactivated{}, UserReactivated{}, PasswordChanged{},
	SignedIn{}, SignedOut{}, SessionRevoked{}, GuestSignedIn{},
	InvitationSent{}, InvitationRevoked{}, InvitationAccepted{},
	CareChanged{}, CareUnitChanged{},
}

// AccountChanged is what a person's own pages learn: which part of their
// account to ask for again ("me", "sessions", "invitations", "care").
type AccountChanged struct {
	Part string `json:"part"`
}

func toPeople(part string, ids ...string) []Notice {
	notices := make([]Notice, 0, len(ids))
	for _, id := range ids {
		notices = append(notices, Notice{Topic: "user:" + id, Type: "account.changed", Data: AccountChanged{Part: part}})
	}
	return notices
}

// UserCreated says that a person has an account. By is empty when they came by
// setup or the command line.
type UserCreated struct {
	User string `json:"user"`
	Role string `json:"role"`
	By   string `json:"by,omitempty"`
}

func (UserCreated) Kind() string   { return "user.created" }
func (UserCreated) Live() []Notice { return nil }

// UserChanged names the fields that changed: "name", "role", "locale",
// "timeZone".
type UserChanged struct {
	User   string   `json:"user"`
	Fields []string `json:"fields"`
	By     string   `json:"by"`
}

func (UserChanged) Kind() string     { return "user.changed" }
func (f UserChanged) Live() []Notice { return toPeople("me", f.User) }

// UserDeactivated says that an account may no longer sign in; a SessionRevoked
// for each of its sessions comes with it.
type UserDeactivated struct {
	User string `json:"user"`
	By   string `json:"by"`
}

func (UserDeactivated) Kind() string   { return "user.deactivated" }
func (UserDeactivated) Live() []Notice { return nil }

// UserReactivated says that a deactivated account may sign in again.
type UserReactivated struct {
	User string `json:"user"`
	By   string `json:"by"`
}

func (UserReactivated) Kind() string   { return "user.reactivated" }
func (UserReactivated) Live() []Notice { return nil }

// PasswordChanged says that a person has a new password; their other sessions
// ended with it.
type PasswordChanged struct {
	User string `json:"user"`
}

func (PasswordChanged) Kind() string   { return "user.password_changed" }
func (PasswordChanged) Live() []Notice { return nil }

// SignedIn says that a session began. Method is how: "password", "link",
// "setup" or "invitation". NewDevice is a browser not seen before.
type SignedIn struct {
	User      string `json:"user"`
	Session   string `json:"session"`
	Method    string `json:"method"`
	Device    string `json:"device"`
	NewDevice bool   `json:"newDevice"`
}

func (SignedIn) Kind() string     { return "session.started" }
func (f SignedIn) Live() []Notice { return toPeople("sessions", f.User) }

// GuestSignedIn says that a guest link was used.
type GuestSignedIn struct {
	Guest   string `json:"guest"`
	Session string `json:"session"`
	Room    string `json:"room"`
	By      string `json:"by"` // who made the link
}

func (GuestSignedIn) Kind() string   { return "session.guest_started" }
func (GuestSignedIn) Live() []Notice { return nil }

// SignedOut says that a person ended their own current session. A
// SessionRevoked comes with it.
type SignedOut struct {
	Owner   string `json:"owner"`
	Session string `json:"session"`
}

func (SignedOut) Kind() string   { return "session.signed_out" }
func (SignedOut) Live() []Notice { return nil }

// SessionRevoked says that a session is over, whatever ended it: its sockets
// must close. Reason is "signed_out", "revoked", "password_changed",
// "role_changed", "deactivated", "replaced" or "expired". By is empty when
// time ended it.
type SessionRevoked struct {
	Session string `json:"session"`
	Owner   string `json:"owner"` // user or guest id
	Reason  string `json:"reason"`
	By      string `json:"by,omitempty"`
}

func (SessionRevoked) Kind() string     { return "session.revoked" }
func (f SessionRevoked) Live() []Notice { return toPeople("sessions", f.Owner) }

// InvitationSent says that a person was invited. The token is not in it: who
// may have the link gets it from the call that made it.
type InvitationSent struct {
	Invitation string `json:"invitation"`
	Role       string `json:"role"`
	By         string `json:"by"`
}

func (InvitationSent) Kind() string     { return "invitation.sent" }
func (f InvitationSent) Live() []Notice { return toPeople("invitations", f.By) }

// InvitationRevoked says that an open invitation no longer works.
type InvitationRevoked struct {
	Invitation string `json:"invitation"`
	By         string `json:"by"`
}

func (InvitationRevoked) Kind() string     { return "invitation.revoked" }
func (f InvitationRevoked) Live() []Notice { return toPeople("invitations", f.By) }

// InvitationAccepted says that an invited person made their account.
type InvitationAccepted struct {
	Invitation string `json:"invitation"`
	User       string `json:"user"`
	Role       string `json:"role"`
	InvitedBy  string `json:"invitedBy"`
}

func (InvitationAccepted) Kind() string     { return "invitation.accepted" }
func (f InvitationAccepted) Live() []Notice { return toPeople("invitations", f.InvitedBy) }

// CareChanged says that a therapist began or ceased to treat a client. Change
// is "started" or "ended".
type CareChanged struct {
	Therapist string `json:"therapist"`
	Client    string `json:"client"`
	Change    string `json:"change"`
	By        string `json:"by,omitempty"`
}

func (CareChanged) Kind() string     { return "care.changed" }
func (f CareChanged) Live() []Notice { return toPeople("care", f.Therapist, f.Client) }

// CareUnitChanged says that a couple, family or group began, changed or ended.
// Members are those it has now, or had when it ended.
type CareUnitChanged struct {
	Unit      string   `json:"unit"`
	Therapist string   `json:"therapist"`
	Members   []string `json:"members"`
	Change    string   `json:"change"` // "started", "changed" or "ended"
	By        string   `json:"by,omitempty"`
}

func (CareUnitChanged) Kind() string { return "care_unit.changed" }
func (f CareUnitChanged) Live() []Notice {
	return toPeople("care", append([]string{f.Therapist}, f.Members...)...)
}
