package codec

// bits reads most significant bit first; past the end it gives zeros and
// notes it.
type bits struct {
	b     []byte
	at    int // in bits
	short bool
}

func (r *bits) read(n int) (v uint32) {
	if r.at+n > 8*len(r.b) {
		r.short, r.at = true, 8*len(r.b)
		return 0
	}
	for range n {
		v = v<<1 | uint32(r.b[r.at>>3]>>(7-r.at&7)&1)
		r.at++
	}
	return v
}

func (r *bits) flag() bool { return r.read(1) != 0 }

func (r *bits) skip(n int) {
	if r.at += n; r.at > 8*len(r.b) {
		r.short, r.at = true, 8*len(r.b)
	}
}

// nonSymmetric reads a number below n (AV1 specification 4.10.7).
func (r *bits) nonSymmetric(n int) uint32 {
	w := 0
	for x := n; x != 0; x >>= 1 {
		w++
	}
	m := uint32(1)<<w - uint32(n)
	v := r.read(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.read(1)
}
