package review

import (
	"cmp"
	"math"
	"slices"

	"mentara/recording/timeline"
)

// Figures of who spoke when, from audio levels alone: nobody's words are heard
// for them. Everything here is a pure function of a timeline, in three steps:
// levels become speech, speech becomes turns, turns become figures. Each figure
// goes out with its definition, for a number whose meaning is guessed misleads.

// How speech is told from levels. A level is 127 plus its dBov (RFC 6464), so a
// step is one decibel.
const (
	levelStep   = timeline.LevelStepMs
	aboveFloor  = 12  // dB over the person's noise floor
	floorShare  = 10  // percentile of a person's levels that is taken as the floor
	minLoud     = 70  // -57 dBov: below this nothing is speech
	maxLoud     = 90  // -37 dBov: at this everything is, however loud the room
	hangover    = 300 // ms of quiet inside one stretch of speech
	minSpeech   = 200 // ms; shorter ones are clicks and coughs
	backchannel = 1000
	longSilence = 3000
	floorHeld   = 500  // ms somebody speaks before they can be interrupted
	givesWay    = 2000 // ms in which who is interrupted falls silent
)

// Analytics are figures of a recording.
type Analytics struct {
	DurationMs    int64         `json:"durationMs"`
	AnalysedMs    int64         `json:"analysedMs"`
	SpeechMs      int64         `json:"speechMs"`
	People        []Speaker     `json:"people"`
	Turns         []Turn        `json:"turns"`
	TurnLengths   Distribution  `json:"turnLengths"`
	Latency       Distribution  `json:"latency"`
	Overlap       Stretches     `json:"overlap"`
	Silence       Stretches     `json:"silence"`
	Interruptions int           `json:"interruptions"`
	Definitions   []Explanation `json:"definitions"`
}

// Speaker are the figures of one person.
type Speaker struct {
	Person        string       `json:"person"`
	Name          string       `json:"name"`
	Role          string       `json:"role" enum:"host,participant,guest"`
	Heard         bool         `json:"heard"`
	SpeechMs      int64        `json:"speechMs"`
	TalkRatio     float64      `json:"talkRatio"`
	SpeechShare   float64      `json:"speechShare"`
	Turns         int          `json:"turns"`
	TurnLengths   Distribution `json:"turnLengths"`
	Latency       Distribution `json:"latency"`
	Interrupts    int          `json:"interrupts"`
	Interrupted   int          `json:"interrupted"`
	ThresholdDBov int          `json:"thresholdDbov"`
}

// Turn is one turn of a person.
type Turn struct {
	Person string `json:"person"`
	FromMs int64  `json:"fromMs"`
	ToMs   int64  `json:"toMs"`
}

// Distribution describes lengths of time.
type Distribution struct {
	Count     int   `json:"count"`
	MedianMs  int64 `json:"medianMs"`
	P90Ms     int64 `json:"p90Ms"`
	LongestMs int64 `json:"longestMs"`
	Bins      []Bin `json:"bins"`
}

// Bin counts the lengths from FromMs up to the next bin.
type Bin struct {
	FromMs int64 `json:"fromMs"`
	Count  int   `json:"count"`
}

// Stretches describes moments of one kind.
type Stretches struct {
	Count     int     `json:"count"`
	TotalMs   int64   `json:"totalMs"`
	LongestMs int64   `json:"longestMs"`
	Share     float64 `json:"share"`
}

// Explanation says in words what a member of Analytics is.
type Explanation struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// definitions are for the page to show beside each figure.
var definitions = []Explanation{
	{"analysedMs", "Time in which at least one microphone was recorded. Pauses of the recording and moments without any microphone do not count, neither as speech nor as silence."},
	{"speech", "A person speaks while their level is at least 12 dB over their own noise floor, which is the 10th percentile of their levels, in steps of 100 ms. The threshold is never under -57 dBov or over -37 dBov. Quiet of up to 300 ms inside speech belongs to it; bursts under 200 ms do not count."},
	{"speechMs", "Time in which somebody speaks. Where two speak at once it counts once here, and for each of them in their own figures."},
	{"talkRatio", "A person's speech as part of all persons' speech added up. The ratios of a session add up to 1."},
	{"speechShare", "A person's speech as part of the analysed time. With overlap the shares may add up to more than 1."},
	{"turns", "A turn is what one person says until another begins a turn, or until 3 seconds of silence. Short listening signals (speech of up to 1 second wholly inside another's) are no turns and end none."},
	{"turnLengths", "From the beginning of a turn to its end, pauses included. p90 is the length that nine of ten turns do not exceed."},
	{"latency", "Response latency: from the end of a person's turn to the beginning of the next turn of somebody else, counted for who answers. Answers that begin before the other has ended are overlap and have none."},
	{"overlap", "Time in which two or more people speak at once; its share is of speechMs."},
	{"silence", "Stretches of 3 seconds or more in which nobody speaks; the share is of the analysed time."},
	{"interruptions", "Somebody begins to speak while another has been speaking for at least half a second, the other falls silent within 2 seconds, and the first goes on. Listening signals do not count."},
}

