package journal

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"syscall"
	"time"

	"mentara/internal/blob"
	"mentara/recording/timeline"
)

// Record is one record. What its pointers and Payload point to is valid until
// the next one.
type Record struct {
	Type    Type
	Track   uint16        // of a frame or level, and the number of a track that begins
	At      time.Duration // of a frame or level
	Key     bool
	Payload []byte
	Level   uint8
	Opened  Track
	Person  timeline.Person
	Event   timeline.Event
	Gap     timeline.Gap
	Quality timeline.Quality
	Consent timeline.Consent
}

// Damage is a stretch of the file that does not authenticate. The records
// before it and, where the next segment can be found, after it are good.
type Damage struct {
	Segment uint64
	Offset  int64 // in the file
	Bytes   int64
}

func (d *Damage) Error() string {
	return fmt.Sprintf("journal is damaged at byte %d (segment %d, %d bytes)", d.Offset, d.Segment, d.Bytes)
}

// Reader reads a journal. It holds one segment in memory.
type Reader struct {
	Header Header

	f        io.ReaderAt
	close    func() error
	size     int64
	aead     cipher.AEAD
	prologue []byte
	buf      []byte

	proper bool
	torn   int64
	end    time.Duration
}

// Read opens a journal that nobody writes any more. It fails with ErrLive while
// somebody does, ErrEmpty where nothing was recorded, and ErrForeign or a
// *Damage where the file or its key is another's.
func Read(path string, k blob.Key) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	r, err := open(f, k)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func open(f *os.File, k blob.Key) (*Reader, error) {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLive
		}
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return newReader(f, info.Size(), k, f.Close)
}

func newReader(f io.ReaderAt, size int64, k blob.Key, closeFile func() error) (*Reader, error) {
	r := &Reader{f: f, size: size, close: closeFile, prologue: make([]byte, prologueSize)}
	n, err := f.ReadAt(r.prologue, 0)
	if n < prologueSize {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		if bytes.HasPrefix([]byte(magic), r.prologue[:min(n, len(magic))]) {
			return nil, ErrEmpty
		}
		return nil, ErrForeign
	}
	if !bytes.HasPrefix(r.prologue, []byte(magic)) {
		return nil, ErrForeign
	}
	if r.aead, err = newAEAD(k, r.prologue); err != nil {
		return nil, err
	}
	plain, _, err := r.segment(int64(prologueSize), 0)
	if errors.Is(err, errTorn) {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	if len(plain) == 0 || Type(plain[0]) != headerRecord {
		return nil, &Damage{Offset: int64(prologueSize)}
	}
	if _, err := takeJSON(plain[1:], &r.Header); err != nil {
		return nil, fmt.Errorf("read journal header: %w", err)
	}
	id := string(bytes.TrimRight(r.prologue[len(magic)+saltSize:], "\x00"))
	if r.Header.Recording != id {
		return nil, fmt.Errorf("%w: it names two recordings", ErrForeign)
	}
	return r, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// Proper reports, after Records has ended, whether the journal was closed by
// its writer. If not, the program or the machine stopped.
func (r *Reader) Proper() bool { return r.proper }

// Torn is, after Records has ended, how many bytes of a segment that was being
// written were dropped.
func (r *Reader) Torn() int64 { return r.torn }

// End is, after Records has ended, the newest moment that any record tells of:
// what is durable.
func (r *Reader) End() time.Duration { return r.end }

// Size is the size of the file.
func (r *Reader) Size() int64 { return r.size }

// errTorn is a segment that the file ends in.
var errTorn = errors.New("torn segment")

// segment reads, checks and opens the segment at off, and tells its whole
// length as soon as that is known.
func (r *Reader) segment(off int64, number uint64) (plain []byte, length int64, err error) {
	var head [segmentHeader]byte
	if n, err := r.f.ReadAt(head[:], off); n < len(head) {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, 0, errTorn
		}
		return nil, 0, fmt.Errorf("read journal: %w", err)
	}
	damage := &Damage{Segment: number, Offset: off, Bytes: r.size - off}
	sealed := int64(binary.BigEndian.Uint32(head[4:]))
	if string(head[:4]) != segmentMagic || sealed <= tagSize || sealed > maxBuffer+tagSize {
		if r.zeros(off) { // sized by the file system, never written
			return nil, 0, errTorn
		}
		return nil, 0, damage
	}
	length = segmentHeader + sealed
	if off+length > r.size {
		return nil, 0, errTorn
	}
	damage.Bytes = length
	if int64(cap(r.buf)) < sealed {
		r.buf = make([]byte, sealed, max(sealed, flushSize+64<<10))
	}
	r.buf = r.buf[:sealed]
	if n, err := r.f.ReadAt(r.buf, off+segmentHeader); int64(n) < sealed {
		return nil, 0, fmt.Errorf("read journal: %w", err)
	}
	aad := append(append(make([]byte, 0, prologueSize+segmentHeader), r.prologue...), head[:]...)
	n := nonce(number)
	if binary.BigEndian.Uint64(head[8:]) != number {
		return nil, length, damage
	}
	plain, err = r.aead.Open(r.buf[:0], n[:], r.buf, aad)
	if err != nil {
		return nil, length, damage
	}
	return plain, length, nil
}

// zeros reports whether nothing but zeros follows, as after a power cut.
func (r *Reader) zeros(off int64) bool {
	if r.size-off > 2*maxBuffer {
		return false
	}
	rest, err := io.ReadAll(io.NewSectionReader(r.f, off, r.size-off))
	return err == nil && len(bytes.Trim(rest, "\x00")) == 0
}

// Records yields what was recorded, in the order it was appended. A *Damage
// among them tells of a stretch that is left out; any other error is the last.
// It can be called again, from the beginning.
func (r *Reader) Records() iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		r.proper, r.torn, r.end = false, 0, 0
		p := &parser{reader: r, tracks: map[uint16]bool{}}
		off, number := int64(prologueSize), uint64(0)
		for off < r.size && !r.proper {
			plain, length, err := r.segment(off, number)
			if errors.Is(err, errTorn) {
				r.torn = r.size - off
				return
			}
			var damage *Damage
			if err == nil {
				var more bool
				if more, err = p.parse(plain, yield); !more {
					return
				}
				if err != nil {
					err = &Damage{Segment: number, Offset: off, Bytes: length}
				}
			}
			switch {
			case errors.As(err, &damage):
				p.lost = true
				if !yield(nil, damage) || length == 0 {
					return
				}
			case err != nil:
				yield(nil, err)
				return
			}
			off += length
			number++
		}
	}
}

