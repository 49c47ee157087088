"""How long LibreOffice takes to open the workbook of a score, reckon it anew and save it.

python benchmarks/potential_workbook.py [rows ...]      (default 2000 20000 50000; 8 criteria, top a tenth)
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo.potential import score
from renewal_geo.report import potential_workbook
from renewal_geo.report.potential_columns import LIVE_RANKS

SOFFICE = os.environ.get("RENEWAL_GEO_SOFFICE", "soffice")
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
</oor:items>
"""  # reckon anew on opening, always


def made(rows):
    """Return a score of random figures by eight criteria, one with a veto."""
    figures = np.random.default_rng(0).uniform(0, 1, (rows, 8))
    table = pd.DataFrame(
        figures, columns=[f"x{n}" for n in range(8)], index=[f"P{n:06d}" for n in range(rows)]
    )
    asked = [{"column": f"x{n}", "weight": 1 + n, "low": 0, "high": 1} for n in range(8)]
    asked[0]["veto"] = "> 0.97"
    return score(table, asked)


def main(sizes):
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "profile")
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")
        print("parcels   ranks       write CPU s     MB   LibreOffice CPU s   wall s")
        for rows in sizes:
            potential = made(rows)
            start = time.process_time()
            content = potential_workbook(potential)
            wrote = time.process_time() - start
            file = Path(folder, f"{rows}.xlsx")
            file.write_bytes(content)
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(
                [SOFFICE, "--headless", f"-env:UserInstallation={profile.as_uri()}", "--convert-to", "xlsx",
                 "--outdir", f"{folder}/out", str(file)],
                check=True, capture_output=True,
            )  # fmt: skip
            wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            ranks = "all live" if rows <= LIVE_RANKS else "the top live"
            print(
                f"{rows:7,}   {ranks:12s} {wrote:10.1f} {len(content) / 1e6:6.1f} {spent:19.1f} {wall:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [2_000, 20_000, 50_000])
