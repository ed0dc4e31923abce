"""What a ranking is worth.

A request has groups of tools: a group is met when any one of its tools is returned. A request without groups is one that no tool serves.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

Groups = Sequence[Collection[str]]
MEASURES: Final = ("R@1", "R@5", "R@10", "nDCG@10", "C@10")


def score(ranked: Sequence[str], groups: Groups) -> dict[str, float]:
    """The measures of one ranking, each from 0 to 1, for a request that has groups.

    R@k is the share of the groups met by the first k tools, C@k is 1 when all are. nDCG@10 gives 1 for the first tool that meets a group
    and nothing for the next one that meets only the same.
    """
    best = list(dict.fromkeys(ranked))
    recall = {k: sum(not set(best[:k]).isdisjoint(group) for group in groups) / len(groups) for k in (1, 5, 10)}
    gained, left = 0.0, [set(group) for group in groups]
    for place, tool in enumerate(best[:10]):
        met = next((group for group in left if tool in group), None)
        if met is not None:
            left.remove(met)
            gained += _gain(place)
    ideal = sum(map(_gain, range(min(len(groups), 10))))
    return {f"R@{k}": share for k, share in recall.items()} | {"nDCG@10": gained / ideal, "C@10": float(recall[10] == 1)}


def mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each measure; nothing for nothing."""
    return {measure: sum(one[measure] for one in scores) / len(scores) for measure in MEASURES} if scores else {}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed; 0 for none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def _gain(place: int) -> float:
    return 1 / math.log2(place + 2)
