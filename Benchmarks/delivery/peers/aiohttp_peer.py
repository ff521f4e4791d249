"""The deliveries of Benchmarks/delivery by aiohttp:  aiohttp_peer.py FOLDER CONCURRENCY one|many CA-BUNDLE"""

import asyncio
import ssl
import sys

import aiohttp


async def main(folder, concurrency, hosts, bundle):
    urls = open(f"{folder}/urls").read().split()
    headers = dict(line.split(": ", 1) for line in open(f"{folder}/headers").read().splitlines())
    body = open(f"{folder}/body", "rb").read()
    # Kept connections to hosts that are not asked again would only fill its pool.
    connector = aiohttp.TCPConnector(
        limit=concurrency, force_close=hosts == "many", ssl=ssl.create_default_context(cafile=bundle)
    )
    timeout = aiohttp.ClientTimeout(total=15)
    numbered = enumerate(urls)
    delivered = 0

    async def send(session):
        nonlocal delivered
        for number, url in numbered:
            named = headers | {"webhook-id": f"msg_{number:026}"}
            try:
                async with session.post(url, data=body, headers=named) as answer:
                    delivered += answer.status // 100 == 2
            except (aiohttp.ClientError, TimeoutError) as error:
                print(f"{url}: {error!r}", file=sys.stderr)

    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(send(session) for _ in range(concurrency)))
    return delivered == len(urls)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])) else 1)
