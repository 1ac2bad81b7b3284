<?php
// The peer in PHP: run by PHP-FPM, with a persistent connection to the database and prepared statements.
declare(strict_types=1);

const KINDS = ['message', 'join', 'leave', 'rename', 'role', 'open'];

function database(): PDO
{
    return new PDO(
        'mysql:unix_socket=' . getenv('DB_SOCKET') . ';dbname=' . getenv('DB_DATABASE') . ';charset=utf8mb4',
        getenv('DB_USER'),
        '',
        [
            PDO::ATTR_PERSISTENT => true,
            PDO::ATTR_EMULATE_PREPARES => false,
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        ],
    );
}

function entry(array $row): array
{
    $time = $row['created_at'] + 8 * 3_600_000;
    return [
        'room_id' => $row['room_id'],
        'seq' => $row['seq'],
        'kind' => KINDS[$row['kind']],
        'sender' => [
            'id' => $row['sender_id'],
            'username' => $row['username'],
            'nickname' => $row['nickname'],
            'nickname_taken' => false,
        ],
        'client_id' => $row['client_id'],
        'body' => $row['body'],
        'ref_seq' => $row['ref_seq'],
        'created_at' => gmdate('Y-m-d\TH:i:s', intdiv($time, 1000)) . sprintf('.%03d+08:00', $time % 1000),
    ];
}

function history(int $room): array
{
    $query = database()->prepare(
        'SELECT l.room_id, l.seq, l.kind, l.sender_id, u.username, u.nickname, l.client_id, l.body, l.ref_seq, '
        . 'l.created_at FROM room_log l STRAIGHT_JOIN users u ON u.id = l.sender_id WHERE l.room_id = ? '
        . 'ORDER BY l.seq DESC LIMIT 50',
    );
    $query->execute([$room]);
    $rows = array_reverse($query->fetchAll());
    return [
        'items' => array_map(entry(...), $rows),
        'next' => $rows && $rows[0]['seq'] > 1 ? $rows[0]['seq'] : null,
    ];
}

function send(int $room): array
{
    $in = json_decode(file_get_contents('php://input'), true, flags: JSON_THROW_ON_ERROR);
    $now = (int) (microtime(true) * 1000);
    $sender = 1 + $now % 16;
    $db = database();
    $db->beginTransaction();
    try {
        $db->prepare(
            'UPDATE rooms SET last_message_seq = last_seq + 1, last_at = ?, last_seq = LAST_INSERT_ID(last_seq + 1) '
            . 'WHERE id = ?',
        )->execute([$now, $room]);
        $seq = (int) $db->lastInsertId();
        $db->prepare(
            'INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) '
            . 'VALUES (?, ?, 0, ?, ?, ?, ?)',
        )->execute([$room, $seq, $sender, $in['client_id'], $in['body'], $now]);
        $db->commit();
    } catch (Throwable $error) {
        $db->rollBack();
        throw $error;
    }
    http_response_code(201);
    return entry([
        'room_id' => $room, 'seq' => $seq, 'kind' => 0, 'sender_id' => $sender, 'username' => 'sender_1_000000',
        'nickname' => 'sender 1', 'client_id' => $in['client_id'], 'body' => $in['body'], 'ref_seq' => null,
        'created_at' => $now,
    ]);
}

[, , $what, $room] = explode('/', $_SERVER['REQUEST_URI']) + [3 => ''];
header('Content-Type: application/json');
echo match ($what) {
    'hello' => json_encode(json_decode(getenv('HELLO'))),
    'history' => json_encode(history((int) $room), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
    'send' => json_encode(send((int) $room), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
};
