package final

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mentara/internal/blob"
	"mentara/recording/journal"
	"mentara/recording/timeline"
	"mentara/recording/webm"
)

// ErrNoFFmpeg says that a combined file cannot be made on this machine.
var ErrNoFFmpeg = errors.New("ffmpeg is not installed")

const (
	spoolPrefix = "export-"
	spoolExt    = ".spool"

	combinedWidth  = 1280
	combinedHeight = 720
	combinedFPS    = 25
	// background is the niceness of ffmpeg: calls come first.
	background = 15
)

// CombinedOptions say what to combine.
type CombinedOptions struct {
	Store     blob.Store
	Key       blob.Key
	Recording string
	// Scratch is a folder for the spool: a journal sealed with a key that only
	// this process's memory holds.
	Scratch  string
	Progress func(float64) // 0 to 1; nil is fine
}

// ExportCombined writes one WebM of all tracks to dst: people in a grid with
// their names, the time of day, and everybody's sound. ffmpeg decodes and
// encodes, at low priority; it reads and writes pipes, so no clear byte
// touches the disk. What it makes is spooled sealed, because the head of a
// seekable file needs to know the rest.
func ExportCombined(ctx context.Context, o CombinedOptions, dst io.Writer) error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return ErrNoFFmpeg
	}
	tl, err := LoadTimeline(ctx, o.Store, o.Key, o.Recording)
	if err != nil {
		return err
	}
	if len(tl.Tracks) == 0 {
		return fmt.Errorf("combine recording %s: %w", o.Recording, ErrNothing)
	}
	spool, key, err := newSpool(o.Scratch)
	if err != nil {
		return err
	}
	defer os.Remove(spool)
	if err := runFFmpeg(ctx, ffmpeg, o, tl, spool, key); err != nil {
		return fmt.Errorf("combine recording %s: %w", o.Recording, err)
	}
	if err := unspool(spool, key, dst); err != nil {
		return fmt.Errorf("combine recording %s: %w", o.Recording, err)
	}
	if o.Progress != nil {
		o.Progress(1)
	}
	return nil
}

// SweepScratch removes spools that a crash left. Their keys are gone with the
// process; they only take space.
func SweepScratch(dir string) error {
	stale, err := filepath.Glob(filepath.Join(dir, spoolPrefix+"*"+spoolExt))
	if err != nil {
		return err
	}
	for _, path := range stale {
		if _, err := journal.Read(path, blob.Key{}); errors.Is(err, journal.ErrLive) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("sweep exports: %w", err)
		}
	}
	return nil
}

func newSpool(dir string) (path string, key blob.Key, err error) {
	rand.Read(key[:])
	return filepath.Join(dir, spoolPrefix+rand.Text()+spoolExt), key, os.MkdirAll(dir, 0o700)
}

// runFFmpeg combines into the spool.
func runFFmpeg(ctx context.Context, ffmpeg string, o CombinedOptions, tl timeline.Timeline, spool string, key blob.Key) (err error) {
	w, err := journal.Create(spool, key, journal.Header{Recording: "export", StartedAt: tl.StartedAt})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	p := &pipes{}
	defer p.closeAll()
	args := []string{"-nostdin", "-v", "error", "-nostats"}
	feeds := []func() error{}
	for _, t := range tl.Tracks {
		fd, in, err := p.input()
		if err != nil {
			return err
		}
		// The size of a picture may change; scale follows, a new filter graph
		// would begin the recording anew.
		args = append(args, "-reinit_filter", "0", "-f", "matroska", "-i", fd)
		feeds = append(feeds, func() error { return feedTrack(ctx, o, t.ID, in) })
	}
	script, sound := filterScript(tl)
	fd, in, err := p.input()
	if err != nil {
		return err
	}
	feeds = append(feeds, func() error {
		_, err := io.WriteString(in, script)
		return errors.Join(err, in.Close())
	})
	progressFD, progress, err := p.output()
	if err != nil {
		return err
	}
	duration := strconv.FormatFloat(ms(tl.DurationMs).Seconds(), 'f', 3, 64)
	args = append(args, "-filter_complex_script", fd, "-progress", progressFD,
		"-map", "[v]", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0",
		"-b:v", "1500k", "-g", strconv.Itoa(2*combinedFPS), "-t", duration)
	tracks := []journal.Track{{Kind: timeline.Video, Source: timeline.Screen, Codec: "VP8"}}
	if sound {
		args = append(args, "-map", "[a]", "-c:a", "libopus", "-b:a", "64k")
		tracks = append(tracks, journal.Track{Kind: timeline.Audio, Source: timeline.ScreenAudio, Codec: "Opus"})
	}
	args = append(args, "-f", "matroska", "pipe:1")
	for _, t := range tracks {
		if _, err := w.OpenTrack(t); err != nil {
			return err
		}
	}

	cmd := exec.CommandContext(ctx, ffmpeg, args...)
	cmd.ExtraFiles = p.theirs
	problems := &tail{}
	cmd.Stderr = problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, background) // not allowed: then not
	p.closeTheirs()
	var wg sync.WaitGroup
	fed := make([]error, len(feeds))
	for i, f := range feeds {
		wg.Go(func() { fed[i] = f() })
	}
	wg.Go(func() { readProgress(progress, ms(tl.DurationMs), o.Progress) })
	err = spoolBlocks(out, w)
	if err != nil {
		cancel()
	}
	_, _ = io.Copy(io.Discard, out)
	if werr := cmd.Wait(); werr != nil {
		err = errors.Join(err, fmt.Errorf("ffmpeg: %w: %s", werr, problems.without(tl.People)))
	}
	p.closeOurs() // a feed that nobody reads ends here
	wg.Wait()
	return errors.Join(append(fed, err)...)
}

