package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"mentara/api/account"
	"mentara/configs"
	"mentara/internal/auth"
	"mentara/internal/blob"
	"mentara/recording"
	"mentara/signaling/room"
)

// newRecordings makes the recorder on the store that the configuration names.
func newRecordings(cfg configs.Config, o recording.Options) (*recording.Service, error) {
	var err error
	if o.Keys, o.Store, err = openRecordings(cfg); err != nil {
		return nil, err
	}
	o.Live = liveDir(cfg)
	if err := os.MkdirAll(o.Live, 0o700); err != nil {
		return nil, err
	}
	r := cfg.Recording
	o.Policy = recording.Policy{Version: r.PolicyVersion, Text: r.Policy, Purpose: r.Purpose}
	o.MaxLive, o.LowAt, o.Reserve = r.MaxLive, float64(r.LowDisk)/100, uint64(r.ReserveMB)<<20
	o.Space = func() (free, total uint64, err error) {
		var st unix.Statfs_t
		err = unix.Statfs(o.Live, &st)
		return st.Bavail * uint64(st.Bsize), st.Blocks * uint64(st.Bsize), err
	}
	return recording.New(o), nil
}

// liveDir is where recordings are while they are made.
func liveDir(cfg configs.Config) string { return filepath.Join(cfg.Data, "recordings", "live") }

// openRecordings opens the keys of recordings and the store of the finished
// ones.
func openRecordings(cfg configs.Config) (*blob.Keys, blob.Store, error) {
	keys, err := blob.OpenKeys(filepath.Join(cfg.Data, keysDir))
	if err != nil {
		return nil, nil, fmt.Errorf("recording keys: %w", err)
	}
	r := cfg.Recording
	if r.Store == "s3" {
		store, err := blob.NewS3(blob.S3Config{
			Endpoint: r.S3.Endpoint, Region: r.S3.Region, Bucket: r.S3.Bucket, Prefix: r.S3.Prefix,
			AccessKey: r.S3.AccessKey, SecretKey: r.S3.SecretKey, Insecure: r.S3.Insecure,
		})
		return keys, store, err
	}
	store, err := blob.NewDisk(filepath.Join(cfg.Data, "recordings", "store"))
	return keys, store, err
}

// recorder tells recordings what rooms tell.
type recorder struct{ *recording.Service }

func (r recorder) Present(in string, who room.Occupant) { r.Service.Present(in, occupant(who)) }

func occupant(o room.Occupant) recording.Occupant {
	role := recording.Guest
	switch o.Role {
	case room.RoleHost:
		role = recording.Host
	case room.RoleParticipant:
		role = recording.Participant
	}
	return recording.Occupant{
		Participant: o.Participant, Identity: o.Identity, Name: o.Name, Role: role, Client: o.Client, Tool: o.Tool,
		Microphone: o.Microphone, Camera: o.Camera, Screen: o.Screen, Sources: slices.Clone(o.Sources),
	}
}

// recorded lets recordings ask about rooms.
type recorded struct{ *room.Service }

func (r recorded) ForRecording(ctx context.Context, p auth.Principal, id string) (recording.Room, error) {
	found, err := r.Service.ForRecording(ctx, p, id)
	return roomOf(found), err
}

func (r recorded) InRoom(ctx context.Context, p auth.Principal, id string) (recording.Room, error) {
	found, err := r.Service.InRoom(ctx, p, id)
	return roomOf(found), err
}

func roomOf(r room.Recordable) recording.Room {
	out := recording.Room{
		ID: r.Room.ID, Meeting: r.Room.MeetingID, Title: r.Room.Title, Kind: string(r.Room.Kind),
		Host: recording.RecordingUser(r.Room.Host), Hosts: r.Hosts, Asker: r.Asker,
	}
	for _, o := range r.Present {
		out.Present = append(out.Present, occupant(o))
	}
	return out
}

// staff lets recordings ask about accounts.
type staff struct{ *account.Service }

func (a staff) Users(ctx context.Context, ids []string) (map[string]recording.User, error) {
	found, err := a.Service.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]recording.User, len(found))
	for id, u := range found {
		if u.Active() {
			out[id] = recording.User{Name: u.Name, Role: u.Role}
		}
	}
	return out, nil
}
