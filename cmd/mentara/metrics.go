package main

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveMetrics answers Prometheus on the loopback listener of its own until ctx
// ends.
func (p *program) serveMetrics(ctx context.Context) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", p.cfg.Metrics)
	if err != nil {
		return err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{p})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { srv.Close() }) //nolint:errcheck // scrapes may break
	defer stop()
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// collector turns the counters the parts keep into metrics when asked. No label
// names a person or a room.
type collector struct{ *program }

// scrapeTimeout bounds the queries of one scrape.
const scrapeTimeout = 2 * time.Second

// Describe sends nothing: the set of metrics is not fixed (close codes).
func (c *collector) Describe(chan<- *prometheus.Desc) {}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType, name, help string, v float64, labels ...string) {
		keys, values := make([]string, 0, 2), make([]string, 0, 2)
		for i := 0; i+1 < len(labels); i += 2 {
			keys, values = append(keys, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("mentara_"+name, help, keys, nil), kind, v, values...)
	}
	gauge := func(name, help string, v int) { send(prometheus.GaugeValue, name, help, float64(v)) }
	count := func(name, help string, v uint64, labels ...string) {
		send(prometheus.CounterValue, name, help, float64(v), labels...)
	}

	m := c.media.Stats()
	gauge("sfu_rooms", "Rooms with someone in them.", m.Rooms)
	gauge("sfu_peers", "Participants and viewers.", m.Peers)
	gauge("sfu_peers_connected", "Of them, those with a working connection.", m.Connected)
	gauge("sfu_tracks", "Published sources.", m.Tracks)
	gauge("sfu_downtracks", "Slots that carry a source.", m.DownTracks)
	count("sfu_packets_total", "RTP packets.", m.PacketsIn, "direction", "in")
	count("sfu_packets_total", "RTP packets.", m.PacketsOut, "direction", "out")
	count("sfu_bytes_total", "RTP bytes.", m.BytesIn, "direction", "in")
	count("sfu_bytes_total", "RTP bytes.", m.BytesOut, "direction", "out")
	count("sfu_packets_lost_total", "Upstream packets lost for good.", m.PacketsLost)
	count("sfu_nacks_total", "Sequence numbers asked for again.", m.NACKsSent, "direction", "out")
	count("sfu_nacks_total", "Sequence numbers asked for again.", m.NACKsIn, "direction", "in")
	count("sfu_retransmitted_total", "Packets sent again.", m.Retransmitted)
	count("sfu_plis_total", "Key frame requests.", m.PLISent, "direction", "out")
	count("sfu_plis_total", "Key frame requests.", m.PLIIn, "direction", "in")
	count("sfu_layer_switches_total", "Simulcast and SVC layer switches.", m.LayerSwitches)
	count("sfu_dropped_total", "Packets over a cap or not allowed.", m.Dropped)
	count("sfu_padding_bytes_total", "Bandwidth probe bytes.", m.Padding)
	count("sfu_panics_total", "Recovered panics; each closed one peer.", m.Panics)

	h := c.hub.Stats()
	gauge("sockets", "Open sockets.", h.Sockets)
	gauge("socket_topics", "Topics with history or listeners.", h.Topics)
	count("sockets_opened_total", "Sockets opened.", h.Opened)
	count("sockets_refused_total", "Upgrades refused.", h.Refused)
	for code, n := range h.Closed {
		count("sockets_closed_total", "Sockets closed, by close code.", n, "code", strconv.Itoa(code))
	}
	count("socket_messages_total", "Frames.", h.Received, "direction", "in")
	count("socket_messages_total", "Frames.", h.Sent, "direction", "out")
	count("socket_requests_total", "Requests answered.", h.Requests)
	for status, n := range h.Failed {
		count("socket_request_failures_total", "Requests answered with an error, by status.", n, "status", strconv.Itoa(status))
	}
	count("socket_signals_lost_total", "Signals replaced by newer ones.", h.LostSignals)
	count("socket_panics_total", "Recovered panics; each closed one socket.", h.Panics)

	gauge("recordings_live", "Recordings being made, or asked for.", c.records.Making())

	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if o, err := c.store.Stats(ctx); err == nil {
		gauge("outbox_pending", "Facts not dispatched yet.", o.Pending)
		send(prometheus.GaugeValue, "outbox_oldest_seconds", "Age of the oldest of them.", o.Oldest.Seconds())
		gauge("outbox_retrying", "Reactions that failed and will be tried again.", o.Retrying)
		gauge("outbox_dead", "Reactions given up.", o.Dead)
	}
	if jobs, err := c.jobs.Stats(ctx); err == nil {
		for _, j := range jobs {
			for state, n := range map[string]int{"waiting": j.Waiting, "running": j.Running, "dead": j.Dead} {
				send(prometheus.GaugeValue, "jobs", "Durable jobs.", float64(n), "kind", j.Kind, "state", state)
			}
		}
	}
}
