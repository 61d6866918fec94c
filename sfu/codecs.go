package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"mentara/sfu/codec"
)

// RTP header extensions beyond those pion/sdp names.
const (
	uriDependency  = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
	uriOrientation = "urn:3gpp:video-orientation"
)

// format is one payload format we negotiate. Payload types are the client's:
// the numbers here only keep pion's table apart.
type format struct {
	codec codec.Codec
	pt    webrtc.PayloadType
	rtx   webrtc.PayloadType // 0 is none
	mime  string
	rate  uint32
	chans uint16
	fmtp  string
}

// formats in the order we prefer them, though the client's order wins. H264 is
// offered as Chrome offers it: three profiles, and constrained baseline also
// in packetization mode 0 for small devices.
func formats() []format {
	video := func(c codec.Codec, pt webrtc.PayloadType, mime, fmtp string) format {
		return format{codec: c, pt: pt, rtx: pt + 1, mime: mime, rate: 90000, fmtp: fmtp}
	}
	h264 := func(pt webrtc.PayloadType, mode int, profile string) format {
		return video(codec.H264, pt, webrtc.MimeTypeH264,
			fmt.Sprintf("level-asymmetry-allowed=1;packetization-mode=%d;profile-level-id=%s", mode, profile))
	}
	return []format{
		{codec: codec.Opus, pt: 111, mime: webrtc.MimeTypeOpus, rate: 48000, chans: 2, fmtp: "minptime=10;useinbandfec=1"},
		{codec: codec.RED, pt: 63, mime: "audio/red", rate: 48000, chans: 2, fmtp: "111/111"},
		video(codec.VP8, 96, webrtc.MimeTypeVP8, ""),
		video(codec.VP9, 98, webrtc.MimeTypeVP9, "profile-id=0"),
		h264(102, 1, "42e01f"),
		h264(104, 1, "42001f"),
		h264(106, 1, "4d001f"),
		h264(108, 1, "64001f"),
		h264(112, 0, "42e01f"),
		video(codec.AV1, 45, webrtc.MimeTypeAV1, "level-idx=5;profile=0;tier=0"),
	}
}

// newMediaEngine registers what we negotiate. Each connection has its own, as
// pion writes the negotiated numbers into it.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	videoFeedback := []webrtc.RTCPFeedback{
		{Type: "transport-cc"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}
	for _, f := range formats() {
		kind, feedback := webrtc.RTPCodecTypeAudio, []webrtc.RTCPFeedback{{Type: "transport-cc"}}
		if f.codec.Video() {
			kind, feedback = webrtc.RTPCodecTypeVideo, videoFeedback
		}
		if f.codec == codec.RED {
			feedback = nil
		}
		err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: f.mime, ClockRate: f.rate, Channels: f.chans, SDPFmtpLine: f.fmtp, RTCPFeedback: feedback,
			},
			PayloadType: f.pt,
		}, kind)
		if err == nil && f.rtx != 0 {
			err = m.RegisterCodec(webrtc.RTPCodecParameters{
				RTPCodecCapability: webrtc.RTPCodecCapability{
					MimeType: webrtc.MimeTypeRTX, ClockRate: f.rate, SDPFmtpLine: fmt.Sprintf("apt=%d", f.pt),
				},
				PayloadType: f.rtx,
			}, kind)
		}
		if err != nil {
			return nil, fmt.Errorf("sfu: register %s: %w", f.mime, err)
		}
	}
	for _, uri := range []string{
		sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI,
		sdp.TransportCCURI, sdp.ABSSendTimeURI, uriDependency, uriOrientation,
	} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("sfu: register %s: %w", uri, err)
		}
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.TransportCCURI, sdp.ABSSendTimeURI, sdp.AudioLevelURI} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("sfu: register %s: %w", uri, err)
		}
	}
	return m, nil
}

// profileOf reduces format parameters to what must be equal for a viewer to
// decode what a publisher sends. "" fits all.
func profileOf(c codec.Codec, fmtp string) string {
	get := func(key string) string {
		for p := range strings.SplitSeq(fmtp, ";") {
			k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.EqualFold(k, key) {
				return strings.ToLower(v)
			}
		}
		return ""
	}
	switch c {
	case codec.VP9:
		if id := get("profile-id"); id != "" {
			return id
		}
		return "0"
	case codec.H264:
		id := get("profile-level-id")
		if len(id) != 6 {
			id = "42001f"
		}
		mode := get("packetization-mode")
		if mode == "" {
			mode = "0"
		}
		// Profile and constraint flags decide; the level is a promise both
		// sides may differ on (level-asymmetry-allowed).
		return id[:4] + "/" + mode
	case codec.AV1:
		if p := get("profile"); p != "" {
			return p
		}
		return "0"
	}
	return ""
}

func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return webrtc.NewCertificate(key, x509.Certificate{
		Issuer:       pkix.Name{CommonName: "WebRTC"}, // says nothing of who runs this
		Subject:      pkix.Name{CommonName: "WebRTC"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(90 * 24 * time.Hour),
		SerialNumber: serial,
	})
}
