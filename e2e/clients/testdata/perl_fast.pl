# Perl's Cache::Memcached::Fast against HOST:PORT. It ends with the first answer that is not as expected.
use strict;
use warnings;
use Cache::Memcached::Fast;
use Time::HiRes qw(sleep time);

my $client = Cache::Memcached::Fast->new({
    servers => [$ARGV[0]], connect_timeout => 10, io_timeout => 10, max_failures => 0, compress_threshold => -1, max_size => 4 << 20,
});

# The client answers undef for no answer, '' for no, 1 for yes.
sub expect {
    my ($what, $got, $want) = @_;
    my ($g, $w) = map { defined $_ ? "'$_'" : 'undef' } $got, $want;
    die "$what: got $g, not $w\n" if $g ne $w;
}

# Waits until the key has expired.
sub gone {
    my ($key) = @_;
    my $deadline = time + 10;
    while (defined $client->get($key)) {
        die "$key: still there after 10 s\n" if time > $deadline;
        sleep 0.05;
    }
}

expect('flush_all', $client->flush_all->{$ARGV[0]}, 1);

expect('get of nothing', $client->get('a'), undef);
expect('replace of nothing', $client->replace('a', 'x'), '');
expect('append to nothing', $client->append('a', 'x'), '');
expect('add', $client->add('a', '1'), 1);
expect('add of what is there', $client->add('a', '2'), '');
expect('append', $client->append('a', '2'), 1);
expect('prepend', $client->prepend('a', '0'), 1);
expect('get', $client->get('a'), '012');
expect('replace', $client->replace('a', [1, { x => 'y' }]), 1);
expect('get of a structure', $client->get('a')->[1]{x}, 'y');

my ($cas) = @{ $client->gets('a') };
expect('cas', $client->cas('a', $cas, 'swapped'), 1);
expect('cas of the old', $client->cas('a', $cas, 'x'), '');
expect('cas of nothing', $client->cas('nothing', $cas, 'x'), '');
expect('get after them', $client->get('a'), 'swapped');

expect('incr of nothing', $client->incr('n', 1), '');
expect('set', $client->set('n', '18446744073709551610'), 1);
expect('incr', $client->incr('n', 5), '18446744073709551615');
expect('decr', $client->decr('n', 18446744073709551614), 1);
expect('incr of a text', $client->incr('a', 1), undef);

expect('set for a second', $client->set('short', 'x', 1), 1);
expect('touch of nothing', $client->touch('nothing', 10), '');
expect('touch', $client->touch('n', 1), 1);
expect('gat', $client->gat(100, 'a'), 'swapped');
expect('gats', $client->gats(100, 'a')->[1], 'swapped');
gone('short');
gone('n');

my %many = map { ("many-$_" => $_ x $_) } 1 .. 300;
my $stored = $client->set_multi(map { [$_, $many{$_}] } keys %many);
expect('set_multi', scalar(grep { $_ } values %$stored), 300);
my $found = $client->get_multi(keys %many, 'missing');
expect('get_multi', scalar(keys %$found), 300);
expect("get_multi of $_", $found->{$_}, $many{$_}) for keys %many;
expect('gets_multi', scalar(keys %{ $client->gets_multi(keys %many) }), 300);
expect('delete_multi', scalar(grep { $_ } values %{ $client->delete_multi(keys %many) }), 300);
expect('get_multi of the deleted', scalar(keys %{ $client->get_multi(keys %many) }), 0);

# Without a wish for an answer the next one has to be of the next command.
$client->set('quiet', $_) for 1 .. 100;
expect('get behind stores without a reply', $client->get('quiet'), 100);

expect('set of 2 MB', $client->set('a', 'x' x (2 << 20)), undef);
expect('get after it', $client->get('a'), undef);
expect('delete', $client->delete('quiet'), 1);
expect('delete again', $client->delete('quiet'), '');
expect('server_versions', substr($client->server_versions->{$ARGV[0]}, 0, 2), '1.');
