package crowd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// endpoints is what the clients have in common. Each has a UDP socket of its
// own: a server may tell clients apart by their address alone.
type endpoints struct {
	local net.IP // from which the server is reached
	cert  webrtc.Certificate
}

func newEndpoints(base string) (*endpoints, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is no URL of a server", base)
	}
	probe, err := net.Dial("udp4", net.JoinHostPort(u.Hostname(), "9")) // sends nothing
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	return &endpoints{local: probe.LocalAddr().(*net.UDPAddr).IP, cert: *cert}, nil
}

func quiet() *logging.DefaultLoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}

// connection makes a peer connection that knows VP8 and Opus, asks for lost
// packets when it receives and repeats them when it sends, and no more.
func (e *endpoints) connection(sends bool) (*webrtc.PeerConnection, error) {
	m := &webrtc.MediaEngine{}
	for _, c := range []struct {
		cap  webrtc.RTPCodecCapability
		pt   webrtc.PayloadType
		kind webrtc.RTPCodecType
	}{{vp8, 97, webrtc.RTPCodecTypeVideo}, {opus, 110, webrtc.RTPCodecTypeAudio}} {
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c.cap, PayloadType: c.pt}, c.kind); err != nil {
			return nil, err
		}
	}
	reg := &interceptor.Registry{}
	if sends {
		responder, err := nack.NewResponderInterceptor()
		if err != nil {
			return nil, err
		}
		reports, err := report.NewSenderInterceptor()
		if err != nil {
			return nil, err
		}
		reg.Add(responder)
		reg.Add(reports)
	} else {
		asks, err := nack.NewGeneratorInterceptor()
		if err != nil {
			return nil, err
		}
		reg.Add(asks)
	}
	se := webrtc.SettingEngine{LoggerFactory: quiet()}
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetIPFilter(e.local.Equal)
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(reg), webrtc.WithSettingEngine(se)).
		NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{e.cert}})
}

var (
	vp8 = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"},
	}}
	opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
)

// call is one WHIP or WHEP session.
type call struct {
	c       *crowd
	pc      *webrtc.PeerConnection
	token   string
	session string // URL to DELETE
}

// open posts the offer of pc to a door of a room (RFC 9725 §4.2) and applies
// the answer.
func (l *call) open(ctx context.Context, room, door, token string) error {
	l.token = token
	offer, err := l.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(l.pc)
	if err := l.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return ctx.Err()
	}
	at := strings.TrimSuffix(l.c.target.URL, "/") + "/api/v1/rooms/" + room + "/" + door
	answer, err := l.post(ctx, at, l.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	return l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// post sends an offer, and again when the server says it is too many at once.
func (l *call) post(ctx context.Context, at, offer string) (string, error) {
	for {
		res, err := l.do(ctx, http.MethodPost, at, offer)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		_ = res.Body.Close()
		if err != nil {
			return "", err
		}
		switch res.StatusCode {
		case http.StatusCreated:
			where, err := res.Location()
			if err != nil {
				return "", fmt.Errorf("POST %s: %w", at, err)
			}
			l.session = where.String()
			return string(body), nil
		case http.StatusTooManyRequests:
			seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
			if err := sleep(ctx, min(max(time.Duration(seconds)*time.Second, 100*time.Millisecond), 5*time.Second)); err != nil {
				return "", err
			}
		default:
			return "", fmt.Errorf("POST %s: %s: %.200s", at, res.Status, body)
		}
	}
}

func (l *call) do(ctx context.Context, method, at, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/sdp")
	}
	return l.c.http.Do(req)
}

// hangUp ends the session and the connection, whichever of them there are.
func (l *call) hangUp(ctx context.Context) {
	if l.session != "" {
		if res, err := l.do(ctx, http.MethodDelete, l.session, ""); err == nil {
			_ = res.Body.Close()
		}
	}
	if l.pc != nil {
		_ = l.pc.Close()
	}
}

// errEnded is why a client stopped on its own.
var errEnded = errors.New("the connection failed")
