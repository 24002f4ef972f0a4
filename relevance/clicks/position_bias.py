"""How much a click counts by the rank at which its picture was shown. Pure.

People look at the first hits more than at later ones, so that a click far down says more. A picture at rank r is looked at with
the propensity (1 / r) ** eta, and a click on it counts 1 / propensity = r ** eta, so that the sum over many searches is what it
would be had every rank been looked at alike: inverse propensity scoring by the position-based model of Joachims, Swaminathan,
Schnabel, "Unbiased Learning-to-Rank with Biased Feedback", WSDM 2017. The weight is clipped (Strehl, Langford, Li, Kakade,
"Learning from Logged Implicit Exploration Data", NIPS 2010), so that one stray click at rank 300 does not outweigh all others.
"""

from __future__ import annotations

#: Severity of the position bias; 0: every click counts 1.
ETA = 1.0
#: The largest weight of one click.
MOST = 10.0


def click_weight(rank: int, eta: float = ETA, most: float = MOST) -> float:
    """The weight of a click on the hit at ``rank``, from 1: ``min(rank ** eta, most)``. Raises ValueError for a rank below 1."""
    if rank < 1:
        raise ValueError(f"rank {rank} is none; ranks count from 1")
    return float(min(rank**eta, most))
