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
	portrait := flag.Bool("portrait", false, "draw someone sitting there instead of the blocks, for pictures of the product")
	flag.Parse()

	base := filepath.Join(*dir, fmt.Sprintf("person-%d", *person))
	paint := blocks
	if *portrait {
		paint = sitter
	}
	video, err := picture(paint, *person, *width, *height, *fps**seconds)
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
func picture(paint func(img *image.RGBA, person, n, frames int), person, width, height, frames int) ([]byte, error) {
	var out bytes.Buffer
	for n := range frames {
		img := image.NewRGBA(image.Rect(0, 0, width, height))
		paint(img, person, n, frames)
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// blocks paints the person number and the frame counter.
func blocks(img *image.RGBA, person, n, frames int) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	hue := color.RGBA{uint8(60 + 40*person%160), uint8(160 - 30*person%120), 140, 255}
	draw.Draw(img, img.Bounds(), image.NewUniform(hue), image.Point{}, draw.Src)
	// A moving disc keeps the encoder honestly busy.
	cx := float64(width) * (0.5 + 0.3*math.Sin(2*math.Pi*float64(n)/float64(frames)*3))
	ellipse(img, int(cx), height/4, height/8, height/8, color.RGBA{240, 230, 210, 255})
	word := person<<counterBits | n%(1<<counterBits)
	for b := range bits {
		shade := color.Gray{Y: 16}
		if word>>(bits-1-b)&1 == 1 {
			shade = color.Gray{Y: 235}
		}
		cell := image.Rect(width*b/bits, height/2, width*(b+1)/bits, height*3/4)
		draw.Draw(img, cell, image.NewUniform(shade), image.Point{}, draw.Src)
	}
}

// sitter paints a drawn person in a softly lit room, breathing.
func sitter(img *image.RGBA, person, n, frames int) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	rooms := [][2]color.RGBA{{{214, 226, 214, 255}, {150, 176, 160, 255}}, {{240, 226, 206, 255}, {206, 172, 140, 255}}, {{216, 224, 238, 255}, {150, 166, 196, 255}}}
	skins := []color.RGBA{{224, 182, 150, 255}, {150, 104, 78, 255}, {240, 204, 178, 255}}
	hairs := []color.RGBA{{74, 54, 44, 255}, {34, 28, 28, 255}, {170, 120, 64, 255}}
	shirts := []color.RGBA{{36, 92, 84, 255}, {198, 106, 74, 255}, {74, 84, 140, 255}}
	k := person % len(rooms)
	for y := range height {
		t := float64(y) / float64(height)
		line := color.RGBA{blend(rooms[k][0].R, rooms[k][1].R, t), blend(rooms[k][0].G, rooms[k][1].G, t), blend(rooms[k][0].B, rooms[k][1].B, t), 255}
		draw.Draw(img, image.Rect(0, y, width, y+1), image.NewUniform(line), image.Point{}, draw.Src)
	}
	breath := int(float64(height) * 0.006 * math.Sin(2*math.Pi*float64(n)/float64(frames)*3))
	cx, head := width/2, height*2/5+breath
	ellipse(img, cx, height+height/12+breath, height*11/20, height*2/5, shirts[k])
	draw.Draw(img, image.Rect(cx-height/16, head, cx+height/16, height*7/10), image.NewUniform(shade(skins[k], 0.92)), image.Point{}, draw.Src)
	ellipse(img, cx, head-height/28, height*10/53, height*10/44, hairs[k])
	ellipse(img, cx, head+height/40, height*10/64, height*10/50, skins[k])
	for _, side := range []int{-1, 1} {
		ellipse(img, cx+side*height/16, head, height/90, height/70, color.RGBA{40, 30, 30, 255})
	}
	ellipse(img, cx, head+height/9, height/22, height/110, color.RGBA{150, 70, 70, 255})
}

func blend(a, b uint8, t float64) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t) }

func shade(c color.RGBA, by float64) color.RGBA {
	return color.RGBA{blend(0, c.R, by), blend(0, c.G, by), blend(0, c.B, by), 255}
}

func ellipse(img *image.RGBA, cx, cy, rx, ry int, c color.RGBA) {
	for y := -ry; y <= ry; y++ {
		for x := -rx; x <= rx; x++ {
			if x*x*ry*ry+y*y*rx*rx <= rx*rx*ry*ry && (image.Point{X: cx + x, Y: cy + y}).In(img.Rect) {
				img.SetRGBA(cx+x, cy+y, c)
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
