"""Everything is written, or nothing is changed."""

# ruff: noqa: PT012 - the fault is raised inside the block that must clean up

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from renewal_geo.foundation.errors import RenderError, SourceError
from renewal_geo.io import files, staged, write_json, write_text


def content(folder):
    return {p.name: p.read_text() for p in folder.iterdir()}


def content_names(folder):
    return [p.name for p in folder.iterdir()]


def test_all_files_appear_with_the_record_last(tmp_path, monkeypatch):
    order = []
    replace = Path.replace

    def noted(self, target):
        order.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    with staged(tmp_path / "out" / "a", record="record.json") as stage:
        stage.write_json("record.json", {"a": 1})
        stage.write_text("b.txt", "b")
        stage.write_bytes("a.bin", b"a")
        assert set(content_names(tmp_path / "out" / "a")) == {
            stage.hidden.name,
            ".renewal-geo.lock",
        }
    assert order == ["b.txt", "a.bin", "record.json"]
    assert set(content(tmp_path / "out" / "a")) == {"b.txt", "a.bin", "record.json"}


@pytest.mark.parametrize("fault", [ValueError("x"), KeyboardInterrupt(), RenderError("x")])
def test_old_files_stay_whole(tmp_path, fault):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(type(fault)), staged(tmp_path) as stage:
        stage.write_text("a.txt", "new")
        raise fault
    assert content(tmp_path) == {"a.txt": "old"}


def test_folder_made_by_us_is_gone_after_a_fault(tmp_path):
    with pytest.raises(ValueError), staged(tmp_path / "a" / "b") as stage:
        stage.write_text("x", "x")
        raise ValueError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the quota on this disk is used up"),
        (errno.EFBIG, "a file would be larger than this disk"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "may not be written"),
    ],
)
def test_no_place_to_write(tmp_path, number, why):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(SourceError) as caught, staged(tmp_path) as stage:
        stage.write_text("a.txt", "new")
        raise OSError(number, os.strerror(number))
    assert caught.value.code == "output_unwritable"
    assert why in caught.value.what
    assert caught.value.fix
    assert content(tmp_path) == {"a.txt": "old"}


@pytest.mark.parametrize("failing", ["a.txt", "b.txt", "record.json"])
def test_renaming_that_fails_half_way_is_undone(tmp_path, monkeypatch, failing):
    (tmp_path / "a.txt").write_text("old a")
    (tmp_path / "record.json").write_text("old record")
    replace = Path.replace

    def held(self, target):
        if Path(target).name == failing and self.parent.name != "old":
            raise PermissionError(errno.EACCES, "held by another program", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(SourceError) as caught, staged(tmp_path, record="record.json") as stage:
        for name in ("a.txt", "b.txt", "record.json"):
            stage.write_text(name, "new")
    assert caught.value.code == "output_unwritable"
    assert failing in caught.value.what
    assert "Excel" in caught.value.fix
    assert content(tmp_path) == {"a.txt": "old a", "record.json": "old record"}


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError) as caught, staged(tmp_path / "file" / "out"):
        pass
    assert caught.value.code == "output_unwritable"
    (tmp_path / "dir").mkdir()
    with pytest.raises(SourceError):
        write_text(tmp_path / "dir", "x")
    assert list((tmp_path / "dir").iterdir()) == []


def test_other_troubles_are_not_ours(tmp_path):
    with pytest.raises(FileNotFoundError), staged(tmp_path):
        open("/no/such/input")  # noqa: PTH123, SIM115


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".."])
def test_only_plain_names(tmp_path, name):
    with pytest.raises(ValueError), staged(tmp_path) as stage:
        stage.path(name)


def test_json_is_stable_and_plain(tmp_path):
    write_json(tmp_path / "a.json", {"b": np.float64("nan"), "a": np.arange(2), "名": {"y", "x"}})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": [0, 1], "b": None, "名": ["x", "y"]}
    assert text.index('"a"') < text.index('"b"')
    assert files.as_json({"x": float("inf")}) == '{\n  "x": null\n}\n'
