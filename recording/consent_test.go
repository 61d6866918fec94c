package recording

import (
	"math/rand/v2"
	"strings"
	"testing"

	"mentara/internal/fault"
)

// people of the tables: the host who starts, a client, a guest, a co-host.
var cast = map[string]subject{
	"host":  {identity: "host", name: "Host", role: Host},
	"carl":  {identity: "carl", name: "Carl", role: Participant, client: true},
	"gina":  {identity: "gina", name: "Gina", role: Guest},
	"cohst": {identity: "cohst", name: "Co-host", role: Host},
}

// play runs a line such as "host+carl carl:agreed -carl" on a new machine:
// "a+b" come together, "-a" leaves, "a:decision" decides.
func run(t *testing.T, script string) (*consent, error) {
	t.Helper()
	c := newConsent("host")
	var err error
	for _, step := range strings.Fields(script) {
		switch who, d, decides := strings.Cut(step, ":"); {
		case decides:
			_, err = c.decide(who, Consent(d))
		case strings.HasPrefix(step, "-"):
			c.depart(step[1:])
		default:
			var list []subject
			for _, id := range strings.Split(step, "+") {
				list = append(list, cast[id])
			}
			c.arrive(list...)
		}
	}
	return c, err
}

func TestConsent(t *testing.T) {
	for _, c := range []struct {
		name, script string
		state        State
		consents     string // of host, carl, gina, cohst who were asked
		records      string // whose media may be written
		over         bool
		code         string // of the last decision
	}{
		{name: "all are asked, the host has agreed", script: "host+carl", state: Asking, consents: "host:agreed carl:wait"},
		{name: "a host alone is recorded at once", script: "host", state: Live, consents: "host:agreed", records: "host"},
		{name: "all agreed", script: "host+carl carl:agreed", state: Live, consents: "host:agreed carl:agreed", records: "host carl"},
		{name: "one of two still waits", script: "host+carl+gina carl:agreed", state: Asking, consents: "host:agreed carl:agreed gina:wait"},
		{name: "a guest is asked like anybody", script: "host+gina gina:agreed", state: Live, consents: "host:agreed gina:agreed", records: "host gina"},
		{name: "a refusal asks the host: without them?", script: "host+carl carl:declined", state: Asking, consents: "host:wait carl:declined"},
		{name: "the host goes on without them", script: "host+carl carl:declined host:agreed", state: Live, consents: "host:agreed carl:declined", records: "host"},
		{name: "nobody agrees", script: "host+carl carl:declined host:declined", state: Asking, consents: "host:declined carl:declined", over: true},
		{name: "two refusals", script: "host+carl+gina carl:declined host:agreed gina:declined", state: Asking, consents: "host:wait carl:declined gina:declined"},
		{name: "a refusal while the host is away asks the other host", script: "host+carl+cohst cohst:agreed -host carl:declined", state: Asking, consents: "host:agreed carl:declined cohst:wait"},
		{name: "a change of mind from no to yes", script: "host+carl carl:declined host:agreed carl:agreed", state: Live, consents: "host:agreed carl:agreed", records: "host carl"},
		{name: "the same answer again", script: "host+carl carl:agreed carl:agreed", state: Live, consents: "host:agreed carl:agreed", records: "host carl"},
		{name: "a late joiner waits, the others go on", script: "host gina", state: Live, consents: "host:agreed gina:wait", records: "host"},
		{name: "a late joiner agrees", script: "host gina gina:agreed", state: Live, consents: "host:agreed gina:agreed", records: "host gina"},
		{name: "a late joiner declines, the others go on", script: "host gina gina:declined", state: Live, consents: "host:agreed gina:declined", records: "host"},
		{name: "who comes while people are asked is waited for", script: "host+carl gina carl:agreed", state: Asking, consents: "host:agreed carl:agreed gina:wait"},
		{name: "a withdrawal suspends and asks the others anew", script: "host+carl+gina carl:agreed gina:agreed carl:withdrawn", state: Asking, consents: "host:wait carl:withdrawn gina:wait"},
		{name: "the others go on", script: "host+carl+gina carl:agreed gina:agreed carl:withdrawn host:agreed gina:agreed", state: Live, consents: "host:agreed carl:withdrawn gina:agreed", records: "host gina"},
		{name: "one of the others does not", script: "host+carl+gina carl:agreed gina:agreed carl:withdrawn host:agreed gina:declined", state: Asking, consents: "host:wait carl:withdrawn gina:declined"},
		{name: "nobody goes on", script: "host+carl carl:agreed carl:withdrawn host:declined", state: Asking, consents: "host:declined carl:withdrawn", over: true},
		{name: "the host withdraws", script: "host+carl carl:agreed host:withdrawn", state: Asking, consents: "host:withdrawn carl:wait"},
		{name: "and the client goes on alone", script: "host+carl carl:agreed host:withdrawn carl:agreed", state: Live, consents: "host:withdrawn carl:agreed", records: "carl"},
		{name: "to decline what was agreed is to withdraw", script: "host+carl carl:agreed carl:declined", state: Asking, consents: "host:wait carl:withdrawn"},
		{name: "a withdrawal before the first byte asks the host", script: "host+carl+gina carl:agreed carl:withdrawn", state: Asking, consents: "host:wait carl:withdrawn gina:wait"},
		{name: "who withdrew may agree anew", script: "host+carl carl:agreed carl:withdrawn host:agreed carl:agreed", state: Live, consents: "host:agreed carl:agreed", records: "host carl"},
		{name: "a withdrawal of one who never agreed", script: "host+carl carl:withdrawn", state: Asking, consents: "host:agreed carl:wait", code: "not_agreed"},
		{name: "one who is not there", script: "host+carl -carl carl:agreed", state: Live, consents: "host:agreed carl:wait", records: "host", code: "not_asked"},
		{name: "one who was never there", script: "host gina:agreed", state: Live, consents: "host:agreed", records: "host", code: "not_asked"},
		{name: "no such decision", script: "host+carl carl:perhaps", state: Asking, consents: "host:agreed carl:wait", code: "bad_decision"},
		{name: "who leaves is not waited for", script: "host+carl -carl", state: Live, consents: "host:agreed carl:wait", records: "host"},
		{name: "who left and comes back waits on, unrecorded", script: "host+carl -carl carl", state: Live, consents: "host:agreed carl:wait", records: "host"},
		{name: "a rejoin keeps a yes", script: "host+carl carl:agreed -carl carl", state: Live, consents: "host:agreed carl:agreed", records: "host carl"},
		{name: "a rejoin keeps a withdrawal", script: "host+carl carl:agreed carl:withdrawn host:agreed -carl carl", state: Live, consents: "host:agreed carl:withdrawn", records: "host"},
		{name: "all who agreed have left", script: "host+carl carl:declined host:agreed -host", state: Live, consents: "host:agreed carl:declined"},
		{name: "nobody is there", script: "host+carl -host -carl", state: Asking, consents: "host:agreed carl:wait"},
		{name: "one who agreed and left is asked anew after a withdrawal", script: "host+carl+gina carl:agreed gina:agreed -gina carl:withdrawn gina", state: Asking, consents: "host:wait carl:withdrawn gina:wait"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := run(t, c.script)
			code := ""
			if f := fault.As(err); f != nil {
				code = f.Code
			}
			var consents, records []string
			for _, id := range []string{"host", "carl", "gina", "cohst"} {
				if s := m.find(id); s != nil {
					consents = append(consents, id+":"+string(s.consent))
				}
				if m.records(id) {
					records = append(records, id)
				}
			}
			if m.state != c.state || strings.Join(consents, " ") != c.consents || strings.Join(records, " ") != c.records || m.over() != c.over || code != c.code {
				t.Errorf("%s: %s, %v, records %v, over %v, %q", c.script, m.state, consents, records, m.over(), code)
			}
		})
	}
}

