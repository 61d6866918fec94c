package review

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mentara/recording/timeline"
)

// score is a session written down: one line per person, a character per 100 ms.
// "#" is speech (-30 dBov), "." a quiet room (-70), "_" a microphone that sends
// nothing, and a blank no microphone at all.
func score(lines ...string) timeline.Timeline {
	t := timeline.Timeline{}
	for i, line := range lines {
		id := string(rune('a' + i))
		t.People = append(t.People, timeline.Person{ID: id, Name: strings.ToUpper(id), Role: timeline.Participant})
		t.DurationMs = max(t.DurationMs, int64(len(line))*levelStep)
		for from := 0; from < len(line); {
			if line[from] == ' ' {
				from++
				continue
			}
			to := from
			var data []byte
			for ; to < len(line) && line[to] != ' '; to++ {
				data = append(data, map[byte]byte{'#': 97, '.': 57, '_': 0}[line[to]])
			}
			t.Levels = append(t.Levels, timeline.Levels{Person: id, StepMs: levelStep, StartMs: int64(from) * levelStep, Data: data})
			from = to
		}
	}
	return t
}

// say writes a line of a score: pairs of seconds of quiet and of speech.
func say(tenths ...int) string {
	var b strings.Builder
	for i, n := range tenths {
		b.WriteString(strings.Repeat(string(".#"[i%2]), n))
	}
	return b.String()
}

func TestAnalyseKnownSession(t *testing.T) {
	// A speaks 0-4 s and 8-10 s, B 5-7 s; 10-16 s nobody.
	a := Analyse(score(say(0, 40, 40, 20, 60), say(50, 20, 90)))
	same(t, "times", []int64{a.DurationMs, a.AnalysedMs, a.SpeechMs}, []int64{16000, 16000, 8000})
	same(t, "turns", a.Turns, []Turn{{"a", 0, 4000}, {"b", 5000, 7000}, {"a", 8000, 10000}})
	same(t, "ratio", []float64{a.People[0].TalkRatio, a.People[1].TalkRatio}, []float64{0.75, 0.25})
	same(t, "share", []float64{a.People[0].SpeechShare, a.People[1].SpeechShare}, []float64{0.375, 0.125})
	same(t, "turn lengths", []int64{a.TurnLengths.MedianMs, a.TurnLengths.P90Ms, a.TurnLengths.LongestMs}, []int64{2000, 4000, 4000})
	same(t, "latency", []any{a.Latency.Count, a.Latency.MedianMs, a.People[0].Latency.Count, a.People[1].Latency.MedianMs}, []any{2, 1000, 1, 1000})
	same(t, "silence", a.Silence, Stretches{Count: 1, TotalMs: 6000, LongestMs: 6000, Share: 0.375})
	same(t, "overlap", a.Overlap, Stretches{})
	same(t, "interruptions", a.Interruptions, 0)
	same(t, "threshold", a.People[0].ThresholdDBov, -57)
}

