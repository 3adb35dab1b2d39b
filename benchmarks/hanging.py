"""A receiver that takes every request and answers none: ``python -m benchmarks.hanging <port>``."""

from __future__ import annotations

import asyncio
import sys


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
