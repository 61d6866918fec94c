package configs

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestExampleIsTheDefaults(t *testing.T) {
	got, err := Load("mentara.example.yaml", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("example differs from the defaults:\n got %+v\nwant %+v", got, want)
	}
	text, err := os.ReadFile("mentara.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range leaves("", reflect.ValueOf(Default())) {
		name := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(string(text), name+":") {
			t.Errorf("the example does not mention %s", key)
		}
	}
}

func TestOverlay(t *testing.T) {
	file := write(t, "listen: 127.0.0.1:1\nmedia:\n  port: 2\n  publicIPs: [192.0.2.1]\nrooms:\n  seatGrace: 45s\n")
	got, err := Load(file,
		[]string{"MENTARA_MEDIA_PORT=3", "MENTARA_LISTEN=127.0.0.1:4", "MENTARA_MEDIA_PUBLIC_IPS=192.0.2.2, 2001:db8::1", "HOME=/", "MENTARA_TEST_POSTGRES=x"},
		map[string]string{"listen": "127.0.0.1:5"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:5" {
		t.Errorf("a flag does not beat the environment: %s", got.Listen)
	}
	if got.Media.Port != 3 {
		t.Errorf("the environment does not beat the file: %d", got.Media.Port)
	}
	if len(got.Media.PublicIPs) != 2 || got.Media.PublicIPs[1].String() != "2001:db8::1" {
		t.Errorf("list from the environment: %v", got.Media.PublicIPs)
	}
	if got.Rooms.SeatGrace != 45*time.Second {
		t.Errorf("duration from the file: %s", got.Rooms.SeatGrace)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		flags      map[string]string
		want       string // the whole error is this, after the file's directory is cut
	}{
		{name: "unknown key", file: "listen: 127.0.0.1:1\nlisen: x\n", want: "mentara.yaml:2: lisen: unknown key, did you mean listen?"},
		{name: "unknown nested key", file: "media:\n  prot: 1\n", want: "mentara.yaml:2: media.prot: unknown key, did you mean port?"},
		{name: "key twice", file: "data: a\ndata: b\n", want: "mentara.yaml:2: data: given twice"},
		{name: "text for a number", file: "\n\nmedia:\n  port: many\n", want: `mentara.yaml:4: media.port: expected a whole number, got "many"`},
		{name: "number without a unit", file: "rooms:\n  seatGrace: 30\n", want: `mentara.yaml:2: rooms.seatGrace: expected a duration such as 30s or 15m, got "30"`},
		{name: "list where one value belongs", file: "data: [a]\n", want: "mentara.yaml:1: data: expected text"},
		{name: "value where a list belongs", file: "trustedProxies: 10.0.0.0/8\n", want: "mentara.yaml:1: trustedProxies: expected a list of a network such as 10.0.0.0/8"},
		{name: "bad network", file: "trustedProxies:\n  - 10.0.0.0/8\n  - ten\n", want: `mentara.yaml:3: trustedProxies: expected a list of a network such as 10.0.0.0/8, got "ten"`},
		{name: "section as text", file: "tls: yes\n", want: "mentara.yaml:1: tls: expected keys and values"},
		{name: "two documents", file: "data: a\n---\ndata: b\n", want: "mentara.yaml: one document was expected"},
		{name: "alias", file: "data: &a x\ndatabase: *a\n", want: "mentara.yaml:2: database: aliases are not supported"},
		{name: "public address without TLS", file: "listen: :8080\n", want: "mentara.yaml:1: listen: :8080 is reachable from other machines, and browsers give no camera without TLS: expected tls.acme.domains, tls.cert and tls.key, or behindProxy"},
		{name: "the same by flag", flags: map[string]string{"listen": "0.0.0.0:80"}, want: "--listen: listen: 0.0.0.0:80 is reachable from other machines, and browsers give no camera without TLS: expected tls.acme.domains, tls.cert and tls.key, or behindProxy"},
		{name: "key without certificate", file: "tls:\n  key: k.pem\n", want: "default: tls.cert: expected tls.cert and tls.key together"},
		{name: "plain public URL", file: "publicUrl: http://example.org\n", want: `mentara.yaml:1: publicUrl: expected https: browsers give no camera to "http://example.org"`},
		{name: "proxy without public URL", file: "behindProxy: true\nlisten: :8080\n", want: "default: publicUrl: expected the https address of the proxy, since behindProxy is set"},
		{name: "metrics for everyone", file: "metrics: :9090\n", want: `mentara.yaml:1: metrics: expected a loopback host:port such as 127.0.0.1:9090, got ":9090"`},
		{name: "TURN without credentials", file: "media:\n  iceServers: [\"turn:turn.example.org:3478\"]\n", want: `mentara.yaml:2: media.iceServers: expected media.turnUsername and media.turnCredential for "turn:turn.example.org:3478"`},
		{name: "unknown variable", env: []string{"MENTARA_LISTN=x"}, want: "MENTARA_LISTN: unknown variable, did you mean MENTARA_LISTEN?"},
		{name: "bad variable", env: []string{"MENTARA_MEDIA_TCP=perhaps"}, want: `MENTARA_MEDIA_TCP: media.tcp: expected true or false, got "perhaps"`},
		{name: "another database", file: "database: mysql://x\n", want: "mentara.yaml:1: database: expected postgres://user@host/name, or nothing for SQLite"},
		{name: "certificate without a name", file: "listen: :443\ntls:\n  cert: c.pem\n  key: k.pem\n", want: "default: publicUrl: expected the https address people type, since listen names no host"},
		{name: "everyone is a proxy", file: "trustedProxies: [\"::/0\"]\n", want: "mentara.yaml:1: trustedProxies: ::/0 lets anyone name any client address: expected the networks of your proxies"},
		{name: "one port for two", file: "listen: 127.0.0.1:7881\n", want: "default: media.port: expected a port other than that of listen, or media.tcp: false"},
		{name: "address nobody reaches", file: "media:\n  publicIPs: [192.0.2.1, 0.0.0.0]\n", want: "mentara.yaml:2: media.publicIPs: expected addresses that browsers can reach, got 0.0.0.0"},
		{name: "port out of range", file: "media:\n  port: 70000\n", want: "mentara.yaml:2: media.port: expected a port from 0 (any) to 65535, got 70000"},
		{name: "practice without a name", file: "practice:\n  name: \" \"\n", want: "mentara.yaml:2: practice.name: expected 1 to 100 characters"},
		{name: "log level", file: "log:\n  level: loud\n", want: `mentara.yaml:2: log.level: expected debug, info, warn or error, got "loud"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = write(t, c.file)
			}
			_, err := Load(path, c.env, c.flags)
			if err == nil {
				t.Fatal("accepted")
			}
			if got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	_, err := Load(write(t, "lisen: a\nmedia:\n  port: x\n"), []string{"MENTARA_NOPE=1"}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("want three faults, got:\n%v", err)
	}
}

func TestPublic(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"loopback", Config{Listen: "127.0.0.1:8080"}, "http://localhost:8080"},
		{"given", Config{PublicURL: "https://call.example.org", Listen: ":1"}, "https://call.example.org"},
		{"ACME", Config{Listen: ":443", TLS: TLS{ACME: ACME{Domains: []string{"call.example.org"}}}}, "https://call.example.org"},
	} {
		if got := c.cfg.Public().String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	first, err := Secret(dir, "key", 32)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Secret(dir, "key", 32)
	if err != nil || string(first) != string(again) {
		t.Fatalf("not the same secret: %v", err)
	}
	info, _ := os.Stat(filepath.Join(dir, "key"))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if _, err := Secret(dir, "key", 64); err == nil {
		t.Error("a secret of another size was accepted")
	}
	if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Secret(dir, "key", 32); err == nil {
		t.Error("a secret others can read was accepted")
	}
}

func FuzzFile(f *testing.F) {
	example, err := os.ReadFile("mentara.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add("media:\n  port: 1\n")
	f.Add("a: &a [*a]\n")
	f.Add("? [x]\n: y\n")
	f.Add("tls: {acme: {domains: [x.y]}}\nlisten: \":443\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := assemble("f", []byte(text), nil, nil)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "f:") && !strings.HasPrefix(line, "default:") {
					t.Errorf("%q is refused without a place: %q", text, line)
				}
			}
			return
		}
		host, _, _ := net.SplitHostPort(cfg.Listen)
		if !loopback(host) && !cfg.hasTLS() && !cfg.BehindProxy {
			t.Errorf("%q listens for everyone without TLS", text)
		}
		if cfg.Public().Hostname() == "" {
			t.Errorf("%q has no public address", text)
		}
	})
}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mentara.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