// pipes are the files between this program and ffmpeg.
type pipes struct{ ours, theirs []*os.File }

func (p *pipes) add(theirs, ours *os.File) string {
	p.ours, p.theirs = append(p.ours, ours), append(p.theirs, theirs)
	return "pipe:" + strconv.Itoa(2+len(p.theirs))
}

// input is a pipe that ffmpeg reads.
func (p *pipes) input() (fd string, w *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	return p.add(r, w), w, nil
}

// output is a pipe that ffmpeg writes.
func (p *pipes) output() (fd string, r *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	return p.add(w, r), r, nil
}

func (p *pipes) closeTheirs() {
	for _, f := range p.theirs {
		_ = f.Close()
	}
	p.theirs = nil
}

func (p *pipes) closeOurs() {
	for _, f := range p.ours {
		_ = f.Close() // closed already is fine
	}
}

func (p *pipes) closeAll() { p.closeTheirs(); p.closeOurs() }

// feedTrack decrypts a track into a pipe. ffmpeg may stop reading early.
func feedTrack(ctx context.Context, o CombinedOptions, id string, in *os.File) error {
	defer in.Close()
	t, err := OpenTrack(ctx, o.Store, o.Key, o.Recording, id)
	if err != nil {
		return err
	}
	_, err = io.Copy(in, &contextReader{ctx, io.NewSectionReader(t, 0, t.Size())})
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, t.Close())
}

// spoolBlocks takes what ffmpeg makes. A full spool waits: nothing here is
// live.
func spoolBlocks(r io.Reader, w *journal.Writer) error {
	for b, err := range webm.Blocks(r) {
		if err != nil {
			return err
		}
		for {
			err := w.Frame(uint16(b.Track+1), b.At, b.Key, b.Payload)
			if !errors.Is(err, journal.ErrBehind) {
				if err != nil {
					return err
				}
				break
			}
			if err := w.Sync(); err != nil {
				return err
			}
		}
	}
	return nil
}

// unspool writes the file in two passes over the spool.
func unspool(path string, key blob.Key, dst io.Writer) error {
	r, err := journal.Read(path, key)
	if err != nil {
		return err
	}
	defer r.Close()
	var tracks []webm.Track
	var plan *webm.Plan
	each := func(f func(*journal.Record) error) error {
		for rec, err := range r.Records() {
			if err != nil {
				return err
			}
			if err := f(rec); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(func(rec *journal.Record) error {
		switch {
		case rec.Type == journal.TrackRecord:
			tracks = append(tracks, webm.Track{Codec: rec.Opened.Codec})
		case rec.Type == journal.FrameRecord:
			if plan == nil {
				plan = webm.NewPlan(tracks...)
			}
			plan.Add(int(rec.Track)-1, rec.At, rec.Key, rec.Payload)
		}
		return nil
	}); err != nil {
		return err
	}
	if plan == nil {
		return ErrNothing
	}
	w, err := webm.NewWriter(dst, plan)
	if err != nil {
		return err
	}
	if err := each(func(rec *journal.Record) error {
		if rec.Type != journal.FrameRecord {
			return nil
		}
		return w.Frame(int(rec.Track)-1, rec.At, rec.Key, rec.Payload)
	}); err != nil {
		return err
	}
	return w.Close()
}

// readProgress reads ffmpeg's "-progress" output.
func readProgress(r io.Reader, of time.Duration, tell func(float64)) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		us, ok := strings.CutPrefix(lines.Text(), "out_time_us=")
		if !ok || tell == nil {
			continue
		}
		if n, err := strconv.ParseInt(us, 10, 64); err == nil && n > 0 && of > 0 {
			tell(min(float64(n)/float64(of.Microseconds()), 0.99))
		}
	}
}

// tail keeps the end of what ffmpeg says.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - 2000; n > 0 {
		t.b = t.b[n:]
	}
	return len(p), nil
}

// without keeps names out of errors, which are logged.
func (t *tail) without(people []timeline.Person) string {
	b := t.b
	for _, p := range people {
		if p.Name != "" {
			b = bytes.ReplaceAll(b, []byte(p.Name), []byte("…"))
		}
	}
	return string(bytes.TrimSpace(b))
}

