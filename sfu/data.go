package sfu

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// Labels of the two data channels a client may open. What comes in on one goes
// out on the same of everyone else in the room.
const (
	DataReliable = "reliable"
	DataLossy    = "lossy"
)

// dataBacklog is how much may wait for a slow receiver before lossy messages
// to it are dropped, and reliable ones end its channel.
const dataBacklog = 1 << 20

// channels are a connection's open data channels.
type channels struct {
	mu     sync.Mutex
	open   map[string]*webrtc.DataChannel
	budget bucket
}

func (c *conn) onDataChannel(dc *webrtc.DataChannel) {
	label := dc.Label()
	if label != DataReliable && label != DataLossy {
		_ = dc.Close()
		return
	}
	c.channels.mu.Lock()
	if c.channels.open == nil {
		c.channels.open = map[string]*webrtc.DataChannel{}
		c.channels.budget = newBucket(c.engine.cfg.Limits.DataRate, 100)
	}
	if c.channels.open[label] != nil {
		c.channels.mu.Unlock()
		_ = dc.Close()
		return
	}
	c.channels.open[label] = dc
	c.channels.mu.Unlock()
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		defer c.cutOff()
		c.relay(label, m)
	})
	dc.OnClose(func() {
		c.channels.mu.Lock()
		defer c.channels.mu.Unlock()
		if c.channels.open[label] == dc {
			delete(c.channels.open, label)
		}
	})
}

// relay passes a message on to the room. One over the rate is dropped; one
// over the size ends the sender's channel.
func (c *conn) relay(label string, m webrtc.DataChannelMessage) {
	p := c.peer
	if len(m.Data) > c.engine.cfg.Limits.DataMessage {
		c.channels.mu.Lock()
		dc := c.channels.open[label]
		c.channels.mu.Unlock()
		if dc != nil {
			_ = dc.Close()
		}
		return
	}
	c.channels.mu.Lock()
	ok := c.channels.budget.allow(len(m.Data), time.Now())
	c.channels.mu.Unlock()
	if !ok || !p.mayPublish.Load() {
		c.engine.count.dropped.Add(1)
		return
	}
	p.put(Data{Label: label, Bytes: m.Data})
	for _, other := range p.room.members() {
		if (other == p) != p.opts.Loopback {
			continue
		}
		other.mu.Lock()
		oc, hears := other.conn, other.subscribe
		other.mu.Unlock()
		if oc != nil && hears {
			oc.sendData(label, m)
		}
	}
}

func (c *conn) sendData(label string, m webrtc.DataChannelMessage) {
	c.channels.mu.Lock()
	dc := c.channels.open[label]
	c.channels.mu.Unlock()
	if dc == nil || dc.ReadyState() != webrtc.DataChannelStateOpen {
		return
	}
	if dc.BufferedAmount() > dataBacklog {
		if label == DataReliable {
			_ = dc.Close() // it cannot be reliable any more: let the client see
		}
		return
	}
	if m.IsString {
		_ = dc.SendText(string(m.Data))
	} else {
		_ = dc.Send(m.Data)
	}
}