// Whatever people do in whatever order: nothing of somebody is written who did
// not agree or is not there, and it never begins, or goes on after a
// suspension, while somebody who is there has still to answer.
func TestNothingIsWrittenWhileSomebodyWaits(t *testing.T) {
	ids := []string{"host", "carl", "gina", "cohst"}
	decisions := []Consent{Agreed, Declined, Withdrawn}
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := newConsent("host")
		c.arrive(cast["host"], cast["carl"])
		var script []string
		last := map[string]Consent{"host": Agreed} // by the answers alone
		for range 30 {
			was := c.state
			id := ids[r.IntN(len(ids))]
			switch r.IntN(4) {
			case 0:
				c.arrive(cast[id])
				script = append(script, id)
			case 1:
				c.depart(id)
				script = append(script, "-"+id)
			default:
				d := decisions[r.IntN(len(decisions))]
				if changes, err := c.decide(id, d); err == nil {
					for _, ch := range changes {
						last[ch.who.identity] = ch.state
					}
				}
				script = append(script, id+":"+string(d))
			}
			if was == Asking && c.state == Live && c.waiting() {
				t.Fatalf("seed %d: it begins while somebody waits: %v", seed, script)
			}
			if c.state == Live && !c.begun {
				t.Fatalf("seed %d: live without a beginning: %v", seed, script)
			}
			for _, id := range ids {
				if c.records(id) && (last[id] != Agreed && !(id == "host" && last[id] == "") || !c.find(id).present || c.state != Live) {
					t.Fatalf("seed %d: %s is recorded without a yes: %v", seed, id, script)
				}
			}
		}
	}
}