// stretch is from one step to another, the second not included.
type stretch struct{ from, to int }

func (s stretch) len() int { return s.to - s.from }

// utterance is a stretch of a person's speech.
type utterance struct {
	stretch
	person int
}

// voice is one person's levels on the recording's steps; silent where absent.
type voice struct {
	levels    []byte
	present   []bool
	threshold int
	speech    []stretch
}

// Analyse computes the figures of a timeline.
func Analyse(t timeline.Timeline) Analytics {
	steps := int(t.DurationMs / levelStep)
	voices := make([]voice, len(t.People))
	recorded := make([]bool, steps)
	for i, p := range t.People {
		voices[i] = listen(t, p.ID, steps, recorded)
	}
	pause(t, steps, recorded)
	var said []utterance
	for i := range voices {
		voices[i].speech = voices[i].find(recorded)
		for _, s := range voices[i].speech {
			said = append(said, utterance{s, i})
		}
	}
	slices.SortFunc(said, func(a, b utterance) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.person, b.person))
	})
	f := figures{t: t, recorded: recorded, voices: voices, said: said}
	return f.all()
}

// listen puts a person's levels on the recording's steps, and notes in recorded
// where a microphone was.
func listen(t timeline.Timeline, person string, steps int, recorded []bool) voice {
	v := voice{levels: make([]byte, steps), present: make([]bool, steps)}
	for _, l := range t.Levels {
		if l.Person != person || l.StepMs != levelStep {
			continue
		}
		first := int(l.StartMs / levelStep)
		for i, level := range l.Data {
			if at := first + i; at >= 0 && at < steps {
				v.levels[at], v.present[at], recorded[at] = max(v.levels[at], level), true, true
			}
		}
	}
	return v
}

// pause takes out what lies between a suspension and its end.
func pause(t timeline.Timeline, steps int, recorded []bool) {
	off := -1
	for _, e := range t.Events {
		at := min(max(int(e.AtMs/levelStep), 0), steps)
		switch {
		case e.Type == timeline.Suspended && off < 0:
			off = at
		case e.Type == timeline.Resumed && off >= 0:
			clear(recorded[off:max(off, at)])
			off = -1
		}
	}
	if off >= 0 {
		clear(recorded[off:])
	}
}

// find tells speech from noise.
func (v *voice) find(recorded []bool) []stretch {
	v.threshold = v.loud()
	var out []stretch
	const hang = hangover / levelStep
	for i, level := range v.levels {
		if int(level) < v.threshold || !recorded[i] {
			continue
		}
		last := len(out) - 1
		if last >= 0 && i-out[last].to <= hang && !slices.Contains(recorded[out[last].to:i], false) {
			out[last].to = i + 1
		} else {
			out = append(out, stretch{i, i + 1})
		}
	}
	return slices.DeleteFunc(out, func(s stretch) bool { return s.len()*levelStep < minSpeech })
}

// loud is the level at which a person speaks.
func (v *voice) loud() int {
	var count [256]int
	total := 0
	for i, level := range v.levels {
		if v.present[i] && level > 0 { // 0 is a microphone that sends nothing
			count[level]++
			total++
		}
	}
	floor, below := 0, 0
	for ; floor < len(count)-1; floor++ {
		if below += count[floor]; below*100 > total*floorShare {
			break
		}
	}
	if total == 0 {
		floor = 0
	}
	return min(max(floor+aboveFloor, minLoud), maxLoud)
}

// figures counts.
type figures struct {
	t        timeline.Timeline
	recorded []bool
	voices   []voice
	said     []utterance
}

func (f figures) all() Analytics {
	a := Analytics{DurationMs: f.t.DurationMs, People: make([]Speaker, len(f.t.People)), Definitions: definitions}
	sum := 0
	for i, p := range f.t.People {
		s := &a.People[i]
		s.Person, s.Name, s.Role = p.ID, p.Name, string(p.Role)
		s.Heard = slices.Contains(f.voices[i].present, true)
		s.ThresholdDBov = f.voices[i].threshold - 127
		for _, u := range f.voices[i].speech {
			s.SpeechMs += int64(u.len()) * levelStep
			sum += u.len()
		}
	}
	f.moments(&a)
	for i := range a.People {
		a.People[i].TalkRatio = share(a.People[i].SpeechMs, int64(sum)*levelStep)
		a.People[i].SpeechShare = share(a.People[i].SpeechMs, a.AnalysedMs)
	}
	f.turns(&a)
	f.interruptions(&a)
	return a
}

// moments counts what is of all: analysed time, speech, overlap, silence.
func (f figures) moments(a *Analytics) {
	edges := make([]int, len(f.recorded)+1)
	for _, u := range f.said {
		edges[u.from]++
		edges[u.to]--
	}
	var overlap, silence run
	speaking := 0
	for i, on := range f.recorded {
		speaking += edges[i]
		if on {
			a.AnalysedMs += levelStep
		}
		if speaking > 0 {
			a.SpeechMs += levelStep
		}
		overlap.step(speaking > 1)
		silence.step(on && speaking == 0)
	}
	a.Overlap = overlap.end(1, a.SpeechMs)
	a.Silence = silence.end(longSilence/levelStep, a.AnalysedMs)
}

