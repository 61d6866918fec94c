package signaling_test

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mentara/signaling"
)

// bench opens n idle sockets that listen to one topic. Their client side is a
// bare TCP connection that speaks just enough WebSocket, so that what is
// measured is the server.
func bench(b *testing.B, n int) (*signaling.Hub, []net.Conn) {
	b.Helper()
	k := newBenchKit(b, n)
	conns := make([]net.Conn, n)
	var opening sync.WaitGroup
	var failed atomic.Value
	gate := make(chan struct{}, 64)
	for i := range conns {
		gate <- struct{}{}
		opening.Go(func() {
			defer func() { <-gate }()
			d := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, ReadBufferSize: 512, WriteBufferSize: 512}
			ws, _, err := d.Dial(k.url, nil)
			if err == nil {
				err = ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":1,"type":"hello","data":{"token":"user:%d"}}`, i))
			}
			if err == nil {
				err = ws.WriteMessage(websocket.TextMessage, []byte(`{"id":2,"type":"topic.subscribe","data":{"topic":"open:b"}}`))
			}
			for range 2 {
				if err == nil {
					_, _, err = ws.ReadMessage()
				}
			}
			if err != nil {
				failed.Store(err)
				return
			}
			conns[i] = ws.NetConn()
		})
	}
	opening.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return k.hub, conns
}

// BenchmarkIdleSocket prints the bytes that one authenticated idle socket
// costs: heap and stacks of the whole process, so the client's bare connection
// and the kernel-side poll entry of both ends are in it.
func BenchmarkIdleSocket(b *testing.B) {
	const n = 5000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, conns := bench(b, n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		for _, c := range conns {
			_ = c.Close()
		}
	}
	inUse := func(m runtime.MemStats) uint64 { return m.HeapInuse + m.StackInuse }
	b.ReportMetric(float64(inUse(after)-inUse(before))/n, "B/socket")
	b.ReportMetric(float64(after.StackInuse-before.StackInuse)/n, "stackB/socket")
}

// BenchmarkBroadcast publishes 200 bytes to n sockets and waits until the last
// has it.
func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{100, 1000, 9000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			hub, conns := bench(b, n)
			data := level{Who: fmt.Sprintf("%150s", "x"), Value: 1}
			var waiting atomic.Int64
			done := make(chan struct{}, 1)
			for _, c := range conns {
				go func() {
					buf := make([]byte, 512)
					for left := 0; ; {
						read, err := c.Read(buf)
						if err != nil {
							return
						}
						// One frame a time: header of 4 bytes says how long it is.
						if left == 0 {
							left = 4 + int(buf[2])<<8 + int(buf[3])
						}
						if left -= read; left <= 0 {
							left = 0
							if waiting.Add(-1) == 0 {
								done <- struct{}{}
							}
						}
					}
				}()
			}
			var worst time.Duration
			for b.Loop() {
				waiting.Store(int64(n))
				began := time.Now()
				hub.Publish("open:b", "test.level", data)
				<-done
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/socket")
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}

func BenchmarkPublishNobodyListens(b *testing.B) {
	k := newBenchKit(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		k.hub.Publish("open:x", "test.note", note{1})
	}
}

type benchKit struct {
	hub *signaling.Hub
	url string
}

func newBenchKit(b *testing.B, n int) benchKit {
	b.Helper()
	m := testMux()
	hub := signaling.NewHub(m, signaling.NewMemoryBroker(signaling.DefaultHistory()), signaling.Options{
		Authenticate: authenticate, Limits: signaling.Limits{Sockets: n + 100, Heartbeat: time.Hour},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: hub, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { _ = server.Close(); _ = hub.Shutdown(b.Context()) })
	return benchKit{hub, "ws://" + l.Addr().String()}
}
