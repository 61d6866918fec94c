package cache

import (
	"bytes"
	"encoding/binary"
	"sync"
	"testing"
)

func packet(n uint64, size int) []byte {
	p := make([]byte, size)
	binary.BigEndian.PutUint64(p, n)
	return p
}

func TestKeepsTheNewest(t *testing.T) {
	r := New(8)
	buf := make([]byte, PacketSize)
	if _, ok := r.Get(0, buf); ok {
		t.Fatal("an empty ring held something")
	}
	for i := range uint64(20) {
		if !r.Put(uint16(65530+i), packet(i, 10+int(i))) {
			t.Fatalf("put %d refused", i)
		}
	}
	for i := range uint64(20) {
		n, ok := r.Get(uint16(65530+i), buf)
		if ok != (i >= 12) {
			t.Errorf("get %d = %v", i, ok)
		}
		if ok && !bytes.Equal(buf[:n], packet(i, 10+int(i))) {
			t.Errorf("packet %d changed", i)
		}
	}
}

func TestPutRefuses(t *testing.T) {
	r := New(4)
	r.Put(100, packet(1, 100))
	for name, ok := range map[string]bool{
		"duplicate": r.Put(100, packet(2, 100)),
		"too large": r.Put(101, make([]byte, PacketSize+1)),
		"too old":   r.Put(96, packet(3, 100)),
	} {
		if ok {
			t.Errorf("%s was taken", name)
		}
	}
	if !r.Put(97, packet(4, 1000)) || !r.Put(99, packet(5, PacketSize)) {
		t.Error("late packets within the ring were refused")
	}
	buf := make([]byte, 999)
	if _, ok := r.Get(97, buf); ok {
		t.Error("got a packet into a buffer too small for it")
	}
	if n, ok := r.Get(100, buf); !ok || binary.BigEndian.Uint64(buf) != 1 || n != 100 {
		t.Error("the duplicate replaced the original")
	}
	r.Reset()
	if _, ok := r.Get(100, buf); ok {
		t.Error("reset kept a packet")
	}
}

func TestStaleAfterAJump(t *testing.T) {
	// 65,536 numbers later the same number is another packet.
	r := New(4)
	r.Put(5, packet(5, 20))
	for s := uint32(6); s < 65536+4; s += 30000 {
		r.Put(uint16(s), packet(uint64(s), 20))
	}
	r.Put(3, packet(3, 20))
	if _, ok := r.Get(5, make([]byte, 100)); ok {
		t.Error("a packet of the last round was given for this one")
	}
}

func TestConcurrentPutAndGet(t *testing.T) {
	r := New(64)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			buf := make([]byte, PacketSize)
			for s := uint16(0); ; s++ {
				select {
				case <-done:
					return
				default:
				}
				if n, ok := r.Get(s, buf); ok {
					v := binary.BigEndian.Uint64(buf)
					if uint16(v) != s || n != 1200 || !bytes.Equal(buf[8:16], buf[1192:1200]) {
						t.Errorf("torn packet for %d: %d", s, v)
						return
					}
				}
			}
		})
	}
	p := make([]byte, 1200)
	for i := range uint64(100_000) {
		binary.BigEndian.PutUint64(p, i)
		binary.BigEndian.PutUint64(p[8:], i)
		binary.BigEndian.PutUint64(p[1192:], i)
		r.Put(uint16(i), p)
	}
	close(done)
	wg.Wait()
}

// FuzzRing compares the ring with a map of everything ever put.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 1, 0, 9, 255, 255, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		r, all := New(16), map[uint16]byte{}
		var buf [PacketSize]byte
		for i := 0; i+2 <= len(script); i += 2 {
			seq := binary.BigEndian.Uint16(script[i:])
			if r.Put(seq, []byte{byte(i)}) {
				all[seq] = byte(i)
			}
			for back := range uint16(20) {
				if n, ok := r.Get(seq-back, buf[:]); ok && (n != 1 || buf[0] != all[seq-back]) {
					t.Fatalf("get %d = %d, want %d", seq-back, buf[0], all[seq-back])
				}
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	r, p, buf, seq := New(VideoSlots), make([]byte, 1200), make([]byte, PacketSize), uint16(0)
	if n := testing.AllocsPerRun(2000, func() {
		seq++
		r.Put(seq, p)
		r.Get(seq, buf)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPut(b *testing.B) {
	r, p := New(VideoSlots), make([]byte, 1200)
	b.ReportAllocs()
	for i := range b.N {
		r.Put(uint16(i), p)
	}
}

func BenchmarkGet(b *testing.B) {
	r, p, buf := New(VideoSlots), make([]byte, 1200), make([]byte, PacketSize)
	for i := range VideoSlots {
		r.Put(uint16(i), p)
	}
	b.ReportAllocs()
	for i := range b.N {
		r.Get(uint16(i)&(VideoSlots-1), buf)
	}
}
