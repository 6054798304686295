<?php
// php-memcached against HOST:PORT, by the text or the binary protocol, with a user and a password if they are given.
// It ends with the first answer that is not as expected.

function expect(string $what, $got, $want): void {
    global $client;
    if ($got !== $want) {
        fwrite(STDERR, "$what: got " . json_encode($got) . ', not ' . json_encode($want) . ': ' . $client->getResultMessage() . "\n");
        exit(1);
    }
}

function code(string $what, int $want): void {
    global $client;
    expect("result code of $what", $client->getResultCode(), $want);
}

// Waits until the key has expired.
function gone(string $key): void {
    global $client;
    for ($deadline = microtime(true) + 10; $client->get($key) !== false; usleep(50000)) {
        expect("$key expires within 10 s", microtime(true) < $deadline, true);
    }
}

[, $address, $protocol] = $argv;
[$host, $port] = explode(':', $address);
$client = new Memcached();
$client->setOption(Memcached::OPT_BINARY_PROTOCOL, $protocol === 'binary');
$client->setOption(Memcached::OPT_CONNECT_TIMEOUT, 10000);
$client->setOption(Memcached::OPT_RECV_TIMEOUT, 10000000);
$client->setOption(Memcached::OPT_COMPRESSION, false);
if (isset($argv[4])) {
    $client->setSaslAuthData($argv[3], $argv[4]);
}
$client->addServer($host, (int)$port);
expect('flush', $client->flush(), true);

expect('get of nothing', $client->get('a'), false);
code('get of nothing', Memcached::RES_NOTFOUND);
expect('replace of nothing', $client->replace('a', 'x'), false);
expect('append to nothing', $client->append('a', 'x'), false);
expect('add', $client->add('a', '1'), true);
expect('add of what is there', $client->add('a', '2'), false);
expect('append', $client->append('a', '2'), true);
expect('prepend', $client->prepend('a', '0'), true);
expect('get', $client->get('a'), '012');
expect('replace', $client->replace('a', ['a' => [1, 2.5, null]]), true);

$extended = $client->get('a', null, Memcached::GET_EXTENDED);
expect('get with cas', $extended['value'], ['a' => [1, 2.5, null]]);
expect('cas', $client->cas($extended['cas'], 'a', 'swapped'), true);
expect('cas of the old', $client->cas($extended['cas'], 'a', 'x'), false);
code('cas of the old', Memcached::RES_DATA_EXISTS);
expect('cas of nothing', $client->cas($extended['cas'], 'nothing', 'x'), false);
code('cas of nothing', Memcached::RES_NOTFOUND);

expect('increment of nothing', $client->increment('n', 1), false);
expect('set', $client->set('n', 10), true);
expect('increment', $client->increment('n', 5), 15);
expect('decrement', $client->decrement('n', 50), 0);
if ($protocol === 'binary') {
    expect('increment of nothing, with 40 to begin with', $client->increment('new', 1, 40), 40);
    expect('increment of it', $client->increment('new', 2, 40), 42);
}
expect('increment of a text', $client->increment('a', 1), false);

expect('set for a second', $client->set('short', 'x', 1), true);
expect('touch of nothing', $client->touch('nothing', 10), false);
expect('touch', $client->touch('n', 1), true);
gone('short');
gone('n');

$many = [];
for ($i = 1; $i <= 300; $i++) {
    $many["many-$i"] = str_repeat((string)$i, $i);
}
expect('setMulti', $client->setMulti($many), true);
expect('getMulti', $client->getMulti([...array_keys($many), 'missing'], Memcached::GET_PRESERVE_ORDER), [...$many, 'missing' => null]);
expect('getDelayed', $client->getDelayed(array_keys($many), true), true);
expect('fetchAll', count($client->fetchAll()), 300);
expect('deleteMulti', array_unique(array_values($client->deleteMulti(array_keys($many)))), [true]);
expect('getMulti of the deleted', $client->getMulti(array_keys($many)), []);

expect('set of 2 MB', $client->set('a', str_repeat('x', 2 << 20)), false);
$client->quit();
expect('get after it', $client->get('a'), false);
code('get after it', Memcached::RES_NOTFOUND);
expect('set', $client->set('a', 'x'), true);
expect('delete', $client->delete('a'), true);
expect('delete again', $client->delete('a'), false);
code('delete again', Memcached::RES_NOTFOUND);
expect('getVersion', substr($client->getVersion()[$address], 0, 2), '1.');
expect('getStats', isset($client->getStats()[$address]['curr_items']), true);
