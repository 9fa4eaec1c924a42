"""A receiver of webhooks over TLS, as the Standard Webhooks specification has it.

It uses the standard library alone: what a platform has to write is here.
"""

import base64
import hashlib
import hmac
import http.server
import json
import queue
import ssl
import threading
import time

# How far the sender's clock may be from ours, in seconds: an older request is a replayed one.
TOLERANCE = 300


def verify(secret: str, headers, body: bytes) -> bool:
    """Whether a request was signed with the secret, not long ago."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers["webhook-signature"].split()
    return any(hmac.compare_digest(f"v1,{expected}", signature) for signature in signatures)


class Receiver:
    """Takes events in once each, whatever is sent again."""

    def __init__(self, certificate: str, key: str):
        self.secret = None
        self.events = queue.Queue()
        self.seen = set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                is_signed = receiver.secret and verify(receiver.secret, self.headers, body)
                self.send_response(204 if is_signed else 401)
                self.end_headers()
                if is_signed:
                    receiver.take(json.loads(body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server.server_port}/zhisong"

    def take(self, events) -> None:
        for event in events:
            name = (event["source"], event["id"])
            if name not in self.seen:
                self.seen.add(name)
                self.events.put(event)

    def next(self) -> dict:
        """The next event; a minute would be never."""
        return self.events.get(timeout=60)
