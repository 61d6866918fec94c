// Command load measures the SFU under a known load and prints what a packet
// costs. It starts itself a second time for the clients, so that the figures
// are of the SFU alone: user and system time of this process, by forwarded
// packet.
//
//	go run ./sfu/sfutest/load            # every scenario
//	go run ./sfu/sfutest/load -run 1x100 # one publisher, 100 viewers
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"mentara/sfu"
)

// scenario is rooms of publishers and viewers.
type scenario struct {
	Name          string
	Rooms         int
	Publishers    int // per room; each also views the others
	Viewers       int // per room, over WHEP
	Warm, Measure time.Duration
}

func scenarios() []scenario {
	return []scenario{
		{Name: "1x1", Rooms: 1, Publishers: 1, Viewers: 1},
		{Name: "1x10", Rooms: 1, Publishers: 1, Viewers: 10},
		{Name: "1x100", Rooms: 1, Publishers: 1, Viewers: 100},
		{Name: "10x2", Rooms: 10, Publishers: 2},
	}
}

func main() {
	only := flag.String("run", "", "run one scenario by name")
	seconds := flag.Int("seconds", 10, "how long to measure each")
	profile := flag.String("cpuprofile", "", "write a CPU profile of the SFU here")
	clients := flag.String("clients", "", "internal: be the clients of the SFU at this URL")
	spec := flag.String("spec", "", "internal: the scenario to play")
	flag.Parse()
	if *clients != "" {
		if err := play(*clients, *spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("%-7s %10s %10s %12s %14s %10s %8s\n", "load", "in/s", "out/s", "µs/packet", "packets/CPU-s", "allocs/pkt", "loss")
	for _, s := range scenarios() {
		if *only != "" && *only != s.Name {
			continue
		}
		s.Warm, s.Measure = 4*time.Second, time.Duration(*seconds)*time.Second
		if err := measure(s); err != nil {
			fmt.Fprintln(os.Stderr, s.Name+":", err)
			os.Exit(1)
		}
	}
}

// measure runs the SFU here and the clients in a process of their own.
func measure(s scenario) error {
	e, err := sfu.New(sfu.Config{
		Listen: netip.MustParseAddr("127.0.0.1"), TCP: true, Limits: sfu.Limits{ViewersPerRoom: 1000, PeersPerRoom: 1000},
	})
	if err != nil {
		return err
	}
	defer e.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler(e), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0], "-clients", "http://"+l.Addr().String(), "-spec", string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		_ = cmd.Process.Kill()
		return fmt.Errorf("clients did not come up: %q", lines.Text())
	}
	time.Sleep(s.Warm)
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	st0, cpu0 := e.Stats(), cpu()
	time.Sleep(s.Measure)
	st1, cpu1 := e.Stats(), cpu()
	runtime.ReadMemStats(&m1)
	if !lines.Scan() {
		return fmt.Errorf("clients ended early")
	}
	loss := lines.Text()
	if err := cmd.Wait(); err != nil {
		return err
	}
	sent := float64(st1.PacketsOut - st0.PacketsOut)
	if sent == 0 {
		return fmt.Errorf("nothing was forwarded: %+v", st1)
	}
	used := (cpu1 - cpu0).Seconds()
	fmt.Printf("%-7s %10.0f %10.0f %12.2f %14.0f %10.2f %8s\n", s.Name,
		float64(st1.PacketsIn-st0.PacketsIn)/s.Measure.Seconds(), sent/s.Measure.Seconds(),
		used*1e6/sent, sent/used, float64(m1.Mallocs-m0.Mallocs)/sent, loss)
	return nil
}

// handler carries offers: WHEP for viewers, and a plain POST for participants.
func handler(e *sfu.Engine) http.Handler {
	mux := http.NewServeMux()
	access := func(r *http.Request) (sfu.Access, error) {
		room := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
		return sfu.Access{Room: room, Identity: r.Header.Get("Authorization"), Subscribe: true}, nil
	}
	mux.Handle("/{room}/whep", e.WHEP(sfu.WHIPOptions{Authorize: access}))
	mux.HandleFunc("POST /{room}/join/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer, err := join(r.Context(), e, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"sdp": answer})
	})
	return mux
}

func join(ctx context.Context, e *sfu.Engine, r *http.Request) (string, error) {
	var req offer
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return "", err
	}
	room, err := e.Room(r.PathValue("room"))
	if err != nil {
		return "", err
	}
	p, err := room.Join(sfu.JoinOptions{ID: r.PathValue("id"), Publish: true, Subscribe: true})
	if err != nil {
		return "", err
	}
	return p.Offer(ctx, req.SDP, req.Tracks)
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
