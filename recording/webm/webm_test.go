package webm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mentara/recording/mediatest"
	"mentara/recording/webm"
)

// write makes a file of one clip, its frames moved by shift.
func write(t *testing.T, track webm.Track, frames []mediatest.Frame) (string, *webm.Plan) {
	t.Helper()
	plan := webm.NewPlan(track)
	for _, f := range frames {
		plan.Add(0, f.At, f.Key, f.Payload)
	}
	var b bytes.Buffer
	w, err := webm.NewWriter(&b, plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.Frame(0, f.At, f.Key, f.Payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := webm.Check(bytes.NewReader(b.Bytes())); err != nil {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "file.webm")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, plan
}

func seconds(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEveryCodecIsCleanAndSeekable(t *testing.T) {
	for codec, want := range map[string]struct{ mime, name string }{
		"VP8":  {"video/webm; codecs=vp8", "vp8"},
		"VP9":  {"video/webm; codecs=vp09.00.10.08", "vp9"},
		"AV1":  {"video/webm; codecs=av01.0.00M.08", "av1"},
		"H264": {"video/x-matroska; codecs=avc1.42c00b", "h264"},
	} {
		t.Run(codec, func(t *testing.T) {
			clip := mediatest.Video(t, codec, 160, 96, 1, 150)
			path, plan := write(t, webm.Track{Codec: codec}, clip.Frames)
			if w, h := plan.Dimensions(0); w != 160 || h != 96 {
				t.Errorf("%dx%d", w, h)
			}
			if plan.MIME() != want.mime {
				t.Errorf("media type %q", plan.MIME())
			}
			mediatest.Clean(t, path)
			if got := mediatest.Probe(t, path, "-show_entries", "stream=codec_name,width,height"); got != want.name+"\n160\n96" {
				t.Errorf("stream %q", got)
			}
			if d := seconds(t, mediatest.Probe(t, path, "-show_entries", "format=duration")); d < 4.99 || d > 5.01 {
				t.Errorf("duration %v s", d)
			}
			all := mediatest.Numbers(t, path, 160, 96)
			if len(all) != 150 {
				t.Fatalf("%d frames", len(all))
			}
			for i, n := range all {
				if n != i+1 {
					t.Fatalf("frame %d bears %d", i, n)
				}
			}
			if from3 := mediatest.Numbers(t, path, 160, 96, "-ss", "3.0"); len(from3) == 0 || from3[0] != 91 {
				t.Errorf("seek to 3 s shows %v", from3[:min(3, len(from3))])
			}
		})
	}
}

func TestOpus(t *testing.T) {
	clip := mediatest.Opus(t, 12*time.Second)
	path, plan := write(t, webm.Track{Codec: "Opus"}, clip.Frames)
	mediatest.Clean(t, path)
	if plan.MIME() != "audio/webm; codecs=opus" {
		t.Errorf("media type %q", plan.MIME())
	}
	if got := mediatest.Probe(t, path, "-show_entries", "stream=codec_name,sample_rate,channels"); got != "opus\n48000\n2" {
		t.Errorf("stream %q", got)
	}
	if d := seconds(t, mediatest.Probe(t, path, "-show_entries", "format=duration")); d < 11.99 || d > 12.05 {
		t.Errorf("duration %v s", d)
	}
}

// A camera that is off for an hour, and comes back in another size.
func TestLongGapAndNewSize(t *testing.T) {
	small := mediatest.Video(t, "VP8", 160, 96, 1, 60)
	large := mediatest.Video(t, "VP8", 320, 192, 61, 60)
	frames := small.Frames
	for _, f := range large.Frames {
		f.At += time.Hour
		frames = append(frames, f)
	}
	path, plan := write(t, webm.Track{Codec: "VP8"}, frames)
	mediatest.Clean(t, path)
	if d := plan.Duration() - time.Hour - 2*time.Second; d.Abs() > time.Millisecond {
		t.Errorf("duration %v", plan.Duration())
	}
	all := mediatest.Numbers(t, path, 160, 96)
	if len(all) != 120 || all[0] != 1 || all[119] != 120 {
		t.Errorf("frames %v", all)
	}
	if got := mediatest.Numbers(t, path, 160, 96, "-ss", "3601"); len(got) != 30 || got[0] != 91 {
		t.Errorf("seek behind the gap shows %v", got)
	}
}

func TestAudioWithLongGap(t *testing.T) {
	frames := mediatest.Opus(t, 2*time.Second).Frames
	for _, f := range frames[:len(frames):len(frames)] {
		f.At += 10 * time.Minute
		frames = append(frames, f)
	}
	path, plan := write(t, webm.Track{Codec: "Opus"}, frames)
	mediatest.Clean(t, path)
	// Sound without a hole, which is silent where there was one.
	if plan.Frames() < 30_100 || plan.Frames() > 30_106 {
		t.Errorf("%d packets", plan.Frames())
	}
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "pipe:1").Output()
	if err != nil {
		t.Fatal(err)
	}
	const second = 48000 * 2
	if d := len(out) - 602*second; d < -second/20 || d > second/20 {
		t.Errorf("%d samples for 602 s", len(out)/2)
	}
	loud := func(from, to int) (peak int) {
		for i := from * second; i < to*second; i += 2 {
			peak = max(peak, int(int16(binary.LittleEndian.Uint16(out[i:]))))
		}
		return peak
	}
	if a, b, c := loud(1, 2), loud(3, 599), loud(600, 601); a < 2000 || b > 50 || c < 2000 {
		t.Errorf("peaks %d, %d, %d", a, b, c)
	}
	if got := mediatest.Probe(t, path, "-read_intervals", "601%+#1", "-show_entries", "packet=pts_time"); seconds(t, got) < 600 {
		t.Errorf("seek behind the gap finds %q", got)
	}
}

// Two tracks in one file, as an export has.
func TestTwoTracks(t *testing.T) {
	video, audio := mediatest.Video(t, "VP8", 160, 96, 1, 90), mediatest.Opus(t, 3*time.Second)
	plan := webm.NewPlan(webm.Track{Codec: "VP8"}, webm.Track{Codec: "Opus"})
	each := func(f func(track int, fr mediatest.Frame)) {
		a := audio.Frames
		for _, v := range video.Frames {
			for len(a) > 0 && a[0].At <= v.At {
				f(1, a[0])
				a = a[1:]
			}
			f(0, v)
		}
	}
	each(func(tr int, f mediatest.Frame) { plan.Add(tr, f.At, f.Key, f.Payload) })
	path := filepath.Join(t.TempDir(), "two.webm")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := webm.NewWriter(out, plan)
	if err != nil {
		t.Fatal(err)
	}
	each(func(tr int, f mediatest.Frame) {
		if err := w.Frame(tr, f.At, f.Key, f.Payload); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mediatest.Clean(t, path)
	if got := plan.MIME(); got != `video/webm; codecs="vp8, opus"` {
		t.Error(got)
	}
	if got := mediatest.Numbers(t, path, 160, 96); len(got) != 90 {
		t.Errorf("%d frames", len(got))
	}
}

// A sender that calls anything a key frame leaves no broken file: what cannot
// be decoded from is left out, and a track of nothing else is empty.
func TestHostileKeyFrame(t *testing.T) {
	clip := mediatest.Video(t, "VP8", 160, 96, 1, 30)
	frames := append([]mediatest.Frame{{Key: true, Payload: []byte("nonsense")}, {Payload: []byte{1}}}, clip.Frames...)
	path, plan := write(t, webm.Track{Codec: "VP8"}, frames)
	mediatest.Clean(t, path)
	if plan.Frames() != 30 {
		t.Errorf("%d frames", plan.Frames())
	}
	for _, codec := range []string{"VP8", "VP9", "AV1", "H264"} {
		plan := webm.NewPlan(webm.Track{Codec: codec})
		plan.Add(0, 0, true, []byte{0, 0, 0, 9, 1})
		if plan.Frames() != 0 || plan.Err() != nil {
			t.Errorf("%s: %d frames, %v", codec, plan.Frames(), plan.Err())
		}
	}
}

func TestWriterHoldsToThePlan(t *testing.T) {
	clip := mediatest.Video(t, "VP8", 160, 96, 1, 60)
	plan := webm.NewPlan(webm.Track{Codec: "VP8"})
	for _, f := range clip.Frames {
		plan.Add(0, f.At, f.Key, f.Payload)
	}
	for name, change := range map[string]func(i int, f mediatest.Frame) []mediatest.Frame{
		"a frame missing": func(i int, f mediatest.Frame) []mediatest.Frame {
			if i == 7 {
				return nil
			}
			return []mediatest.Frame{f}
		},
		"a frame twice": func(i int, f mediatest.Frame) []mediatest.Frame {
			if i == 20 {
				return []mediatest.Frame{f, f}
			}
			return []mediatest.Frame{f}
		},
		"a longer one": func(i int, f mediatest.Frame) []mediatest.Frame {
			if i == 59 {
				f.Payload = append(bytes.Clone(f.Payload), 0)
			}
			return []mediatest.Frame{f}
		},
	} {
		w, err := webm.NewWriter(&bytes.Buffer{}, plan)
		if err != nil {
			t.Fatal(err)
		}
		var failed error
		for i, f := range clip.Frames {
			for _, g := range change(i, f) {
				if err := w.Frame(0, g.At, g.Key, g.Payload); err != nil && failed == nil {
					failed = err
				}
			}
		}
		if failed == nil {
			failed = w.Close()
		}
		if !errors.Is(failed, webm.ErrPlan) {
			t.Errorf("%s: %v", name, failed)
		}
	}
}

func TestCheckFindsDamage(t *testing.T) {
	clip := mediatest.Video(t, "VP8", 160, 96, 1, 90)
	path, _ := write(t, webm.Track{Codec: "VP8"}, clip.Frames)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cues := bytes.Index(good, []byte{0xF1, 0x88})
	wrong := bytes.Clone(good)
	wrong[cues+9]++
	for name, b := range map[string][]byte{"cut": good[:len(good)-1], "a cue beside its cluster": wrong, "nothing": nil, "text": []byte("hello, this is text")} {
		if _, err := webm.Check(bytes.NewReader(b)); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	for _, seed := range []string{
		"1a45dfa384424281001853806701ffffffffffffff1f43b675ffe78100a3858100008001a08aa185810021000001fb8101",
		"1f43b67501ffffffffffffffe78800000000000003e8a3888100000000000000",
		"a3ffffffffffffffff",
	} {
		b, _ := hex.DecodeString(seed)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		for block, err := range webm.Blocks(bytes.NewReader(b)) {
			if err != nil {
				break
			}
			total += len(block.Payload)
		}
		if total > len(b) {
			t.Errorf("%d bytes of blocks in %d", total, len(b))
		}
		_, _ = webm.Check(bytes.NewReader(b))
	})
}

// What is planned can be written and read back, whatever the frames.
func FuzzWriteAndRead(f *testing.F) {
	f.Add([]byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0xa0, 0x00, 0x60, 0x00}, uint16(33), uint32(5000), uint8(3))
	f.Add([]byte{0x82, 0x49, 0x83, 0x42, 0, 0, 0, 0}, uint16(0), uint32(1<<31), uint8(7))
	f.Add([]byte{0, 0, 0, 5, 0x67, 0x42, 0xc0, 0x0b, 0xd9, 0, 0, 0, 2, 0x68, 0xce}, uint16(9), uint32(70000), uint8(1))
	f.Add([]byte{0x0a, 0x0b, 0, 0, 0, 4, 0x3c, 0xff, 0xbc, 0xff, 0xc0, 0x40, 0}, uint16(9), uint32(70000), uint8(2))
	f.Fuzz(func(t *testing.T, payload []byte, step uint16, jump uint32, pattern uint8) {
		if len(payload) == 0 {
			return
		}
		for _, codec := range []string{"VP8", "VP9", "AV1", "H264", "Opus"} {
			plan := webm.NewPlan(webm.Track{Codec: codec})
			each := func(g func(at time.Duration, key bool, b []byte) error) error {
				at := time.Duration(0)
				for i := range 40 {
					at += time.Duration(step) * time.Millisecond
					if i == 20 && codec == "Opus" {
						at += time.Duration(jump%100_000) * time.Millisecond
					} else if i == 20 {
						at += time.Duration(jump) * time.Millisecond
					}
					if err := g(at, i%(int(pattern%8)+1) == 0, payload); err != nil {
						return err
					}
				}
				return nil
			}
			_ = each(func(at time.Duration, key bool, b []byte) error { plan.Add(0, at, key, b); return nil })
			var out bytes.Buffer
			w, err := webm.NewWriter(&out, plan)
			if err != nil {
				t.Fatal(err)
			}
			if err := each(func(at time.Duration, key bool, b []byte) error { return w.Frame(0, at, key, b) }); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			n := int64(0)
			for b, err := range webm.Blocks(bytes.NewReader(out.Bytes())) {
				silent := codec == "Opus" && bytes.Equal(b.Payload[1:], []byte{0xFF, 0xFE})
				if err != nil || !silent && !bytes.Equal(b.Payload, payload) {
					t.Fatalf("%s: %v", codec, err)
				}
				n++
			}
			if n != plan.Frames() {
				t.Fatalf("%s: %d of %d frames", codec, n, plan.Frames())
			}
			if n > 0 {
				if _, err := webm.Check(bytes.NewReader(out.Bytes())); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func ExamplePlan() {
	plan := webm.NewPlan(webm.Track{Codec: "Opus"})
	plan.Add(0, 0, true, []byte{0xF8, 0xFF, 0xFE})
	plan.Add(0, 20*time.Millisecond, true, []byte{0xF8, 0xFF, 0xFE})
	fmt.Println(plan.Duration(), plan.MIME())
	// Output: 40ms audio/webm; codecs=opus
}
