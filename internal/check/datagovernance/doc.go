// Package datagovernance holds the checks of the topic data governance: who may use data, for what and how long, and how people get it back.
package datagovernance
