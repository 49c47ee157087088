"""All connected sets of a small graph, each once: the exact answer for small districts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def connected_sets(neighbours: Sequence[int], limit: int) -> Iterator[int]:
    """Yield every connected set of nodes as a bit mask.

    Parameters
    ----------
    neighbours
        Length n, bit mask of each node's neighbours.
    limit
        Stop after so many sets; the caller then knows by counting that some are missing.

    Notes
    -----
    Sets are grown from their smallest node; a node once refused in a branch stays refused below it,
    so no set comes twice (the reverse-search scheme of Avis and Fukuda, 1996).
    """
    yielded = 0
    for root in range(len(neighbours)):
        below = (1 << (root + 1)) - 1
        stack = [(1 << root, neighbours[root] & ~below, below)]
        while stack:
            chosen, frontier, refused = stack.pop()
            yield chosen
            yielded += 1
            if yielded >= limit:
                return
            while frontier:
                bit = frontier & -frontier
                frontier ^= bit
                node = bit.bit_length() - 1
                refused |= bit
                grown = chosen | bit
                stack.append((grown, frontier | (neighbours[node] & ~refused & ~grown), refused))
