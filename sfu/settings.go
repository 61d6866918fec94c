package sfu

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// settings are pion's, for one connection: its buffers lead to c.
func (c *conn) settings() (se webrtc.SettingEngine, err error) {
	cfg := &c.engine.cfg
	se.LoggerFactory = pionLog{cfg.Log}
	se.BufferFactory = c.newBuffer
	// The answerer is DTLS server. Left to itself a browser takes that part
	// and then picks AES-CM-SHA1, which costs six times AES-GCM.
	if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return se, err
	}
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	se.SetICETimeouts(disconnectAfter, failAfter-disconnectAfter, 2*time.Second)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(cfg.IncludeLoopback)
	se.SetRemoteIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		return ok && cfg.sourceAllowed(a)
	})
	se.DisableActiveTCP(true) // we never dial where a client points
	se.SetReceiveMTU(1500)
	se.SetFireOnTrackBeforeFirstRTP(true)
	se.SetSCTPMaxReceiveBufferSize(256 << 10)
	se.SetSCTPMaxMessageSize(uint32(cfg.Limits.DataMessage) + 1024)
	se.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), connectWithin)
	})
	if len(cfg.PublicIPs) > 0 {
		err := se.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External: cfg.PublicIPs, AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace,
		})
		if err != nil {
			return se, fmt.Errorf("sfu: public IPs: %w", err)
		}
	}
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	switch {
	case cfg.Net != nil:
		se.SetNet(cfg.Net)
	default:
		se.SetICEUDPMux(c.engine.sockets.udp)
		if c.engine.sockets.tcp != nil {
			se.SetICETCPMux(c.engine.sockets.tcp)
			types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		}
	}
	se.SetNetworkTypes(types)
	return se, nil
}
