package crowd

import (
	"fmt"
	"io"
	"time"
)

// Report is what was measured.
type Report struct {
	Plan      Plan
	Up        time.Duration // from the first POST until everybody had media
	Measured  time.Duration
	Published uint64 // packets the publishers sent meanwhile
	Expected  uint64 // of them, as many as all viewers together should have
	Forwarded uint64 // arrived, each counted once
	Bytes     uint64 // RTP, as it arrived
	// Delay from a publisher's write to a viewer's read, both in this process.
	DelayP50, DelayP99, DelayMax time.Duration

	// Known says that what follows was measured. CPU is of the measured time.
	Known           bool
	Server, Clients Usage
	Machine         time.Duration // CPU time of all processes and the kernel

	delay delays
}

// between sets what two moments say together.
func (r *Report) between(a, b moment) {
	r.Measured = b.at.Sub(a.at)
	r.Known = a.known && b.known
	r.Server = Usage{CPU: b.server.CPU - a.server.CPU, RSS: b.server.RSS}
	r.Clients = Usage{CPU: b.clients.CPU - a.clients.CPU, RSS: b.clients.RSS}
	r.Machine = b.machine - a.machine
}

// add counts one viewer's packets of one source, numbered from to to.
func (r *Report) add(f *feed, from, to uint32) {
	r.Expected += uint64(to - from)
	r.Forwarded += f.had(from, to)
	f.mu.Lock()
	defer f.mu.Unlock()
	r.Bytes += f.bytes
	for i, n := range f.delay {
		r.delay[i] += n
	}
	r.DelayP50, r.DelayP99, r.DelayMax = r.delay.quantile(0.5), r.delay.quantile(0.99), r.delay.quantile(1)
}

// PacketsPerSecond is the rate at which packets were forwarded.
func (r Report) PacketsPerSecond() float64 { return over(float64(r.Forwarded), r.Measured.Seconds()) }

// LossPercent is the share of packets that did not reach a viewer who should
// have had them, repairs included.
func (r Report) LossPercent() float64 {
	return over(100*float64(r.Expected-min(r.Expected, r.Forwarded)), float64(r.Expected))
}

// PacketsPerCPUSecond is how many packets the server forwards for a second of
// one core, all it does included. 0 if unknown.
func (r Report) PacketsPerCPUSecond() float64 {
	return over(float64(r.Forwarded), r.Server.CPU.Seconds())
}

// CPUPerPacket is the inverse. 0 if unknown.
func (r Report) CPUPerPacket() time.Duration {
	return time.Duration(over(float64(r.Server.CPU), float64(r.Forwarded)))
}

func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	line := func(name, format string, args ...any) string {
		return fmt.Sprintf("  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	text := r.Plan.Name + "\n" +
		line("forwarded", "%.0f packets/s, %.1f Mbit/s, for %.1f s", r.PacketsPerSecond(), over(float64(r.Bytes)*8/1e6, r.Measured.Seconds()), r.Measured.Seconds()) +
		line("lost", "%.4f %% (%d of %d packets)", r.LossPercent(), r.Expected-min(r.Expected, r.Forwarded), r.Expected) +
		line("delay", "p50 %s, p99 %s, max %s", ms(r.DelayP50), ms(r.DelayP99), ms(r.DelayMax)) +
		line("all up in", "%s", ms(r.Up))
	if !r.Known {
		text += line("server", "CPU and memory not measured: not a process of this run")
	} else {
		others := max(0, r.Machine-r.Server.CPU-r.Clients.CPU)
		text += line("server", "%.2f CPU-s, %.1f µs for a packet, %.0f packets per CPU-second, %.0f MB resident",
			r.Server.CPU.Seconds(), float64(r.CPUPerPacket())/1e3, r.PacketsPerCPUSecond(), float64(r.Server.RSS)/1e6) +
			line("beside it", "clients %.2f CPU-s, everything else on the machine %.2f CPU-s", r.Clients.CPU.Seconds(), others.Seconds())
	}
	_, err := io.WriteString(w, text)
	return err
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
