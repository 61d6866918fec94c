package crowd

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used since it started.
type Usage struct {
	CPU time.Duration // user and system
	RSS int64         // bytes resident now
}

// userHZ is the unit of times in /proc: 100 a second on every Linux port Go has.
const userHZ = 100

var errProc = errors.New("not as proc(5) says")

// ProcessUsage reads /proc; there is none but on Linux.
func ProcessUsage(pid int) (Usage, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	return parseProcess(string(b), int64(os.Getpagesize()))
}

// parseProcess reads proc_pid_stat(5): fields 14 and 15 are user and system
// time, 24 the resident pages. The name in field 2 may hold anything, even
// parentheses.
func parseProcess(text string, page int64) (Usage, error) {
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(f) < 22 {
		return Usage{}, errProc
	}
	var sum [3]int64
	for i, at := range []int{11, 12, 21} {
		v, err := strconv.ParseInt(f[at], 10, 64)
		if err != nil || v < 0 {
			return Usage{}, errProc
		}
		sum[i] = v
	}
	return Usage{CPU: time.Duration(sum[0]+sum[1]) * time.Second / userHZ, RSS: sum[2] * page}, nil
}

// machineUsage is the CPU time of everything that runs on this machine.
func machineUsage() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	return parseMachine(string(b))
}

// parseMachine reads the first line of proc_stat(5): user, nice, system, idle,
// iowait, irq, softirq, steal. What the host took from a virtual machine
// (steal) counts as used, since nobody here could.
func parseMachine(text string) (time.Duration, error) {
	line, _, _ := strings.Cut(text, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, errProc
	}
	var sum int64
	for i, s := range f[1:9] {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v < 0 {
			return 0, errProc
		}
		if i != 3 && i != 4 {
			sum += v
		}
	}
	return time.Duration(sum) * time.Second / userHZ, nil
}
