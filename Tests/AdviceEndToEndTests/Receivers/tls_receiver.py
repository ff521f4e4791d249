"""HTTPS receivers on loopback with certificates of PyPI's trustme, good and bad, each on a port of its own.

usage: tls_receiver.py FOLDER     writes the known authority to FOLDER/known.pem, prints a JSON object with
                                  the port of each certificate, and answers every POST with 204; a line
                                  `NAME ID` for each in FOLDER/requests
"""
import http.server
import json
import os
import ssl
import sys
import threading
import warnings
from datetime import datetime, timezone

import trustme

# TLS 1.1 is what one of them is for.
warnings.simplefilter("ignore", DeprecationWarning)


def context(certificate, newest=ssl.TLSVersion.TLSv1_3):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.maximum_version = newest
    certificate(made)
    return made


def self_signed(authority, folder):
    """An authority's own certificate and key, as a server that signed for itself has them."""
    def configure(made):
        path = os.path.join(folder, "self.pem")
        with open(path, "wb") as file:
            file.write(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
        made.load_cert_chain(path)
    return configure


def serve(name, tls, log):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            os.write(log, f"{name} {self.headers['webhook-id']}\n".encode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main(folder):
    known, stranger = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(os.path.join(folder, "known.pem"))
    log = os.open(os.path.join(folder, "requests"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    past = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2020, 2021)]
    good = known.issue_cert("127.0.0.1")
    contexts = {
        "good": context(good.configure_cert),
        "expired": context(
            known.issue_cert("127.0.0.1", not_before=past[0], not_after=past[1]).configure_cert),
        "other-host": context(known.issue_cert("other.example").configure_cert),
        "stranger": context(stranger.issue_cert("127.0.0.1").configure_cert),
        "self-signed": context(self_signed(trustme.CA(), folder)),
        "tls-1-1": context(good.configure_cert, newest=ssl.TLSVersion.TLSv1_1),
    }
    print(json.dumps({name: serve(name, tls, log) for name, tls in contexts.items()}), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
