// Package journal is the file of a recording while it is made: one append-only
// file for all its tracks, sealed from the first byte, durable within half a
// second, readable up to the last whole segment after a crash at any moment.
//
// The call comes first. Appending copies into memory and returns; goroutines of
// its own seal, write and sync. When the disk cannot follow, Frame says ErrBehind
// and the caller marks a gap; when it fails, Failed tells once and what was
// durable stays. Nothing here waits on the packet path.
//
// A file is a plain prologue, which says which recording it is and nothing of
// it, and segments, each one AES-256-GCM unit bound to the file and its place.
// A segment that was cut is a torn tail; one that was altered, or comes from
// elsewhere, is damage, said with its place, and the ones around it stay
// usable. The format is in recording/FORMAT.md.
//
// DARE (minio/sio), which seals finished objects, would do here as well: it
// costs 0.29 µs per 1,200 bytes, AES-GCM in place 0.2 µs. But it would want a
// new stream for every segment, copies what it seals, and cuts it into packages
// of 64 KiB that are of no use where a segment is read whole or not at all.
package journal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mentara/internal/blob"
	"mentara/recording/timeline"
)

var (
	// ErrBehind says that the disk has not kept up and the frame was not taken.
	ErrBehind = errors.New("recording is behind")
	// ErrClosed says that the journal was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrFrame says that a frame cannot be stored: no such track, a time out
	// of bounds, or larger than MaxFrame.
	ErrFrame = errors.New("not a frame of this recording")
	// ErrLive says that a writer still has the journal open.
	ErrLive = errors.New("journal is being written")
	// ErrEmpty says that the program stopped before the journal's first
	// segment was durable: nothing was recorded.
	ErrEmpty = errors.New("journal holds nothing")
	// ErrForeign says that a file is no journal of this version.
	ErrForeign = errors.New("not a journal")
)

// Header is what a recording is, its first record.
type Header struct {
	Recording string    `json:"recording"`
	Room      string    `json:"room"`
	Meeting   string    `json:"meeting"`
	StartedAt time.Time `json:"startedAt"` // moment 0 of every time in the journal
}

// Track is a track as it was when it began.
type Track struct {
	Person      string          `json:"person"`
	Participant string          `json:"participant"`
	Source      timeline.Source `json:"source"`
	Kind        timeline.Kind   `json:"kind"`
	Codec       string          `json:"codec"` // VP8, VP9, AV1, H264, Opus
	Width       int             `json:"width,omitempty"`
	Height      int             `json:"height,omitempty"`
	Channels    int             `json:"channels,omitempty"` // of Opus; 0 means 2
}

// TrackID is the name of a track in events, gaps and the finished timeline.
func TrackID(track uint16) string { return fmt.Sprintf("t%d", track) }

// end is the last record of a journal that was closed.
type end struct {
	AtMs int64 `json:"atMs"`
}

const (
	magic        = "MNTJRNL\x01"
	saltSize     = 16
	maxID        = 40
	prologueSize = len(magic) + saltSize + maxID // 64

	segmentMagic  = "MSEG"
	segmentHeader = 16 // magic, sealed length, number
	tagSize       = 16

	// maxBuffer bounds each of the two buffers, and so a segment.
	maxBuffer = 4 << 20
	// reserve is kept for records that are not frames: a disk that is slow
	// must not lose who left or who withdrew.
	reserve = 256 << 10
	// MaxFrame is the largest frame that is taken.
	MaxFrame = 2 << 20
	// maxJSON is the largest record that is not a frame.
	maxJSON = 64 << 10
	// flushSize is how much is sealed and written at once while data flows.
	flushSize = 256 << 10
	// writeEvery is how old the oldest record may get before it is written,
	// and survives this program; syncEvery, before a sync begins, after which
	// it survives the machine. The rest of the promised second is the disk's.
	writeEvery = 200 * time.Millisecond
	syncEvery  = 400 * time.Millisecond

	maxTracks = timeline.MaxTracks
	maxPeople = timeline.MaxPeople
	// maxDescribed bounds everything that is not media, so that the timeline
	// of every journal can be written.
	maxDescribed = 24 << 20
	maxText      = 1024
	maxTime      = 29 * 24 * time.Hour // within timeline.MaxMs, with the last frame's length
	levelStep    = timeline.LevelStepMs * time.Millisecond
	maxLevel     = 127
)

// Type is what a record holds.
type Type uint8

const (
	FrameRecord   Type = 1
	LevelRecord   Type = 2
	headerRecord  Type = 3
	PersonRecord  Type = 4
	TrackRecord   Type = 5
	EventRecord   Type = 6
	GapRecord     Type = 7
	QualityRecord Type = 8
	ConsentRecord Type = 9
	endRecord     Type = 10
)

// newAEAD derives the key of one journal: another file, even of the same
// recording, has another salt and so another key, which is why the segment's
// number can be the nonce.
func newAEAD(k blob.Key, prologue []byte) (cipher.AEAD, error) {
	salt := prologue[len(magic) : len(magic)+saltSize]
	id := prologue[len(magic)+saltSize:]
	key, err := hkdf.Key(sha256.New, k[:], salt, "mentara journal 1\x00"+string(id), 32)
	if err != nil {
		return nil, fmt.Errorf("derive journal key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func nonce(number uint64) (n [12]byte) {
	binary.BigEndian.PutUint64(n[4:], number)
	return n
}

func putSegmentHeader(b []byte, sealed int, number uint64) {
	copy(b, segmentMagic)
	binary.BigEndian.PutUint32(b[4:], uint32(sealed))
	binary.BigEndian.PutUint64(b[8:], number)
}

func appendJSON(b []byte, t Type, v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	if len(raw) > maxJSON {
		return b, fmt.Errorf("%w: a record of %d bytes", ErrFrame, len(raw))
	}
	b = append(b, byte(t))
	b = binary.AppendUvarint(b, uint64(len(raw)))
	return append(b, raw...), nil
}
