package blob

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/sio"
)

// A sealed object is a prologue and a DARE 2.0 stream (minio/sio): AES-256-GCM
// packages of 64 KiB, each bound to its place, the last one marked. The key of
// the stream is derived from the data key, a salt of this very object and its
// name, so a package of one object, or of an older object of the same name,
// fails in any other. See recording/FORMAT.md.
const (
	sealedMagic  = "MNTSEAL\x01"
	saltSize     = 32
	prologueSize = len(sealedMagic) + saltSize

	chunkSize  = 64 << 10            // plain bytes of a package
	packedSize = chunkSize + 16 + 16 // with header and tag

	// readAhead is how many packages one read fetches at most, when reads
	// follow each other.
	readAhead = 16
)

// ErrEmpty says that nothing was written to a sealed object. An empty one
// could not be told from one that was cut to nothing.
var ErrEmpty = errors.New("a sealed object cannot be empty")

func sealConfig(k Key, salt []byte, name string) (sio.Config, error) {
	key, err := hkdf.Key(sha256.New, k[:], salt, "mentara sealed object 1\x00"+name, 32)
	if err != nil {
		return sio.Config{}, fmt.Errorf("derive object key: %w", err)
	}
	return sio.Config{MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM}, Key: key}, nil
}

// SealedWriter seals what is written to w, which must be new. name is the
// object's name in its store; it opens under no other.
func SealedWriter(w Writer, k Key, name string) (Writer, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	cfg, err := sealConfig(k, salt, name)
	if err != nil {
		return nil, err
	}
	// A struct that hides Commit: sio closes what can be closed.
	enc, err := sio.EncryptWriter(struct{ io.Writer }{w}, cfg)
	if err != nil {
		return nil, fmt.Errorf("seal object: %w", err)
	}
	if _, err := w.Write(append([]byte(sealedMagic), salt...)); err != nil {
		return nil, err
	}
	return &sealedWriter{w: w, enc: enc}, nil
}

type sealedWriter struct {
	w     Writer
	enc   io.WriteCloser
	any   bool
	ended bool
}

func (s *sealedWriter) Write(p []byte) (int, error) {
	if s.ended {
		return 0, errors.New("write object: already ended")
	}
	s.any = s.any || len(p) > 0
	return s.enc.Write(p)
}

func (s *sealedWriter) Commit() error {
	if s.ended {
		return errors.New("commit object: already ended")
	}
	if !s.any {
		return errors.Join(ErrEmpty, s.Abort())
	}
	s.ended = true
	if err := s.enc.Close(); err != nil {
		return errors.Join(err, s.w.Abort())
	}
	return s.w.Commit()
}

func (s *sealedWriter) Abort() error {
	s.ended = true
	return s.w.Abort()
}

// OpenSealed gives the plain bytes of o. It reads the last package at once, so
// an object cut anywhere fails here with ErrDamaged; an altered package fails
// when it is read. Closing it closes o. On error o stays open.
//
// Reads that follow each other fetch up to a mebibyte at a time; memory is
// bounded by two of those. It is safe for concurrent use.
func OpenSealed(o Object, k Key, name string) (Object, error) {
	prologue := make([]byte, prologueSize)
	if n, err := o.ReadAt(prologue, 0); n < prologueSize {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: %s is too short", ErrDamaged, name)
		}
		return nil, err
	}
	if !bytes.HasPrefix(prologue, []byte(sealedMagic)) {
		return nil, fmt.Errorf("%w: %s is not a sealed object of this version", ErrDamaged, name)
	}
	cfg, err := sealConfig(k, prologue[len(sealedMagic):], name)
	if err != nil {
		return nil, err
	}
	packed := o.Size() - int64(prologueSize)
	size, err := sio.DecryptedSize(uint64(max(packed, 0)))
	if err != nil || size == 0 {
		return nil, fmt.Errorf("%w: %s was cut", ErrDamaged, name)
	}
	s := &sealed{o: o, cfg: cfg, name: name, size: int64(size), packed: packed, next: -1}
	if err := s.fetch((s.size-1)/chunkSize, 1); err != nil {
		return nil, err
	}
	return s, nil
}

type sealed struct {
	o      Object
	cfg    sio.Config
	name   string
	size   int64 // plain
	packed int64 // without the prologue

	mu    sync.Mutex
	raw   []byte // of the newest fetch
	plain []byte // what it held
	first int64  // number of the package that plain begins with
	next  int64  // the package after it
	ahead int64  // packages the newest fetch asked for
}

func (s *sealed) Size() int64  { return s.size }
func (s *sealed) Close() error { return s.o.Close() }

func (s *sealed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read object: negative offset")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(p) && off < s.size {
		chunk := off / chunkSize
		if chunk < s.first || chunk >= s.next {
			count := int64(1)
			if chunk == s.next {
				count = min(s.ahead*2, readAhead)
			}
			count = max(count, min((int64(len(p)-n)+chunkSize-1)/chunkSize, readAhead))
			if err := s.fetch(chunk, count); err != nil {
				return n, err
			}
		}
		c := copy(p[n:], s.plain[off-s.first*chunkSize:])
		n += c
		off += int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// fetch reads and opens up to count packages from one on.
func (s *sealed) fetch(chunk, count int64) error {
	last := (s.size - 1) / chunkSize
	count = min(count, last-chunk+1)
	from := chunk * packedSize
	length := min(count*packedSize, s.packed-from)
	s.raw = grow(s.raw, int(length))
	s.plain = grow(s.plain, int(min(count*chunkSize, s.size-chunk*chunkSize)))
	s.first, s.next, s.ahead = 0, 0, 0
	n, err := s.o.ReadAt(s.raw, int64(prologueSize)+from)
	if int64(n) < length {
		if err == nil || errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %s was cut", ErrDamaged, s.name)
		}
		return err
	}
	cfg := s.cfg
	cfg.SequenceNumber = uint32(chunk)
	dec, err := sio.DecryptReader(bytes.NewReader(s.raw), cfg)
	if err != nil {
		return fmt.Errorf("open object: %w", err)
	}
	if _, err := io.ReadFull(dec, s.plain); err != nil {
		return fmt.Errorf("%w: %s after byte %d", ErrDamaged, s.name, chunk*chunkSize)
	}
	if chunk+count > last { // the last package must bear its mark
		if _, err := dec.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %s was cut", ErrDamaged, s.name)
		}
	}
	s.first, s.next, s.ahead = chunk, chunk+count, count
	return nil
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
