package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"mentara/api/account"
	"mentara/internal/auth"
	"mentara/signaling/room"
)

// demoLinkTTL is how long the printed sign-in links work; each works once.
const demoLinkTTL = 24 * time.Hour

// demoPerson is one of the practice, as printed.
type demoPerson struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Role  auth.Role `json:"role"`
	Link  string    `json:"link"` // signs in, once
}

// demoPractice is what `mentara demo --json` prints on one line when the
// program answers.
type demoPractice struct {
	URL      string       `json:"url"`
	Password string       `json:"password"` // of everybody
	People   []demoPerson `json:"people"`
	Room     string       `json:"room"` // can be joined now
	Guest    string       `json:"guest"`
}

// demo runs the embedded default with a furnished practice. Without --data it
// is gone when it ends.
func demo(ctx context.Context, env environment, args []string) (err error) {
	s := newSettings("demo", env)
	asJSON := s.Bool("json", false, "print one line of JSON for scripts")
	cfg, err := s.load(args)
	if err != nil {
		return err
	}
	if s.Lookup("data").Value.String() == "" {
		if cfg.Data, err = os.MkdirTemp("", "mentara-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data)) }()
	}
	if s.Lookup("public-url").Value.String() == "" {
		cfg.PublicURL = ""
	}
	return start(ctx, env, cfg, func(ctx context.Context, p *program) error {
		practice, err := p.furnish(ctx, time.Now())
		if err != nil {
			return fmt.Errorf("furnish the practice: %w", err)
		}
		if *asJSON {
			return json.NewEncoder(env.stdout).Encode(practice)
		}
		practice.print(env.stdout)
		return nil
	})
}

// demoCast is who works and who is treated in the demo. The addresses are under
// example.org, which belongs to nobody (RFC 2606).
var demoCast = []account.NewUser{
	{Name: "Ada Admin", Email: "ada@example.org", Role: auth.Admin},
	{Name: "Tara Therapist", Email: "tara@example.org", Role: auth.Therapist},
	{Name: "Theo Therapist", Email: "theo@example.org", Role: auth.Therapist},
	{Name: "Cleo Client", Email: "cleo@example.org", Role: auth.Client},
	{Name: "Cory Client", Email: "cory@example.org", Role: auth.Client},
	{Name: "Kim Couple", Email: "kim@example.org", Role: auth.Client},
	{Name: "Kai Couple", Email: "kai@example.org", Role: auth.Client},
}

// Places in demoCast.
const (
	demoAdmin = iota
	demoTara
	demoTheo
	demoCleo
	demoCory
	demoKim
	demoKai
)

const demoPassword = "calm-river-42"

// furnish makes the people, the care relations, a couple and sessions around
// now; on a data directory that is furnished already it only makes new links
// and a new session that can be joined.
func (p *program) furnish(ctx context.Context, now time.Time) (demoPractice, error) {
	out := demoPractice{URL: p.cfg.Public().String(), Password: demoPassword}
	fresh, err := p.accounts.NeedsSetup(ctx)
	if err != nil {
		return out, err
	}
	if fresh {
		if err := p.hire(ctx); err != nil {
			return out, err
		}
	}
	people := make([]account.User, len(demoCast))
	for i, who := range demoCast {
		if people[i], err = p.accounts.UserByEmail(ctx, who.Email); err != nil {
			return out, err
		}
		link, err := p.accounts.CreateSignInLink(ctx, people[i].ID, demoLinkTTL)
		if err != nil {
			return out, err
		}
		out.People = append(out.People, demoPerson{
			ID: people[i].ID, Name: who.Name, Email: who.Email, Role: who.Role, Link: p.accounts.SignInURL(link),
		})
	}
	as := func(i int) auth.Principal {
		return auth.Principal{ID: people[i].ID, Kind: auth.User, Role: people[i].Role, Name: people[i].Name}
	}
	open, err := p.rooms.Create(ctx, as(demoTara), room.Plan{
		Title: "Weekly session", Kind: room.Individual, MemberIDs: []string{people[demoCleo].ID},
		StartsAt: now.Add(-time.Minute), EndsAt: now.Add(2 * time.Hour), WaitingRoom: true,
	})
	if err != nil {
		return out, err
	}
	out.Room = open.ID
	guest, _, err := p.rooms.InviteGuest(ctx, as(demoTara), open.ID, time.Hour)
	if err != nil {
		return out, err
	}
	out.Guest = p.accounts.GuestURL(guest)
	if !fresh {
		return out, nil
	}
	if _, err := p.accounts.CreateUnit(ctx, as(demoTara), account.NewUnit{
		Name: "Kim and Kai", Kind: account.Couple, TherapistID: people[demoTara].ID,
		Members: []string{people[demoKim].ID, people[demoKai].ID},
	}); err != nil {
		return out, err
	}
	hour := now.Truncate(time.Hour)
	for _, later := range []struct {
		host int
		plan room.Plan
	}{
		{demoTara, room.Plan{Title: "Couple session", Kind: room.Couple, MemberIDs: []string{people[demoKim].ID, people[demoKai].ID},
			StartsAt: hour.Add(3 * time.Hour), EndsAt: hour.Add(4*time.Hour + 30*time.Minute), WaitingRoom: true}},
		{demoTheo, room.Plan{Title: "First conversation", Kind: room.Individual, MemberIDs: []string{people[demoCory].ID},
			StartsAt: hour.Add(2 * time.Hour), EndsAt: hour.Add(3 * time.Hour), WaitingRoom: true}},
		{demoTara, room.Plan{Title: "Weekly session", Kind: room.Individual, MemberIDs: []string{people[demoCleo].ID},
			StartsAt: hour.AddDate(0, 0, 7), EndsAt: hour.AddDate(0, 0, 7).Add(50 * time.Minute), WaitingRoom: true}},
	} {
		if _, err := p.rooms.Create(ctx, as(later.host), later.plan); err != nil {
			return out, err
		}
	}
	return out, nil
}

// hire makes the accounts and who treats whom.
func (p *program) hire(ctx context.Context) error {
	ids := make([]string, len(demoCast))
	for i, who := range demoCast {
		who.Password = demoPassword
		who.TimeZone = localZone()
		u, err := p.accounts.CreateUser(ctx, who)
		if err != nil {
			return err
		}
		ids[i] = u.ID
	}
	for _, c := range [][2]int{{demoTara, demoCleo}, {demoTara, demoKim}, {demoTara, demoKai}, {demoTheo, demoCory}} {
		if _, err := p.accounts.SetCare(ctx, ids[c[0]], ids[c[1]], ids[demoAdmin]); err != nil {
			return err
		}
	}
	return nil
}

// localZone is this machine's zone by its name in the tz database, or UTC.
func localZone() string {
	if zone := time.Local.String(); zone != "Local" {
		return zone
	}
	return "UTC"
}

func (d demoPractice) print(w io.Writer) {
	fmt.Fprintf(w, "\nMentara is running a demo practice at %s\n\nSign in by clicking (each link works once), or with the password %s:\n\n", d.URL, d.Password)
	for _, who := range d.People {
		fmt.Fprintf(w, "  %-15s %-10s %-18s %s\n", who.Name, who.Role, who.Email, who.Link)
	}
	fmt.Fprintf(w, "\nA session can be joined now: sign in as Tara in one browser and as Cleo in\nanother (or a private window), and click Join in both. A guest without an\naccount may come too: %s\n\nStop with Ctrl-C; this practice is forgotten unless you gave --data.\n\n", d.Guest)
}
