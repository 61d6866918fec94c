package journal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mentara/internal/blob"
	"mentara/internal/fault"
	"mentara/recording/timeline"
)

// file is what a journal needs of a file; tests make it fail.
type file interface {
	Write(p []byte) (int, error)
	Sync() error
	Truncate(size int64) error
	Close() error
}

// Writer appends to a journal. Its methods may be called from any goroutine
// and do not wait for the disk, except Sync and Close.
//
// Two goroutines stand behind it: write seals and writes, sync makes durable.
// They are two because a disk may take seconds to sync while it still takes
// writes: what is written survives the death of this program, and only waits
// for the disk to survive that of the machine.
type Writer struct {
	f        file
	aead     cipher.AEAD
	prologue []byte
	toWrite  chan struct{} // something for write to look at
	toSync   chan struct{} // something for sync to look at
	failed   chan error
	synced   chan struct{} // sync has ended
	ended    chan struct{} // all has ended and the file is closed
	written  atomic.Int64
	size     int64 // bytes of whole segments; of write alone

	mu     sync.Mutex // guards the rest
	change *sync.Cond // safe or err
	active []byte     // records since the newest segment, after room for its header
	spare  []byte     // nil while it is being written
	since  time.Time  // when active's first record came
	tracks []trackState
	people int           // Person records
	told   int           // bytes of records that are not media
	end    time.Duration // newest moment of any record

	number uint64    // of the segment that active becomes
	stored uint64    // segments below it are in the file
	safe   uint64    // segments below it are durable
	forced uint64    // segments below it are wanted durable at once
	risky  time.Time // when the first record of the stored segments that no sync covers came; zero if none
	closed bool
	done   bool // write has ended
	err    error
}

// trackState is what the encoding of a track's next record depends on.
type trackState struct {
	segment uint64 // + 1 that last holds; 0 is none
	last    int64  // µs, of the newest frame in that segment
	bucket  int64  // of level; -1 is none
	level   uint8
}

// Create makes the journal at path, which must not exist, and its first
// segment durable: from then on a crash leaves a recording that can be named.
// The file is locked while the Writer is open.
func Create(path string, k blob.Key, h Header) (*Writer, error) {
	if h.Recording == "" || len(h.Recording) > maxID || len(h.Room) > maxText || len(h.Meeting) > maxText {
		return nil, fmt.Errorf("create journal: an id of %d, %d or %d bytes", len(h.Recording), len(h.Room), len(h.Meeting))
	}
	prologue := make([]byte, prologueSize)
	copy(prologue, magic)
	rand.Read(prologue[len(magic) : len(magic)+saltSize])
	copy(prologue[len(magic)+saltSize:], h.Recording)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, diskError("create journal", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(diskError("lock journal", err), f.Close())
	}
	w, err := create(f, k, prologue, h)
	if err == nil {
		if err = syncDir(filepath.Dir(path)); err == nil {
			return w, nil
		}
		w.abandon()
	}
	return nil, errors.Join(err, f.Close(), os.Remove(path))
}

func create(f file, k blob.Key, prologue []byte, h Header) (*Writer, error) {
	aead, err := newAEAD(k, prologue)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		f: f, aead: aead, prologue: prologue,
		toWrite: make(chan struct{}, 1), toSync: make(chan struct{}, 1),
		failed: make(chan error, 1), synced: make(chan struct{}), ended: make(chan struct{}),
		active: newBuffer(), spare: newBuffer(),
	}
	w.change = sync.NewCond(&w.mu)
	h.StartedAt = h.StartedAt.UTC().Truncate(time.Millisecond)
	if w.active, err = appendJSON(w.active, headerRecord, h); err != nil {
		return nil, err
	}
	if _, err := f.Write(prologue); err != nil {
		return nil, diskError("create journal", err)
	}
	w.size = int64(len(prologue))
	w.written.Store(w.size)
	if err := w.store(w.active, 0); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, diskError("create journal", err)
	}
	w.active, w.number, w.stored, w.safe = w.active[:segmentHeader], 1, 1, 1
	go w.write()
	go w.sync()
	return w, nil
}

func newBuffer() []byte { return make([]byte, segmentHeader, flushSize+64<<10) }

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return diskError("sync folder", err)
	}
	return diskError("sync folder", errors.Join(f.Sync(), f.Close()))
}

func diskError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.Full, "disk_full", "The disk is full."), err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// Failed tells once that the journal cannot be written any more: the disk is
// full (fault.Full) or broken. Everything up to the newest sync stays.
func (w *Writer) Failed() <-chan error { return w.failed }

// Written is the size of the file.
func (w *Writer) Written() int64 { return w.written.Load() }