// parser reads the records of a segment.
type parser struct {
	reader *Reader
	tracks map[uint16]bool // that have begun
	lost   bool            // a segment is missing, and with it perhaps a track's beginning
	rec    Record
}

var errRecord = errors.New("not a record")

// parse yields the records of one segment; more is false when the reader of
// them has had enough.
func (p *parser) parse(b []byte, yield func(*Record, error) bool) (more bool, err error) {
	last := map[uint16]int64{}
	for len(b) > 0 {
		p.rec = Record{Type: Type(b[0])}
		tell := true
		switch b = b[1:]; p.rec.Type {
		case FrameRecord:
			b, err = p.frame(b, last)
		case LevelRecord:
			b, err = p.level(b)
		default:
			b, tell, err = p.other(b)
		}
		if err != nil {
			return true, err
		}
		if p.rec.Type == FrameRecord || p.rec.Type == LevelRecord {
			tell = p.tracks[p.rec.Track]
			if !tell && !p.lost {
				return true, errRecord
			}
		}
		if tell && !yield(&p.rec, nil) {
			return false, nil
		}
	}
	return true, nil
}

func (p *parser) saw(at time.Duration) { p.reader.end = max(p.reader.end, at) }

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errRecord
	}
	return v, b[n:], nil
}

func (p *parser) frame(b []byte, last map[uint16]int64) ([]byte, error) {
	flag, b, err := uvarint(b)
	if err != nil || flag>>1 == 0 || flag>>1 > maxTracks {
		return nil, errRecord
	}
	track := uint16(flag >> 1)
	delta, n := binary.Varint(b)
	if n <= 0 {
		return nil, errRecord
	}
	us := last[track] + delta
	if us < 0 || us > maxTime.Microseconds() {
		return nil, errRecord
	}
	last[track] = us
	size, b, err := uvarint(b[n:])
	if err != nil || size == 0 || size > MaxFrame || size > uint64(len(b)) {
		return nil, errRecord
	}
	p.rec.Track, p.rec.Key, p.rec.At, p.rec.Payload = track, flag&1 != 0, time.Duration(us)*time.Microsecond, b[:size]
	p.saw(p.rec.At)
	return b[size:], nil
}

