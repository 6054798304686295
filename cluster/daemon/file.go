package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFile reads the YAML file at path: a flat map from setting to value, with
// the names of the flags. An empty path is no file; a file that is not there is
// an error.
func readFile(path string, fields []field) (layer, error) {
	if path == "" {
		return newLayer(), nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the path is the one that --config names
	if err != nil {
		return newLayer(), fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return parseFile(path, text, fields)
}

// parseFile goes over the nodes of the file rather than over a decoded map: the
// values stay as they were written (a zone called 010 is not the number 8), and
// an error can name the line.
func parseFile(path string, text []byte, fields []field) (layer, error) {
	found := newLayer()
	root, err := rootOf(text)
	if err != nil {
		return found, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	var errs []error
	for i := 0; root != nil && i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		where := fmt.Sprintf("%s:%d", path, key.Line)
		texts, err := readPair(key, value, fields, found)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrConfig, where, err))
			continue
		}
		found.set(key.Value, where, texts...)
	}
	return found, errors.Join(errs...)
}

// rootOf is the top map of the file, nil for an empty one.
func rootOf(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if !errors.Is(decoder.Decode(&second), io.EOF) {
		return nil, errors.New("more than one document")
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("not a map of settings")
	}
	return root, nil
}

func readPair(key, value *yaml.Node, fields []field, found layer) ([]string, error) {
	f, ok := find(fields, key.Value)
	if !ok {
		names := namesOf(fields)
		return nil, fmt.Errorf("unknown key %q = %s%s; allowed: %s", key.Value, shown(value),
			DidYouMean(key.Value, names), strings.Join(sorted(names), ", "))
	}
	if _, twice := found.values[key.Value]; twice {
		return nil, fmt.Errorf("key %q is there twice", key.Value)
	}
	return readValue(f, value)
}

// readValue is the value as text; only a list setting takes a list.
func readValue(f field, value *yaml.Node) ([]string, error) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	_, wantsList := f.at.(*[]string)
	if value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
		return []string{value.Value}, nil
	}
	if value.Kind != yaml.SequenceNode || !wantsList {
		return nil, fmt.Errorf("key %q = %s is not one value; allowed: %s", f.name, shown(value), f.allows())
	}
	texts := make([]string, 0, len(value.Content))
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("key %q holds %s; allowed: a list of values", f.name, shown(item))
		}
		texts = append(texts, item.Value)
	}
	return texts, nil
}

// shown is a value as it was written, on one line and not too long.
func shown(value *yaml.Node) string {
	const most = 60
	text, err := yaml.Marshal(value)
	if err != nil {
		return "(unreadable)"
	}
	line := strings.Join(strings.Fields(string(text)), " ")
	if len(line) > most {
		line = line[:most] + "..."
	}
	return line
}
