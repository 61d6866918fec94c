package sfu

import (
	"math"
	"slices"
	"time"

	"mentara/sfu/quality"
)

// scorer is the score of one track in one direction, with the counters at the
// beginning of the window.
type scorer struct {
	s             quality.Scorer
	packets, lost uint64
	bytes         uint64
	reports       uint64
	totalLost     int64
	at            time.Time
}

// score tells the peer how its call is doing: 2 s after it began and then
// every 5 s.
func (c *conn) score(now time.Time) {
	a := &c.alloc
	if a.scoreAt.IsZero() {
		a.scoreAt = now.Add(firstScore)
		return
	}
	if now.Before(a.scoreAt) {
		return
	}
	a.scoreAt = now.Add(scoreEvery)
	var ev Quality
	var up, down []quality.Score
	c.peer.mu.Lock()
	for _, t := range c.peer.tracks {
		if t.conn != c || t.format.Load() == nil {
			continue
		}
		s := t.scoreUp(now, time.Duration(c.rtt.Load()))
		up = append(up, s)
		ev.Tracks = append(ev.Tracks, TrackScore{Participant: c.peer.id, Source: t.source, Score: told(s)})
	}
	c.peer.mu.Unlock()
	c.slotMu.RLock()
	slots := slices.Clone(c.slots)
	c.slotMu.RUnlock()
	for _, d := range slots {
		t := d.showing()
		if t == nil {
			continue
		}
		s, ok := d.scoreDown(now, time.Duration(c.rtt.Load()))
		if !ok {
			continue
		}
		down = append(down, s)
		ev.Tracks = append(ev.Tracks, TrackScore{Participant: t.peer.id, Source: t.source, Score: told(s)})
	}
	slices.SortStableFunc(ev.Tracks, func(x, y TrackScore) int { return compareSources(x.Source, y.Source) })
	ev.Up, ev.Down = told(quality.Worst(up...)), told(quality.Worst(down...))
	c.peer.put(ev)
}

func kindOf(s Source) quality.Kind {
	switch s {
	case Screen:
		return quality.Screen
	case Camera:
		return quality.Video
	}
	return quality.Audio
}

// scoreUp scores what arrives of a track.
func (t *track) scoreUp(now time.Time, rtt time.Duration) quality.Score {
	in := quality.Sample{Kind: kindOf(t.source), Muted: t.muted.Load(), RTT: rtt}
	var packets, lost, bytes uint64
	t.mu.Lock()
	defer t.mu.Unlock()
	wanted := t.want.mask != 0 || !t.want.told
	for _, e := range *t.encodings.Load() {
		packets += e.packets.Load()
		bytes += e.bytes.Load()
		if st := e.lost.Load(); st > e.recovered.Load() {
			lost += st - e.recovered.Load()
		}
		jitter := time.Duration(e.rr.jitterTicks.Load()) * time.Second / time.Duration(e.rate.clock)
		in.Jitter = max(in.Jitter, jitter)
	}
	sc := &t.up
	in.Window = now.Sub(sc.at)
	if sc.at.IsZero() {
		in.Window = firstScore
	}
	in.Packets = int(packets - sc.packets)
	in.Lost = max(0, int(lost)-int(sc.lost))
	in.Bitrate = int(float64(bytes-sc.bytes) * 8 / max(0.1, in.Window.Seconds()))
	if t.video && !wanted {
		in.Muted = true // nobody watches, so nothing is sent
	}
	if !t.video && in.Packets == 0 {
		in.Muted = true // microphone off, or silence left out
	}
	if t.source == Screen && in.Packets == 0 {
		in.Muted = true // a still screen
	}
	sc.packets, sc.lost, sc.bytes, sc.at = packets, lost, bytes, now
	return sc.s.Update(in)
}

// scoreDown scores what the viewer says it received of a slot.
func (d *downTrack) scoreDown(now time.Time, rtt time.Duration) (quality.Score, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.track
	if t == nil {
		return quality.Score{}, false
	}
	sc := &d.down
	window := now.Sub(sc.at)
	first := sc.at.IsZero()
	packets, bytes := d.packets.Load(), d.bytes.Load()
	in := quality.Sample{
		Kind: kindOf(t.source), Window: window, RTT: rtt, Jitter: d.remote.jitter,
		Packets: int(packets - sc.packets), Lost: max(0, int(d.remote.lost-sc.totalLost)),
		NoReport: d.remote.reportsSeen == sc.reports,
		Muted:    t.muted.Load() || d.grant.reason == ReasonHidden,
	}
	if in.Packets == 0 && (!d.video || t.source == Screen) {
		in.Muted = true
	}
	in.Bitrate = int(float64(bytes-sc.bytes) * 8 / max(0.1, window.Seconds()))
	if d.grant.reason == ReasonBandwidth {
		in.LayersMissed = float64(d.grant.ideal.Spatial) + 1
	} else if cur := d.sel.Current(); d.video && !cur.Paused() && !d.grant.ideal.Paused() {
		in.LayersMissed = max(0, float64(d.grant.ideal.Spatial-cur.Spatial))
	}
	// Retransmissions repair most of it; what RTCP calls lost is before them.
	if repaired := int(d.resent) - int(sc.lost); d.video && repaired > 0 {
		in.Lost = max(0, in.Lost-repaired)
	}
	sc.packets, sc.bytes, sc.totalLost, sc.lost = packets, bytes, d.remote.lost, d.resent
	sc.reports, sc.at = d.remote.reportsSeen, now
	if first {
		return quality.Score{}, false
	}
	return sc.s.Update(in), true
}

func told(s quality.Score) Score {
	return Score{
		Value: s.Value, Level: string(s.Level), Reason: string(s.Reason),
		Loss:  math.Round(s.Loss*1000) / 10,
		RTTms: int(s.RTT / time.Millisecond), JitterMs: int(s.Jitter / time.Millisecond), Bitrate: s.Bitrate,
	}
}