func (p *parser) level(b []byte) ([]byte, error) {
	track, b, err := uvarint(b)
	if err != nil || track == 0 || track > maxTracks {
		return nil, errRecord
	}
	bucket, b, err := uvarint(b)
	if err != nil || bucket > uint64(maxTime/levelStep) || len(b) == 0 || b[0] > maxLevel {
		return nil, errRecord
	}
	p.rec.Track, p.rec.At, p.rec.Level = uint16(track), time.Duration(bucket)*levelStep, b[0]
	p.saw(p.rec.At)
	return b[1:], nil
}

func takeJSON(b []byte, v any) ([]byte, error) {
	size, b, err := uvarint(b)
	if err != nil || size > maxJSON || size > uint64(len(b)) {
		return nil, errRecord
	}
	if err := json.Unmarshal(b[:size], v); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return b[size:], nil
}

// other reads a record that is not media. Its numbers are held to the bounds
// that the writer keeps.
func (p *parser) other(b []byte) (rest []byte, tell bool, err error) {
	at := int64(0)
	var valid error
	switch rec := &p.rec; rec.Type {
	case headerRecord:
		var again Header
		rest, err = takeJSON(b, &again)
		return rest, false, err
	case TrackRecord:
		return p.track(b)
	case PersonRecord:
		rest, err = takeJSON(b, &rec.Person)
		valid = rec.Person.Valid()
	case EventRecord:
		rest, err = takeJSON(b, &rec.Event)
		at, valid = rec.Event.AtMs, rec.Event.Valid()
	case GapRecord:
		rest, err = takeJSON(b, &rec.Gap)
		at, valid = rec.Gap.ToMs, rec.Gap.Valid()
	case QualityRecord:
		rest, err = takeJSON(b, &rec.Quality)
		at, valid = rec.Quality.AtMs, rec.Quality.Valid()
	case ConsentRecord:
		rest, err = takeJSON(b, &rec.Consent)
		at, valid = rec.Consent.AtMs, rec.Consent.Valid()
	case endRecord:
		var e end
		rest, err = takeJSON(b, &e)
		if err == nil && (len(rest) > 0 || e.AtMs < 0 || e.AtMs > maxTime.Milliseconds()) {
			err = errRecord
		}
		p.reader.proper = err == nil
		return rest, false, err
	default:
		return nil, false, errRecord
	}
	if err == nil {
		err = valid
	}
	if err == nil {
		p.saw(time.Duration(at) * time.Millisecond)
	}
	return rest, true, err
}

// opened is a track's first record. It bears its number, so that losing one
// segment does not shift the tracks after it.
type opened struct {
	Number uint16 `json:"track"`
	Track
}

func validTrack(t Track) bool {
	audio := t.Codec == "Opus"
	video := t.Codec == "VP8" || t.Codec == "VP9" || t.Codec == "AV1" || t.Codec == "H264"
	return (t.Kind == timeline.Audio && audio || t.Kind == timeline.Video && video) &&
		t.Width >= 0 && t.Width < 1<<16 && t.Height >= 0 && t.Height < 1<<16 && t.Channels >= 0 && t.Channels <= 2 &&
		len(t.Person) <= 1024 && len(t.Participant) <= 1024
}

func (p *parser) track(b []byte) (rest []byte, tell bool, err error) {
	var o opened
	rest, err = takeJSON(b, &o)
	if err == nil && (o.Number == 0 || o.Number > maxTracks || p.tracks[o.Number] || !validTrack(o.Track)) {
		err = errRecord
	}
	if err != nil {
		return nil, false, err
	}
	p.tracks[o.Number] = true
	p.rec.Track, p.rec.Opened = o.Number, o.Track
	return rest, true, nil
}
