package room

import (
	"mentara/internal/auth"
	"mentara/internal/fault"
)

// standing is what a principal is to one room, before any question of verbs.
type standing int

const (
	stranger    standing = iota // may not know that the room exists
	owner                       // the room's host
	coHost                      // a member who hosts
	participant                 // a member
	guest                       // by a link or token bound to this room
	admin                       // of the practice, not a member
	frontDesk                   // a moderator of the practice, not a member
)

// role is what others see of a standing.
func (s standing) role() Role {
	switch s {
	case owner, coHost:
		return RoleHost
	case participant:
		return RoleParticipant
	case guest:
		return RoleGuest
	}
	return RoleObserver
}

func (s standing) hosts() bool { return s == owner || s == coHost }

// standingOf finds what p is to the room. Membership comes first: an admin who
// is the host is the host. A guest's or a token's grant is good for one room
// only; a token bound to a member stands as that member.
func standingOf(p auth.Principal, r *row, members []memberRow) standing {
	if p.Room != nil && p.Room.Room != r.ID {
		return stranger
	}
	if p.Room == nil && p.Kind != auth.User {
		return stranger
	}
	if p.ID == r.HostID {
		return owner
	}
	for _, m := range members {
		if m.UserID != p.ID {
			continue
		}
		if m.Role == RoleHost {
			return coHost
		}
		return participant
	}
	switch {
	case p.Room != nil && p.Room.Moderator:
		return coHost
	case p.Room != nil:
		return guest
	case p.Is(auth.Admin):
		return admin
	case p.Is(auth.Moderator):
		return frontDesk
	}
	return stranger
}

// verb is one thing to be asked of a room.
type verb int

const (
	see        verb = iota // that it is there, and its plan
	join                   // take or resume a seat
	leave                  // give up one's own seat
	act                    // offer media, raise a hand, show one's devices
	list                   // who is in
	listAll                // and who waits or was kicked
	edit                   // title, times
	lock                   // the door, the waiting room
	admit                  // let one in, or back in
	deny                   // send one away
	kick                   // remove one for good
	mute                   // silence one source of one
	end                    // the room
	attendance             // of everybody
	ownRecord              // one's own attendance
	invite                 // make a guest link
	grant                  // make a token
	record                 // start, stop and list recordings
)

// may says who may ask what. Admins keep order and read the record; they are
// not in the room unless they are members, since a session is confidential.
// The front desk plans and looks, and lets nobody in.
var may = map[verb][]standing{
	see:        {owner, coHost, participant, guest, admin, frontDesk},
	join:       {owner, coHost, participant, guest},
	leave:      {owner, coHost, participant, guest},
	act:        {owner, coHost, participant, guest},
	list:       {owner, coHost, participant, guest, admin, frontDesk},
	listAll:    {owner, coHost, admin, frontDesk},
	edit:       {owner, coHost, admin, frontDesk},
	lock:       {owner, coHost, admin},
	admit:      {owner, coHost},
	deny:       {owner, coHost, admin},
	kick:       {owner, coHost, admin},
	mute:       {owner, coHost, admin},
	end:        {owner, coHost, admin},
	attendance: {owner, coHost, admin},
	ownRecord:  {owner, coHost, participant, guest, admin, frontDesk},
	invite:     {owner, coHost, admin, frontDesk},
	grant:      {owner, coHost},
	record:     {owner, coHost},
}

// whenEnded are the verbs that still mean something once a room has ended.
var whenEnded = map[verb]bool{
	see: true, list: true, listAll: true, attendance: true, ownRecord: true, record: true,
	leave: true, // giving up what is gone is no error
	end:   true, // so is ending it twice
}

// permit decides verb × standing × state. Who may not know of the room gets the
// answer of an absent one; then comes what the role may not do, then what the
// state does not allow. Joining too early is join's own matter, since it knows
// the time.
func permit(v verb, s standing, state State) error {
	if s == stranger {
		return errNotFound()
	}
	allowed := false
	for _, have := range may[v] {
		allowed = allowed || have == s
	}
	if !allowed {
		return errForbidden()
	}
	if state == Ended && !whenEnded[v] {
		return errEnded()
	}
	return nil
}

// permitOn decides whether by may use a verb of moderation on somebody who
// stands as target. The host answers for the room: nobody removes them, though
// an admin may end the room; co-hosts neither remove each other nor silence the
// host.
func permitOn(v verb, by, target standing) error {
	switch v {
	case kick:
		if target == owner || target == coHost && by == coHost {
			return fault.New(fault.Forbidden, "is_host", "A host of this room cannot be removed.")
		}
	case mute:
		if target == owner && by == coHost {
			return fault.New(fault.Forbidden, "is_host", "The host of this room cannot be muted.")
		}
	}
	return nil
}
