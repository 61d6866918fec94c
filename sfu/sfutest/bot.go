// Package sfutest has participants made of software: they publish pictures
// that count and check what arrives, over real sockets or pion's virtual
// network. Tests and the load tool use it; it knows only the SFU's session
// descriptions and events.
package sfutest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"

	"mentara/sfu"
)

// Options of a Bot.
type Options struct {
	// Offer carries the bot's session description to the SFU.
	Offer func(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (string, error)
	// Simulcast publishes a camera of three layers, Camera of one, Microphone
	// Opus.
	Simulcast, Camera, Microphone bool
	// Slots to receive in.
	VideoSlots, AudioSlots int
	Net                    transport.Net // nil is the machine's own
	TCP                    bool          // ICE over TCP only
	Plain                  bool          // no header extensions, no RTX: a simple client
	Codec                  string        // of the camera: "VP8" (default) or "H264"
	Data                   bool          // open the reliable data channel
	Level                  uint8         // audio level told with each packet, -dBov; 0 is none
}

// Bot is one participant.
type Bot struct {
	pc     *webrtc.PeerConnection
	o      Options
	tracks []sfu.TrackInfo

	mu      sync.Mutex
	layers  []*layerTrack
	audio   *webrtc.TrackLocalStaticRTP
	recv    map[string]*Receiver // by mid
	plis    map[string]int       // by rid
	state   webrtc.PeerConnectionState
	changed chan struct{}
	wg      sync.WaitGroup
	stop    chan struct{}
	data    *webrtc.DataChannel
	got     []string
	levelID uint8
}

// layerTrack is one simulcast layer being sent.
type layerTrack struct {
	rid      string
	track    *webrtc.TrackLocalStaticRTP
	paused   bool
	key      bool // the next frame is a key frame
	seq      uint16
	ts       uint32
	picture  uint16
	tl0      uint8
	frame    uint64
	w, h     int
	size     int // bytes of a frame
	mid      uint8
	ridID    uint8
	midValue string
}

// Dial makes a bot and negotiates. The connection comes up in the background;
// see Connected.
func Dial(ctx context.Context, o Options) (*Bot, error) {
	b := &Bot{
		o: o, recv: map[string]*Receiver{}, plis: map[string]int{}, changed: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	api, err := b.api()
	if err != nil {
		return nil, err
	}
	if b.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, err
	}
	b.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		b.mu.Lock()
		b.state = s
		b.mu.Unlock()
		select {
		case b.changed <- struct{}{}:
		default:
		}
	})
	b.pc.OnTrack(b.onTrack)
	if err := b.prepare(); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return b, b.Negotiate(ctx)
}

func (b *Bot) api() (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	reg := &interceptor.Registry{}
	if b.o.Plain {
		if err := registerPlain(m, b.o.Codec); err != nil {
			return nil, err
		}
	} else {
		if err := m.RegisterDefaultCodecs(); err != nil {
			return nil, err
		}
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
		if err := webrtc.RegisterDefaultInterceptors(m, reg); err != nil {
			return nil, err
		}
		if err := webrtc.ConfigureTWCCHeaderExtensionSender(m, reg); err != nil {
			return nil, err
		}
	}
	se := webrtc.SettingEngine{}
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(true)
	if b.o.Net != nil {
		se.SetNet(b.o.Net)
	}
	if b.o.TCP {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	} else {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(reg)), nil
}

// registerPlain registers one video codec and Opus, and nothing else.
func registerPlain(m *webrtc.MediaEngine, name string) error {
	video := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}
	if name == "H264" {
		video = webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		}
	}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: video, PayloadType: 97}, webrtc.RTPCodecTypeVideo); err != nil {
		return err
	}
	return m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2},
		PayloadType:        110,
	}, webrtc.RTPCodecTypeAudio)
}

