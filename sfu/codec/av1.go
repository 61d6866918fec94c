package codec

// obuSequenceHeader is the OBU type that starts a coded video sequence (AV1
// specification 6.2.2).
const obuSequenceHeader = 1

// inspectAV1 reads the aggregation header and the OBU elements of a payload
// (AV1 RTP specification 4.4) as far as needed to tell whether it starts a
// coded video sequence, and whether its first OBU continues an earlier packet.
func inspectAV1(payload []byte) (key, continues bool, err error) {
	if len(payload) < 2 {
		return false, false, ErrShort
	}
	head := payload[0]
	z, count, n := head&0x80 != 0, int(head>>4&0x03), head&0x08 != 0
	if z && n {
		return false, false, ErrMalformed // a sequence cannot start in mid-OBU
	}
	rest := payload[1:]
	for i := 1; len(rest) > 0 && (count == 0 || i <= count); i++ {
		size := len(rest)
		if i != count { // all elements but the last of a counted run have a length
			v, used := leb128(rest)
			if used == 0 {
				return false, false, ErrMalformed
			}
			rest = rest[used:]
			if v > uint64(len(rest)) {
				return false, false, ErrShort
			}
			size = int(v)
		}
		if size > 0 && (i > 1 || !z) {
			if rest[0]&0x80 != 0 {
				return false, false, ErrMalformed // forbidden bit
			}
			if rest[0]>>3&0x0f == obuSequenceHeader {
				key = true
			}
		}
		rest = rest[size:]
	}
	// N marks the first packet of a coded video sequence; senders that leave
	// it out still start one with a sequence header.
	return key || n, z, nil
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

func (p *Parser) parseAV1(payload []byte, marker bool, descriptor []byte, f *Frame) error {
	key, continues, err := inspectAV1(payload)
	if err != nil {
		return err
	}
	if len(descriptor) == 0 {
		f.Keyframe, f.SwitchUp = key, true
		f.Start, f.End = !continues, marker
		return nil
	}
	if err := p.dd.Parse(descriptor); err != nil {
		return err
	}
	p.dd.frame(f)
	return nil
}
