package timeline_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"mentara/recording/timeline"
)

func full() timeline.Timeline {
	return timeline.Timeline{
		Recording: "rec", Room: "room", Meeting: "meeting",
		StartedAt: time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC), DurationMs: 5000, Recovered: true, LostMs: 12,
		People:   []timeline.Person{{ID: "p1", Name: "First", Role: timeline.Host}, {ID: "p2", Role: timeline.Guest}},
		Tracks:   []timeline.Track{{ID: "t1", Person: "p1", Participant: "s1", Source: timeline.Camera, Kind: timeline.Video, Codec: "VP8", MIME: "video/webm; codecs=vp8", StartMs: 10, DurationMs: 4000, Bytes: 99, Width: 1280, Height: 720, SHA256: "ab"}},
		Levels:   []timeline.Levels{{Person: "p1", StepMs: 100, StartMs: 0, Data: []byte{0, 127, 5}}},
		Events:   []timeline.Event{{AtMs: 1, Type: timeline.Joined, Person: "p1"}, {AtMs: 2, Type: timeline.Layer, Track: "t1", Value: "640x360"}},
		Gaps:     []timeline.Gap{{Track: "t1", FromMs: 1, ToMs: 2, Reason: timeline.Loss}},
		Quality:  []timeline.Quality{{AtMs: 1, Person: "p1", Up: 80, Reason: "loss"}},
		Consents: []timeline.Consent{{AtMs: -900, Person: "p1", State: timeline.ConsentAgreed, PolicyVersion: "1"}},
	}
}

func TestRoundTrip(t *testing.T) {
	want := full()
	raw, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := timeline.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	want.Version = timeline.Version
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	raw, err = timeline.Timeline{StartedAt: time.Unix(0, 0)}.Marshal()
	if err != nil || bytes.Contains(raw, []byte("null")) {
		t.Errorf("an empty one: %s, %v", raw, err)
	}
	if _, err := timeline.Parse(raw); err != nil {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	raw, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	for name, change := range map[string][2]string{
		"another version":        {`"version":1`, `"version":2`},
		"no version":             {`"version":1,`, ``},
		"an unknown member":      {`"version":1`, `"version":1,"extra":0`},
		"a role":                 {`"role":"host"`, `"role":"king"`},
		"a source":               {`"source":"camera"`, `"source":"drone"`},
		"a kind":                 {`"kind":"video"`, `"kind":"smell"`},
		"a track id":             {`"id":"t1"`, `"id":"../t1"`},
		"the timeline's name":    {`"id":"t1"`, `"id":"timeline"`},
		"a negative moment":      {`"startMs":10`, `"startMs":-10`},
		"a moment in years":      {`"startMs":10`, `"startMs":99999999999999`},
		"a loud level":           {`"AH8F"`, `"AP8F"`},
		"levels that are no b64": {`"AH8F"`, `"*"`},
		"an event":               {`"type":"joined"`, `"type":"sneezed"`},
		"a gap backwards":        {`"fromMs":1,"toMs":2`, `"fromMs":2,"toMs":1`},
		"a gap's reason":         {`"reason":"loss"}],"quality"`, `"reason":"spite"}],"quality"`},
		"a quality of 101":       {`"up":80`, `"up":101`},
		"a consent":              {`"state":"agreed"`, `"state":"maybe"`},
		"a step":                 {`"stepMs":100`, `"stepMs":1`},
		"a huge picture":         {`"width":1280`, `"width":1280000`},
		"a year":                 {`"2026-03`, `"1026-03`},
		"bytes behind":           {`}]}`, `}]} {}`},
		"a long name":            {`"First"`, `"` + strings.Repeat("x", 2000) + `"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := timeline.Parse([]byte(bad)); !errors.Is(err, timeline.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := full()
	twice.Tracks = append(twice.Tracks, twice.Tracks[0])
	if _, err := twice.Marshal(); !errors.Is(err, timeline.ErrInvalid) {
		t.Errorf("a track twice: %v", err)
	}
	if _, err := timeline.Read(strings.NewReader(strings.Repeat(" ", timeline.MaxBytes+1))); !errors.Is(err, timeline.ErrInvalid) {
		t.Errorf("a huge document: %v", err)
	}
}

// What is parsed can be written, and is the same when it is read again.
func FuzzParse(f *testing.F) {
	raw, err := full().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"version":1,"startedAt":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"version":1,"levels":[{"data":null}],"people":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tl, err := timeline.Parse(b)
		if err != nil {
			return
		}
		once, err := tl.Marshal()
		if err != nil {
			t.Fatalf("parsed and cannot be written: %v", err)
		}
		again, err := timeline.Parse(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := again.Marshal()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s\n%v", once, twice, err)
		}
	})
}