// cell is a place in the grid: one source of one person, over all their tracks.
type cell struct {
	person string
	source timeline.Source
	label  string
	tracks []int
}

func cells(tl timeline.Timeline) []*cell {
	names := map[string]string{}
	for _, p := range tl.People {
		names[p.ID] = p.Name
	}
	var all []*cell
	find := func(person string, source timeline.Source) *cell {
		for _, c := range all {
			if c.person == person && c.source == source {
				return c
			}
		}
		c := &cell{person: person, source: source, label: names[person]}
		all = append(all, c)
		return c
	}
	for i, t := range tl.Tracks {
		switch {
		case t.Kind == timeline.Video:
			c := find(t.Person, t.Source)
			c.tracks = append(c.tracks, i)
		case t.Source == timeline.Microphone: // who has no camera has a place all the same
			find(t.Person, timeline.Camera)
		}
	}
	return all
}

// filterScript draws the grid. It goes to ffmpeg by a pipe: names do not show
// in the list of processes.
func filterScript(tl timeline.Timeline) (script string, sound bool) {
	var b strings.Builder
	seconds := func(v int64) string { return strconv.FormatFloat(ms(v).Seconds(), 'f', 3, 64) }
	places := cells(tl)
	cols := int(math.Ceil(math.Sqrt(float64(max(len(places), 1)))))
	rows := (max(len(places), 1) + cols - 1) / cols
	cw, ch := combinedWidth/cols&^1, combinedHeight/rows&^1

	fmt.Fprintf(&b, "color=c=0x1b1f24:s=%dx%d:r=%d:d=%s[b0];\n", combinedWidth, combinedHeight, combinedFPS, seconds(tl.DurationMs))
	layer := 0
	for n, c := range places {
		x, y := n%cols*cw, n/cols*ch
		for _, i := range c.tracks {
			t := tl.Tracks[i]
			fmt.Fprintf(&b, "[%d:v]setpts=PTS+%s/TB,scale=%d:%d:force_original_aspect_ratio=decrease,pad=%d:%d:-1:-1:color=0x1b1f24,format=yuv420p[v%d];\n",
				i, seconds(t.StartMs), cw, ch, cw, ch, i)
			fmt.Fprintf(&b, "[b%d][v%d]overlay=%d:%d:eof_action=pass:enable='%s'[b%d];\n", layer, i, x, y, shown(tl, t, seconds), layer+1)
			layer++
		}
		if label := drawable(c.label); label != "" {
			fmt.Fprintf(&b, "[b%d]drawtext=text='%s':expansion=none:fontcolor=white:fontsize=22:box=1:boxcolor=black@0.5:boxborderw=6:x=%d:y=%d[b%d];\n",
				layer, label, x+14, y+ch-40, layer+1)
			layer++
		}
	}
	fmt.Fprintf(&b, "[b%d]drawtext=text='%%{pts\\:hms}  %%{pts\\:gmtime\\:%d} UTC':fontcolor=white:fontsize=18:box=1:boxcolor=black@0.5:boxborderw=6:x=w-tw-14:y=14[v]",
		layer, tl.StartedAt.Unix())

	var mixed []string
	for i, t := range tl.Tracks {
		if t.Kind == timeline.Audio {
			fmt.Fprintf(&b, ";\n[%d:a]aresample=48000:async=1:first_pts=0,adelay=%d:all=1[a%d]", i, t.StartMs, i)
			mixed = append(mixed, fmt.Sprintf("[a%d]", i))
		}
	}
	if len(mixed) > 0 {
		fmt.Fprintf(&b, ";\n%samix=inputs=%d:normalize=0:duration=longest,alimiter=limit=0.95:level=0[a]", strings.Join(mixed, ""), len(mixed))
	}
	return b.String(), len(mixed) > 0
}

// shown is when a track is to be seen: while it is there, but for gaps that
// would show as a frozen face.
func shown(tl timeline.Timeline, t timeline.Track, seconds func(int64) string) string {
	const frozen = 2000
	expr := fmt.Sprintf("between(t,%s,%s)", seconds(t.StartMs), seconds(t.StartMs+t.DurationMs))
	left := 50
	for _, g := range tl.Gaps {
		if (g.Track == t.ID || g.Track == "") && g.ToMs-g.FromMs >= frozen && left > 0 {
			expr += fmt.Sprintf("*not(between(t,%s,%s))", seconds(g.FromMs), seconds(g.ToMs))
			left--
		}
	}
	return expr
}

// drawable makes a name safe inside quotes of a filter script.
func drawable(name string) string {
	var b strings.Builder
	for i, r := range []rune(name) {
		switch {
		case i >= 40:
			return b.String() + "…"
		case r == '\'':
			b.WriteRune('’')
		case r == '\\' || r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0:
			b.WriteByte(' ')
		case r == ':':
			b.WriteString(`\:`)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
