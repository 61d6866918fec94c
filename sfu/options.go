package sfu

import (
	"mentara/sfu/allocate"
	"mentara/sfu/layer"
)

// The cost of a layer nobody has measured yet, in bit/s, from the largest
// down: what browsers send at 720p.
var nominal = [...]int{1_700_000, 500_000, 160_000, 100_000}

// options are the layers t can be had in, by rising cost.
func (t *track) options(v View) []allocate.Option {
	if !t.video {
		bps := 40_000
		if list := *t.encodings.Load(); len(list) > 0 {
			bps = max(bps, int(list[0].rate.bps.Load()))
		}
		return []allocate.Option{{Bitrate: bps}}
	}
	encs := *t.encodings.Load()
	if len(t.rids) == 1 {
		if len(encs) == 0 {
			return nil
		}
		return encs[0].svcOptions(int(t.ceiling.Load()))
	}
	// Every layer that was offered is an option, also one that has not come
	// yet: a browser starts the large ones late, and stops those that nobody
	// wants. Wanting it is what makes it come.
	list := make([]allocate.Option, len(t.rids))
	for i := range list {
		below := len(t.rids) - 1 - i
		list[i] = allocate.Option{
			Layer:   layer.ID{Spatial: int8(i), Temporal: maxTemporal},
			Bitrate: nominal[min(below, len(nominal)-1)], Height: 720 >> below,
		}
	}
	for _, e := range encs {
		o := &list[e.index]
		if bps := int(e.rate.best.Load()); bps > 0 {
			o.Bitrate = bps
		}
		if h := int(min(e.width.Load(), e.height.Load())); h > 0 {
			o.Height = h
		}
	}
	return list
}

// maxTemporal asks for every temporal layer.
const maxTemporal = 7

// svcOptions are the spatial layers inside one stream. Each costs about a
// third of the one above it.
// ceiling is what the publisher was told to stay under, 0 for nothing.
func (e *encoding) svcOptions(ceiling int) []allocate.Option {
	n := max(1, min(int(e.spatials.Load()), 4))
	bps, height := int(e.rate.best.Load()), int(min(e.width.Load(), e.height.Load()))
	if bps == 0 {
		bps = nominal[0]
	}
	if ceiling > 0 {
		bps = min(bps, ceiling)
	}
	if height == 0 {
		height = 720
	}
	list := make([]allocate.Option, n)
	for i := n - 1; i >= 0; i-- {
		list[i] = allocate.Option{Layer: layer.ID{Spatial: int8(i), Temporal: maxTemporal}, Bitrate: bps, Height: height}
		bps, height = bps*3/10, height/2
	}
	return list
}
