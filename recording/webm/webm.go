// Package webm writes WebM and Matroska files (RFC 9559) that can be seeked as
// soon as they are written, to a writer that only appends.
//
// A player wants SeekHead, Duration and Cues before the media, and a sealed
// object cannot be patched, so a file is written in two passes over the same
// frames: a Plan is told of all of them and works out the place of every
// cluster, then a Writer writes exactly that. The plan costs 24 bytes per
// cluster, which is one per second of video at most.
//
// VP8, VP9, AV1 and Opus make WebM, H264 makes Matroska. Frames are stored as
// they were sent; nothing is decoded. Where an Opus track has a hole, packets
// of silence fill it. The package refuses to guess: a frame
// that the plan was not told of is an error.
package webm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/at-wat/ebml-go"
)

// Track is one track of a file.
type Track struct {
	Codec    string // VP8, VP9, AV1, H264, Opus
	Width    int    // 0 is taken from the first key frame
	Height   int
	Channels int // of Opus; 0 means 2
}

func (t Track) video() bool { return t.Codec != "Opus" }

const (
	maxTracks = 126 // whose number is one byte
	// A cluster begins with a key frame of the first video track, if the last
	// one is older than minCluster, and after maxCluster whatever comes.
	minCluster = 900 // ms
	maxCluster = 5000
	// Blocks say their time relative to the cluster in 16 bits.
	maxRelative = 1<<15 - 1

	// opusDelay is the encoder's look-ahead in samples of 48 kHz, which is the
	// same for every WebRTC sender.
	opusDelay = 312

	// Holes in sound are filled from minHole, which clocks that are being
	// corrected do not reach, to maxHole, which no session has.
	minHole = 10 * time.Millisecond
	maxHole = 12 * time.Hour

	application = "mentara"
)

var (
	// ErrPlan says that a frame is not the one that was planned.
	ErrPlan = errors.New("frame differs from the plan")
	// ErrCodec says that tracks cannot be stored, or a key frame not be read.
	ErrCodec = errors.New("codec cannot be stored")
)

// cluster is where a cluster goes.
type cluster struct {
	at   int64 // ms
	size int64 // of the data
	key  bool  // begins with a key frame: a cue
}

// cutter decides on clusters, in the plan and in the writer alike.
type cutter struct {
	main    int // the track whose key frames begin clusters
	started []bool
	last    []int64         // newest time of a track, ms
	base    int64           // of the cluster; -1 before the first
	heard   []time.Duration // end of the newest packet of an Opus track; -1 before the first
}

func newCutter(tracks []Track) cutter {
	c := cutter{started: make([]bool, len(tracks)), last: make([]int64, len(tracks)), base: -1, heard: make([]time.Duration, len(tracks))}
	for i := range c.heard {
		c.heard[i] = -1
	}
	for i, t := range tracks {
		if t.video() {
			c.main = i
			break
		}
	}
	return c
}

// next places a frame. Video before the first key frame that can be read is
// left out, whatever its sender calls it, and time never goes back within a
// track.
func (c *cutter) next(tracks []Track, track int, at time.Duration, key bool, payload []byte) (ms int64, cut, skip bool, first described) {
	if tracks[track].video() && !c.started[track] {
		var err error
		if !key {
			return 0, false, true, first
		}
		if first, err = describe(tracks[track].Codec, payload); err != nil {
			return 0, false, true, first
		}
	}
	c.started[track] = true
	ms = max(at.Round(time.Millisecond).Milliseconds(), c.last[track])
	c.last[track] = ms
	age := ms - c.base
	switch {
	case c.base < 0, age >= maxCluster, age < -maxRelative,
		track == c.main && key && tracks[track].video() && age >= minCluster:
		cut = true
		c.base = ms
	}
	return ms, cut, false, first
}

// silence yields the packets that go before one of an Opus track, so that sound
// goes on without a hole: browsers play what follows a hole at once, and such a
// lane would run ahead of the others. What is left is under 2.5 ms.
func (c *cutter) silence(tracks []Track, track int, at time.Duration, payload []byte) iter.Seq2[time.Duration, []byte] {
	return func(yield func(time.Duration, []byte) bool) {
		if tracks[track].video() {
			return
		}
		from := c.heard[track]
		c.heard[track] = max(at, from) + opusDuration(payload)
		if from < 0 || at-from < minHole || at-from > maxHole {
			return
		}
		for _, s := range silences {
			for ; at-from >= s.length; from += s.length {
				if !yield(from, s.packet[:]) {
					return
				}
			}
		}
	}
}