// prepare makes the transceivers.
func (b *Bot) prepare() error {
	mime := webrtc.MimeTypeVP8
	if b.o.Codec == "H264" {
		mime = webrtc.MimeTypeH264
	}
	video := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	var rids []string
	switch {
	case b.o.Simulcast:
		rids = []string{"q", "h", "f"}
	case b.o.Camera:
		rids = []string{""}
	}
	var sender *webrtc.RTPSender
	for i, rid := range rids {
		var opts []func(*webrtc.TrackLocalStaticRTP)
		if rid != "" {
			opts = append(opts, webrtc.WithRTPStreamID(rid))
		}
		t, err := webrtc.NewTrackLocalStaticRTP(video, "camera", "self", opts...)
		if err != nil {
			return err
		}
		if i == 0 {
			tr, err := b.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
			if err != nil {
				return err
			}
			sender = tr.Sender()
		} else if err := sender.AddEncoding(t); err != nil {
			return err
		}
		scale := 1 << (len(rids) - 1 - i)
		size := []int{500, 1800, 7000}[3-len(rids)+i]
		b.layers = append(b.layers, &layerTrack{
			rid: rid, track: t, key: true, w: 1280 / scale, h: 720 / scale, size: size,
			seq: uint16(1000 * (i + 1)), ts: uint32(90000 * (i + 7)), picture: uint16(100 * i),
		})
	}
	if sender != nil {
		for _, l := range b.layers {
			b.wg.Add(1)
			go b.readRTCP(sender, l)
		}
	}
	if b.o.Microphone {
		t, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "mic", "self")
		if err != nil {
			return err
		}
		if _, err := b.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			return err
		}
		b.audio = t
	}
	if b.o.Data {
		dc, err := b.pc.CreateDataChannel(sfu.DataReliable, nil)
		if err != nil {
			return err
		}
		dc.OnMessage(func(m webrtc.DataChannelMessage) {
			b.mu.Lock()
			b.got = append(b.got, string(m.Data))
			b.mu.Unlock()
		})
		b.data = dc
	}
	return b.AddSlots(b.o.VideoSlots, b.o.AudioSlots)
}

// AddSlots makes more media sections to receive in; Negotiate offers them.
func (b *Bot) AddSlots(video, audio int) error {
	recvonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for range video {
		if _, err := b.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, recvonly); err != nil {
			return err
		}
	}
	for range audio {
		if _, err := b.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, recvonly); err != nil {
			return err
		}
	}
	return nil
}

// Negotiate offers what the bot has now.
func (b *Bot) Negotiate(ctx context.Context) error { return b.negotiate(ctx, nil) }

// RestartICE renegotiates with new ICE credentials.
func (b *Bot) RestartICE(ctx context.Context) error {
	return b.negotiate(ctx, &webrtc.OfferOptions{ICERestart: true})
}

func (b *Bot) negotiate(ctx context.Context, opts *webrtc.OfferOptions) error {
	offer, err := b.pc.CreateOffer(opts)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.tracks = b.tracks[:0]
	for _, tr := range b.pc.GetTransceivers() {
		if s := tr.Sender(); s != nil && s.Track() != nil {
			source := sfu.Camera
			if tr.Kind() == webrtc.RTPCodecTypeAudio {
				source = sfu.Microphone
			}
			b.tracks = append(b.tracks, sfu.TrackInfo{Mid: tr.Mid(), Source: source})
		}
	}
	answer, err := b.o.Offer(ctx, b.pc.LocalDescription().SDP, b.tracks)
	if err != nil {
		return fmt.Errorf("offer: %w", err)
	}
	if err := b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("answer: %w\n%s", err, answer)
	}
	b.learnExtensions()
	return nil
}

