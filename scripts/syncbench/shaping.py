"""A slow, far and lossy line before the hub: a proxy in a process of its own.

Each connection has one serial line a direction, as a phone's uplink has, with these properties:

- bytes leave in segments of `SEGMENT_BYTES`, one after another, at `--bits-s`; half of `--rtt-ms` later they arrive;
- each segment is lost with the chance `--loss`. TCP delivers in order, so loss is told as delay: the segment is sent
  again (it takes the line once more) one round trip later where three or more segments follow it in its burst (fast
  retransmit), else two round trips later (the tail loss probe, RFC 8985); it may be lost again, then twice as late.
  What follows it waits for it;
- opening a connection costs a round trip, and a second more for each lost SYN or its answer, doubling (RFC 6298).

Congestion control is left out: what is measured fits into the first window of ten segments. Everything that is random
follows from `--seed`. Prints its port; ends with standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

SEGMENT_BYTES = 1460
# So many later segments make the other side ask for the lost one at once.
FAST_RETRANSMIT = 3
SYN_TIMEOUT_S = 1.0
READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Line:
    """What the line is like."""

    bits_s: float
    rtt_s: float
    loss: float
    random: random.Random

    def connect_s(self) -> float:
        """How long opening a connection takes."""
        spent, timeout = self.rtt_s, SYN_TIMEOUT_S
        while self.random.random() < 1 - (1 - self.loss) ** 2:
            spent, timeout = spent + timeout, timeout * 2
        return spent


@dataclass
class Direction:
    """One way of one connection: when the line is free, and when what was sent last arrives."""

    line: Line
    free_s: float = 0.0
    arrives_s: float = field(default=0.0)

    def burst(self, now_s: float, sizes: Sequence[int]) -> list[float]:
        """When each of several segments, handed over together at `now_s`, is delivered."""
        delivered = []
        for at, size in enumerate(sizes):
            follow = len(sizes) - at - 1
            arrives = self._sent(now_s, size) + self.line.rtt_s / 2
            wait = self.line.rtt_s * (1 if follow >= FAST_RETRANSMIT else 2)
            while self.line.random.random() < self.line.loss:
                arrives += wait + size * 8 / self.line.bits_s
                wait *= 2
            # In order: nothing is delivered before what stands before it.
            self.arrives_s = max(self.arrives_s, arrives)
            delivered.append(self.arrives_s)
        return delivered

    def _sent(self, now_s: float, size: int) -> float:
        self.free_s = max(self.free_s, now_s) + size * 8 / self.line.bits_s
        return self.free_s


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
    """Carry one direction until it ends."""
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(READ_BYTES):
            segments = [data[at : at + SEGMENT_BYTES] for at in range(0, len(data), SEGMENT_BYTES)]
            times = way.burst(loop.time(), [len(each) for each in segments])
            for segment, due in zip(segments, times, strict=True):
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(segment)
                await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(target: int, line: Line) -> None:
    """Listen on a free port, tell it, and carry until standard input ends."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(line.connect_s())
        hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(
            pump(reader, hub_writer, Direction(line)), pump(hub_reader, writer, Direction(line))
        )

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


def main(argv: Sequence[str]) -> int:
    """The proxy of one run."""
    parser = argparse.ArgumentParser(prog="scripts.syncbench.shaping")
    parser.add_argument("target", type=int)
    parser.add_argument("--bits-s", type=float, default=32_000)
    parser.add_argument("--rtt-ms", type=float, default=1_000)
    parser.add_argument("--loss", type=float, default=0.05)
    parser.add_argument("--seed", default="1")
    args = parser.parse_args(argv)
    asyncio.run(serve(args.target, Line(args.bits_s, args.rtt_ms / 1000, args.loss, random.Random(args.seed))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
