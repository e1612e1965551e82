"""A server that takes what is sent to it and writes each message as one line of JSON: sink.py KIND FILE [STATUS [CERT KEY]].

KIND is smtp, smtps (TLS from the first byte), starttls (nothing but EHLO before STARTTLS), http or raw.

Prints its port, then serves until its standard input ends. A line is in the file before the message is accepted. STATUS is
what HTTP answers (200), or a mail server to RCPT (250).
"""
import base64
import json
import os
import socket
import socketserver
import ssl
import sys
import threading

kind, path = sys.argv[1], sys.argv[2]
status = int(sys.argv[3]) if len(sys.argv) > 3 else (200 if kind == "http" else 250)
tls = None
if len(sys.argv) > 5:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[4], sys.argv[5])
lock = threading.Lock()


def keep(message):
    with lock, open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")
        file.flush()
        os.fsync(file.fileno())


class SMTP(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    is_secure = False

    def secure(self):
        try:
            self.connection = tls.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError) as error:
            keep({"tls": str(error)})
            return False
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.is_secure = True
        return True

    def handle(self):
        if kind == "smtps" and not self.secure():
            return
        self.say("220 sink ready")
        sender, recipients, user = "", [], ""
        while line := self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                if kind == "starttls" and not self.is_secure:
                    self.wfile.write(b"250-sink\r\n250 STARTTLS\r\n")
                else:
                    self.wfile.write(b"250-sink\r\n250-AUTH PLAIN\r\n250 SIZE 50000000\r\n")
            elif verb == "STARTTLS" and kind == "starttls":
                self.say("220 go on")
                if not self.secure():
                    return
            elif kind == "starttls" and not self.is_secure and verb != "QUIT":
                self.say("530 say STARTTLS first")
            elif verb == "AUTH":
                part = line.split(" ")[2] if len(line.split(" ")) > 2 else ""
                if not part:
                    self.say("334 ")
                    part = self.rfile.readline().decode().strip()
                user = base64.b64decode(part).decode().replace("\0", " ").strip()
                self.say("235 welcome" if "wrong" not in user else "535 no")
            elif verb == "MAIL":
                sender, recipients = line[10:].split(">")[0].lstrip("<"), []
                self.say("250 ok")
            elif verb == "RCPT":
                if status == 250:
                    recipients.append(line[8:].split(">")[0].lstrip("<"))
                self.say(f"{status} {'ok' if status == 250 else 'no such person'}")
            elif verb == "DATA":
                self.say("354 go on")
                data = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    data += part[1:] if part.startswith(b"..") else part
                if part:
                    keep({"from": sender, "to": recipients, "user": user, "data": data.decode("utf-8", "replace"), **({"tls": self.connection.version()} if self.is_secure else {})})
                    self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class HTTP(socketserver.StreamRequestHandler):
    def handle(self):
        first = self.rfile.readline().decode().rstrip("\r\n")
        if not first:
            return
        headers = {}
        while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0))).decode("utf-8", "replace")
        method, target, _ = first.split(" ")
        keep({"method": method, "target": target, "headers": headers, "body": body})
        answer = json.dumps({"taken": target}).encode()
        if target.startswith("/long"):
            answer = b"x" * (3 << 20)
        extra = "Location: http://127.0.0.1:1/elsewhere\r\n" if 300 <= status < 400 else ""
        self.wfile.write(
            f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode()
            + answer)


class Raw(socketserver.StreamRequestHandler):
    def handle(self):
        keep({"base64": base64.b64encode(self.rfile.read()).decode()})


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), {"http": HTTP, "raw": Raw}.get(kind, SMTP))
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