// learnExtensions finds what simulcast packets must be marked with.
func (b *Bot) learnExtensions() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, tr := range b.pc.GetTransceivers() {
		s := tr.Sender()
		if s == nil || s.Track() == nil {
			continue
		}
		for _, e := range s.GetParameters().HeaderExtensions {
			if e.URI == sdp.AudioLevelURI {
				b.levelID = uint8(e.ID)
			}
		}
		if tr.Kind() != webrtc.RTPCodecTypeVideo {
			continue
		}
		for _, l := range b.layers {
			l.midValue = tr.Mid()
			for _, e := range s.GetParameters().HeaderExtensions {
				switch e.URI {
				case sdp.SDESMidURI:
					l.mid = uint8(e.ID)
				case sdp.SDESRTPStreamIDURI:
					l.ridID = uint8(e.ID)
				}
			}
		}
	}
}

// Connected waits until media can flow.
func (b *Bot) Connected(ctx context.Context) error {
	for {
		b.mu.Lock()
		s := b.state
		b.mu.Unlock()
		switch s {
		case webrtc.PeerConnectionStateConnected:
			return nil
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			return fmt.Errorf("connection %s", s)
		}
		select {
		case <-b.changed:
		case <-ctx.Done():
			return fmt.Errorf("connection %s: %w", s, ctx.Err())
		}
	}
}

// Close ends the bot and awaits its goroutines.
func (b *Bot) Close() {
	select {
	case <-b.stop:
		return
	default:
	}
	close(b.stop)
	_ = b.pc.Close()
	b.wg.Wait()
}

func (b *Bot) readRTCP(s *webrtc.RTPSender, l *layerTrack) {
	defer b.wg.Done()
	for {
		var pkts []rtcp.Packet
		var err error
		if l.rid == "" {
			pkts, _, err = s.ReadRTCP()
		} else {
			pkts, _, err = s.ReadSimulcastRTCP(l.rid)
		}
		if err != nil {
			return
		}
		for _, p := range pkts {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				b.mu.Lock()
				b.plis[l.rid]++
				l.key = true
				b.mu.Unlock()
			}
		}
	}
}

// PLIs is how many key frames were asked of a layer.
func (b *Bot) PLIs(rid string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.plis[rid]
}

// Pause stops and starts layers as a Demand says.
func (b *Bot) Pause(d sfu.Demand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range d.Demand {
		if w.Source != sfu.Camera {
			continue
		}
		for _, l := range b.layers {
			on := slices.Contains(w.Rids, l.rid)
			if on && l.paused {
				l.key = true
			}
			l.paused = !on
		}
	}
}

// Say sends text on the data channel.
func (b *Bot) Say(text string) error {
	if b.data == nil || b.data.ReadyState() != webrtc.DataChannelStateOpen {
		return io.ErrClosedPipe
	}
	return b.data.SendText(text)
}

// Heard is what came in on the data channel.
func (b *Bot) Heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// Publish sends frames at 30 per second and sound at 50 until the bot closes.
func (b *Bot) Publish() {
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		video, audio := time.NewTicker(time.Second/30), time.NewTicker(20*time.Millisecond)
		defer video.Stop()
		defer audio.Stop()
		var n uint64
		for {
			select {
			case <-b.stop:
				return
			case <-video.C:
				b.Frame()
			case <-audio.C:
				b.Sound(n)
				n++
			}
		}
	}()
}

// Frame sends one frame of every running layer.
func (b *Bot) Frame() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.layers {
		l.ts += 3000
		l.frame++
		if l.paused {
			continue
		}
		for _, p := range l.packets(strings.Contains(l.track.Codec().MimeType, "H264")) {
			_ = l.track.WriteRTP(p)
		}
	}
}

// Sound sends the n-th 20 ms of audio, loud enough to be heard.
func (b *Bot) Sound(n uint64) {
	if b.audio == nil {
		return
	}
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n * 960)},
		Payload: []byte{0x78, byte(n >> 8), byte(n), 1, 2, 3, 4, 5, 6, 7, 8},
	}
	if b.o.Level != 0 && b.levelID != 0 {
		_ = p.SetExtension(b.levelID, []byte{0x80 | b.o.Level})
	}
	_ = b.audio.WriteRTP(p)
}
