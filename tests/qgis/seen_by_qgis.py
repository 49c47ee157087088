"""What a real QGIS makes of our files: run by the system's Python, which has the module qgis.

Prints one JSON object: file -> layer -> what it shows.
"""

import json
import os
import sys
from collections import Counter

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProviderRegistry,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def seen(uri):
    layer = QgsVectorLayer(uri, "x", "ogr")
    fields = layer.fields()
    about = {
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "crs": layer.crs().authid(),
        "types": {field.name(): field.typeName() for field in fields},
        "aliases": {
            f.name(): layer.attributeAlias(i)
            for i, f in enumerate(fields)
            if layer.attributeAlias(i)
        },
        "cells": [{f.name(): str(row[f.name()]) for f in fields} for row in layer.getFeatures()][
            :50
        ],
    }
    return {**about, **drawn(layer)} if layer.isSpatial() and layer.isValid() else about


def drawn(layer):
    renderer = layer.renderer()
    about = {"renderer": renderer.type(), "column": renderer.legendClassificationAttribute()}
    if renderer.type() == "categorizedSymbol":
        about["classes"] = [
            [c.value(), c.label(), c.symbol().color().name()] for c in renderer.categories()
        ]
    elif renderer.type() == "graduatedSymbol":
        about["classes"] = [
            [r.lowerValue(), r.upperValue(), r.label(), r.symbol().color().name()]
            for r in renderer.ranges()
        ]
    else:
        about["classes"] = [[renderer.symbol().color().name()]]
    about["symbol"] = int(renderer.symbols(context(layer)[1])[0].type())
    return {**about, "colours": colours(layer)}


def context(layer):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(300, 300))
    settings.setBackgroundColor(QColor("white"))
    extent = layer.extent()
    extent.grow(20)  # points may lie on one line
    settings.setExtent(extent)
    from qgis.core import QgsRenderContext

    return settings, QgsRenderContext.fromMapSettings(settings)


def colours(layer):
    """Return the colours of the picture that QGIS draws, the most frequent first."""
    job = QgsMapRendererSequentialJob(context(layer)[0])
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    counted = Counter(image.pixelColor(x, y).name() for x in range(300) for y in range(300))
    return [name for name, times in counted.most_common(8) if times > 5]


def main():
    application = QgsApplication([], False)
    application.initQgis()
    found = {"version": Qgis.QGIS_VERSION}
    for file in sys.argv[1:]:
        layers = QgsProviderRegistry.instance().querySublayers(file)
        found[file] = {one.name(): seen(one.uri()) for one in layers}
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    os._exit(0)  # QGIS 3.22 falls over its own feet when it leaves


if __name__ == "__main__":
    main()
