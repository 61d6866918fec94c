package webm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"time"
)

// Ids of the elements that are looked into or at.
const (
	idSegment   = 0x18538067
	idCluster   = 0x1F43B675
	idTimecode  = 0xE7
	idSimple    = 0xA3
	idGroup     = 0xA0
	idBlock     = 0xA1
	idReference = 0xFB
	idCues      = 0x1C53BB6B
	idCuePoint  = 0xBB
	idCuePlaces = 0xB7
	idCuePlace  = 0xF1
)

const maxElement = 16 << 20

// ErrFile says that a file is not Matroska.
var ErrFile = errors.New("not a Matroska file")

// element is one element. Masters that hold others of interest come without
// data, before what they hold.
type element struct {
	id   uint32
	at   int64 // of its first byte in the file
	body int64
	data []byte // valid until the next element
}

func master(id uint32) bool {
	switch id {
	case idSegment, idCluster, idGroup, idCues, idCuePoint, idCuePlaces:
		return true
	}
	return false
}

// scanner walks a file front to back. Sizes of masters are not needed, so
// files that were streamed are read as well.
type scanner struct {
	r   *bufio.Reader
	at  int64
	buf []byte
}

func (s *scanner) byte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return b, err
}

// vint reads a number; keep says whether its length marker stays, as in ids.
func (s *scanner) vint(longest int, keep bool) (v uint64, unknown bool, err error) {
	b, err := s.byte()
	if err != nil {
		return 0, false, err
	}
	length := bits.LeadingZeros8(b) + 1
	if length > longest {
		return 0, false, ErrFile
	}
	v = uint64(b)
	if !keep {
		v &= 1<<(8-length) - 1
	}
	for range length - 1 {
		b, err := s.byte()
		if err != nil {
			return 0, false, errors.Join(ErrFile, err)
		}
		v = v<<8 | uint64(b)
	}
	return v, !keep && v == 1<<(7*length)-1, nil
}

func (s *scanner) next() (element, error) {
	e := element{at: s.at}
	id, _, err := s.vint(4, true)
	if err != nil {
		return e, err
	}
	size, unknown, err := s.vint(8, false)
	if err != nil {
		return e, errors.Join(ErrFile, err)
	}
	e.id, e.body = uint32(id), s.at
	if master(e.id) {
		return e, nil
	}
	if unknown || size > maxElement {
		return e, fmt.Errorf("%w: element %X of %d bytes", ErrFile, id, size)
	}
	if uint64(cap(s.buf)) < size {
		// Not on the word of a size alone.
		if _, err := s.r.Peek(int(min(size, uint64(s.r.Size())))); err != nil {
			return e, fmt.Errorf("%w: cut", ErrFile)
		}
		s.buf = make([]byte, size)
	}
	e.data = s.buf[:size]
	n, err := io.ReadFull(s.r, e.data)
	s.at += int64(n)
	if err != nil {
		return e, fmt.Errorf("%w: cut: %w", ErrFile, err)
	}
	return e, nil
}

func number(b []byte) uint64 {
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// Block is one frame of a file.
type Block struct {
	Track   int // from 0
	At      time.Duration
	Key     bool
	Payload []byte // valid until the next block
}

// Blocks yields the frames of a file in bounded memory, as it is read. It
// takes files with a time scale of a millisecond and blocks without lacing,
// which are what this package and ffmpeg write.
func Blocks(r io.Reader) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		s := &scanner{r: bufio.NewReaderSize(r, 64<<10)}
		base := uint64(0)
		var held *Block // of a group: a reference may follow
		flush := func() bool {
			if held == nil {
				return true
			}
			b := *held
			held = nil
			return yield(b, nil)
		}
		for {
			e, err := s.next()
			if errors.Is(err, io.EOF) && !errors.Is(err, ErrFile) {
				flush()
				return
			}
			if err != nil {
				yield(Block{}, err)
				return
			}
			if e.id == idReference && held != nil {
				held.Key = false
				continue
			}
			if e.id != idSimple && e.id != idBlock {
				if master(e.id) && !flush() {
					return
				}
				if e.id == idTimecode {
					base = number(e.data)
				}
				continue
			}
			if !flush() {
				return
			}
			b, err := parseBlock(e, base)
			if err != nil {
				yield(Block{}, err)
				return
			}
			if e.id == idBlock {
				b.Payload = append([]byte(nil), b.Payload...)
				held = &b
			} else if !yield(b, nil) {
				return
			}
		}
	}
}

func parseBlock(e element, base uint64) (Block, error) {
	d := e.data
	if len(d) < 5 || d[0] < 0x81 || d[3]&0x06 != 0 || base > 1<<40 {
		return Block{}, fmt.Errorf("%w: block at byte %d", ErrFile, e.at)
	}
	ms := int64(base) + int64(int16(uint16(d[1])<<8|uint16(d[2])))
	return Block{
		Track: int(d[0]&0x7F) - 1, At: time.Duration(max(ms, 0)) * time.Millisecond,
		Key: e.id == idBlock || d[3]&0x80 != 0, Payload: d[4:],
	}, nil
}

// Summary is what Check found.
type Summary struct {
	Clusters int
	Cues     int
	Blocks   int64
}

// Check reads a whole file and finds whether it holds together: every element
// is whole, and every cue points at a cluster.
func Check(r io.Reader) (Summary, error) {
	s := &scanner{r: bufio.NewReaderSize(r, 64<<10)}
	var sum Summary
	segment := int64(-1)
	cues := map[int64]bool{}
	for {
		e, err := s.next()
		if errors.Is(err, io.EOF) && !errors.Is(err, ErrFile) {
			break
		}
		if err != nil {
			return sum, err
		}
		switch e.id {
		case idSegment:
			segment = e.body
		case idCluster:
			sum.Clusters++
			delete(cues, e.at-segment)
		case idSimple, idBlock:
			sum.Blocks++
		case idCuePlace:
			sum.Cues++
			if sum.Cues > 1<<22 {
				return sum, fmt.Errorf("%w: too many cues", ErrFile)
			}
			cues[int64(number(e.data))] = true
		}
	}
	if segment < 0 || sum.Clusters == 0 {
		return sum, fmt.Errorf("%w: no clusters", ErrFile)
	}
	if len(cues) > 0 {
		return sum, fmt.Errorf("%w: %d cues point at no cluster", ErrFile, len(cues))
	}
	return sum, nil
}
