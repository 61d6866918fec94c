package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mentara/configs"
	"mentara/sfu/sfutest/crowd"
	"mentara/signaling/room"
)

// benchLoad is how much to measure.
type benchLoad struct {
	viewers, rooms, seconds int
	recorded                bool
}

// bench loads a server with plain WHIP and WHEP clients and prints what came of
// it. Without --url the server is a second process of this program on a
// directory that is removed afterwards, so that what it uses can be told from
// what the clients use. The figures never fail it: a slow machine is no error.
func bench(ctx context.Context, env environment, args []string) error {
	s := flag.NewFlagSet("mentara bench", flag.ContinueOnError)
	s.SetOutput(env.stderr)
	url := s.String("url", "", "load the server at this address, not one of our own")
	data := s.String("data", "", "with --url: the server's data directory, whose key signs the tokens")
	var load benchLoad
	s.IntVar(&load.viewers, "viewers", 100, "of the one publisher, 1 to 200; 0 leaves this out")
	s.IntVar(&load.rooms, "rooms", 10, "of two people, 1 to 100; 0 leaves this out")
	s.IntVar(&load.seconds, "seconds", 10, "to measure each, 1 to 300")
	s.BoolVar(&load.recorded, "recorded", false, "the rooms of two once more, with everybody recorded")
	if err := s.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError(err.Error())
	}
	switch {
	case s.NArg() > 0:
		return usageError("unexpected argument " + s.Arg(0))
	case load.viewers < 0 || load.viewers > 200 || load.rooms < 0 || load.rooms > 100 || load.seconds < 1 || load.seconds > 300:
		return usageError("--viewers, --rooms or --seconds is out of bounds")
	case (*url == "") != (*data == ""):
		return usageError("--url and --data go together")
	}
	if *url != "" {
		return measure(ctx, env, *url, *data, 0, load)
	}
	return withServer(ctx, env, func(url, data string, pid int) error {
		return measure(ctx, env, url, data, pid, load)
	})
}

// measure plays the load on one server; pid is its process, 0 if that is not
// ours.
func measure(ctx context.Context, env environment, url, data string, pid int, load benchLoad) error {
	cfg := configs.Default()
	cfg.Data = data
	tokens, err := openTokens(cfg)
	if err != nil {
		return err
	}
	target := crowd.Target{URL: url, Token: func(in, identity string, publish bool) (string, error) {
		t, err := tokens.Issue(room.Grant{Room: in, Identity: identity, Publish: publish, Subscribe: !publish, Admitted: true}, time.Hour)
		return t.Token, err
	}}
	if load.recorded {
		if err := recordable(ctx, env, url, data, &target, tokens); err != nil {
			return err
		}
	}
	if pid != 0 {
		target.Usage = func() (crowd.Usage, error) { return crowd.ProcessUsage(pid) }
	}
	var plans []crowd.Plan
	long := time.Duration(load.seconds) * time.Second
	if load.viewers > 0 {
		plans = append(plans, crowd.Broadcast(load.viewers, long))
	}
	if load.rooms > 0 {
		plans = append(plans, crowd.Conversations(load.rooms, long))
		if load.recorded {
			plans = append(plans, crowd.Conversations(load.rooms, long).AsRecorded())
		}
	}
	for _, p := range plans {
		report, err := crowd.Run(ctx, target, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := report.Print(env.stdout); err != nil {
			return err
		}
	}
	return nil
}

// serverStarts is how long the server may take to listen.
const serverStarts = time.Minute

// withServer runs `mentara serve` on an empty directory and free ports while
// use does its work.
func withServer(ctx context.Context, env environment, use func(url, data string, pid int) error) (err error) {
	data, err := os.MkdirTemp("", "mentara-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server := exec.CommandContext(ctx, program, "serve", "--data", filepath.Join(data, "server"), "--listen", "127.0.0.1:0", "--media-port", "0")
	server.Env = append(without(env.vars, "MENTARA_"), "MENTARA_LOG_FORMAT=json")
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 15 * time.Second
	logs, err := server.StderrPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	listening, ended := make(chan string, 1), make(chan string, 1)
	go func() { ended <- follow(logs, listening) }()
	defer func() {
		stop()
		<-ended       // Wait closes the pipe: read it to its end first
		server.Wait() //nolint:errcheck // we told it to end
	}()
	late := time.NewTimer(serverStarts)
	defer late.Stop()
	select {
	case address := <-listening:
		return use("http://"+address, filepath.Join(data, "server"), server.Process.Pid)
	case last := <-ended:
		ended <- last
		return fmt.Errorf("the server did not start: %s", last)
	case <-late.C:
		return errors.New("the server did not start within a minute")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// follow reads a server's log to its end: the address it listens on, and the
// last line.
func follow(r io.Reader, listening chan<- string) (last string) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = lines.Text()
		var event struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &event) == nil && event.Msg == "listening" {
			select {
			case listening <- event.Address:
			default:
			}
		}
	}
	_, _ = io.Copy(io.Discard, r) // a server nobody listens to would stop
	return last
}

// without drops the variables whose name begins with prefix.
func without(vars []string, prefix string) (rest []string) {
	for _, v := range vars {
		if !strings.HasPrefix(v, prefix) {
			rest = append(rest, v)
		}
	}
	return rest
}
