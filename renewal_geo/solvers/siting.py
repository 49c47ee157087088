"""What the siting engines share: the choice of sites that each of them returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Sites chosen among m for n rows of demand.

    Attributes
    ----------
    chosen
        Numbers of the sites, rising.
    served
        Length n: the site that serves each row, -1 where none does.
    objective, bound
        Of the model, both recomputed from the data and not read from a solver; bound >= objective when
        maximising, <= when minimising.
    closed
        The search proved that nothing is better.
    stopped_by
        gap | time | work, empty where closed.
    feasible
        False where the limits contradict each other; `chosen` is then the least violating plan.
    """

    chosen: Ints
    served: Ints
    objective: float
    bound: float
    closed: bool
    stopped_by: str = ""
    feasible: bool = True