func TestAnalyseMoments(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		check func(a Analytics) (got, want any)
	}{
		{"hangover joins 300 ms", []string{say(10, 10, 3, 10, 10)}, func(a Analytics) (any, any) { return a.SpeechMs, 2300 }},
		{"400 ms is a pause", []string{say(10, 10, 4, 10, 10)}, func(a Analytics) (any, any) { return a.SpeechMs, 2000 }},
		{"but not another turn", []string{say(10, 10, 4, 10, 10)}, func(a Analytics) (any, any) { return a.Turns, []Turn{{"a", 1000, 3400}} }},
		{"3 s of silence are", []string{say(10, 10, 30, 10, 10)}, func(a Analytics) (any, any) { return len(a.Turns), 2 }},
		{"a click is no speech", []string{say(10, 1, 10)}, func(a Analytics) (any, any) { return a.SpeechMs, 0 }},
		{"two steps are", []string{say(10, 2, 10)}, func(a Analytics) (any, any) { return a.SpeechMs, 200 }},
		{"a listening signal ends no turn", []string{say(0, 80, 10), say(30, 5, 55)}, func(a Analytics) (any, any) {
			return []any{a.Turns, a.Overlap.Count, a.Overlap.TotalMs, a.Interruptions}, []any{[]Turn{{"a", 0, 8000}}, 1, 500, 0}
		}},
		{"a long one is a turn", []string{say(0, 80, 10), say(30, 15, 45)}, func(a Analytics) (any, any) { return len(a.Turns), 2 }},
		{"an interruption", []string{say(0, 40, 50), say(35, 30, 25)}, func(a Analytics) (any, any) {
			return []any{a.Interruptions, a.People[1].Interrupts, a.People[0].Interrupted, a.Latency.Count, a.Overlap.TotalMs}, []any{1, 1, 1, 0, 500}
		}},
		{"who does not give way is not interrupted", []string{say(0, 90), say(35, 30, 25)}, func(a Analytics) (any, any) { return a.Interruptions, 0 }},
		{"nor who gives way late", []string{say(0, 60, 30), say(35, 40, 15)}, func(a Analytics) (any, any) { return a.Interruptions, 0 }},
		{"nor who has just begun", []string{say(10, 20, 60), say(14, 40, 36)}, func(a Analytics) (any, any) { return a.Interruptions, 0 }},
		{"an answer at once has no latency of 0 to hide", []string{say(0, 20, 30), say(20, 20, 10)}, func(a Analytics) (any, any) {
			return []any{a.Latency.Count, a.Latency.MedianMs, a.Latency.Bins[0].Count}, []any{1, 0, 1}
		}},
		{"a muted microphone is silent, not absent", []string{say(0, 20, 10), strings.Repeat("_", 30)}, func(a Analytics) (any, any) {
			return []any{a.AnalysedMs, a.People[1].Heard, a.People[1].SpeechMs}, []any{3000, true, 0}
		}},
		{"nobody's microphone is no silence", []string{say(0, 20) + strings.Repeat(" ", 60) + say(10)}, func(a Analytics) (any, any) {
			return []any{a.DurationMs, a.AnalysedMs, a.Silence.Count}, []any{9000, 3000, 0}
		}},
		{"nothing at all", []string{""}, func(a Analytics) (any, any) {
			return []any{a.SpeechMs, a.People[0].TalkRatio, a.Silence.Share, len(a.Turns), a.People[0].Heard}, []any{0, 0, 0, 0, false}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, want := c.check(Analyse(score(c.lines...)))
			same(t, "figures", got, want)
		})
	}
}

// TestNoiseFloor: each person is measured against their own room.
func TestNoiseFloor(t *testing.T) {
	room := func(noise, voice byte) timeline.Timeline {
		t := score(say(20, 20, 20))
		for i, b := range t.Levels[0].Data {
			t.Levels[0].Data[i] = map[byte]byte{57: noise, 97: voice}[b]
		}
		return t
	}
	for _, c := range []struct {
		noise, voice byte
		threshold    int
		speech       int64
	}{
		{50, 100, -57, 2000}, // a quiet room
		{75, 100, -40, 2000}, // a fan: 12 dB over it
		{75, 85, -40, 0},     // a murmur under the fan
		{20, 60, -57, 0},     // a whisper far away
		{85, 95, -37, 2000},  // loud rooms have a bound
	} {
		a := Analyse(room(c.noise, c.voice))
		same(t, "threshold and speech", []any{a.People[0].ThresholdDBov, a.SpeechMs}, []any{c.threshold, c.speech})
	}
	always := Analyse(score(say(0, 100)))
	same(t, "who never pauses", always.SpeechMs, 10_000)
}

// TestSuspended: what lies between withdrawal and going on counts as nothing.
func TestSuspended(t *testing.T) {
	tl := score(say(0, 20, 60, 20), say(100))
	tl.Events = []timeline.Event{{AtMs: 2000, Type: timeline.Suspended}, {AtMs: 8000, Type: timeline.Resumed}}
	a := Analyse(tl)
	same(t, "figures", []any{a.AnalysedMs, a.Silence.Count, len(a.Turns), a.SpeechMs}, []any{4000, 0, 2, 4000})
	tl.Events = tl.Events[:1]
	same(t, "to the end", Analyse(tl).AnalysedMs, 2000)
}

func TestEveryFigureIsDefined(t *testing.T) {
	a := Analyse(score(say(5, 5)))
	keys := map[string]bool{}
	for _, d := range a.Definitions {
		if d.Text == "" || keys[d.Key] {
			t.Errorf("definition of %q", d.Key)
		}
		keys[d.Key] = true
	}
	for _, key := range []string{"analysedMs", "speechMs", "talkRatio", "speechShare", "turns", "turnLengths", "latency", "overlap", "silence", "interruptions"} {
		if !keys[key] {
			t.Errorf("%s is not defined", key)
		}
	}
}

