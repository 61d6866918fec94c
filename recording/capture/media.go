package capture

import (
	"mentara/recording/timeline"
	"mentara/sfu/codec"
	"mentara/sfu/frame"
)

// picture takes the next packet of a video stream.
func (t *Track) picture(it *item) {
	if t.build == nil || t.build.Codec() != it.codec {
		t.abandon()
		t.build, t.needKey = frame.New(it.codec, MaxFrame), true
	}
	if t.building && it.ts != t.frameTS {
		t.finish(it) // its last packet bore no mark
	}
	if !t.building {
		if t.needKey && !it.key {
			return
		}
		t.building, t.frameTS, t.framePTS, t.nextW, t.nextH = true, it.ts, it.pts, 0, 0
	}
	if it.width > 0 {
		t.nextW, t.nextH = it.width, it.height
	}
	if t.build.Add(it.data) != nil {
		t.cut(timeline.Loss)
		return
	}
	if it.marker {
		t.finish(it)
	}
}

// finish gives the frame that is complete; last is the packet that showed it.
func (t *Track) finish(last *item) {
	t.building = false
	data, key, err := t.build.Finish()
	switch {
	case err == frame.ErrEmpty:
		return // parameter sets alone
	case err != nil, t.needKey && !key:
		t.cut(timeline.Loss)
		return
	}
	if key {
		if t.nextW == 0 {
			t.nextW, t.nextH, _ = frame.Size(t.build.Codec(), data)
		}
		if t.nextW == 0 && t.codec == t.build.Codec() {
			t.nextW, t.nextH = t.width, t.height
		}
		t.format(t.build.Codec(), t.nextW, t.nextH)
	}
	if !t.give(t.framePTS, key, data) {
		return
	}
	t.needKey = false
	t.since++
	if key {
		t.since, t.keyAt = 0, last.arrival
	}
}

// sound takes the next packet of an audio stream. A packet that is missing is
// taken from the copy in a later one, if there is any.
func (t *Track) sound(it *item) {
	sounds := t.sounds[:1]
	sounds[0] = frame.Sound{Timestamp: it.ts, Payload: it.data}
	if it.codec == codec.RED {
		n, err := frame.SplitRED(it.data, it.ts, &t.sounds)
		if err != nil {
			return
		}
		sounds = t.sounds[:n]
	}
	for _, s := range sounds {
		if s.Copy && (!t.gap || int32(s.Timestamp-t.lastTS) <= 0) {
			continue
		}
		t.format(codec.Opus, 0, 0)
		if t.give(it.pts-ticks(int64(int32(it.ts-s.Timestamp)), soundRate), true, s.Payload) {
			t.lastTS = s.Timestamp
		}
	}
}
