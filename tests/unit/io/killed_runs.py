"""A process that writes files and is killed while it does: asked by lines of JSON, one fork each."""

import io as buffers
import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from openpyxl import Workbook
from shapely import box

from renewal_geo import io, maps
from renewal_geo.foundation.errors import RenewalError
from renewal_geo.io import locks

FILES = ("open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate",
         "shutil.rmtree", "sqlite3.connect", "fcntl.lockf")  # fmt: skip
KINDS = ("gpkg", "shp", "parquet", "xlsx", "html", "json", "set")
SET = ("a.gpkg", "a.txt", "b.txt", "record.json")


def table(version, rows=400):
    return gpd.GeoDataFrame(
        {"版本": np.full(rows, version), "文字": [f"第{n}行" for n in range(rows)]},
        geometry=[box(n, 0, n + 1, 1) for n in range(rows)],
        crs="EPSG:4547",
        index=pd.Index([f"P{n}" for n in range(rows)], name="parcel_id"),
    )


def write(kind, folder, version):
    path = Path(folder) / f"a.{kind}"
    if kind == "gpkg":
        io.write_layers(path, {"x": table(version), "y": table(version)})
    elif kind == "shp":
        io.write_shapefile(path, table(version))
    elif kind == "parquet":
        io.write_parquet(path, table(version))
    elif kind == "json":
        io.write_json(path, {"version": version, "rows": list(range(20_000))})
    else:
        with io.staged(folder, record="record.json") as stage:
            _fill(stage, kind, version)


def _fill(stage, kind, version):
    if kind == "xlsx":
        book, raw = Workbook(), buffers.BytesIO()
        for row in range(500):
            book.active.append([version, row])
        book.save(raw)
        stage.write_bytes("a.xlsx", raw.getvalue())
    elif kind == "html":
        page = maps.value_map(table(version, 40), "版本", title=f"version {version};")
        page.save(str(stage.path("a.html")))
    else:
        io.write_layers(stage.path("a.gpkg"), {"x": table(version, 5)})
        for name in SET[1:]:
            stage.write_text(name, str(version))


def run(kind, folder, version, at=None, limit=None, user=None, patience=None):
    """Write, and return how many events there were, or the error.

    `at` kills before that event, `limit` is the most bytes of a file, `user` who writes.
    """
    seen = [0]

    def watch(event, _):
        if event in FILES:
            seen[0] += 1
            if seen[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    if patience is not None:
        locks.reserved.__wrapped__.__kwdefaults__["patience_s"] = patience
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if user is not None:
        os.setuid(user)
    try:
        write(kind, folder, version)
    except RenewalError as fault:
        return {"error": fault.as_record()}
    return {"count": seen[0]}


def main():
    "甲".encode("gbk")  # who may not read our libraries has them by then
    for line in sys.stdin:
        asked = json.loads(line)
        read, told = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            try:
                delay = asked.pop("delay", None)
                said = run(**asked)
                while delay is not None:
                    write(asked["kind"], asked["folder"], asked["version"])
                os.write(told, json.dumps(said).encode())
            finally:
                os._exit(0)
        os.close(told)
        if "delay" in asked:
            time.sleep(random.random() * asked["delay"])
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        said = json.loads(os.read(read, 9999) or b"{}")
        os.close(read)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(json.dumps({"killed": killed, **said}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
