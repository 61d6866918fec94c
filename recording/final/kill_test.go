package final_test

import (
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mentara/recording/final"
	"mentara/recording/mediatest"
	"mentara/recording/timeline"
)

// killChild names the folder in which a child records until it is killed.
const killChild = "MENTARA_KILL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killChild); dir != "" {
		if err := recordUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

type streams struct{ Video, Audio []mediatest.Frame }

// recordUntilKilled journals the streams in real time, round and round, and
// notes beside the journal what it has handed over.
func recordUntilKilled(dir string) error {
	t := &testing.T{} // for the helpers; a failure of theirs ends the process
	p := newPlace(t, dir)
	f, err := os.Open(filepath.Join(dir, "streams"))
	if err != nil {
		return err
	}
	var s streams
	if err := gob.NewDecoder(f).Decode(&s); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w := p.journal("rec")
	v, a := open(t, w, "a", timeline.Camera, "VP8"), open(t, w, "a", timeline.Microphone, "Opus")
	began := time.Now()
	length := time.Duration(len(s.Video)) * time.Second / mediatest.FPS
	i, j := 0, 0
	for {
		vf, af := s.Video[i%len(s.Video)], s.Audio[j%len(s.Audio)]
		vAt := vf.At + time.Duration(i/len(s.Video))*length
		aAt := af.At + time.Duration(j/len(s.Audio))*length
		track, at, frame := v, vAt, vf
		if aAt < vAt {
			track, at, frame = a, aAt, af
			j++
		} else {
			i++
		}
		time.Sleep(time.Until(began.Add(at)))
		if err := w.Frame(track, at, frame.Key, frame.Payload); err != nil {
			return err
		}
		if track == v {
			if _, err := fmt.Fprintf(log, "%d %d\n", i, at.Microseconds()); err != nil {
				return err
			}
		}
	}
}

// TestKill records in another process, kills it at a random moment, recovers,
// and looks at what is there: at most a second is missing, and the numbers in
// the pictures go on to the cut. MENTARA_KILLS is how often; 10 if unset.
func TestKill(t *testing.T) {
	cycles := 10
	if s := os.Getenv("MENTARA_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		ok(t, err)
		cycles = n
	}
	s := streams{mediatest.Video(t, "VP8", width, height, 1, 150).Frames, mediatest.Opus(t, 5*time.Second).Frames[:250]}
	var mu sync.Mutex
	worst, total, recorded := time.Duration(0), time.Duration(0), 0
	t.Run("cycles", func(t *testing.T) {
		limit := make(chan struct{}, 4)
		for i := range cycles {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				limit <- struct{}{}
				defer func() { <-limit }()
				lost, any := killOnce(t, s, time.Duration(100+rand.IntN(2400))*time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				if any {
					recorded++
					total += lost
				}
				worst = max(worst, lost)
			})
		}
	})
	t.Logf("%d cycles, %d with media: lost at most %v, on average %v", cycles, recorded, worst, (total / time.Duration(max(recorded, 1))).Round(time.Millisecond))
	if recorded == 0 {
		t.Error("no cycle recorded anything")
	}
}

func killOnce(t *testing.T, s streams, after time.Duration) (lost time.Duration, any bool) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "streams"))
	ok(t, err)
	ok(t, errors.Join(gob.NewEncoder(f).Encode(s), f.Close()))
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killChild+"="+dir)
	var problems strings.Builder
	cmd.Stderr = &problems
	ok(t, cmd.Start())
	time.Sleep(after)
	ok(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if problems.Len() > 0 {
		t.Fatalf("the child said: %s", problems.String())
	}

	frames, last := lastLogged(t, filepath.Join(dir, "log"))
	p := newPlace(t, dir)
	ids, err := final.Journals(p.live)
	ok(t, err)
	if len(ids) == 0 {
		if frames > 0 {
			t.Fatal("no journal")
		}
		return 0, false
	}
	o := p.options("rec")
	o.LastSeen = start.Add(last)
	r, err := final.Make(ctx, o)
	if errors.Is(err, final.ErrNothing) {
		if frames > 0 {
			t.Fatal(err)
		}
		return 0, false
	}
	ok(t, err)
	tl := r.Timeline
	if !tl.Recovered {
		t.Error("not marked as recovered")
	}
	if _, err := final.Verify(ctx, p.store, p.key("rec"), "rec"); err != nil {
		t.Error(err)
	}
	end := time.Duration(0)
	for _, track := range tl.Tracks {
		file := p.file("rec", track.ID)
		mediatest.Clean(t, file)
		if track.Kind != timeline.Video {
			continue
		}
		numbers := mediatest.Numbers(t, file, width, height)
		for i, n := range numbers {
			if n != i%len(s.Video)+1 {
				t.Fatalf("frame %d bears %d", i, n)
			}
		}
		if len(numbers) > frames+1 { // one may be handed over and not noted
			t.Errorf("%d frames of %d", len(numbers), frames)
		}
		end = time.Duration(len(numbers)) * time.Second / mediatest.FPS
	}
	if frames > 0 {
		lost = max(last+time.Second/mediatest.FPS-end, 0)
	}
	if lost > time.Second {
		t.Errorf("killed after %v: lost %v", after, lost)
	}
	return lost, frames > 0
}

// lastLogged is how many video frames the child has noted, and when the last
// was.
func lastLogged(t *testing.T, path string) (frames int, at time.Duration) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, 0
	}
	ok(t, err)
	lines := strings.Split(string(raw), "\n")
	if len(lines) < 2 {
		return 0, 0
	}
	var us int64
	_, err = fmt.Sscan(lines[len(lines)-2], &frames, &us)
	ok(t, err)
	return frames, time.Duration(us) * time.Microsecond
}
