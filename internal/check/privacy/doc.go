// Package privacy holds the checks of the topic privacy: what the product takes in about people, what it says about that, and what people can do about it.
package privacy
