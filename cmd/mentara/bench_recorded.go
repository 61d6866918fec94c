package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"

	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/sfu/sfutest/crowd"
	"mentara/signaling/client"
	"mentara/signaling/room"
)

// benchHost begins the names of those who publish in a room and host it: they
// may start a recording.
const benchHost = "camera-0-"

// recordable gives a load rooms of a practice, which can be recorded. In each,
// the publishers stand for people: they join over the socket too, the first
// starts the recording and the others agree to it.
func recordable(ctx context.Context, env environment, url, data string, target *crowd.Target, tokens *room.TokenIssuer) error {
	signedIn, err := benchTherapist(ctx, env, url, data)
	if err != nil {
		return err
	}
	target.Token = func(in, identity string, publish bool) (string, error) {
		g := room.Grant{
			Room: in, Identity: identity, Publish: publish, Subscribe: !publish, Moderator: strings.HasPrefix(identity, benchHost), Admitted: true,
		}
		if publish {
			g.Session = "load" // a person's, who can be asked; a tool is never recorded
		}
		t, err := tokens.Issue(g, time.Hour)
		return t.Token, err
	}
	target.Rooms = func(ctx context.Context, n int) ([]string, error) {
		ids := make([]string, n)
		for i := range ids {
			var made struct{ ID string }
			if err := signedIn.post(ctx, "/api/v1/rooms", map[string]any{"title": "Load"}, &made); err != nil {
				return nil, err
			}
			ids[i] = made.ID
		}
		return ids, nil
	}
	target.Record = func(ctx context.Context, publishers map[string][]string) (func() error, error) {
		r := &benchRecording{url: "ws" + strings.TrimPrefix(url, "http") + "/api/v1/socket", token: target.Token}
		for in, identities := range publishers {
			if err := r.start(ctx, in, identities); err != nil {
				return nil, errors.Join(err, r.stop())
			}
		}
		return r.stop, nil
	}
	return nil
}

// benchTherapist adds a therapist at the console of a running server and signs
// in by link.
func benchTherapist(ctx context.Context, env environment, url, data string) (*benchClient, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &benchClient{url: url, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	cfg := configs.Default()
	cfg.Data = data
	err = withAccounts(ctx, env, cfg, func(accounts *account.Service) error {
		u, err := accounts.CreateUser(ctx, account.NewUser{
			Email: fmt.Sprintf("load-%d@example.org", time.Now().UnixNano()), Name: "Load", Role: auth.Therapist,
		})
		if err != nil {
			return err
		}
		link, err := accounts.CreateSignInLink(ctx, u.ID, time.Minute)
		if err != nil {
			return err
		}
		return c.post(ctx, "/api/v1/sign-in-links/"+link, nil, nil)
	})
	return c, err
}

// benchClient is a signed-in person without a browser.
type benchClient struct {
	url  string
	http *http.Client
}

func (c *benchClient) post(ctx context.Context, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, payload)
	if err != nil {
		return err
	}
	req.Header.Set("Origin", c.url)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", req.URL.Path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// benchRecording is the sockets of those who are recorded.
type benchRecording struct {
	url     string
	token   func(room, identity string, publish bool) (string, error)
	sockets []*client.Client
	hosts   map[*client.Client]string // the room each hosts
}

type (
	benchRoom struct {
		Room string `json:"room"`
	}
	benchConsent struct {
		Room          string `json:"room"`
		Recording     string `json:"recording"`
		Decision      string `json:"decision"`
		PolicyVersion string `json:"policyVersion"`
	}
	benchStatus struct {
		Recording struct{ ID, State, PolicyVersion string }
	}
)

// start has everybody of a room join over the socket, and the recording begin.
func (r *benchRecording) start(ctx context.Context, in string, identities []string) error {
	var who []*client.Client
	for _, identity := range identities {
		c, err := r.join(ctx, in, identity)
		if err != nil {
			return fmt.Errorf("%s joins: %w", identity, err)
		}
		who = append(who, c)
	}
	if r.hosts == nil {
		r.hosts = map[*client.Client]string{}
	}
	r.hosts[who[0]] = in
	status, err := client.Call[benchStatus](ctx, who[0], "recording.start", benchRoom{in})
	if err != nil {
		return err
	}
	for _, c := range who[1:] {
		status, err = client.Call[benchStatus](ctx, c, "recording.consent", benchConsent{
			Room: in, Recording: status.Recording.ID, Decision: "agreed", PolicyVersion: status.Recording.PolicyVersion,
		})
		if err != nil {
			return err
		}
	}
	if status.Recording.State != "recording" {
		return fmt.Errorf("all have agreed, and the recording is %s", status.Recording.State)
	}
	return nil
}

func (r *benchRecording) join(ctx context.Context, in, identity string) (*client.Client, error) {
	token, err := r.token(in, identity, true)
	if err != nil {
		return nil, err
	}
	c, err := client.Dial(ctx, r.url, client.Options{Token: token})
	if err != nil {
		return nil, err
	}
	r.sockets = append(r.sockets, c)
	go func() {
		for range c.Frames() { // a client that does not read is cut off
		}
	}()
	_, err = client.Call[json.RawMessage](ctx, c, "room.join", benchRoom{in})
	return c, err
}

// stop ends the recordings and closes the sockets.
func (r *benchRecording) stop() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for c, in := range r.hosts {
		if _, failed := client.Call[benchStatus](ctx, c, "recording.stop", benchRoom{in}); failed != nil {
			err = errors.Join(err, fmt.Errorf("stop recording %s: %w", in, failed))
		}
	}
	for _, c := range r.sockets {
		c.Close()
	}
	return err
}
