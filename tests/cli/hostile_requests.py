# SPDX-License-Identifier: Apache-2.0
"""Hostile HTTP requests by the hundred thousand: each a connection of its own, written and read raw.

Four kinds, each a family that is drawn from: bytes without sense; a good request with bytes changed, cut, doubled or put
in; a good request with a path, host, origin or header that asks for too much; and heads of all sizes about the limit.
"""
import random
import socket
import struct
import threading

PARTS = [b"GET ", b"/", b"..", b"%2e", b"\0", b"\r\n", b"\n", b" HTTP/1.1", b"HTTP/9.9", b"Host: x\r\n", b"\xff\xfe", b"/api/runs",
         b"/events", b"?token=", b"Last-Event-ID: ", b"a" * 500, b"\r\n\r\n", b":", b"Range: bytes=0-\r\n", b"-" * 50]
STEPS = ["..", "%2e%2e", "..%2f", "%00", "etc", "passwd", "secret.txt", "runs", "api", "0", "1", "-1", "report", "events", "//", "\\..", "~",
         "%c0%ae", "99999999999999999999", "0x0", "1e3", "link", "link.plumb", "%", "%zz", ";", "?", "#", "'", "\"", "<script>"]
HEADERS = ["Range: bytes=0-", "Range: bytes=" + "0-1," * 900, "Content-Length: -1", "Content-Length: 18446744073709551616",
           "Transfer-Encoding: chunked", "Expect: 100-continue", "Connection: keep-alive, close", "Upgrade: websocket", "Last-Event-ID: ",
           "Last-Event-ID: x-18446744073709551615", "Last-Event-ID: " + "9" * 4000, "Accept-Encoding: gzip, br, *;q=1e9", "Cookie: " + "c" * 3000,
           ": no name", "No colon", " folded", "X\0Y: z", "Host: evil.example", "Origin: null", "Origin: http://evil.example", "If-None-Match: *"]
HOSTS = ["evil.example", "", "127.0.0.1", "127.0.0.1:1", "[::1", "localhost:", "127.0.0.1:99999", "a" * 3000]
MOST_HEAD = 8192


def request(draw, kind, port):
    """One request of that kind, 0 to 3, as bytes."""
    good = f"GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    if kind == 0:
        text = b"".join(draw.choice(PARTS) for _ in range(draw.randint(1, 12)))
        return draw.choice([b"", b"GET "]) + text + draw.choice([b"", b"\r\n\r\n"])
    if kind == 1:
        text = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(text))
            act = draw.randrange(4)
            if act == 0:
                text[at] = draw.randrange(256)
            elif act == 1:
                del text[at:]
            elif act == 2:
                text[at:at] = text[at:]
            else:
                text[at:at] = draw.randbytes(draw.randint(1, 40))
            text = text or bytearray(b"G")
        return bytes(text)
    if kind == 2:
        path = "/" + "/".join(draw.choice(STEPS) for _ in range(draw.randint(1, 6)))
        if draw.random() < 0.3:
            path = draw.choice(["/runs/", "/api/runs/"]) + draw.choice(STEPS) + draw.choice(["", "/report", "/report?after=" + draw.choice(STEPS)])
        host = draw.choice(HOSTS) if draw.random() < 0.2 else f"127.0.0.1:{port}"
        more = "".join(draw.choice(HEADERS) + "\r\n" for _ in range(draw.randint(0, 3)))
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()
    size = draw.choice([1, 100, 1023, 1024, 1025, MOST_HEAD - 80, MOST_HEAD, MOST_HEAD + 1, 20_000])
    if draw.random() < 0.5:
        return f"GET /{'a' * size} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    return f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX: {'b' * size}\r\n\r\n".encode()


def abort(client):
    """Closes with a reset: nothing of the connection is left to wait for its end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Slow(threading.Thread):
    """A client that sends its head byte by byte and starts again where it is dropped, until it is told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over = port, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
                    while not self.over.wait(0.3):
                        client.sendall(b"G")
            except OSError:
                self.over.wait(0.1)


def attack(port, count, secret, seed=1, slow=8):
    """Sends them beside `slow` slow clients; every third is read. Returns how often each status was answered, 0 for none.

    Fails if an answer holds the secret, is no HTTP, or does not come within 20 s.
    """
    draw = random.Random(seed)
    beside = [Slow(port) for _ in range(slow)]
    for one in beside:
        one.start()
    answers = {}
    for i in range(count):
        text = request(draw, i % 4, port)
        client = socket.create_connection(("127.0.0.1", port), timeout=20)
        status = None
        try:
            client.sendall(text)
            if i % 3 == 0:
                if b"\r\n\r\n" not in text:
                    client.shutdown(socket.SHUT_WR)  # there is no more to wait for
                answer = client.recv(65536)
                assert secret not in answer, text
                assert not answer or answer.startswith(b"HTTP/1.1 "), (text, answer[:100])
                status = int(answer[9:12]) if answer else 0
        except socket.timeout as error:
            raise AssertionError(f"request {i}: no answer within 20 s: {text!r}") from error
        except OSError:  # it may close as soon as it has seen enough
            status = 0 if i % 3 == 0 else None
        finally:
            abort(client)
        if status is not None:
            answers[status] = answers.get(status, 0) + 1
    for one in beside:
        one.over.set()
    for one in beside:
        one.join(30)
    return answers
