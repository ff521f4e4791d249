"""The deliveries of Benchmarks/delivery by requests:  requests_peer.py FOLDER THREADS one|many CA-BUNDLE"""

import sys
import threading

import requests


def main(folder, threads, hosts, bundle):
    urls = open(f"{folder}/urls").read().split()
    headers = dict(line.split(": ", 1) for line in open(f"{folder}/headers").read().splitlines())
    body = open(f"{folder}/body", "rb").read()
    numbered = enumerate(urls)
    lock = threading.Lock()
    delivered = [0] * threads

    def send(place):
        # A session for each thread: it is not made to be shared.
        with requests.Session() as session:
            session.trust_env = False
            session.verify = bundle
            if hosts == "many":
                # One connection pool, the last host's: others would only be kept.
                adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1)
                session.mount("http://", adapter)
                session.mount("https://", adapter)
            while True:
                with lock:
                    number, url = next(numbered, (0, None))
                if url is None:
                    return
                named = headers | {"webhook-id": f"msg_{number:026}"}
                try:
                    answer = session.post(url, data=body, headers=named, timeout=15)
                    delivered[place] += answer.status_code // 100 == 2
                except requests.RequestException as error:
                    print(f"{url}: {error!r}", file=sys.stderr)

    running = [threading.Thread(target=send, args=(place,)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(delivered) == len(urls)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]) else 1)