// Plan is told of every frame of a file, in the order in which it will be
// written.
type Plan struct {
	tracks   []Track
	private  [][]byte
	mime     []string
	cutter   cutter
	clusters []cluster
	frames   int64
	step     []int64 // the newest distance between two frames of a track, ms
	end      int64
	err      error
}

// NewPlan begins a plan. Tracks are numbered from 0 in calls here and from 1
// in the file.
func NewPlan(tracks ...Track) *Plan {
	p := &Plan{
		tracks: slices.Clone(tracks), private: make([][]byte, len(tracks)), mime: make([]string, len(tracks)),
		cutter: newCutter(tracks), step: make([]int64, len(tracks)),
	}
	if len(tracks) == 0 || len(tracks) > maxTracks {
		p.err = fmt.Errorf("%w: %d tracks", ErrCodec, len(tracks))
	}
	for i, t := range tracks {
		p.step[i] = 33
		if !t.video() {
			p.step[i] = 20
			p.private[i] = opusHead(t.channels())
		}
	}
	return p
}

func (t Track) channels() int {
	if t.Channels == 0 {
		return 2
	}
	return t.Channels
}

// Add tells of one frame. The first key frame of a video track also tells its
// size and what a decoder has to know beforehand.
func (p *Plan) Add(track int, at time.Duration, key bool, payload []byte) {
	if p.err != nil {
		return
	}
	if track < 0 || track >= len(p.tracks) || at < 0 {
		p.err = fmt.Errorf("%w: track %d at %v", ErrPlan, track, at)
		return
	}
	for from, packet := range p.cutter.silence(p.tracks, track, at, payload) {
		p.add(track, from, true, packet)
	}
	p.add(track, at, key, payload)
}

func (p *Plan) add(track int, at time.Duration, key bool, payload []byte) {
	first, before := !p.cutter.started[track], p.cutter.last[track]
	ms, cut, skip, d := p.cutter.next(p.tracks, track, at, key, payload)
	if skip {
		return
	}
	if first && p.tracks[track].video() {
		p.describe(track, d)
	}
	if d := ms - before; !first && d > 0 && d <= 1000 {
		p.step[track] = d
	}
	if cut {
		p.clusters = append(p.clusters, cluster{at: ms, size: timecodeSize, key: key})
	}
	p.clusters[len(p.clusters)-1].size += blockSize(len(payload))
	p.frames++
	p.end = max(p.end, ms+p.step[track])
}

func (p *Plan) describe(track int, d described) {
	t := &p.tracks[track]
	if t.Width == 0 || t.Height == 0 {
		t.Width, t.Height = d.width, d.height
	}
	p.private[track], p.mime[track] = d.private, d.mime
}

// Err is the first thing that was wrong.
func (p *Plan) Err() error { return p.err }

// Frames is how many frames the file will hold.
func (p *Plan) Frames() int64 { return p.frames }

// Duration is that of the file.
func (p *Plan) Duration() time.Duration { return time.Duration(p.end) * time.Millisecond }

// Dimensions is the size of a video track's first key frame.
func (p *Plan) Dimensions(track int) (width, height int) {
	return p.tracks[track].Width, p.tracks[track].Height
}

// MIME is the media type of the file with its codecs (RFC 6381).
func (p *Plan) MIME() string {
	container, kind, codecs := "webm", "audio", ""
	for i, t := range p.tracks {
		if t.Codec == "H264" {
			container = "x-matroska"
		}
		codec := "opus"
		if t.video() {
			kind, codec = "video", p.mime[i]
		}
		if i > 0 {
			codecs += ", "
		}
		codecs += codec
	}
	if len(p.tracks) > 1 {
		codecs = `"` + codecs + `"`
	}
	return kind + "/" + container + "; codecs=" + codecs
}

func (p *Plan) docType() string {
	for _, t := range p.tracks {
		if t.Codec == "H264" {
			return "matroska"
		}
	}
	return "webm"
}

// Writer writes what a plan says.
type Writer struct {
	w       io.Writer
	plan    *Plan
	cutter  cutter
	cluster int   // index of the current one
	left    int64 // bytes that it still wants
	frames  int64
	head    [32]byte
}

// NewWriter writes everything before the first cluster.
func NewWriter(w io.Writer, p *Plan) (*Writer, error) {
	if p.err != nil {
		return nil, p.err
	}
	head, err := p.head()
	if err != nil {
		return nil, fmt.Errorf("write file head: %w", err)
	}
	if _, err := w.Write(head); err != nil {
		return nil, err
	}
	return &Writer{w: w, plan: p, cutter: newCutter(p.tracks), cluster: -1}, nil
}

