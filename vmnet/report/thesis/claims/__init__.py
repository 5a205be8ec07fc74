"""What the thesis concludes in chapters 4 to 6, and what else of it and of the paper was left open.

Each claim is a set of orders between numbers, as in `vmnet.report.claims`; its keys are those of
`vmnet.report.thesis.results`. The sentences are ours, `source` is the section of the thesis' own.
`vmnet.report.thesis.judging` judges them, by our numbers and by the printed ones.
"""

from vmnet.report.claims import Claim
from vmnet.report.thesis.claims.design import DESIGN
from vmnet.report.thesis.claims.language import LANGUAGE
from vmnet.report.thesis.claims.paper import PAPER
from vmnet.report.thesis.claims.similarity import SIMILARITY

FAMILIES: dict[str, tuple[str, tuple[Claim, ...]]] = {
    "SIMILARITY": ("Chapter 4: music similarity", SIMILARITY),
    "DESIGN": ("Chapter 5: design choices", DESIGN),
    "LANGUAGE": ("Chapter 6: the language of clips", LANGUAGE),
    "PAPER": ("The paper and chapters 7 and 8: what was not judged yet", PAPER),
}

CONTRADICTED = {
    "segment_pop": "impossible: the other half of its table allows 0.195 at most",
    "low_electro_hiphop_rock": "does not hold: Hip-Hop is the third highest",
    "first_hit_rank": "miscalculated: its own RR gives 4.05",
}
"""Claims that the thesis' own numbers contradict, and what they say instead."""


PUT_IN = {
    "similar_only_first": ("rendered",),
    **{claim.id: ("rendered",) for claim in LANGUAGE},
    **dict.fromkeys(
        ("shots_shorter", "own_index_most_similar", "ends_strongest"), ("rendered", "simulated")
    ),
    "misses_share_genre": ("rendered",),  # a film and its song are of one style
}
"""Claims that clips of these kinds were made to bear out, so that they can only be recovered."""

CLAIMS = tuple(claim for _, claims in FAMILIES.values() for claim in claims)
