package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// asProgram makes the test binary be mentara, for commands that start
// themselves a second time.
const asProgram = "TEST_AS_MENTARA=1"

func TestMain(m *testing.M) {
	name, value, _ := strings.Cut(asProgram, "=")
	if os.Getenv(name) == value {
		main()
	}
	os.Exit(m.Run())
}

func TestBench(t *testing.T) {
	var out, errs bytes.Buffer
	env := environment{vars: append(os.Environ(), asProgram, "MENTARA_LISTEN=nonsense"), stdout: &out, stderr: &errs}
	if code := run(t.Context(), env, []string{"bench", "--viewers", "3", "--rooms", "1", "--seconds", "1", "--recorded"}); code != 0 {
		t.Fatalf("code %d\n%s%s", code, &out, &errs)
	}
	for _, want := range []string{
		`(?m)^1 publisher, 3 viewers \(video\)$`, `(?m)^1 rooms of 2 `, `(?m)^1 rooms of 2 .*, recorded$`,
		`forwarded +[1-9]\d* packets/s`, `lost +\d+\.\d{4} %`, `delay +p50`, `server +\d+\.\d\d CPU-s, \d+\.\d µs for a packet, \d+ packets per CPU-second, [1-9]\d* MB`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in:\n%s", want, &out)
		}
	}
}

// Whoever presses Ctrl-C gets the prompt back soon and no server stays behind.
func TestBenchInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var out bytes.Buffer
	env := environment{vars: append(os.Environ(), asProgram), stdout: &out, stderr: &out}
	began := time.Now()
	if code := run(ctx, env, []string{"bench", "--seconds", "300"}); code != 1 {
		t.Errorf("code %d\n%s", code, &out)
	}
	if d := time.Since(began); d > 30*time.Second {
		t.Errorf("took %v to stop", d)
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range []string{"--viewers 201", "--rooms -1", "--seconds 0", "--url http://localhost:1", "--data x", "extra", "--fly"} {
		var out bytes.Buffer
		if code := run(t.Context(), environment{stdout: &out, stderr: &out}, append([]string{"bench"}, strings.Fields(args)...)); code != 2 {
			t.Errorf("%s: code %d\n%s", args, code, &out)
		}
	}
}
