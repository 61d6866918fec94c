// Command fakemedia writes the camera and microphone of one synthetic person,
// for Chromium's --use-file-for-fake-video-capture and -audio-capture.
//
// The picture carries a person number and a frame counter as black and white
// blocks, so that a test can read on the far side whose frame arrived and
// which one. The sound is a short beep at each full second. The blocks are wide
// enough to survive the quarter-size simulcast layer.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"log"
	"math"
	"os"
	"path/filepath"
)

const (
	counterBits = 12
	personBits  = 4
	bits        = counterBits + personBits
	sampleRate  = 48000
)

func main() {
	dir := flag.String("dir", ".", "where to write person-N.mjpeg and person-N.wav")
	person := flag.Int("person", 1, "number of the person, 1 to 15")
	width := flag.Int("width", 640, "picture width in pixels")
	height := flag.Int("height", 360, "picture height in pixels")
	fps := flag.Int("fps", 30, "frames per second")
	seconds := flag.Int("seconds", 10, "length before it repeats")
	flag.Parse()

	base := filepath.Join(*dir, fmt.Sprintf("person-%d", *person))
	video, err := picture(*person, *width, *height, *fps**seconds)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(base+".mjpeg", video, 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(base+".wav", beeps(*seconds, 600+200*float64(*person)), 0o644); err != nil {
		log.Fatal(err)
	}
}

// picture renders the frames as concatenated JPEGs, which is what Chromium
// reads as MJPEG.
func picture(person, width, height, frames int) ([]byte, error) {
	var out bytes.Buffer
	hue := color.RGBA{uint8(60 + 40*person%160), uint8(160 - 30*person%120), 140, 255}
	for n := range frames {
		img := image.NewRGBA(image.Rect(0, 0, width, height))
		draw.Draw(img, img.Bounds(), image.NewUniform(hue), image.Point{}, draw.Src)
		// A moving disc keeps the encoder honestly busy.
		cx := float64(width) * (0.5 + 0.3*math.Sin(2*math.Pi*float64(n)/float64(frames)*3))
		disc(img, int(cx), height/4, height/8)
		word := person<<counterBits | n%(1<<counterBits)
		for b := range bits {
			shade := color.Gray{Y: 16}
			if word>>(bits-1-b)&1 == 1 {
				shade = color.Gray{Y: 235}
			}
			cell := image.Rect(width*b/bits, height/2, width*(b+1)/bits, height*3/4)
			draw.Draw(img, cell, image.NewUniform(shade), image.Point{}, draw.Src)
		}
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func disc(img *image.RGBA, cx, cy, r int) {
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			if x*x+y*y <= r*r {
				img.Set(cx+x, cy+y, color.RGBA{240, 230, 210, 255})
			}
		}
	}
}

// beeps is a mono 16-bit WAV with 120 ms of tone at each full second.
func beeps(seconds int, hertz float64) []byte {
	samples := make([]int16, seconds*sampleRate)
	for i := range samples {
		if at := i % sampleRate; at < sampleRate*12/100 {
			samples[i] = int16(12000 * math.Sin(2*math.Pi*hertz*float64(at)/sampleRate))
		}
	}
	size := uint32(len(samples) * 2)
	var out bytes.Buffer
	for _, v := range []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(sampleRate), uint32(sampleRate * 2), uint16(2), uint16(16), []byte("data"), size, samples,
	} {
		binary.Write(&out, binary.LittleEndian, v) //nolint:errcheck // a bytes.Buffer does not fail
	}
	return out.Bytes()
}
