package journal

import (
	"io"

	"mentara/internal/blob"
)

// CreateOn makes a journal on a file of the test's own.
func CreateOn(f file, k blob.Key, h Header) (*Writer, error) {
	prologue := make([]byte, prologueSize)
	copy(prologue, magic)
	copy(prologue[len(magic)+saltSize:], h.Recording)
	return create(f, k, prologue, h)
}

// ReadFrom reads a journal in memory.
func ReadFrom(r io.ReaderAt, size int64, k blob.Key) (*Reader, error) {
	return newReader(r, size, k, func() error { return nil })
}

// ParseSegment reads records as if they had authenticated.
func ParseSegment(b []byte, yield func(*Record, error) bool) error {
	p := &parser{reader: &Reader{}, tracks: map[uint16]bool{1: true}}
	_, err := p.parse(b, yield)
	return err
}

const MaxBuffer = maxBuffer
