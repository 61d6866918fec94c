package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mentara/internal/blob"
	"mentara/recording"
	"mentara/recording/final"
	"mentara/recording/webm"
	"mentara/sfu"
	"mentara/sfu/sfutest"
	"mentara/signaling/client"
)

// caller is somebody in a call of the whole program: a socket and real media,
// whose every 20 ms of sound carries a number.
type caller struct {
	t    *testing.T
	demo *running
	http *http.Client
	c    *client.Client
	id   string // participant
	next atomic.Uint64
	bot  atomic.Pointer[sfutest.Bot]
	mu   sync.Mutex
	last recording.RecordingStatus // newest push
}

// call joins the demo's room and, once a host let them in, sends.
func (r *running) caller(t *testing.T, browser *http.Client, host *caller) *caller {
	t.Helper()
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range browser.Jar.Cookies(u) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	socket := "ws" + strings.TrimPrefix(r.URL, "http") + "/api/v1/socket"
	conn, err := client.Dial(t.Context(), socket, client.Options{Header: http.Header{"Cookie": {strings.Join(cookies, "; ")}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, demo: r, http: browser, c: conn}
	go func() {
		for f := range conn.Frames() {
			var push recording.RecordingPush
			if f.Type == "recording.status" && json.Unmarshal(f.Data, &push) == nil {
				c.mu.Lock()
				c.last = push.Recording
				c.mu.Unlock()
			}
		}
	}()
	t.Cleanup(conn.Close)
	var joined struct{ Self struct{ ID, State string } }
	c.ask("room.join", map[string]any{"room": r.Room}, &joined)
	c.id = joined.Self.ID
	if joined.Self.State == "waiting" {
		host.ask("room.admit", map[string]any{"room": r.Room, "participant": c.id}, nil)
	}
	c.connect()
	stop := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		sound, picture := time.NewTicker(20*time.Millisecond), time.NewTicker(time.Second/15)
		defer sound.Stop()
		defer picture.Stop()
		for {
			select {
			case <-stop:
				return
			case <-sound.C:
				c.bot.Load().Sound(c.next.Add(1) - 1)
			case <-picture.C:
				c.bot.Load().Frame()
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		sending.Wait()
		c.bot.Load().Close()
	})
	if err := c.bot.Load().Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// connect makes the caller's connection, or a new one in its place, as a page
// that is reloaded does.
func (c *caller) connect() {
	c.t.Helper()
	bot, err := sfutest.Dial(c.t.Context(), sfutest.Options{
		Camera: true, Microphone: true, Level: 20, VideoSlots: 2, AudioSlots: 2,
		Offer: func(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (string, error) {
			res, err := client.Call[struct{ SDP string }](ctx, c.c, "rtc.offer", map[string]any{"room": c.demo.Room, "sdp": sdp, "tracks": tracks})
			return res.SDP, err
		},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if old := c.bot.Swap(bot); old != nil {
		old.Close()
	}
}

func (c *caller) ask(frame string, data, answer any) {
	c.t.Helper()
	res, err := client.Call[json.RawMessage](c.t.Context(), c.c, frame, data)
	if err != nil {
		c.t.Fatalf("%s: %v", frame, err)
	}
	if answer != nil {
		if err := json.Unmarshal(res, answer); err != nil {
			c.t.Fatalf("%s: %v: %s", frame, err, res)
		}
	}
}

func (c *caller) decide(st recording.RecordingStatus, d recording.Consent) recording.RecordingStatus {
	c.t.Helper()
	var res recording.RecordingResult
	c.ask("recording.consent", map[string]any{
		"room": c.demo.Room, "recording": st.ID, "decision": d, "policyVersion": st.PolicyVersion,
	}, &res)
	return res.Recording
}

// refused asks for what must be refused, and returns the code.
func (c *caller) refused(frame string, data any) string {
	c.t.Helper()
	_, err := client.Call[json.RawMessage](c.t.Context(), c.c, frame, data)
	var e *client.Error
	if !errors.As(err, &e) {
		c.t.Fatalf("%s was not refused: %v", frame, err)
	}
	return e.Code
}

// sends waits until n more pieces of sound have gone out.
func (c *caller) sends(n uint64) {
	c.t.Helper()
	from := c.next.Load()
	until(c.t, "sound is sent", func() bool { return c.next.Load() >= from+n })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// asGuest comes by the demo's guest link.
func (r *running) asGuest(t *testing.T, name string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	_, token, _ := strings.Cut(r.Guest, "token=")
	r.call(t, c, http.MethodPost, "/api/v1/guest-links/"+token, `{"name":"`+name+`"}`, http.StatusOK, nil)
	return c
}

func (r *running) person(name string) demoPerson {
	i := slices.IndexFunc(r.People, func(p demoPerson) bool { return p.Name == name })
	return r.People[i]
}

// ready waits for a recording to be finished.
func (r *running) ready(t *testing.T, c *http.Client, id string) (rec recording.Recording) {
	t.Helper()
	until(t, "the recording is ready", func() bool {
		r.call(t, c, http.MethodGet, "/api/v1/recordings/"+id, "", http.StatusOK, &rec)
		return rec.State == recording.Ready
	})
	return rec
}

// magic fails the test if any file holds the beginning of media in the clear.
func magic(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, word := range []string{"\x1a\x45\xdf\xa3", "OpusHead", "A_OPUS", "V_VP8", "matroska", "\x9d\x01\x2a"} {
			if len(word) > 3 && bytes.Contains(data, []byte(word)) {
				t.Errorf("%s has %q", filepath.Base(path), word)
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// sounds are the numbers of the sound that was recorded of somebody.
func sounds(t *testing.T, dir, id, person string) (numbers []uint64, cameras int) {
	t.Helper()
	keys, err := blob.OpenKeys(filepath.Join(dir, keysDir))
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	store, err := blob.NewDisk(filepath.Join(dir, "recordings", "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	tl, err := final.Verify(t.Context(), store, key, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, track := range tl.Tracks {
		if track.Person != person {
			continue
		}
		if track.Kind == "video" {
			cameras++
			continue
		}
		o, err := final.OpenTrack(t.Context(), store, key, id, track.ID)
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range webm.Blocks(io.NewSectionReader(o, 0, o.Size())) {
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, uint64(b.Payload[1])<<8|uint64(b.Payload[2]))
		}
		o.Close()
	}
	return numbers, cameras
}

// between counts the numbers in [from, to).
func between(numbers []uint64, from, to uint64) (n int) {
	for _, v := range numbers {
		if v >= from && v < to {
			n++
		}
	}
	return n
}

const forever = 1 << 20

func TestRecordingThroughConsent(t *testing.T) {
	dir := t.TempDir()
	demo := runDemo(t, "--data", dir)
	live := filepath.Join(dir, "recordings", "live")
	taraWeb, cleoWeb := demo.as(t, "Tara Therapist"), demo.as(t, "Cleo Client")
	tara := demo.caller(t, taraWeb, nil)
	cleo := demo.caller(t, cleoWeb, tara)
	gina := demo.caller(t, demo.asGuest(t, "Gina"), tara)
	ginaID := gina.c.Identity().ID
	room := map[string]any{"room": demo.Room}

	// Asked, and nothing on disk until the last answer.
	if code := cleo.refused("recording.start", room); code != "not_allowed" {
		t.Errorf("a client starts a recording: %s", code)
	}
	var started recording.RecordingResult
	tara.ask("recording.start", room, &started)
	st := started.Recording
	if st.State != recording.Asking || len(st.People) != 3 {
		t.Fatalf("%+v", st)
	}
	nothingYet := func(when string) {
		t.Helper()
		for _, d := range []string{live, filepath.Join(dir, "keys", "recordings")} {
			if entries, err := os.ReadDir(d); err == nil && len(entries) > 0 {
				t.Fatalf("%s there is %s", when, entries[0].Name())
			}
		}
	}
	nothingYet("while all are asked")
	st = cleo.decide(st, recording.Agreed)
	if st = gina.decide(st, recording.Declined); st.State != recording.Asking {
		t.Fatalf("after a refusal: %+v", st)
	}
	cleo.sends(10)
	nothingYet("after a refusal")
	if code := cleo.refused("recording.consent", map[string]any{
		"room": demo.Room, "recording": st.ID, "decision": "agreed", "policyVersion": "0"}); code != "policy_changed" {
		t.Errorf("a consent to another policy: %s", code)
	}

	// Without her: Tara and Cleo are recorded.
	begun := map[*caller]uint64{tara: tara.next.Load(), cleo: cleo.next.Load()}
	if st = tara.decide(st, recording.Agreed); st.State != recording.Live {
		t.Fatalf("%+v", st)
	}
	tara.sends(60)
	magic(t, filepath.Join(dir, "recordings"))
	// The guest changes her mind and is recorded from there on.
	begun[gina] = gina.next.Load()
	if st = gina.decide(st, recording.Agreed); st.State != recording.Live {
		t.Fatalf("%+v", st)
	}
	gina.sends(60)
	// Tara reloads her page, and is recorded on.
	tara.connect()
	if err := tara.bot.Load().Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	reloaded := tara.next.Load()
	tara.sends(80)

	// Cleo withdraws. Nothing of hers after the answer, nothing of anybody until
	// the others go on.
	cleo.decide(st, recording.Withdrawn)
	withdrew := cleo.next.Load()
	hushed := map[*caller]uint64{tara: tara.next.Load(), gina: gina.next.Load()}
	tara.sends(40)
	st = gina.decide(st, recording.Agreed)
	if st.State != recording.Asking {
		t.Fatalf("Tara was not asked anew: %+v", st)
	}
	again := map[*caller]uint64{tara: tara.next.Load(), gina: gina.next.Load()}
	if st = tara.decide(st, recording.Agreed); st.State != recording.Live {
		t.Fatalf("%+v", st)
	}
	tara.sends(60)
	until(t, "everybody is told", func() bool {
		cleo.mu.Lock()
		defer cleo.mu.Unlock()
		return cleo.last.State == recording.Live
	})
	var stopped recording.RecordingResult
	tara.ask("recording.stop", room, &stopped)
	if stopped.Recording.State != recording.Finalising {
		t.Fatalf("%+v", stopped.Recording)
	}
	rec := demo.ready(t, taraWeb, st.ID)
	magic(t, filepath.Join(dir, "recordings"))

	cleoID, taraID := demo.person("Cleo Client").ID, demo.person("Tara Therapist").ID
	for _, c := range []struct {
		who      string
		id       string
		from, to uint64 // no sound outside
		hole     [2]uint64
	}{
		{"Tara", taraID, begun[tara], forever, [2]uint64{hushed[tara], again[tara]}},
		{"Cleo", cleoID, begun[cleo], withdrew, [2]uint64{}},
		{"Gina", ginaID, begun[gina], forever, [2]uint64{hushed[gina], again[gina]}},
	} {
		numbers, cameras := sounds(t, dir, rec.ID, c.id)
		if len(numbers) < 80 || cameras == 0 {
			t.Errorf("%s: %d sounds and %d cameras were recorded", c.who, len(numbers), cameras)
		}
		if n := between(numbers, 0, c.from) + between(numbers, c.to, forever) + between(numbers, c.hole[0], c.hole[1]); n > 0 {
			t.Errorf("%s: %d sounds were recorded without consent (of %d; from %d to %d, hole %v)", c.who, n, len(numbers), c.from, c.to, c.hole)
		}
	}
	if numbers, _ := sounds(t, dir, rec.ID, taraID); between(numbers, reloaded, hushed[tara]) < 30 {
		t.Errorf("after her page was reloaded, %d sounds of Tara were recorded", between(numbers, reloaded, hushed[tara]))
	}
	watchRecording(t, demo, dir, rec, taraWeb, cleoWeb)
}

// A server that is stopped while it records ends the recording properly, and
// finishes it at its next start.
func TestStopWhileRecording(t *testing.T) {
	dir := t.TempDir()
	var id string
	t.Run("record", func(t *testing.T) {
		demo := runDemo(t, "--data", dir)
		tara := demo.caller(t, demo.as(t, "Tara Therapist"), nil)
		var started recording.RecordingResult
		tara.ask("recording.start", map[string]any{"room": demo.Room}, &started)
		id = started.Recording.ID
		until(t, "it records", func() bool {
			tara.mu.Lock()
			defer tara.mu.Unlock()
			return tara.last.State == recording.Live
		})
		tara.sends(100)
	})
	t.Run("start again", func(t *testing.T) {
		demo := runDemo(t, "--data", dir)
		rec := demo.ready(t, demo.as(t, "Tara Therapist"), id)
		if rec.StopReason != "restart" || rec.Recovered || rec.DurationMs < 1500 {
			t.Errorf("%+v", rec)
		}
		if numbers, _ := sounds(t, dir, id, demo.person("Tara Therapist").ID); len(numbers) < 60 {
			t.Errorf("%d sounds", len(numbers))
		}
	})
}

// watchRecording watches, shares, audits, ends care, copies and erases.
func watchRecording(t *testing.T, demo *running, dir string, rec recording.Recording, tara, cleo *http.Client) {
	path := "/api/v1/recordings/" + rec.ID
	theo, ada, cory := demo.as(t, "Theo Therapist"), demo.as(t, "Ada Admin"), demo.as(t, "Cory Client")
	var play recording.Play
	demo.call(t, tara, "POST", path+"/plays", "", 201, &play)
	media := func(c *http.Client, method, url, span string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, demo.URL+url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if span != "" {
			req.Header.Set("Range", span)
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	if len(play.Tracks) < 6 {
		t.Fatalf("%d tracks", len(play.Tracks))
	}
	first := play.Tracks[0].URL
	whole := media(tara, "GET", first, "")
	body, err := io.ReadAll(whole.Body)
	if err != nil || whole.StatusCode != 200 || whole.Header.Get("Cache-Control") != "no-store" || !strings.HasSuffix(whole.Header.Get("Content-Type"), "/webm") {
		t.Fatalf("%d %v %v", whole.StatusCode, whole.Header, err)
	}
	part := media(tara, "GET", first, "bytes=10-19")
	if some, err := io.ReadAll(part.Body); err != nil || part.StatusCode != 206 || !bytes.Equal(some, body[10:20]) {
		t.Errorf("a range: %d, %d bytes, %v", part.StatusCode, len(some), err)
	}
	if res := media(tara, "HEAD", first, ""); res.StatusCode != 200 || res.ContentLength != int64(len(body)) {
		t.Errorf("HEAD: %d %d", res.StatusCode, res.ContentLength)
	}
	if res := media(tara, "GET", first, fmt.Sprintf("bytes=%d-", len(body))); res.StatusCode != 416 {
		t.Errorf("beyond the end: %d", res.StatusCode)
	}
	for who, c := range map[string]struct {
		browser *http.Client
		want    int
	}{"the client": {cleo, 403}, "another client": {cory, 404}, "another therapist": {theo, 404}, "the admin": {ada, 403}} {
		if res := media(c.browser, "GET", first, ""); res.StatusCode != c.want {
			t.Errorf("%s gets media: %d", who, res.StatusCode)
		}
	}

	// Every second that was seen is on record, and the client sees it.
	demo.call(t, tara, "POST", path+"/plays/"+play.ID+"/watched", `{"ranges":[{"fromMs":0,"toMs":1000}]}`, 204, nil)
	demo.call(t, tara, "POST", path+"/plays/"+play.ID+"/watched", `{"ranges":[{"fromMs":1000,"toMs":2000}]}`, 204, nil)
	var viewers recording.ViewerList
	demo.call(t, cleo, "GET", path+"/viewers", "", 200, &viewers)
	if len(viewers.Items) != 1 || viewers.Items[0].Seconds != 2 || len(viewers.Items[0].Ranges) != 1 {
		t.Errorf("%+v", viewers)
	}
	var ledger recording.ConsentList
	demo.call(t, cleo, "GET", path+"/consents", "", 200, &ledger)
	var states []string
	for _, e := range ledger.Items {
		states = append(states, string(e.State))
	}
	if got := strings.Join(states, " "); got != "wait agreed withdrawn" {
		t.Errorf("Cleo's ledger: %s", got)
	}

	// A second is shared with Theo, who gets files of that second.
	share := fmt.Sprintf(`{"userId":%q,"fromMs":500,"toMs":1500,"expiresAt":%q}`, demo.person("Theo Therapist").ID, time.Now().Add(time.Hour).Format(time.RFC3339))
	var shared recording.RecordingShare
	demo.call(t, tara, "POST", path+"/shares", share, 201, &shared)
	var theirs recording.Play
	until(t, "the share is cut", func() bool {
		res := post2(t, theo, demo.URL+path+"/plays")
		defer res.Body.Close()
		return res.StatusCode == 201 && json.NewDecoder(res.Body).Decode(&theirs) == nil
	})
	for _, tr := range theirs.Tracks {
		if tr.StartMs < 500 || tr.StartMs+tr.DurationMs > 1600 {
			t.Errorf("a shared track from %d ms of %d ms", tr.StartMs, tr.DurationMs)
		}
	}
	if len(theirs.Tracks) == 0 {
		t.Fatal("nothing was shared")
	}
	if res := media(theo, "GET", theirs.Tracks[0].URL, ""); res.StatusCode != 200 {
		t.Errorf("shared media: %d", res.StatusCode)
	}
	demo.call(t, theo, "GET", path+"/shares", "", 403, nil)
	demo.call(t, tara, "DELETE", path+"/shares/"+shared.ID, "", 204, nil)
	if res := media(theo, "GET", theirs.Tracks[0].URL, ""); res.StatusCode != 404 {
		t.Errorf("media of a share that was ended: %d", res.StatusCode)
	}

	// A copy to take away.
	var export recording.RecordingExport
	demo.call(t, tara, "POST", path+"/exports", `{"kind":"tracks"}`, 202, &export)
	until(t, "the copy is made", func() bool {
		demo.call(t, tara, "GET", path+"/exports/"+export.ID, "", 200, &export)
		return export.State == "ready"
	})
	if res := media(tara, "GET", path+"/exports/"+export.ID+"/file", ""); res.StatusCode != 200 || res.ContentLength != export.Bytes || res.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("the copy: %d %d %v", res.StatusCode, res.ContentLength, res.Header)
	}

	// Care ends: the next range is not found.
	demo.call(t, ada, "DELETE", "/api/v1/care?therapistId="+demo.person("Tara Therapist").ID+"&clientId="+demo.person("Cleo Client").ID, "", 204, nil)
	if res := media(tara, "GET", first, "bytes=0-9"); res.StatusCode != 404 {
		t.Errorf("media after care has ended: %d", res.StatusCode)
	}
	demo.call(t, tara, "GET", path, "", 404, nil)

	command := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(t.Context(), environment{stdout: &out, stderr: &out}, append(append([]string{"recordings"}, args...), "--data", dir)); code != want {
			t.Fatalf("%v: code %d\n%s", args, code, &out)
		}
		return out.String()
	}
	if out := command(0, "list"); !strings.Contains(out, rec.ID+"  ready") {
		t.Errorf("list:\n%s", out)
	}
	if out := command(0, "verify"); !strings.Contains(out, "1 recordings are whole") {
		t.Errorf("verify:\n%s", out)
	}
	if out := command(0, "rotate-keys"); !strings.Contains(out, "1 keys") {
		t.Errorf("rotate-keys:\n%s", out)
	}
	file := filepath.Join(t.TempDir(), "copy.zip")
	command(0, "export", "--id", rec.ID, "--out", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != export.Bytes {
		t.Errorf("export: %v %v", info, err)
	}
	command(1, "export", "--id", rec.ID, "--out", file) // never over another file
	command(2, "erase", "--id", rec.ID)
	command(0, "erase", "--id", rec.ID, "--reason", "asked for")
	command(1, "erase", "--id", "nothing", "--reason", "asked for")
	var erased recording.Recording
	until(t, "it is erased, by whoever came first", func() bool {
		demo.call(t, ada, "GET", path, "", 200, &erased)
		return erased.State == recording.Erased
	})
	if out := command(0, "verify"); !strings.Contains(out, "0 recordings are whole") {
		t.Errorf("verify:\n%s", out)
	}
	for _, d := range []string{"recordings/store/recordings/" + rec.ID, "recordings/store/exports/" + rec.ID, "keys/recordings/" + rec.ID + ".key"} {
		if _, err := os.Stat(filepath.Join(dir, d)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", d, err)
		}
	}
	if erased.ErasedAt == nil {
		t.Errorf("%+v", erased)
	}
}

func post2(t *testing.T, c *http.Client, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}
