// Package mediatest makes small real streams with ffmpeg for the tests of
// recordings, and looks into files with ffprobe and ffmpeg. Every picture
// bears its number as black and white fields, which survive any codec, so a
// test can say which frames it found.
package mediatest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"mentara/recording/webm"
)

// FPS is of every clip.
const FPS = 30

// bitCount is how many fields bear the number; the clip repeats after 2^16.
const bitCount = 16

// Frame is one frame of a clip.
type Frame struct {
	At      time.Duration
	Key     bool
	Payload []byte
}

// Clip is a stream.
type Clip struct {
	Codec         string
	Width, Height int
	Frames        []Frame
}

// Picture is a yuv420p picture that bears n.
func Picture(width, height, n int) []byte {
	b := bytes.Repeat([]byte{128}, width*height*3/2)
	field := width / bitCount
	for y := range height {
		for x := range width {
			v := byte(16 + (x*3+y*5+n*7)%160)
			if y < height/2 {
				v = 16
				if bit := x / field; bit < bitCount && n>>bit&1 == 1 {
					v = 235
				}
			}
			b[y*width+x] = v
		}
	}
	return b
}

// number reads what Picture wrote from a luma plane.
func number(luma []byte, width, height int) int {
	field := width / bitCount
	n := 0
	for bit := range bitCount {
		if luma[height/4*width+bit*field+field/2] > 125 {
			n |= 1 << bit
		}
	}
	return n
}

// Video makes count frames numbered from first, with a key frame every second.
func Video(t testing.TB, codec string, width, height, first, count int) Clip {
	t.Helper()
	encoder := map[string][]string{
		"VP8":  {"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "0", "-b:v", "400k"},
		"VP9":  {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "400k"},
		"AV1":  {"-c:v", "libsvtav1", "-preset", "12"},
		"H264": {"-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-x264-params", "repeat-headers=1"},
	}[codec]
	args := append([]string{"-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", width, height), "-r", strconv.Itoa(FPS), "-i", "pipe:0",
		"-g", strconv.Itoa(FPS)}, encoder...)
	clip := Clip{Codec: codec, Width: width, Height: height}
	clip.Frames = encode(t, args, func(w io.Writer) error {
		for i := range count {
			if _, err := w.Write(Picture(width, height, first+i)); err != nil {
				return err
			}
		}
		return nil
	})
	return clip
}

// Opus makes a tone of d, in frames of 20 ms.
func Opus(t testing.TB, d time.Duration) Clip {
	t.Helper()
	clip := Clip{Codec: "Opus"}
	args := []string{"-f", "s16le", "-ar", "48000", "-ac", "2", "-i", "pipe:0", "-c:a", "libopus", "-b:a", "32k"}
	clip.Frames = encode(t, args, func(w io.Writer) error {
		samples := int(d.Seconds() * 48000)
		b := make([]byte, 0, samples*4)
		for i := range samples {
			v := uint16(int16(8000 * math.Sin(float64(i)*2*math.Pi*440/48000)))
			b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, v), v)
		}
		_, err := w.Write(b)
		return err
	})
	return clip
}

func encode(t testing.TB, args []string, feed func(io.Writer) error) []Frame {
	t.Helper()
	args = append(append([]string{"-nostdin", "-v", "error", "-threads", "1"}, args...), "-f", "matroska", "pipe:1")
	cmd := exec.Command("ffmpeg", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ferr := feed(in)
	in.Close()
	if err := cmd.Wait(); err != nil || ferr != nil {
		t.Fatalf("ffmpeg %v: %v %v\n%s", args, err, ferr, problems.String())
	}
	var frames []Frame
	for b, err := range webm.Blocks(&out) {
		if err != nil {
			t.Fatalf("ffmpeg's output: %v", err)
		}
		frames = append(frames, Frame{At: b.At, Key: b.Key, Payload: bytes.Clone(b.Payload)})
	}
	return frames
}

// Clean fails the test unless ffprobe reads the whole file and says nothing.
func Clean(t testing.TB, path string) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path).CombinedOutput()
	lines := strings.Fields(string(out))
	ok := err == nil && len(lines) > 0
	for _, l := range lines {
		if _, err := strconv.Atoi(strings.Trim(l, ",")); err != nil {
			ok = false
		}
	}
	if !ok {
		t.Errorf("ffprobe %s: %v\n%s", path, err, out)
	}
}

// Probe returns what ffprobe says of one entry: "format=duration".
func Probe(t testing.TB, path string, args ...string) string {
	t.Helper()
	args = append(append([]string{"-v", "error"}, args...), "-of", "default=nw=1:nk=1", path)
	out, err := exec.Command("ffprobe", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Numbers decodes a video and returns the number of every picture. Extra
// arguments stand before the input: "-ss", "3".
func Numbers(t testing.TB, path string, width, height int, extra ...string) []int {
	t.Helper()
	args := append([]string{"-nostdin", "-v", "error", "-threads", "1"}, extra...)
	args = append(args, "-i", path, "-vf", fmt.Sprintf("scale=%d:%d", width, height), "-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough", "pipe:1")
	var problems bytes.Buffer
	cmd := exec.Command("ffmpeg", args...)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || problems.Len() > 0 {
		t.Errorf("decode %s: %v\n%s", path, err, problems.String())
	}
	var numbers []int
	for len(out) >= width*height {
		numbers = append(numbers, number(out, width, height))
		out = out[width*height:]
	}
	return numbers
}
