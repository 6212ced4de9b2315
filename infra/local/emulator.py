"""Runs the emulator, which answers programs on this machine and refuses requests from browsers.

The emulator runs functions as processes of this machine and asks for no credentials, so any web page in the
developer's browser could run programs if its requests got through: neither a POST of text/plain nor following a link
needs CORS. Requests from browsers are recognised by headers that they add and no page can remove, and DNS rebinding by
the Host header. No SDK and no function sends any of these.
"""

import http.server

import ministack.app
from ministack.services import secretsmanager

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

emulator = ministack.app.app
parse_request = http.server.BaseHTTPRequestHandler.parse_request
put_secret_value = secretsmanager._put_secret_value


async def guard(scope, receive, send):
    kind = scope["type"]
    if kind == "lifespan":
        return await emulator(scope, receive, send)
    refused = reason(scope["headers"])
    if refused is None:
        return await emulator(scope, receive, without_cors(send))
    if kind == "websocket":
        # Closed before it is accepted, which is answered 403.
        return await send({"type": "websocket.close", "code": 1008})
    body = f"refused: {refused}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def reason(headers):
    """Why a request is refused, or None if no browser sent it."""
    sent = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    hosts = [value for name, value in sent if name == "host"]
    if len(hosts) != 1 or not is_loopback(hosts[0]):
        return "the emulator only answers as localhost"
    for name, value in sent:
        # Typed addresses are refused too, since a redirect can lead from there to here.
        if name in ("origin", "referer", "cookie") or name.startswith("sec-fetch-"):
            return f"a browser sent this ({name})"
        # Browsers that are too old to send those.
        if name == "user-agent" and value.startswith("Mozilla/"):
            return f"a browser sent this ({name})"
    return None


def is_loopback(host):
    """Whether the host is this machine, such as {api}.execute-api.localhost."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not port.isdecimal():
        name = host.lower()
    return name in LOOPBACK or name.endswith(".localhost")


def without_cors(send):
    """Removes the CORS headers, which would let other sites' pages read answers."""

    async def send_without(message):
        if "headers" in message:
            kept = [
                (name, value)
                for name, value in message["headers"]
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": kept}
        await send(message)

    return send_without


def parse_guarded(handler):
    """The same check for the ports where each function fetches its events."""
    if not parse_request(handler):
        return False
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in handler.headers.items()]
    refused = reason(headers)
    if refused is not None:
        handler.close_connection = True
        handler.send_error(403, f"refused: {refused}")
    return refused is None


def put_labelled(data):
    """Moves a staging label to the new version of a secret, as AWS does. The emulator would leave it on both.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html"""
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    for label in data.get("VersionStages", []):
        if secret and label not in ("AWSCURRENT", "AWSPREVIOUS"):
            secretsmanager._remove_stage_everywhere(secret, label)
    return put_secret_value(data)


if __name__ == "__main__":
    secretsmanager._put_secret_value = put_labelled
    http.server.BaseHTTPRequestHandler.parse_request = parse_guarded
    # main() looks this up when it starts serving.
    ministack.app.app = guard
    ministack.app.main()
