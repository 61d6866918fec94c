package main

import (
	"flag"

	"mentara/configs"
)

// settings are the flags every command that reads the configuration has. A flag
// that was given overrides the environment, which overrides the file.
type settings struct {
	*flag.FlagSet
	env  environment
	file *string
}

// configFlags maps a flag to the configuration key it overrides.
var configFlags = []struct{ name, key, usage string }{
	{"data", "data", "directory for the database, keys and recordings"},
	{"listen", "listen", "address of the web server, as host:port"},
	{"media-port", "media.port", "UDP and TCP port of the media plane"},
	{"public-url", "publicUrl", "address people type into the browser"},
	{"behind-proxy", "behindProxy", "a proxy in front speaks TLS"},
}

func newSettings(name string, env environment) settings {
	set := flag.NewFlagSet("mentara "+name, flag.ContinueOnError)
	set.SetOutput(env.stderr)
	s := settings{FlagSet: set, env: env, file: set.String("config", "", "configuration file (YAML)")}
	for _, f := range configFlags {
		if f.key == "behindProxy" {
			set.Bool(f.name, false, f.usage)
			continue
		}
		set.String(f.name, "", f.usage)
	}
	return s
}

// load parses args and returns the configuration they lead to. defaults are
// used where neither file, environment nor flag says otherwise.
func (s settings) load(args []string) (configs.Config, error) {
	if err := s.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return configs.Config{}, err
		}
		return configs.Config{}, usageError(err.Error())
	}
	if s.NArg() > 0 {
		return configs.Config{}, usageError("unexpected argument " + s.Arg(0))
	}
	overrides := map[string]string{}
	s.Visit(func(f *flag.Flag) {
		for _, known := range configFlags {
			if known.name == f.Name {
				overrides[known.key] = f.Value.String()
			}
		}
	})
	return configs.Load(*s.file, s.env.vars, overrides)
}
