package recording

import (
	"slices"

	"mentara/internal/fault"
)

// consent is the agreement that a recording stands on, as pure rules: it knows
// neither time nor database. Whoever holds it writes the ledger first and then
// does what its state allows.
//
// The rules. It is Asking until nobody who is there has still to answer and
// somebody who is there agreed; then it is Live. Whoever comes while it is Live
// waits and is not recorded, and the others go on. A refusal while asking puts
// the question back to the host who started it: without them? A withdrawal while
// Live suspends it: everybody else who had agreed is asked again. Who left takes
// no part, and keeps their decision for when they return. Tools cannot answer
// and are never recorded.
type consent struct {
	state   State // Asking, Live or, in the end, Finalising or Cancelled
	begun   bool  // the first byte was allowed
	starter string
	people  []*subject // in the order they were asked
}

// subject is somebody who was asked.
type subject struct {
	identity string
	name     string
	role     Role
	client   bool // of the practice
	present  bool
	consent  Consent
}

// change is one new line of the ledger.
type change struct {
	who   *subject
	state Consent
}

func newConsent(starter string) *consent { return &consent{state: Asking, starter: starter} }

func (c *consent) find(identity string) *subject {
	for _, s := range c.people {
		if s.identity == identity {
			return s
		}
	}
	return nil
}

// place is where somebody is in the order of asking; last if they were not.
func (c *consent) place(identity string) int {
	i := slices.IndexFunc(c.people, func(s *subject) bool { return s.identity == identity })
	if i < 0 {
		return len(c.people)
	}
	return i
}

// arrive takes in those who are there now, all at once: one who is not reckoned
// with yet is one who is not waited for. The starter has agreed by asking.
func (c *consent) arrive(list ...subject) (changes []change) {
	for _, who := range list {
		if s := c.find(who.identity); s != nil {
			s.present, s.name = true, who.name
			continue
		}
		who.present, who.consent = true, Wait
		if who.identity == c.starter {
			who.consent = Agreed
		}
		c.people = append(c.people, &who)
		changes = append(changes, change{&who, who.consent})
	}
	c.settle()
	return changes
}

// depart takes somebody out of the reckoning.
func (c *consent) depart(identity string) {
	if s := c.find(identity); s != nil {
		s.present = false
		c.settle()
	}
}

// decide is an answer, or a change of mind. A repeated one changes nothing.
func (c *consent) decide(identity string, d Consent) ([]change, error) {
	s := c.find(identity)
	if s == nil || !s.present {
		return nil, fault.New(fault.Conflict, "not_asked", "You were not asked for this recording.")
	}
	if d == Declined && s.consent == Agreed || d == Declined && s.consent == Withdrawn {
		d = Withdrawn // a yes that was given is taken back
	}
	switch {
	case d == s.consent:
		return nil, nil
	case d == Withdrawn && s.consent != Agreed:
		return nil, fault.New(fault.Conflict, "not_agreed", "You have not agreed to be recorded.")
	case d != Agreed && d != Declined && d != Withdrawn:
		return nil, fault.New(fault.Invalid, "bad_decision", "There is no such decision.").With("data.decision", "agreed, declined or withdrawn")
	}
	was := s.consent
	s.consent = d
	changes := []change{{s, d}}
	switch {
	case d == Agreed:
	case c.state == Live && was == Agreed:
		c.state = Asking
		for _, o := range c.people {
			if o.consent == Agreed {
				o.consent = Wait
				changes = append(changes, change{o, Wait})
			}
		}
	case c.state == Asking:
		for _, o := range c.hosts() {
			if o != s && o.consent == Agreed {
				o.consent = Wait
				changes = append(changes, change{o, Wait})
			}
		}
	}
	c.settle()
	return changes, nil
}

// hosts is whom a refusal is put to: the starter, or while they are away
// whoever else hosts.
func (c *consent) hosts() []*subject {
	if s := c.find(c.starter); s != nil && s.present {
		return []*subject{s}
	}
	var list []*subject
	for _, s := range c.people {
		if s.present && s.role == Host {
			list = append(list, s)
		}
	}
	return list
}

// settle begins the recording, or goes on with it, if that is now allowed.
func (c *consent) settle() {
	if c.state == Asking && !c.waiting() && c.agreed() {
		c.state, c.begun = Live, true
	}
}

// over reports whether everybody who is there has said no.
func (c *consent) over() bool {
	present := slices.ContainsFunc(c.people, func(s *subject) bool { return s.present })
	return c.state == Asking && present && !c.waiting() && !c.agreed()
}

func (c *consent) waiting() bool {
	return slices.ContainsFunc(c.people, func(s *subject) bool { return s.present && s.consent == Wait })
}

func (c *consent) agreed() bool {
	return slices.ContainsFunc(c.people, func(s *subject) bool { return s.present && s.consent == Agreed })
}

// records reports whether media of somebody may be written now.
func (c *consent) records(identity string) bool {
	s := c.find(identity)
	return c.state == Live && s != nil && s.present && s.consent == Agreed
}

// snapshot lets a change that could not be written be as if it had not been.
func (c *consent) snapshot() *consent {
	copied := *c
	copied.people = make([]*subject, len(c.people))
	for i, s := range c.people {
		p := *s
		copied.people[i] = &p
	}
	return &copied
}
