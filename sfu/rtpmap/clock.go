package rtpmap

import "time"

// Clock ties the RTP timestamps of one encoding to the sender's wall clock, by
// its newest sender report.
type Clock struct {
	rate  uint32
	ntp   uint64
	rtp   uint32
	known bool
}

// NewClock makes a clock of the given rate in Hz.
func NewClock(rate uint32) Clock { return Clock{rate: rate} }

// Report takes the two times of a sender report (RFC 3550 section 6.4.1): NTP
// in 32.32 seconds and the RTP timestamp of the same instant.
func (c *Clock) Report(ntp uint64, rtp uint32) { c.ntp, c.rtp, c.known = ntp, rtp, true }

// Known tells whether a report came.
func (c *Clock) Known() bool { return c.known }

// Time is the sender's wall clock at timestamp, as an offset from the last
// report's NTP time.
func (c *Clock) offset(timestamp uint32) time.Duration {
	return time.Duration(int64(int32(timestamp-c.rtp)) * int64(time.Second) / int64(c.rate))
}

// Convert says which timestamp of to is the same instant as timestamp of c.
// ok is false until both have had a report.
func (c *Clock) Convert(timestamp uint32, to *Clock) (uint32, bool) {
	if !c.known || !to.known || c.rate == 0 || to.rate == 0 {
		return 0, false
	}
	apart := int64(c.ntp - to.ntp) // 32.32 seconds, signed
	d := time.Duration(apart>>32)*time.Second + time.Duration((apart&0xffffffff)*int64(time.Second)>>32)
	d += c.offset(timestamp)
	if d > time.Hour || d < -time.Hour {
		return 0, false // clocks of different hosts, or a forged report
	}
	return to.rtp + uint32(int64(d)*int64(to.rate)/int64(time.Second)), true
}
