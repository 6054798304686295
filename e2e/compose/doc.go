// Package compose runs docker-compose.yml as it is shipped, with the images that
// `make images` builds, and lets its containers be stopped, cut off and killed. Its
// tests need the build tag "containers" and a Docker engine: `make compose-test`.
package compose