// TestAnalyseProperties holds for any session, however odd.
func TestAnalyseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(0, 400).Draw(t, "steps")
		n := rapid.IntRange(0, 4).Draw(t, "people")
		lines := make([]string, n)
		for i := range lines {
			var b strings.Builder
			for b.Len() < steps {
				b.WriteString(strings.Repeat(rapid.SampledFrom([]string{"#", "#", ".", ".", "_", " "}).Draw(t, "sound"), rapid.IntRange(1, 60).Draw(t, "length")))
			}
			lines[i] = b.String()[:steps]
		}
		tl := score(lines...)
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			tl.Events = append(tl.Events, timeline.Event{
				AtMs: rapid.Int64Range(-100, 50_000).Draw(t, "at"), Type: rapid.SampledFrom([]timeline.EventType{timeline.Suspended, timeline.Resumed}).Draw(t, "type"),
			})
		}
		a := Analyse(tl)
		ratio, most, sum := 0.0, int64(0), int64(0)
		for _, p := range a.People {
			ratio += p.TalkRatio
			most, sum = max(most, p.SpeechMs), sum+p.SpeechMs
			if p.TurnLengths.Count != p.Turns || p.Latency.Count > p.Turns {
				t.Fatalf("turns of %s: %+v", p.Person, p)
			}
		}
		switch {
		case sum > 0 && math.Abs(ratio-1) > 0.001, sum == 0 && ratio != 0:
			t.Fatalf("ratios add up to %v", ratio)
		case a.SpeechMs < most || a.SpeechMs > sum || a.SpeechMs > a.AnalysedMs || a.AnalysedMs > a.DurationMs:
			t.Fatalf("speech %d of %d, people up to %d, %d in all", a.SpeechMs, a.AnalysedMs, most, sum)
		case a.Overlap.TotalMs > a.SpeechMs || a.Overlap.TotalMs > sum-a.SpeechMs:
			t.Fatalf("overlap %+v", a.Overlap)
		case a.Silence.TotalMs+a.SpeechMs > a.AnalysedMs:
			t.Fatalf("silence %+v and speech %d in %d", a.Silence, a.SpeechMs, a.AnalysedMs)
		case !slices.IsSortedFunc(a.Turns, func(x, y Turn) int { return int(x.FromMs - y.FromMs) }):
			t.Fatalf("turns %v", a.Turns)
		}
		for _, d := range []Distribution{a.TurnLengths, a.Latency} {
			total := 0
			for _, b := range d.Bins {
				total += b.Count
			}
			if total != d.Count || d.MedianMs > d.P90Ms || d.P90Ms > d.LongestMs {
				t.Fatalf("distribution %+v", d)
			}
		}
		// Whose line stands first must not matter.
		if n > 1 {
			turned := tl
			turned.People = slices.Clone(tl.People)
			slices.Reverse(turned.People)
			b := Analyse(turned)
			if b.SpeechMs != a.SpeechMs || b.Overlap != a.Overlap || b.Silence != a.Silence || b.Interruptions != a.Interruptions {
				t.Fatalf("the order of people matters: %+v %+v", a, b)
			}
		}
	})
}

// twoHours is a session of two who talk and pause.
func twoHours() timeline.Timeline {
	a, b := strings.Builder{}, strings.Builder{}
	for i := 0; a.Len() < int(2*time.Hour/time.Millisecond/levelStep); i++ {
		n := 20 + i*37%180
		a.WriteString(say(0, n, n/3+40))
		b.WriteString(say(n-3, n/3+20, 23))
	}
	return score(a.String(), b.String())
}

func BenchmarkAnalyseTwoHours(b *testing.B) {
	tl := twoHours()
	b.ReportAllocs()
	for b.Loop() {
		Analyse(tl)
	}
}

func TestAnalyticsRoute(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		same(t, "not finished", d.must(409, "tess", "GET", "/recordings/REC1/analytics", "").code(), "recording_not_ready")
		d.cabinet.timelines["REC1"] = score(say(0, 40, 10), say(45, 5))
		a := d.must(200, "tess", "GET", "/recordings/REC1/analytics", "")
		same(t, "ratio", []any{a.get("people.0.talkRatio"), a.get("definitions.0.key"), a.get("turns.1.person")}, []any{0.8889, "analysedMs", "b"})
	})
}
