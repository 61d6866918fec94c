package codec

// NAL unit types this package tells apart (H.264 table 7-1, RFC 6184 5.2).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// parseH264 reads single NAL units, STAP-A and FU-A (packetization mode 0 and
// 1 of RFC 6184; the interleaved mode is not negotiated, so it is malformed
// here).
func parseH264(payload []byte, marker bool, f *Frame) error {
	f.End = marker
	if len(payload) < 1 {
		return ErrShort
	}
	if payload[0]&0x80 != 0 {
		return ErrMalformed
	}
	f.Discardable = payload[0]&0x60 == 0
	switch t := payload[0] & 0x1f; {
	case t >= 1 && t <= 23:
		f.nal(payload)
	case t == nalSTAPA:
		return f.stapA(payload[1:])
	case t == nalFUA:
		if len(payload) < 3 {
			return ErrShort
		}
		start, end := payload[1]&0x80 != 0, payload[1]&0x40 != 0
		if start && end {
			return ErrMalformed
		}
		if start {
			f.nal(payload[1:])
		}
	default:
		return ErrMalformed
	}
	return nil
}

// stapA walks the NAL units of an aggregation packet, each after its length.
func (f *Frame) stapA(p []byte) error {
	if len(p) == 0 {
		return ErrShort
	}
	for len(p) > 0 {
		if len(p) < 2 {
			return ErrShort
		}
		n := int(p[0])<<8 | int(p[1])
		p = p[2:]
		if n == 0 {
			return ErrMalformed
		}
		if n > len(p) {
			return ErrShort
		}
		f.nal(p[:n])
		p = p[n:]
	}
	return nil
}

// nal notes what one NAL unit says. A picture starts at the first slice that
// begins at macroblock 0, or at the parameter sets before it.
func (f *Frame) nal(unit []byte) {
	switch t := unit[0] & 0x1f; {
	case t == nalIDR || t == nalSPS:
		f.Keyframe, f.SwitchUp, f.Start = true, true, true
	case t == 1:
		f.SwitchUp = true
		f.Start = f.Start || len(unit) > 1 && unit[1]&0x80 != 0
	}
}
