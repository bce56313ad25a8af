// Package devicesecurity holds the checks of the topic device security: how
// the product and its software are protected, and how weaknesses are reported
// and mended.
package devicesecurity