// Frame appends one frame. pts is its moment in the recording. It fails with
// ErrBehind while the disk does not keep up, and does not keep payload.
func (w *Writer) Frame(track uint16, pts time.Duration, key bool, payload []byte) error {
	us := pts.Microseconds()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil || w.closed:
		return w.stateLocked()
	case int(track) > len(w.tracks) || track == 0, pts < 0, pts > maxTime, len(payload) > MaxFrame, len(payload) == 0:
		return fmt.Errorf("%w: track %d, %d bytes at %v", ErrFrame, track, len(payload), pts)
	case len(w.active)+len(payload) > maxBuffer-reserve:
		return ErrBehind
	}
	t := &w.tracks[track-1]
	delta := us
	if t.segment == w.number+1 {
		delta -= t.last
	}
	t.segment, t.last = w.number+1, us
	flag := uint64(track) << 1
	if key {
		flag |= 1
	}
	before := len(w.active)
	b := append(w.active, byte(FrameRecord))
	b = binary.AppendUvarint(b, flag)
	b = binary.AppendVarint(b, delta)
	b = binary.AppendUvarint(b, uint64(len(payload)))
	w.active = append(b, payload...)
	w.grewLocked(before, pts)
	return nil
}

// Level tells how loud a track is at a moment, 0 silent to 127 loudest. The
// loudest of each 100 ms is kept.
func (w *Writer) Level(track uint16, pts time.Duration, level uint8) {
	bucket := int64(pts / levelStep)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.closed || track == 0 || int(track) > len(w.tracks) || pts < 0 || pts > maxTime {
		return
	}
	t := &w.tracks[track-1]
	level = min(level, maxLevel)
	if t.bucket == bucket {
		t.level = max(t.level, level)
		return
	}
	before := len(w.active)
	w.flushLevelLocked(track)
	t.bucket, t.level = bucket, level
	if len(w.active) > before {
		w.grewLocked(before, pts)
	}
}

func (w *Writer) flushLevelLocked(track uint16) {
	t := &w.tracks[track-1]
	if t.bucket < 0 || len(w.active) > maxBuffer-reserve {
		return
	}
	b := append(w.active, byte(LevelRecord))
	b = binary.AppendUvarint(b, uint64(track))
	b = binary.AppendUvarint(b, uint64(t.bucket))
	w.active = append(b, t.level)
	t.bucket = -1
}

// OpenTrack begins a track and returns its number, from 1.
func (w *Writer) OpenTrack(t Track) (uint16, error) {
	if !validTrack(t) {
		return 0, fmt.Errorf("%w: track of codec %q, kind %q", ErrFrame, t.Codec, t.Kind)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.tracks) >= maxTracks {
		return 0, fmt.Errorf("%w: too many tracks", ErrFrame)
	}
	if err := w.jsonLocked(TrackRecord, opened{Number: uint16(len(w.tracks) + 1), Track: t}, 0); err != nil {
		return 0, err
	}
	w.tracks = append(w.tracks, trackState{bucket: -1})
	return uint16(len(w.tracks)), nil
}

// Person tells that somebody is there.
func (w *Writer) Person(p timeline.Person) error {
	if err := p.Valid(); err != nil {
		return err
	}
	return w.json(PersonRecord, p, 0)
}

// Event tells what happened.
func (w *Writer) Event(e timeline.Event) error {
	if err := e.Valid(); err != nil {
		return err
	}
	return w.json(EventRecord, e, e.AtMs)
}

// Gap tells what is missing.
func (w *Writer) Gap(g timeline.Gap) error {
	if err := g.Valid(); err != nil {
		return err
	}
	return w.json(GapRecord, g, g.ToMs)
}

// Quality tells how somebody's connection does from now on.
func (w *Writer) Quality(q timeline.Quality) error {
	if err := q.Valid(); err != nil {
		return err
	}
	return w.json(QualityRecord, q, q.AtMs)
}

// Consent tells what somebody decided.
func (w *Writer) Consent(c timeline.Consent) error {
	if err := c.Valid(); err != nil {
		return err
	}
	return w.json(ConsentRecord, c, c.AtMs)
}

func (w *Writer) json(t Type, v any, atMs int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jsonLocked(t, v, atMs)
}

func (w *Writer) jsonLocked(t Type, v any, atMs int64) error {
	if w.err != nil || w.closed {
		return w.stateLocked()
	}
	before := len(w.active)
	b, err := appendJSON(w.active, t, v)
	if err != nil {
		return err
	}
	if t != endRecord { // which always has room
		if len(b) > maxBuffer-maxJSON {
			return ErrBehind
		}
		if t == PersonRecord {
			w.people++
		}
		w.told += len(b) - before
		if w.told > maxDescribed || w.people > maxPeople {
			return fmt.Errorf("%w: too much to tell", ErrFrame)
		}
	}
	w.active = b
	w.grewLocked(before, time.Duration(atMs)*time.Millisecond)
	return nil
}

func (w *Writer) stateLocked() error {
	if w.err != nil {
		return w.err
	}
	return ErrClosed
}

