package frame

// OBU types (AV1 specification, section 6.2.2).
const (
	obuSequence  = 1
	obuDelimiter = 2
	obuHeader    = 3
	obuTileList  = 8
	obuFrame     = 6
	obuPadding   = 15
)

// av1 is the unit being joined from fragments.
type av1 struct {
	part     []byte
	open     bool // part goes on in the next payload
	sequence bool // this frame has a sequence header
	intra    bool // and a key frame
}

func (a *av1) reset() { a.part, a.open, a.sequence, a.intra = a.part[:0], false, false, false }

// addAV1 takes the elements out of a payload (RTP payload format for AV1,
// section 4.4).
func (b *Builder) addAV1(payload []byte) error {
	a := &b.av1
	head := payload[0]
	continues, goesOn, count := head&0x80 != 0, head&0x40 != 0, int(head>>4&3)
	if continues != a.open {
		if continues {
			return ErrStart
		}
		return ErrMalformed
	}
	b.begun = true
	rest := payload[1:]
	if len(rest) == 0 {
		return ErrMalformed
	}
	for i := 1; len(rest) > 0; i++ {
		size := len(rest)
		if count == 0 || i < count {
			n, used := leb128(rest)
			if used == 0 || n > uint64(len(rest)-used) {
				return ErrMalformed
			}
			rest = rest[used:]
			size = int(n)
		}
		element := rest[:size]
		rest = rest[size:]
		if count > 0 && i > count {
			return ErrMalformed
		}
		if len(rest) == 0 && goesOn {
			a.part, a.open = append(a.part, element...), true
			return nil
		}
		if a.open {
			a.part, a.open = append(a.part, element...), false
			if err := b.obu(a.part); err != nil {
				return err
			}
			a.part = a.part[:0]
		} else if err := b.obu(element); err != nil {
			return err
		}
	}
	return nil
}

// obu stores one unit with its size. Temporal delimiters are the container's
// affair (AV1 in Matroska, section "Block data"), tile lists and padding are
// not stored.
func (b *Builder) obu(u []byte) error {
	if len(u) == 0 || u[0]&0x80 != 0 {
		return ErrMalformed
	}
	kind, body := u[0]>>3&0x0f, 1
	if u[0]&0x04 != 0 {
		body = 2
	}
	if len(u) < body {
		return ErrMalformed
	}
	head := u[:body]
	if u[0]&0x02 != 0 { // it has its size already
		n, used := leb128(u[body:])
		if used == 0 || n > uint64(len(u)-body-used) {
			return ErrMalformed
		}
		body += used
		u = u[:body+int(n)]
	}
	switch kind {
	case obuDelimiter, obuTileList, obuPadding:
		return nil
	case obuSequence:
		b.av1.sequence = true
	case obuFrame, obuHeader:
		// show_existing_frame is 0 and frame_type KEY_FRAME (section 5.9.2).
		if len(u) > body && u[body]&0xe0 == 0 {
			b.av1.intra = true
		}
	}
	b.buf = append(b.buf, head...)
	b.buf[len(b.buf)-len(head)] |= 0x02
	b.buf = appendLEB128(b.buf, uint64(len(u)-body))
	b.buf = append(b.buf, u[body:]...)
	return nil
}

func (b *Builder) finishAV1() error {
	if b.av1.open {
		return ErrMalformed // cut short
	}
	b.key = b.av1.sequence && b.av1.intra
	return nil
}

// leb128 reads a little-endian base-128 number of at most eight bytes. used
// is 0 when it does not end.
func leb128(b []byte) (v uint64, used int) {
	for i := 0; i < len(b) && i < 8; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendLEB128(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
