package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/memactor/memactor/cluster/shard"
)

// openCopy starts from the map on disk, if there is one, and keeps it up to date.
// A copy that cannot be read is as good as none; one of another cluster is a
// mistake that has to be sorted out first.
func (c *Consul) openCopy() error {
	path := c.options.Copy
	if path == "" {
		return nil
	}
	m, err := loadCopy(path)
	switch {
	case errors.Is(err, shard.ErrMap), errors.Is(err, shard.ErrShards):
		c.log.Warn().Err(err).Str("copy", path).Msg("the copy of the shard map cannot be read; starting without")
	case err != nil:
		return fmt.Errorf("%w: copy of the shard map: %w", ErrOptions, err)
	case m != nil && !strings.HasPrefix(m.ClusterID(), c.options.Cluster+"/"):
		return fmt.Errorf("%w: %s is the copy of %s's map, not of %s's", ErrOtherCluster, path, m.ClusterID(), c.options.Cluster)
	case m != nil:
		c.log.Info().Stringer("map", m).Str("copy", path).Msg("starting from the copy of the shard map")
		c.take(m)
	}
	c.goDo(func(ctx context.Context) { c.keepCopy(ctx, m) })
	return nil
}

// copyHint is where a map that is in the way may have come from.
func (c *Consul) copyHint() string {
	if c.options.Copy == "" {
		return ""
	}
	return fmt.Sprintf(" (its copy is %s: remove that to be of the other cluster)", c.options.Copy)
}

// keepCopy writes each newer map than the one that is written. It is late rather than in anybody's way.
func (c *Consul) keepCopy(ctx context.Context, written *shard.Map) {
	for m := range c.maps.watch(ctx) {
		if m == written {
			continue
		}
		if err := saveCopy(c.options.Copy, m); err != nil {
			c.log.Error().Err(err).Msg("the copy of the shard map could not be written")
		}
	}
}

// loadCopy reads a map; none, if there is no file.
func loadCopy(path string) (*shard.Map, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return shard.Decode(data)
}

// saveCopy replaces the file: at any moment, a crash leaves the old one or the new
// one.
func saveCopy(path string, m *shard.Map) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(shard.Encode(m))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename last.
func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