// grewLocked wakes write when there is a first record, and when there is enough
// for a segment.
func (w *Writer) grewLocked(before int, at time.Duration) {
	w.end = max(w.end, at)
	first := before == segmentHeader
	if first {
		w.since = time.Now()
	}
	if first || before < flushSize && len(w.active) >= flushSize {
		wake(w.toWrite)
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Sync returns when everything appended before it is durable, or has failed.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.closed {
		return w.stateLocked()
	}
	want := w.number
	if len(w.active) > segmentHeader {
		want++
	}
	w.forced = max(w.forced, want)
	wake(w.toWrite)
	wake(w.toSync)
	for w.safe < want && w.err == nil {
		w.change.Wait()
	}
	return w.err
}

// Close appends the end, makes all durable and closes the file. A second call
// does nothing and returns what the first did.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed && w.err == nil {
		for i := range w.tracks {
			w.flushLevelLocked(uint16(i + 1))
		}
		if err := w.jsonLocked(endRecord, end{AtMs: w.end.Milliseconds()}, 0); err != nil {
			w.err = err
		}
	}
	w.closed = true
	w.mu.Unlock()
	wake(w.toWrite)
	<-w.ended
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// abandon ends both goroutines without an end record; Create failed after they
// began.
func (w *Writer) abandon() {
	w.mu.Lock()
	w.closed = true
	w.active = w.active[:segmentHeader]
	w.mu.Unlock()
	wake(w.toWrite)
	<-w.ended
}

// failLocked keeps the first error and tells it once.
func (w *Writer) failLocked(err error) {
	if w.err == nil {
		w.err = err
		w.failed <- err
	}
	w.change.Broadcast()
	wake(w.toWrite)
	wake(w.toSync)
}

// write is the one goroutine that writes after Create.
func (w *Writer) write() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	w.mu.Lock()
	for w.err == nil {
		pending := len(w.active) > segmentHeader
		wait := time.Hour
		if pending {
			wait = time.Until(w.since.Add(writeEvery))
		}
		switch {
		case pending && (wait <= 0 || len(w.active) >= flushSize || w.forced > w.number || w.closed):
			w.writeLocked()
			continue
		case w.closed:
			w.finishLocked()
			return
		}
		w.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-w.toWrite:
		case <-timer.C:
		}
		w.mu.Lock()
	}
	w.finishLocked()
}

// writeLocked writes what is there, without holding mu meanwhile.
func (w *Writer) writeLocked() {
	buf, number, since := w.active, w.number, w.since
	w.active, w.spare = w.spare[:segmentHeader], nil
	w.number++
	w.mu.Unlock()
	err := w.store(buf, number)
	w.mu.Lock()
	if cap(buf) > 4*flushSize && len(buf) < flushSize { // a burst is over; so is its memory
		buf = newBuffer()
	}
	w.spare = buf[:segmentHeader]
	if err != nil {
		w.failLocked(err)
		return
	}
	w.stored = number + 1
	if w.risky.IsZero() {
		w.risky = since
	}
	wake(w.toSync)
}

// finishLocked awaits sync and closes the file.
func (w *Writer) finishLocked() {
	w.done = true
	w.mu.Unlock()
	wake(w.toSync)
	<-w.synced
	err := w.f.Close()
	w.mu.Lock()
	if err != nil {
		w.failLocked(diskError("close journal", err))
	}
	w.mu.Unlock()
	close(w.ended)
}

// sync makes durable what is stored.
func (w *Writer) sync() {
	defer close(w.synced)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && !(w.done && w.stored == w.safe) {
		wait := time.Hour
		if w.stored > w.safe {
			wait = time.Until(w.risky.Add(syncEvery))
			if wait <= 0 || w.forced > w.safe || w.done {
				w.syncLocked()
				continue
			}
		}
		w.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-w.toSync:
		case <-timer.C:
		}
		w.mu.Lock()
	}
}

// syncLocked syncs, without holding mu meanwhile.
func (w *Writer) syncLocked() {
	covered := w.stored
	w.risky = time.Time{}
	w.mu.Unlock()
	err := w.f.Sync()
	w.mu.Lock()
	if err != nil {
		w.failLocked(diskError("sync journal", err))
		return
	}
	w.safe = covered
	w.change.Broadcast()
}

// store seals a segment in place and appends it. A segment that does not fit
// on the disk is cut off again.
func (w *Writer) store(buf []byte, number uint64) error {
	putSegmentHeader(buf, len(buf)-segmentHeader+tagSize, number)
	var aad [prologueSize + segmentHeader]byte
	copy(aad[:], w.prologue)
	copy(aad[prologueSize:], buf[:segmentHeader])
	n := nonce(number)
	plain := buf[segmentHeader:]
	sealed := w.aead.Seal(plain[:0], n[:], plain, aad[:])
	if cap(buf) >= segmentHeader+len(sealed) { // sealed in place
		buf = buf[:segmentHeader+len(sealed)]
	} else {
		buf = append(buf[:segmentHeader:segmentHeader], sealed...)
	}
	if _, err := w.f.Write(buf); err != nil {
		return errors.Join(diskError("write journal", err), w.f.Truncate(w.size))
	}
	w.size += int64(len(buf))
	w.written.Store(w.size)
	return nil
}
