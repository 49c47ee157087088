"""Reads the files that stand on its input, one a line, and says what came of each; may be killed.

The package's readers alone are loaded, so that a process starts in a moment.
"""

import json
import resource
import signal
import sys
import types
import warnings
from pathlib import Path

MEMORY_BYTES = 6 << 30
SLOW_S = 20


def readers():
    root = Path(__file__).resolve().parents[2] / "renewal_geo"
    package = types.ModuleType("renewal_geo")
    package.__path__ = [str(root)]
    sys.modules["renewal_geo"] = package
    sys.path.insert(0, str(root.parent))
    from renewal_geo.foundation.errors import RenewalError
    from renewal_geo.io.batches import read_batches
    from renewal_geo.io.layers import layers_in, read_layer
    from renewal_geo.io.tables import read_table

    def layer(path):
        names = [name for name, _ in layers_in(path)]
        table, source = read_layer(path, layer=names[0] if len(names) > 1 else "", strict=False)
        assert len(table) == source.rows, "rows"
        table.total_bounds  # noqa: B018

    def pieces(path):
        with read_batches(path, rows=7) as batches:
            for frame in batches:
                frame.total_bounds  # noqa: B018

    def table(path):
        rows, source = read_table(path)
        assert len(rows) == source.rows, "rows"

    return {"layer": layer, "pieces": pieces, "table": table}, RenewalError


def verdict(read, path, error):
    try:
        read(path)
    except error as fault:
        whole = fault.what and fault.fix and fault.where and fault.code
        return f"refused {fault.code}" if whole else f"half an error: {fault.as_record()}"
    except MemoryError:
        return "memory"
    except BaseException as fault:  # noqa: BLE001  this is what is looked for
        import traceback

        place = traceback.extract_tb(fault.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(fault.__traceback__) if "renewal_geo" in f.filename]
        return f"{type(fault).__name__}: {str(fault)[:200]} at {place.filename}:{place.lineno}, {ours[-1:]}"
    return "read"


def say(*words):
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    verbs, error = readers()
    for line in sys.stdin:
        verb, path = json.loads(line)
        say("begins", path)
        signal.alarm(SLOW_S)
        say("ends", path, verdict(verbs[verb], path, error))
        signal.alarm(0)


if __name__ == "__main__":
    main()