// Frame writes one frame. It has to be called as the plan's Add was.
func (w *Writer) Frame(track int, at time.Duration, key bool, payload []byte) error {
	if track < 0 || track >= len(w.plan.tracks) {
		return fmt.Errorf("%w: track %d", ErrPlan, track)
	}
	for from, packet := range w.cutter.silence(w.plan.tracks, track, at, payload) {
		if err := w.frame(track, from, true, packet); err != nil {
			return err
		}
	}
	return w.frame(track, at, key, payload)
}

func (w *Writer) frame(track int, at time.Duration, key bool, payload []byte) error {
	ms, cut, skip, _ := w.cutter.next(w.plan.tracks, track, at, key, payload)
	if skip {
		return nil
	}
	b := w.head[:0]
	if cut {
		w.cluster++
		if w.left != 0 || w.cluster >= len(w.plan.clusters) || w.plan.clusters[w.cluster].at != ms {
			return fmt.Errorf("%w: cluster %d at %d ms", ErrPlan, w.cluster, ms)
		}
		w.left = w.plan.clusters[w.cluster].size - timecodeSize
		b = appendClusterHead(b, w.left+timecodeSize, ms)
	}
	if w.left -= blockSize(len(payload)); w.left < 0 {
		return fmt.Errorf("%w: more than cluster %d holds", ErrPlan, w.cluster)
	}
	w.frames++
	b = appendBlockHead(b, track+1, int16(ms-w.cutter.base), key || !w.plan.tracks[track].video(), len(payload))
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	_, err := w.w.Write(payload)
	return err
}

// Close checks that nothing is missing. It does not close what it writes to.
func (w *Writer) Close() error {
	if w.left != 0 || w.frames != w.plan.frames {
		return fmt.Errorf("%w: %d of %d frames", ErrPlan, w.frames, w.plan.frames)
	}
	return nil
}

// Sizes of the elements that are written by hand, one per frame or cluster.
const (
	clusterHead  = 4 + 8
	timecodeSize = 1 + 1 + 8
)

func appendClusterHead(b []byte, size, ms int64) []byte {
	b = append(b, 0x1F, 0x43, 0xB6, 0x75)
	b = appendSize8(b, uint64(size))
	b = append(b, 0xE7, 0x88)
	return append(b, byte(ms>>56), byte(ms>>48), byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms))
}

