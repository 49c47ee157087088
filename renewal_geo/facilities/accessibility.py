"""Two-step floating catchments: how many places of a facility stand behind each person within reach.

Step one: places of a facility per person in its catchment. Step two: the sum of these ratios over the
facilities that a person reaches (Radke and Mu 2000; Luo and Wang 2003). With ``gaussian`` those farther
off count less (Dai 2010): weight (exp(-(d/r)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)), 1 at the door and 0 at
the radius.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from renewal_geo.foundation.errors import InputError

Decay = Literal["none", "gaussian"]
DECAYS = ("none", "gaussian")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Places per person.

    Attributes
    ----------
    access
        Per place of demand: places per person within reach, 0 where nothing is.
    ratio
        Per facility: places per person of its catchment; NaN where nobody lives in it or the number
        of its places is not known.
    people
        Per facility: people in its catchment, those far off counted by their weight.
    """

    access: Floats
    ratio: Floats
    people: Floats


def two_step(
    costs: sp.csr_array, people: Floats, supply: Floats, radius_m: float, *, decay: Decay = "none"
) -> Access:
    """Reckon the two-step floating catchment of facilities of one kind.

    Parameters
    ----------
    costs
        (k, s): the way (m) from place to facility, absent beyond the radius.
    people, supply
        k people, s places; a missing supply (NaN) counts for nothing.
    radius_m
        Edge of a catchment.
    decay
        ``none``: all within the radius alike; ``gaussian``: see the head of this module.

    Returns
    -------
    Access
        The sum of access x people is the sum of the supply in catchments with people (conservation).

    Raises
    ------
    InputError
        ``bad_choice`` for another decay.
    """
    reach = costs.copy()
    reach.data = weight_of(costs.data, radius_m, decay)
    inside = reach.T @ people
    ratio = np.divide(supply, inside, out=np.full(len(supply), np.nan), where=inside > 0)
    return Access(reach @ np.nan_to_num(ratio), ratio, inside)


def weight_of(way: Floats, radius_m: float, decay: Decay) -> Floats:
    """Return what a person counts at the end of a way (m) within the radius."""
    if decay == "none":
        return np.ones(len(way))
    if decay == "gaussian":
        edge = np.exp(-0.5)
        made: Floats = (np.exp(-0.5 * (way / radius_m) ** 2) - edge) / (1.0 - edge)
        return np.clip(made, 0.0, 1.0)
    raise InputError(
        f"there is no decay {decay!r}", fix=f"one of: {', '.join(DECAYS)}", code="bad_choice"
    )
