#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""serve_test.py PLUMB [RUNS [HOSTILE]]: the dashboard's server, from outside.

Runs that grow at once with several clients that leave and come again and must miss nothing; programs killed in any
order; hostile requests; and that it listens on this machine alone. RUNS trainings (4), HOSTILE requests (2000).
"""
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from hostile_requests import attack

PLUMB = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
HOSTILE = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
PATIENCE_S = 120
SICK = "20 x [dense 16 > sigmoid] > dense 10"


class Server:
    def __init__(self, folder, *more):
        self.process = subprocess.Popen(
            [PLUMB, "serve", str(folder), "--port", "0", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.url = self.process.stdout.readline().strip()
        match = re.fullmatch(r"http://([^:/]+):(\d+)/(?:\?token=([0-9a-f]{32}))?", self.url)
        assert match, f"serve says {self.url!r}: {self.process.stderr.read() if self.process.poll() is not None else ''}"
        self.host, self.port, self.token = match[1], int(match[2]), match[3]

    def get(self, path, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def rows(self):
        return {row["name"]: row for row in json.loads(self.get("/api/runs")[1])}

    def cpu_s(self):
        words = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, "serve ends by itself"


class Events:
    """A client of the event stream; go() reads until `until` says so."""

    def __init__(self, server, last=""):
        self.server, self.last = server, last
        self.seen = []
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        head = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        self.socket.sendall((head + (f"Last-Event-ID: {last}\r\n" if last else "") + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        assert b"200" in self.file.readline()

    def go(self, until, within_s=PATIENCE_S):
        event, end = {}, time.monotonic() + within_s
        while time.monotonic() < end:
            line = self.file.readline()
            if not line:
                return False
            text = line.decode().strip()
            if text.startswith("id: "):
                event["id"] = self.last = text[4:]
            elif text.startswith("event: "):
                event["event"] = text[7:]
            elif text.startswith("data: "):
                event["data"] = json.loads(text[6:])
                self.seen.append(event)
                event = {}
                if until(self):
                    return True
        return False

    def close(self):
        self.file.close()
        self.socket.close()


def train(folder, name, steps, seed=0, *more):
    return subprocess.Popen(
        [PLUMB, "train", SICK, "--data", "teacher?n=320&in=16&classes=10", "--steps", str(steps), "--seed", str(seed),
         "--record", "every=5", "-o", f"{folder}/{name}.plumb", *more],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def wait_until(what, fine, within_s=PATIENCE_S):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if fine():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {within_s} s")


def findings(events):
    return {(e["data"]["name"], e["data"]["finding"]) for e in events if e["event"] == "finding"}


def grown(folder):
    """Several runs at once; of four clients two stay and two leave after every few events and come again."""
    server = Server(folder)
    staying = [Events(server), Events(server)]
    names = {f"run{i}" for i in range(RUNS)}

    def ended(events):
        rows = {e["data"]["name"]: e["data"] for e in events if e["event"] == "run"}
        return names <= {name for name, row in rows.items() if row["standing"] == "ended"}

    def come_and_go(every, seen):
        last = ""
        while not ended(seen):
            client = Events(server, last)
            want = len(seen) + every
            if not client.go(lambda c: len(seen) + len(c.seen) >= want or ended(seen + c.seen)):
                return
            seen.extend(client.seen)
            last = client.last
            client.close()

    restless = [[], []]
    threads = [threading.Thread(target=client.go, args=(lambda c: ended(c.seen),)) for client in staying]
    threads += [threading.Thread(target=come_and_go, args=(every, seen)) for every, seen in zip((3, 17), restless)]
    for thread in threads:
        thread.start()
    programs = [train(folder, f"run{i}", 150, i) for i in range(RUNS)]
    begin, cpu = time.monotonic(), server.cpu_s()
    for program in programs:
        assert program.wait(PATIENCE_S) == 0
    spent = server.cpu_s() - cpu
    took = time.monotonic() - begin
    for thread in threads:
        thread.join(PATIENCE_S)
    for seen in (staying[0].seen, staying[1].seen, *restless):
        assert ended(seen), "every client sees every run end"
        assert findings(seen) == findings(staying[0].seen) and findings(seen), "who left and came again missed no finding"
        numbers = [int(e["id"].rsplit("-", 1)[1]) for e in seen]
        assert numbers == sorted(set(numbers)), "events come once, in order"
    print(f"{RUNS} runs in {took:.0f} s: the server used {100 * spent / took:.1f} % of a core")
    for name in names:
        row = server.rows()[name]
        assert row["end"] == "finished" and row["step"] == 150 and row["severity"] == "critical", row
        view = json.loads(server.get(f"/api/runs/{row['id']}")[1])
        assert len(view["profile"]) == 21 and view["loss"][-1][0] == 149 and view["findings"], row
    page = server.get(f"/runs/{row['id']}/report")
    assert page[0] == 200 and b"plumb-data" in page[1]
    server.stop()


def client_program(port):
    """A client of the event stream in a process of its own, to be killed."""
    text = f"import socket,time;s=socket.create_connection(('127.0.0.1',{port}));s.sendall(b'GET /events HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n');print(s.recv(9),flush=True);time.sleep(600)"
    program = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert "HTTP/1.1" in program.stdout.readline()
    return program


def killed(folder):
    """kill -9 of writer, server and client in any order: a run cut off, whole as far as it was written; a server that is
    started again reads it, tells clients of before to begin anew, and a run that is written again is a run that grows."""
    for order in itertools.permutations(("writer", "server", "client")):
        server = Server(folder)
        programs = {"server": server.process, "writer": train(folder, "long", 1_000_000), "client": client_program(server.port)}
        wait_until("a run that grows", lambda: server.rows().get("long", {}).get("step", 0) > 3 and server.rows()["long"]["standing"] == "running")
        client = Events(server)
        client.go(lambda c: len(c.seen) >= 1)
        for name in order:
            programs[name].kill()
            programs[name].wait()
            if server.process.poll() is None and programs["writer"].poll() is not None:
                wait_until(f"{order}: a run cut off", lambda: server.rows()["long"]["standing"] == "cut off")
            elif server.process.poll() is None:
                assert server.get("/api/runs")[0] == 200, order
        programs["client"].stdout.close()
        client.close()
        again = Server(folder)
        wait_until(f"{order}: the run, after a restart", lambda: again.rows().get("long", {}).get("standing") == "cut off")
        assert again.rows()["long"]["step"] > 3, order
        late = Events(again, client.last)
        assert late.go(lambda c: len(c.seen) >= 2), "events after a restart"
        assert late.seen[0]["event"] == "reset", "numbers of another server are not taken for its own"
        late.close()
        assert subprocess.run([PLUMB, "diagnose", f"{folder}/long.plumb", "--json"], capture_output=True, timeout=60).returncode == 0, order
        os.remove(f"{folder}/long.plumb")
        wait_until("a run that is gone", lambda: "long" not in again.rows())
        again.stop()


def raw(server, text, timeout=20, whole=False):
    """What the server answers to these bytes; the first line as text, empty where it closed without reading all of them."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as client:
        try:
            client.sendall(text)
            while whole or b"\r\n" not in answer:
                more = client.recv(4096)
                if not more:
                    break
                answer += more
        except ConnectionError:
            pass
    return answer if whole else answer.split(b"\r\n")[0].decode(errors="replace")


