<?php
// Receives events from Acuse: verifies each one, stores it once, and answers when it is stored.
declare(strict_types=1);

// The answer unless the end is reached: PHP answers 200 to an error that it displays. Acuse sends the event again.
http_response_code(500);

/** Whether the request was signed with the secret, as Standard Webhooks, within the last five minutes. */
function is_signed(string $body, string $secret): bool
{
    $key = base64_decode(substr($secret, strlen('whsec_')), true);
    if (!str_starts_with($secret, 'whsec_') || !$key) {
        throw new RuntimeException('WEBHOOK_SECRET must be the secret that acuse printed: whsec_ and base64');
    }
    [$id, $time] = [$_SERVER['HTTP_WEBHOOK_ID'] ?? '', $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? ''];
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    $signatures = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? ''); // two, while a secret is rotated
    $matching = array_filter($signatures, fn($signature) => hash_equals($expected, $signature));
    return $matching && abs(time() - (int) $time) <= 300;
}

$body = file_get_contents('php://input'); // the bytes as they were sent, which were signed
if (!is_signed($body, (string) getenv('WEBHOOK_SECRET'))) {
    http_response_code(401);
    exit("this was not signed with WEBHOOK_SECRET within the last five minutes\n");
}
$event = json_decode($body, true, flags: JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
$db = new PDO('sqlite:' . (getenv('DATABASE') ?: 'events.db')); // It throws an exception for every error.
$db->exec('CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, body TEXT NOT NULL)');
$db->exec('CREATE TABLE IF NOT EXISTS receipts (payment TEXT NOT NULL, amount TEXT)');
$db->beginTransaction();
$new = $db->prepare('INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING');
$new->execute([$event['id'], $body]);
if ($new->rowCount() && $event['kind'] === 'PaymentSucceeded') {
    $db->prepare('INSERT INTO receipts VALUES (?, ?)')->execute([$event['resource']['id'], $event['amount']]);
}
$db->commit();
http_response_code(204);
