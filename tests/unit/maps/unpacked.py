"""The data block of a page, read again as a browser reads it: an independent decoder for tests."""

import base64
import json
import math
import re
import struct
import zlib

import numpy as np

BLOCK = re.compile(
    r'<script type="application/octet-stream" id="spec">([A-Za-z0-9+/=\s]*)</script>'
)


def block_of(page):
    """Return the base64 text of a page's data block."""
    return BLOCK.search(page)[1]


def everything(block):
    """Return all that the block says as one text, for searches of what must not be there."""
    return json.dumps(unpacked(block), ensure_ascii=False)


def told(page):
    """Return all that a page says, in clear and packed, for searches of what must not be there."""
    return page + everything(block_of(page))


def inflated(block):
    return zlib.decompress(base64.b64decode(block, validate=True))


def unpacked(block):
    """Return plain data: numbers, days and texts of every column, rings of every feature."""
    raw = inflated(block)
    (length,) = struct.unpack("<I", raw[:4])
    head = json.loads(raw[4 : 4 + length])
    at, arrays = 4 + length, []
    for coding in head.pop("arrays"):
        size = coding[0] * coding[1]
        arrays.append(array(raw[at : at + size], *coding))
        at += size
    assert at == len(raw)
    data = referred(head, arrays)
    for layer in data["layers"]:
        layer["columns"] = [column(one) for one in layer["columns"]]
        for scheme in layer["schemes"]:
            scheme["class_of"] = classes(scheme["class_of"], layer["columns"])
        first = layer["schemes"][0]
        layer["classes"], layer["class_of"] = first["classes"], first["class_of"]
        layer["rings"] = rings(layer["shapes"])
        for name in ("captions", "marks"):
            if layer[name] is not None:
                said = words(layer[name])
                layer[name] = [said[code] for code in layer[name]["codes"]]
    return data


def array(raw, count, width, difference, folded, low, start):
    if width == 8:
        return np.frombuffer(raw, np.uint8).reshape(8, count).T.copy().view("<f8").ravel().tolist()
    values = np.zeros(count, dtype=np.int64)
    for b in range(width):
        values |= np.frombuffer(raw, np.uint8, count, b * count).astype(np.int64) << (8 * b)
    values = np.where(values & 1, -(values >> 1) - 1, values >> 1) if folded else values + low
    return (start + np.cumsum(values) if difference else values).tolist()


def referred(value, arrays):
    if isinstance(value, dict):
        if set(value) == {"$"}:
            return arrays[value["$"]]
        return {key: referred(one, arrays) for key, one in value.items()}
    return [referred(one, arrays) for one in value] if isinstance(value, list) else value


def words(sent):
    if "pattern" not in sent:
        return sent["words"]
    made = []
    for numbers in zip(*sent["numbers"], strict=True):
        left = iter(numbers)
        made.append(
            "".join(p if isinstance(p, str) else f"{next(left):0{p}d}" for p in sent["pattern"])
        )
    return made if sent["blank"] < 0 else [*made[: sent["blank"]], "", *made[sent["blank"] :]]


def classes(sent, columns):
    if isinstance(sent, list):
        return sent
    decides = next(one for one in columns if one["name"] == sent["column"])
    return [sent["class_of_code"][code] for code in decides["codes"]]


def stepped(sent, steps):
    return [sent["low"] + (step - 1) * sent["unit"] if step else None for step in steps]


def column(sent):
    if "digits" in sent:
        unit, values = 10 ** sent["digits"], stepped(sent, sent["numbers"])
        return {**sent, "numbers": [None if n is None else n / unit for n in values]}
    if "floats" in sent:
        return {**sent, "numbers": [None if math.isnan(n) else n for n in sent["floats"]]}
    if "days" in sent:
        return {**sent, "days": stepped(sent, sent["days"])}
    said = words(sent)
    titles = sent.get("titles")
    if "english" in sent:
        pairs = zip(said, sent["english"], strict=True)
        titles = [{"zh": zh, "en": en} if zh or en else None for zh, en in pairs]
    return {
        **sent,
        "words": said,
        "titles": titles,
        "texts": [said[code] for code in sent["codes"]],
    }


def rings(shapes):
    """Return a list of rings per feature, each a list of world pixels (x, y)."""
    follows, points, jumps = map(iter, (shapes["follows"], shapes["points_of"], shapes["jumps"]))
    lead = zip(shapes["lead_x"], shapes["lead_y"], strict=True)
    both = (
        shapes["run"]
        if len(shapes["run"]) == 2
        else (shapes["run"][0][::2], shapes["run"][0][1::2])
    )
    run = zip(*both, strict=True)
    places, visits = [], []  # of each vertex: where it is, and (ring, place in it) of each visit
    features, made, begun = [], [], tuple(shapes["start"])
    for count in shapes["rings_of"]:
        features.append([])
        for _ in range(count):
            size, ring = next(points), []
            made.append(ring)
            for number in range(size):
                how = next(follows)
                if how == 0:
                    base = begun if number == 0 else places[ring[-1]]
                    step = next(lead if number == 0 else run)
                    places.append((base[0] + step[0], base[1] + step[1]))
                    visits.append([])
                    ring.append(len(places) - 1)
                elif how == 3:
                    ring.append(len(places) - next(jumps))
                else:  # the vertex before an earlier visit to the last one
                    other, place = visits[ring[-1]][-1 - how]
                    ring.append(made[other][place - 1])
                visits[ring[-1]].append((len(made) - 1, number))
            begun = places[ring[0]]
            features[-1].append([places[vertex] for vertex in ring])
    for rest in (follows, points, jumps, lead, run):
        assert next(rest, None) is None
    return features
