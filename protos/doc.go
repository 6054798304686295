// Package protos is the home of memactor's gRPC contract: the .proto files, the
// code generated from them (shard/v1) and the allocation-free encoder and
// decoder of the same bytes (wire).
package protos