def hostile(folder):
    outside = pathlib.Path(folder).parent / "secret.txt"
    outside.write_text("SECRET")
    (pathlib.Path(folder) / "link.plumb").symlink_to(outside)
    server = Server(folder)
    host = f"Host: 127.0.0.1:{server.port}\r\n"
    assert server.get("/")[0] == 200

    for path in ("/../secret.txt", "/..%2f..%2fsecret.txt", "//etc/passwd", "/runs/../../secret.txt/report", "/api/runs/%2e%2e",
                 "/api/runs/-1", "/api/runs/99999999999999999999", "/runs//report", "/api/runs/0x0", "/%00", "/secret.txt"):
        status, body = server.get(path)
        assert status == 404 and b"SECRET" not in body, (path, status)
    assert "link" not in server.rows(), "a link that leads out of the folder is not followed"

    for wrong in ("evil.example", f"evil.example:{server.port}", f"127.0.0.1:{server.port + 1}", "", "localhost", "127.0.0.1.evil.example"):
        status = raw(server, f"GET /api/runs HTTP/1.1\r\nHost: {wrong}\r\n\r\n".encode())
        assert " 421 " in status or " 400 " in status, (wrong, status)
    assert " 421 " in raw(server, b"GET / HTTP/1.1\r\n\r\n"), "no Host"
    assert " 200 " in raw(server, f"GET /api/runs HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
    assert server.get("/api/runs", {"Origin": "http://evil.example"})[0] == 403
    assert server.get("/api/runs", {"Origin": "null"})[0] == 403
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "GETT", "get"):
        status = raw(server, f"{method} /api/runs HTTP/1.1\r\n{host}\r\n".encode())
        assert " 200 " not in status, (method, status)
    assert " 200 " not in raw(server, f"GET /{'a' * 100_000} HTTP/1.1\r\n{host}\r\n".encode())
    assert " 414 " in raw(server, f"GET /{'a' * 2000} HTTP/1.1\r\n{host}\r\n".encode())
    assert " 200 " not in raw(server, f"GET / HTTP/1.1\r\n{host}Range: bytes={'1' * 7000}\r\n\r\n".encode())
    assert " 200 " not in raw(server, f"GET / HTTP/1.1\r\n{host}Content-Length: 99999999999\r\n\r\n".encode())

    # Every browser offers to take compressed answers; to compress a page would cost seconds of a core each time.
    cpu = server.cpu_s()
    for encoding in ("br", "gzip", "gzip, deflate, br, zstd"):
        page = raw(server, f"GET / HTTP/1.1\r\n{host}Accept-Encoding: {encoding}\r\naccept-encoding: br\r\n\r\n".encode(), whole=True)
        assert page.startswith(b"HTTP/1.1 200") and b"\r\nContent-Encoding" not in page and b"<!doctype html>" in page, page[:400]
    assert server.cpu_s() - cpu < 0.6, f"{server.cpu_s() - cpu} s for three pages"
    begin, cpu = time.monotonic(), server.cpu_s()
    answers = attack(server.port, HOSTILE, b"SECRET")
    print(f"{HOSTILE} hostile requests in {time.monotonic() - begin:.0f} s, {server.cpu_s() - cpu:.1f} s of the server's; answers {dict(sorted(answers.items()))}")
    assert server.process.poll() is None, "the server lives"
    assert {200, 400, 403, 404, 405, 414, 421} <= set(answers), answers
    assert not {status for status in answers if status >= 500 and status != 503}, answers
    assert server.get("/api/runs")[0] == 200
    # Slow ones: many that say nothing, while one that asks properly is answered.
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(30)]
    # Browsers open connections ahead of what they ask: an answer to nothing would be taken for one to that.
    silent = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    for client in slow:
        client.sendall(b"GET / HT")
    begin = time.monotonic()
    wait_until("an answer beside slow clients", lambda: server.get("/api/runs")[0] == 200, 40)
    print(f"answered beside {len(slow)} slow clients after {time.monotonic() - begin:.1f} s")
    for client in slow:
        client.settimeout(30)
        while client.recv(4096):
            pass
        client.close()
    assert silent.recv(4096) == b"", "nothing is said to who said nothing"
    silent.close()
    assert server.process.poll() is None
    server.stop()


def others(folder):
    """Bound elsewhere it asks for a token; by default nobody elsewhere gets through."""
    server = Server(folder)
    own = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    bound = [words[1] for words in own if words[3] == "0A" and words[1].endswith(f":{server.port:04X}")]
    assert bound == [f"0100007F:{server.port:04X}"], bound
    taken = subprocess.run([PLUMB, "serve", str(folder), "--port", str(server.port)], capture_output=True, text=True, timeout=60)
    assert taken.returncode == 1 and f"port {server.port} is in use" in taken.stderr and "--port 0" in taken.stderr, taken
    server.stop()
    wide = Server(folder, "--host", "0.0.0.0")
    assert wide.token
    assert wide.get("/api/runs")[0] == 403
    assert wide.get("/api/runs?token=" + "0" * 32)[0] == 403
    assert wide.get(f"/api/runs?token={wide.token[:-1]}")[0] == 403
    assert wide.get(f"/api/runs?token={wide.token}")[0] == 200
    wide.stop()


def main():
    for part in (grown, killed, hostile, others):
        with tempfile.TemporaryDirectory() as parent:
            folder = pathlib.Path(parent) / "runs"
            folder.mkdir()
            part(str(folder))
            print(part.__name__, "fine", flush=True)


main()
