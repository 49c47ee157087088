"""Errors are collected and raised once, with what, where and fix."""

import pytest

from renewal_geo.foundation.errors import CRSError, Faults, InputError, SolverError


def test_one_fault_is_itself_and_several_are_one():
    faults = Faults(InputError)
    faults.raise_if_any()
    faults.add("a", where="x", fix="mend a", code="c1")
    with pytest.raises(InputError) as one:
        faults.raise_if_any()
    assert one.value.as_record() == {"code": "c1", "what": "a", "where": "x", "fix": "mend a"}
    faults.add("b", where="y", fix="mend b")
    with pytest.raises(InputError, match=r"2 faults: \(1\) a; \(2\) b") as both:
        faults.raise_if_any()
    assert both.value.where == "x; y"


def test_exit_codes_and_text():
    assert (CRSError("w").exit_code, SolverError("w").exit_code) == (3, 5)
    assert str(CRSError("w", where="x", fix="f")) == "w\n  at: x\n  fix: f"
