package timeline

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// checker collects the first thing that is wrong.
type checker struct{ err error }

func (c *checker) that(ok bool, format string, args ...any) {
	if !ok && c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
}

func (c *checker) text(what string, texts ...string) {
	for _, s := range texts {
		c.that(len(s) <= maxText && utf8.ValidString(s), "%s is too long or not UTF-8", what)
	}
}

func (c *checker) at(what string, ms int64) {
	c.that(ms >= 0 && ms <= MaxMs, "%s at %d ms", what, ms)
}

func oneOf[T comparable](v T, allowed ...T) bool { return slices.Contains(allowed, v) }

func (t *Timeline) check() error {
	c := &checker{}
	c.text("an id", t.Recording, t.Room, t.Meeting)
	c.at("duration", t.DurationMs)
	c.at("loss", t.LostMs)
	c.that(len(t.People) <= MaxPeople, "%d people", len(t.People))
	c.that(len(t.Tracks) <= MaxTracks, "%d tracks", len(t.Tracks))
	c.that(len(t.Levels) <= MaxPeople, "%d level lists", len(t.Levels))
	for _, n := range []int{len(t.Events), len(t.Gaps), len(t.Quality), len(t.Consents)} {
		c.that(n <= maxList, "a list of %d", n)
	}
	if y := t.StartedAt.Year(); y < 1970 || y > 9999 {
		c.that(false, "year %d", y)
	}
	for _, p := range t.People {
		c.person(p)
	}
	ids := make(map[string]bool, len(t.Tracks))
	for _, tr := range t.Tracks {
		c.track(tr)
		c.that(!ids[tr.ID], "track %q twice", tr.ID)
		ids[tr.ID] = true
	}
	total := int64(0)
	for _, l := range t.Levels {
		c.text("a level's person", l.Person)
		c.that(l.StepMs == LevelStepMs, "level step %d ms", l.StepMs)
		c.at("levels", l.StartMs)
		total += int64(len(l.Data))
		c.that(slices.IndexFunc(l.Data, func(b byte) bool { return b > maxPerLevel }) < 0, "a level above %d", maxPerLevel)
	}
	c.that(total <= maxLevels*8, "%d levels", total)
	t.checkLists(c)
	return c.err
}

func (c *checker) person(p Person) {
	c.that(p.ID != "", "a person without an id")
	c.text("a person", p.ID, p.Name)
	c.that(oneOf(p.Role, Host, Participant, Guest), "role %q", p.Role)
}

func (c *checker) track(tr Track) {
	c.that(ValidTrackID(tr.ID), "track id %q", tr.ID)
	c.text("a track", tr.Person, tr.Participant, tr.Codec, tr.MIME, tr.SHA256)
	c.that(oneOf(tr.Source, Camera, Microphone, Screen, ScreenAudio), "source %q", tr.Source)
	c.that(oneOf(tr.Kind, Audio, Video), "kind %q", tr.Kind)
	c.at("track", tr.StartMs)
	c.at("track length", tr.DurationMs)
	c.that(tr.Bytes >= 0, "%d bytes", tr.Bytes)
	c.that(tr.Width >= 0 && tr.Width <= maxSide && tr.Height >= 0 && tr.Height <= maxSide, "size %dx%d", tr.Width, tr.Height)
}

func (t *Timeline) checkLists(c *checker) {
	for _, e := range t.Events {
		c.event(e)
	}
	for _, g := range t.Gaps {
		c.gap(g)
	}
	for _, q := range t.Quality {
		c.quality(q)
	}
	for _, k := range t.Consents {
		c.consent(k)
	}
}

func (c *checker) event(e Event) {
	c.at("event", e.AtMs)
	c.that(oneOf(e.Type, Joined, Left, Muted, Unmuted, CameraOn, CameraOff, ScreenOn, ScreenOff,
		ConsentChanged, Suspended, Resumed, Layer, DiskLow, Stopped), "event %q", e.Type)
	c.text("an event", e.Person, e.Track, e.Value)
}

func (c *checker) gap(g Gap) {
	c.text("a gap", g.Track)
	c.at("gap", g.FromMs)
	c.at("gap", g.ToMs)
	c.that(g.ToMs >= g.FromMs, "a gap from %d to %d ms", g.FromMs, g.ToMs)
	c.that(oneOf(g.Reason, Loss, Overload, Mute, Withdrawn, Crash, Damage), "gap by %q", g.Reason)
}

func (c *checker) quality(q Quality) {
	c.at("quality", q.AtMs)
	c.text("quality", q.Person)
	c.that(q.Up >= 0 && q.Up <= 100, "quality %d", q.Up)
	c.that(oneOf(q.Reason, "", "loss", "delay", "bitrate", "layer", "frozen"), "quality by %q", q.Reason)
}

func (c *checker) consent(k Consent) {
	c.that(k.AtMs >= -MaxMs && k.AtMs <= MaxMs, "consent at %d ms", k.AtMs)
	c.text("consent", k.Person, k.PolicyVersion)
	c.that(oneOf(k.State, ConsentAgreed, ConsentDeclined, ConsentWithdrawn), "consent %q", k.State)
}

// The Valid methods say whether one entry may be in a timeline: what a journal
// takes live is held to the same bounds as the finished document.

func (p Person) Valid() error  { c := &checker{}; c.person(p); return c.err }
func (e Event) Valid() error   { c := &checker{}; c.event(e); return c.err }
func (g Gap) Valid() error     { c := &checker{}; c.gap(g); return c.err }
func (q Quality) Valid() error { c := &checker{}; c.quality(q); return c.err }
func (k Consent) Valid() error { c := &checker{}; c.consent(k); return c.err }

// ValidTrackID reports whether s can be the last part of an object's name.
func ValidTrackID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return s != "timeline"
}
