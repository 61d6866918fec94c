// Command mentara is the whole product in one program: the web app, the API,
// the socket and the media plane.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// version is set by the build.
var version = "dev"

// command is one subcommand. Its run gets the arguments after its name.
type command struct {
	name    string
	args    string
	summary string
	run     func(ctx context.Context, env environment, args []string) error
}

// environment is what a subcommand may touch of the outside.
type environment struct {
	vars           []string // as os.Environ
	stdout, stderr io.Writer
}

var commands = []command{
	{"serve", "", "run the practice", serve},
	{"demo", "[--json]", "run a furnished practice to click through", demo},
	{"migrate", "", "bring the database to this version", migrate},
	{"user", "add --email E --name N --role R", "add a person; prints a one-time sign-in link", user},
	{"token", "--room R --identity I", "print a room access token for WHIP, WHEP or the API", token},
	{"recordings", "list|verify|export|erase|rotate-keys", "look after what was recorded", recordings},
	{"bench", "[--url U --data D]", "load a media plane and print figures", bench},
	{"check", "", "pass or fail: ports, disk, clock, TLS, TURN", check},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := environment{vars: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(run(ctx, env, os.Args[1:]))
}

// run starts the subcommand that args name and returns the exit code: 0, 1 for
// a failure, 2 for a call it does not understand.
func run(ctx context.Context, env environment, args []string) int {
	if len(args) == 0 {
		usage(env.stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "--help":
		usage(env.stdout)
		return 0
	case "version", "--version":
		fmt.Fprintln(env.stdout, version)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, env, args[1:])
		var bad usageError
		switch {
		case err == nil:
			return 0
		case errors.Is(err, flag.ErrHelp):
			return 0
		case errors.As(err, &bad):
			fmt.Fprintf(env.stderr, "mentara %s: %s\n\nusage: mentara %s %s\n", c.name, bad, c.name, c.args)
			return 2
		case errors.Is(err, errReported):
			return 1
		default:
			fmt.Fprintf(env.stderr, "mentara %s: %v\n", c.name, err)
			return 1
		}
	}
	fmt.Fprintf(env.stderr, "mentara: there is no command %q\n\n", args[0])
	usage(env.stderr)
	return 2
}

// usageError is a call that cannot be understood.
type usageError string

func (e usageError) Error() string { return string(e) }

// errReported ends a command whose output already says what is wrong.
var errReported = errors.New("reported")

func usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("Mentara, a video practice on your own machine.\n\nusage: mentara COMMAND [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("\nmentara COMMAND --help lists the flags of a command.\n")
	io.WriteString(w, b.String()) //nolint:errcheck // the terminal is gone
}
