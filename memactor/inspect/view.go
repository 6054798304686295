package inspect

import "github.com/memactor/memactor/cluster/shard"

// View is one look at a cluster.
type View struct {
	// Cluster is the id of the cluster that the map is of.
	Cluster string `json:"cluster"`
	// Source says where the map is from.
	Source string `json:"source"`
	// Healthy is that there are no Problems: every shard is served by its owner,
	// and every process that is known of is well.
	Healthy bool `json:"healthy"`
	// Problems are what is wrong, a sentence each.
	Problems []string `json:"problems"`
	// Map is the newest map that anybody acts on.
	Map Map `json:"map"`
	// Coordinator is the id of the node that plans; nil: not known, or there is
	// none by design; "": none is elected now.
	Coordinator *string `json:"coordinator"`
	// Nodes are the members and the nodes of the map, in order of their ids.
	Nodes []Node `json:"nodes"`
	// Gateways are those that are announced; nil: not known.
	Gateways []Gateway `json:"gateways"`
	// Moves are the shards on their way.
	Moves []Move `json:"moves"`

	table *shard.Map
	from  map[shard.ID]string // of the moving shards: who serves it yet, "" for nobody
}

// Map says which shard map it is.
type Map struct {
	Version uint64 `json:"version"`
	// Shards is how many there are, Unowned how many of them nobody owns.
	Shards  int `json:"shards"`
	Unowned int `json:"unowned"`
}

// What a node is to the cluster, as Node.State has it.
const (
	// Live and Draining are a member's states.
	Live     = "live"
	Draining = "draining"
	// Gone nodes are in the map and are no members any more.
	Gone = "gone"
)

// Node is one shard node.
type Node struct {
	ID      string `json:"id"`
	Zone    string `json:"zone"`
	Address string `json:"address"`
	// State is Live, Draining or Gone.
	State string `json:"state"`
	// Shards is how many the map gives to the node.
	Shards int `json:"shards"`
	// Error is why the node's answer is missing or cannot be used; "": it has
	// answered, and what follows is what it said.
	Error string `json:"error"`
	// Keys and Memory are what the node holds, Memory and MemoryLimit in bytes.
	Keys        uint64 `json:"keys"`
	Memory      uint64 `json:"memory_bytes"`
	MemoryLimit uint64 `json:"memory_limit_bytes"`
	// MapVersion is that of the map which the node acts on.
	MapVersion uint64 `json:"map_version"`
}

// Gateway is one gateway.
type Gateway struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	// Status is Consul's: passing, warning, critical.
	Status string `json:"status"`
}

// Move is shards on their way from one node to another.
type Move struct {
	// From serves the shards yet; "": nobody.
	From string `json:"from"`
	// To owns them by the map, or, of a draining node's, will by the next one: "".
	To     string `json:"to"`
	Shards int    `json:"shards"`
}

// Place says who owns a shard.
type Place struct {
	Shard shard.ID `json:"shard"`
	Epoch uint64   `json:"epoch"`
	// Owner is the id of the node; "": none, and so are its address and zone.
	Owner   string `json:"owner"`
	Address string `json:"address"`
	Zone    string `json:"zone"`
}

func placeOf(m *shard.Map, id shard.ID) Place {
	owner, _ := m.Owner(id)
	return Place{Shard: id, Epoch: m.Epoch(id), Owner: owner.ID, Address: owner.Address, Zone: owner.Zone}
}

// Shard is one row of the map.
type Shard struct {
	Place
	// Moving is that the owner does not serve the shard yet, or another node does
	// still: From, "" for nobody.
	Moving bool   `json:"moving"`
	From   string `json:"from"`
	// Answers is that the owner has answered.
	Answers bool `json:"owner_answers"`
}

// Shards are the rows of the map.
func (v *View) Shards() []Shard {
	answers := map[string]bool{}
	for _, n := range v.Nodes {
		answers[n.ID] = n.Error == ""
	}
	rows := make([]Shard, v.table.Len())
	for i := range rows {
		id := shard.ID(i)
		rows[i].Place = placeOf(v.table, id)
		rows[i].From, rows[i].Moving = v.from[id]
		rows[i].Answers = answers[rows[i].Owner]
	}
	return rows
}

// Route says where a key lives.
type Route struct {
	// Key is as it was given; Base64 says that it stands for bytes.
	Key    string `json:"key"`
	Base64 bool   `json:"base64"`
	Place
	// Cluster and Version are of the map that says so, and Source is where that is from.
	Cluster string `json:"cluster"`
	Version uint64 `json:"map_version"`
	Source  string `json:"source"`
}

// Find is the route of key by the roster's map.
func (r *Roster) Find(key []byte) Route {
	return Route{
		Place:   placeOf(r.Map, r.Map.Of(key)),
		Cluster: r.Map.ClusterID(), Version: r.Map.Version(), Source: r.Source,
	}
}
