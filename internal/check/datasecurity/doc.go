// Package datasecurity holds the checks of the topic data security: how data
// is protected on its way and where it rests, and how people and units prove
// who they are.
package datasecurity
