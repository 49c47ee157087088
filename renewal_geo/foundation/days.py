"""Days as planners write them: 2020-06-30, 2020/6/30, 2020.6.30, 2020年6月30日, 20200630."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd

DAY = re.compile(
    r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?|(\d{2})(\d{2})(?:\.0+)?)(?:[T ].*)?"
)


def parsed_days(values: pd.Series) -> tuple[pd.Series, list[str]]:
    """Return days, and the texts that are none.

    Parameters
    ----------
    values
        n dates, texts or whole numbers such as 20200630; missing and empty ones are allowed.

    Returns
    -------
    days : Series
        n days (``datetime64``), NaT where missing or unread.
    unread : list of str
        The filled cells that are no day, as often as they occur.

    Examples
    --------
    >>> days, unread = parsed_days(pd.Series(["2020年6月3日", 20200704, "soon", None]))
    >>> [str(day)[:10] for day in days], unread
    (['2020-06-03', '2020-07-04', 'NaT', 'NaT'], ['soon'])
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None).dt.normalize(), []
    texts = values.astype(object).where(values.notna(), "").map(lambda one: str(one).strip())
    read = {text: _day(text) for text in dict.fromkeys(texts)}
    days = pd.Series(pd.to_datetime(texts.map(read)), index=values.index)
    return days, [text for text in texts if text and read[text] is None]


def _day(text: str) -> dt.datetime | None:
    found = DAY.fullmatch(text)
    if not found:
        return None
    year, *rest = found.groups()
    month, day = (int(one) for one in rest if one is not None)
    try:
        return dt.datetime(int(year), month, day)  # noqa: DTZ001 - a day has no zone
    except ValueError:
        return None
