"""What only the host reaches, as far as clients know: on a port and on a socket somebody who greets and says again what he
hears, and a web server of one page. Enter at `Beyond`.
"""

import http.server
import socketserver
import threading


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"welcome\n")
        while said := self.request.recv(1 << 16):
            self.request.sendall(said)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"a page\n"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Beyond:
    def __init__(self, folder):
        self.socket = folder / "beyond"
        self.servers = [Tcp(("127.0.0.1", 0), Echo), Tcp(("127.0.0.1", 0), Page), Unix(str(self.socket), Echo)]
        self.port, self.web = (server.server_address[1] for server in self.servers[:2])
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        for server in self.servers:
            server.shutdown()
