"""The record that stands alone."""

import json

KEYS = {
    "status", "stopped_by", "objective", "bound", "gap", "bound_proof", "parameters", "inputs", "zones",
    "conflict", "versions", "seed", "run",
}  # fmt: skip


def text_of(record):
    return json.dumps(record, allow_nan=False, sort_keys=True)


def test_keys_and_plain_json(lattice, chosen_by):
    zones = chosen_by(lattice("MMM"), area_budget_ha=2.0)
    record = zones.certificate
    assert set(record) >= KEYS
    assert json.loads(text_of(record)) == record
    assert record["zones"] == {"Z01": sorted(record["zones"]["Z01"])}
    assert record["objective"] == zones.objective
    assert record["seed"] == 0


def test_no_answer_is_written_as_null(lattice, chosen_by):
    record = chosen_by(lattice("MM"), min_area_ha=9.0).certificate
    assert (record["objective"], record["bound"], record["gap"]) == (None, None, None)
    assert record["zones"] == {}
    assert record["conflict"]
    text_of(record)


def test_same_question_same_record(lattice, chosen_by):
    """What may differ stands in `run` alone."""
    parcels = lattice("MMMM", "MMMM", score=[3.0, 1, 4, 1, 5, 9, 2, 6])
    limits = {"value": "score", "area_budget_ha": 4.0, "min_area_ha": 2.0}
    first, second = (
        dict(chosen_by(p, **limits).certificate) for p in (parcels, parcels.iloc[::-1])
    )
    first.pop("run")
    second.pop("run")
    assert text_of(first) == text_of(second)


def test_workers_do_not_matter(lattice, chosen_by):
    parcels = lattice("MMMM", "MMMM", score=[3.0, 1, 4, 1, 5, 9, 2, 6])
    limits = {"value": "score", "area_budget_ha": 4.0, "min_area_ha": 2.0}
    one, two = (chosen_by(parcels, workers=n, **limits) for n in (1, 2))
    assert one.certificate["zones"] == two.certificate["zones"]
    assert (one.objective, one.bound) == (two.objective, two.bound)