func appendSize8(b []byte, n uint64) []byte {
	return append(b, 0x01, byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// sizeLength is how many bytes the size of an element takes.
func sizeLength(n int) int {
	for length := 1; ; length++ {
		if uint64(n) < 1<<(7*length)-1 {
			return length
		}
	}
}

// blockSize is that of a whole SimpleBlock.
func blockSize(payload int) int64 {
	return int64(1 + sizeLength(payload+4) + 4 + payload)
}

func appendBlockHead(b []byte, track int, relative int16, key bool, payload int) []byte {
	b = append(b, 0xA3)
	length := sizeLength(payload + 4)
	n := uint64(payload+4) | 1<<(7*length)
	for i := length - 1; i >= 0; i-- {
		b = append(b, byte(n>>(8*i)))
	}
	flags := byte(0)
	if key {
		flags = 0x80
	}
	return append(b, 0x80|byte(track), byte(uint16(relative)>>8), byte(relative), flags)
}

// The elements before the clusters. Positions have 8 bytes so that the size of
// what holds them is known before they are.
type (
	header struct {
		EBML struct {
			EBMLVersion            uint64
			EBMLReadVersion        uint64
			EBMLMaxIDLength        uint64
			EBMLMaxSizeLength      uint64
			EBMLDocType            string
			EBMLDocTypeVersion     uint64
			EBMLDocTypeReadVersion uint64
		}
	}
	seek struct {
		SeekID       []byte
		SeekPosition uint64 `ebml:",size=8"`
	}
	audio struct {
		SamplingFrequency float64
		Channels          uint64
	}
	video struct {
		PixelWidth  uint64
		PixelHeight uint64
	}
	trackEntry struct {
		TrackNumber  uint64
		TrackUID     uint64
		FlagLacing   uint64
		TrackType    uint64
		CodecID      string
		CodecPrivate []byte `ebml:",omitempty"`
		CodecDelay   uint64 `ebml:",omitempty"`
		SeekPreRoll  uint64 `ebml:",omitempty"`
		Audio        *audio
		Video        *video
	}
	info struct {
		TimecodeScale uint64
		Duration      float64
		MuxingApp     string
		WritingApp    string
	}
	position struct {
		CueTrack           uint64
		CueClusterPosition uint64 `ebml:",size=8"`
	}
	cuePoint struct {
		CueTime           uint64 `ebml:",size=8"`
		CueTrackPositions position
	}
)

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := ebml.Marshal(v, &b)
	return b.Bytes(), err
}

// head is everything before the first cluster.
func (p *Plan) head() ([]byte, error) {
	var h header
	h.EBML.EBMLVersion, h.EBML.EBMLReadVersion = 1, 1
	h.EBML.EBMLMaxIDLength, h.EBML.EBMLMaxSizeLength = 4, 8
	h.EBML.EBMLDocType, h.EBML.EBMLDocTypeVersion, h.EBML.EBMLDocTypeReadVersion = p.docType(), 4, 2
	start, err := marshal(&h)
	if err != nil {
		return nil, err
	}
	inf, err := marshal(&struct{ Info info }{info{TimecodeScale: 1_000_000, Duration: float64(p.end), MuxingApp: application, WritingApp: application}})
	if err != nil {
		return nil, err
	}
	tracks, err := p.trackEntries()
	if err != nil {
		return nil, err
	}
	// Twice: first to learn the sizes, then with the places.
	var seekHead, cues []byte
	for range 2 {
		places := []int{len(seekHead), len(seekHead) + len(inf), len(seekHead) + len(inf) + len(tracks)}
		if seekHead, err = marshalSeekHead(places); err != nil {
			return nil, err
		}
		if cues, err = p.marshalCues(int64(places[2] + len(cues))); err != nil {
			return nil, err
		}
	}
	size := int64(len(seekHead) + len(inf) + len(tracks) + len(cues))
	for _, c := range p.clusters {
		size += clusterHead + c.size
	}
	b := append(start, 0x18, 0x53, 0x80, 0x67)
	b = appendSize8(b, uint64(size))
	for _, part := range [][]byte{seekHead, inf, tracks, cues} {
		b = append(b, part...)
	}
	return b, nil
}

func marshalSeekHead(places []int) ([]byte, error) {
	ids := [][]byte{{0x15, 0x49, 0xA9, 0x66}, {0x16, 0x54, 0xAE, 0x6B}, {0x1C, 0x53, 0xBB, 0x6B}}
	var s struct{ SeekHead struct{ Seek []seek } }
	for i, id := range ids {
		s.SeekHead.Seek = append(s.SeekHead.Seek, seek{SeekID: id, SeekPosition: uint64(places[i])})
	}
	return marshal(&s)
}

// marshalCues makes a cue for every cluster that can be decoded from; first is
// where the first cluster is in the segment.
func (p *Plan) marshalCues(first int64) ([]byte, error) {
	var c struct{ Cues struct{ CuePoint []cuePoint } }
	video := p.tracks[p.cutter.main].video()
	for _, cl := range p.clusters {
		if cl.key || !video {
			c.Cues.CuePoint = append(c.Cues.CuePoint, cuePoint{uint64(cl.at), position{uint64(p.cutter.main + 1), uint64(first)}})
		}
		first += clusterHead + cl.size
	}
	return marshal(&c)
}

func (p *Plan) trackEntries() ([]byte, error) {
	var t struct {
		Tracks struct{ TrackEntry []trackEntry }
	}
	for i, tr := range p.tracks {
		e := trackEntry{TrackNumber: uint64(i + 1), TrackUID: uint64(i + 1), TrackType: 1, CodecPrivate: p.private[i]}
		switch tr.Codec {
		case "VP8", "VP9", "AV1":
			e.CodecID = "V_" + tr.Codec
		case "H264":
			e.CodecID = "V_MPEG4/ISO/AVC"
		case "Opus":
			e.CodecID = "A_OPUS"
			e.TrackType = 2
			e.CodecDelay = opusDelay * uint64(time.Second) / 48000
			e.SeekPreRoll = uint64(80 * time.Millisecond)
			e.Audio = &audio{SamplingFrequency: 48000, Channels: uint64(tr.channels())}
		default:
			return nil, fmt.Errorf("%w: %q", ErrCodec, tr.Codec)
		}
		if tr.video() {
			e.Video = &video{PixelWidth: uint64(tr.Width), PixelHeight: uint64(tr.Height)}
		}
		t.Tracks.TrackEntry = append(t.Tracks.TrackEntry, e)
	}
	return marshal(&t)
}
