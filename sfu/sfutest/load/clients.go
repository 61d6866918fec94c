package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"mentara/sfu"
	"mentara/sfu/sfutest"
)

// offer is what a participant posts.
type offer struct {
	SDP    string
	Tracks []sfu.TrackInfo
}

// play is the client process: it joins everyone, says "ready", waits until the
// measurement is over and prints the share of packets that never arrived.
func play(url, spec string) error {
	var s scenario
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var viewers []*sfutest.Bot
	for r := range s.Rooms {
		room := fmt.Sprintf("%s/room%d", url, r)
		for i := range s.Publishers {
			b, err := dial(ctx, s, fmt.Sprintf("%s/join/p%d", room, i))
			if err != nil {
				return fmt.Errorf("publisher: %w", err)
			}
			b.Publish()
			if s.Publishers > 1 {
				viewers = append(viewers, b)
			}
		}
		time.Sleep(300 * time.Millisecond) // until there is something to play
		for range s.Viewers {
			b, err := view(ctx, room+"/whep")
			if err != nil {
				return fmt.Errorf("viewer: %w", err)
			}
			viewers = append(viewers, b)
		}
	}
	fmt.Println("ready")
	time.Sleep(s.Warm + s.Measure)
	packets, missing := 0, 0
	for _, v := range viewers {
		p, m := v.Received()
		packets, missing = packets+p, missing+m
	}
	if packets == 0 {
		return fmt.Errorf("nothing arrived")
	}
	fmt.Printf("%.3f%%\n", float64(missing)*100/float64(packets+missing))
	return nil
}

func dial(ctx context.Context, s scenario, url string) (*sfutest.Bot, error) {
	o := sfutest.Options{
		Camera: true, Microphone: true, VideoSlots: s.Publishers - 1, AudioSlots: s.Publishers - 1,
		Offer: func(ctx context.Context, sdp string, tracks []sfu.TrackInfo) (string, error) {
			body, err := json.Marshal(offer{sdp, tracks})
			if err != nil {
				return "", err
			}
			text, err := post(ctx, url, "application/json", body)
			if err != nil {
				return "", err
			}
			var res struct{ SDP string }
			err = json.Unmarshal(text, &res)
			return res.SDP, err
		},
	}
	return up(ctx, o)
}

func view(ctx context.Context, url string) (*sfutest.Bot, error) {
	return up(ctx, sfutest.Options{
		Plain: true, VideoSlots: 1, AudioSlots: 1,
		Offer: func(ctx context.Context, sdp string, _ []sfu.TrackInfo) (string, error) {
			b, err := post(ctx, url, "application/sdp", []byte(sdp))
			return string(b), err
		},
	})
}

func up(ctx context.Context, o sfutest.Options) (*sfutest.Bot, error) {
	b, err := sfutest.Dial(ctx, o)
	if err != nil {
		return nil, err
	}
	return b, b.Connected(ctx)
}

func post(ctx context.Context, url, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Authorization", "load")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("status %d: %s", res.StatusCode, b)
	}
	return b, err
}