// run collects stretches of something.
type run struct {
	now     int
	lengths []int
}

func (r *run) step(on bool) {
	if on {
		r.now++
		return
	}
	if r.now > 0 {
		r.lengths = append(r.lengths, r.now)
	}
	r.now = 0
}

func (r *run) end(min int, of int64) Stretches {
	r.step(false)
	var s Stretches
	for _, n := range r.lengths {
		if n < min {
			continue
		}
		s.Count++
		s.TotalMs += int64(n) * levelStep
		s.LongestMs = max(s.LongestMs, int64(n)*levelStep)
	}
	s.Share = share(s.TotalMs, of)
	return s
}

// turns builds turns and the latencies between them.
func (f figures) turns(a *Analytics) {
	var turns []utterance
	for i, u := range f.said {
		if f.isSignal(i) {
			continue
		}
		last := len(turns) - 1
		if last >= 0 && turns[last].person == u.person && (u.from-turns[last].to)*levelStep < longSilence &&
			!slices.Contains(f.recorded[min(turns[last].to, u.from):u.from], false) {
			turns[last].to = max(turns[last].to, u.to)
			continue
		}
		turns = append(turns, u)
	}
	lengths, latencies := make([][]int64, len(a.People)), make([][]int64, len(a.People))
	for i, u := range turns {
		a.Turns = append(a.Turns, Turn{f.t.People[u.person].ID, int64(u.from) * levelStep, int64(u.to) * levelStep})
		lengths[u.person] = append(lengths[u.person], int64(u.len())*levelStep)
		if i == 0 {
			continue
		}
		before := turns[i-1]
		if before.person != u.person && before.to <= u.from && !slices.Contains(f.recorded[before.to:u.from], false) {
			latencies[u.person] = append(latencies[u.person], int64(u.from-before.to)*levelStep)
		}
	}
	for i := range a.People {
		p := &a.People[i]
		p.Turns = len(lengths[i])
		p.TurnLengths = distribution(lengths[i], turnBins)
		p.Latency = distribution(latencies[i], latencyBins)
	}
	a.TurnLengths = distribution(slices.Concat(lengths...), turnBins)
	a.Latency = distribution(slices.Concat(latencies...), latencyBins)
}

// isSignal tells a listening signal: short, and wholly inside another's speech.
func (f figures) isSignal(i int) bool {
	u := f.said[i]
	if u.len()*levelStep > backchannel {
		return false
	}
	for p, v := range f.voices {
		if p == u.person {
			continue
		}
		// The other's stretch that begins last before u ends.
		at, found := slices.BinarySearchFunc(v.speech, u.from, func(s stretch, from int) int { return cmp.Compare(s.from, from) })
		if !found {
			at--
		}
		// Of two that say the same at the same time, neither only listens.
		if at >= 0 && v.speech[at].to >= u.to && v.speech[at].len() > u.len() {
			return true
		}
	}
	return false
}

// interruptions counts who takes the floor from whom.
func (f figures) interruptions(a *Analytics) {
	for i, u := range f.said {
		if f.isSignal(i) {
			continue
		}
		for p, v := range f.voices {
			if p == u.person {
				continue
			}
			// The other's stretch around the moment u begins.
			at, _ := slices.BinarySearchFunc(v.speech, u.from, func(s stretch, from int) int { return cmp.Compare(s.from, from) })
			if at == 0 {
				continue
			}
			other := v.speech[at-1]
			if other.to <= u.from || (u.from-other.from)*levelStep < floorHeld ||
				(other.to-u.from)*levelStep > givesWay || u.to <= other.to {
				continue
			}
			a.Interruptions++
			a.People[u.person].Interrupts++
			a.People[p].Interrupted++
		}
	}
}

var (
	turnBins    = []int64{0, 2000, 5000, 10_000, 20_000, 40_000, 80_000}
	latencyBins = []int64{0, 200, 500, 1000, 2000, 5000, 10_000}
)

func distribution(ms []int64, from []int64) Distribution {
	d := Distribution{Count: len(ms), Bins: make([]Bin, len(from))}
	for i := range from {
		d.Bins[i].FromMs = from[i]
	}
	if len(ms) == 0 {
		return d
	}
	sorted := slices.Sorted(slices.Values(ms))
	for _, x := range sorted {
		at, found := slices.BinarySearch(from, x)
		if !found {
			at--
		}
		d.Bins[at].Count++
	}
	d.MedianMs, d.P90Ms, d.LongestMs = rank(sorted, 50), rank(sorted, 90), sorted[len(sorted)-1]
	return d
}

// rank is the nearest-rank percentile of sorted values.
func rank(sorted []int64, percent int) int64 {
	return sorted[(len(sorted)*percent+99)/100-1]
}

// share is part of whole, to four places; 0 of nothing.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return math.Round(float64(part)/float64(whole)*10_000) / 10_000
}
