"""Runs the emulator, which answers programs on this machine and nothing that a browser sends.

It creates and runs functions as processes of this machine for whoever asks, without credentials. So
a page of any site that is open in the developer's browser could run programs, if its requests got
through: a POST of text/plain needs nobody's consent, nor does a GET that a link leads to. A browser
gives itself away by the headers that it adds and no page can remove, and a name that another site has
given to 127.0.0.1 by its Host. No SDK and no function sends any of these.
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
        # Before it is accepted: answered 403.
        return await send({"type": "websocket.close", "code": 1008})
    body = f"refused: {refused}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def reason(headers):
    """Why a request is refused; None for one that no browser's page has sent."""
    sent = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    hosts = [value for name, value in sent if name == "host"]
    if len(hosts) != 1 or not is_loopback(hosts[0]):
        return "the emulator answers as localhost alone"
    for name, value in sent:
        # Also what somebody has typed: a redirect of another site's leads on from there.
        if name in ("origin", "referer", "cookie") or name.startswith("sec-fetch-"):
            return f"a browser has sent this ({name})"
        # One that is too old for those.
        if name == "user-agent" and value.startswith("Mozilla/"):
            return f"a browser has sent this ({name})"
    return None


def is_loopback(host):
    """Its own names and those under localhost, such as {api}.execute-api.localhost."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or not port.isdecimal():
        name = host.lower()
    return name in LOOPBACK or name.endswith(".localhost")


def without_cors(send):
    """Nobody is told that another site's page may read an answer."""

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
    """The same for the ports at which the emulator gives each function its events."""
    if not parse_request(handler):
        return False
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in handler.headers.items()]
    refused = reason(headers)
    if refused is not None:
        handler.close_connection = True
        handler.send_error(403, f"refused: {refused}")
    return refused is None


def put_labelled(data):
    """A staging label is on one version of a secret, as at AWS; the emulator would leave it on both.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html"""
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    for label in data.get("VersionStages", []):
        if secret and label not in ("AWSCURRENT", "AWSPREVIOUS"):
            secretsmanager._remove_stage_everywhere(secret, label)
    return put_secret_value(data)


if __name__ == "__main__":
    secretsmanager._put_secret_value = put_labelled
    http.server.BaseHTTPRequestHandler.parse_request = parse_guarded
    # What main() serves is looked up when it serves.
    ministack.app.app = guard
    ministack.app.main()
