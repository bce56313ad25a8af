// Package image reads the headers of pictures: type, size, and what a camera
// wrote beside the picture.
//
// What it refuses to do: decode a pixel, run or load what a drawing refers
// to, or say what a picture shows. What can go wrong: a picture whose header
// is broken is refused; a header that is whole says nothing about the rest.
package image

import "github.com/open-iot-mark/iotmark"

// Facts are what was read out of one picture.
type Facts struct {
	Type   string `json:"type"`             // png, jpeg, gif, webp, avif, heic, svg
	Width  int    `json:"width,omitempty"`  // in pixels; 0: not said
	Height int    `json:"height,omitempty"` // in pixels; 0: not said
	Bytes  int64  `json:"bytes"`
	// Located says that the file carries the place where it was taken (EXIF
	// GPS, or the same in XMP). It should be taken out before publishing.
	Located bool         `json:"located,omitempty"`
	Taken   iotmark.Date `json:"taken,omitempty"`  // day the camera wrote
	Active  bool         `json:"active,omitempty"` // a drawing that holds a script
	Loads   bool         `json:"loads,omitempty"`  // a drawing that loads something from elsewhere
	Cut     bool         `json:"cut,omitempty"`    // the file ends before the picture does, or holds more than was looked at
}

// ContentDate returns the day the picture was taken, if the camera wrote it.
func (f *Facts) ContentDate() iotmark.Date { return f.Taken }
