"""What chapter 4 concludes: music similarity, learned from ranked lists."""

import operator

from vmnet.report.claims import Claim, Order, Quantity
from vmnet.report.thesis import names
from vmnet.report.thesis.claims.parts import alike, combined, constant, number, systems

OF_SIMILARITY = ("map_at_20", "recall_at_20", "rr_at_20", "ndcg_at_20")
TL = ("tl_neighbors", "tl_random", "tl_distance", "tl_autopool")
MINED = TL[:3]


def _ranked(part: str, first: tuple[str, ...], sign: str, others: tuple[str, ...]) -> tuple:
    """Return systems against others on all four metrics."""
    return tuple(
        Order(names.metric(m), systems(part, m, *first), sign, systems(part, m, *others))
        for m in OF_SIMILARITY
    )


def _parameters(*keys: str) -> tuple[Quantity, ...]:
    return systems("C.4", "parameters", *keys)


def _ratio(one: str, other: str) -> Quantity:
    label = f"parameters of {names.system(one)} / {names.system(other)}"
    return combined(operator.truediv, label, *_parameters(one, other))


SIMILARITY = (
    Claim(
        "similarity_at_behind",
        "The tagging network is behind every network that learned from triplets, on all metrics.",
        "4.3.3, table 4.2",
        _ranked("4.2", ("at",), "<", TL),
    ),
    Claim(
        "mining_distance_best",
        "Of the three minings, distance-based is the best on all metrics.",
        "4.3.3, table 4.2",
        _ranked("4.2", ("tl_distance",), ">", ("tl_neighbors", "tl_random")),
    ),
    Claim(
        "mining_neighbors_random_alike",
        "Neighbors and Random are alike in MAP and nDCG.",
        "4.3.3, table 4.2",
        tuple(
            alike(names.metric(m), systems("4.2", m, "tl_neighbors", "tl_random"))
            for m in ("map_at_20", "ndcg_at_20")
        ),
        "Alike is taken as: they differ by less than the wider of their two intervals.",
    ),
    Claim(
        "mining_neighbors_rr",
        "Of Neighbors and Random, Neighbors has the better reciprocal rank.",
        "4.3.3, table 4.2",
        (
            Order(
                "",
                systems("4.2", "rr_at_20", "tl_neighbors"),
                ">",
                systems("4.2", "rr_at_20", "tl_random"),
            ),
        ),
    ),
    Claim(
        "mining_random_recall",
        "Of Neighbors and Random, Random has the better recall.",
        "4.3.3, table 4.2",
        (
            Order(
                "",
                systems("4.2", "recall_at_20", "tl_random"),
                ">",
                systems("4.2", "recall_at_20", "tl_neighbors"),
            ),
        ),
    ),
    Claim(
        "autopool_best",
        "Auto-pool is the best system on all metrics.",
        "4.3.3, table 4.2",
        _ranked("4.2", ("tl_autopool",), ">", ("at", *MINED)),
    ),
    Claim(
        "autopool_smaller",
        "Auto-pool has about a quarter of the VGG-like network's parameters.",
        "4.3.3",
        (
            Order("", (_ratio("vgg", "autopool"),), ">", (constant(3.5, ""),)),
            Order("", (_ratio("vgg", "autopool"),), "<", (constant(4.5, ""),)),
        ),
        "The thesis does not print the number; of ours, 6.40 and 25.33 million. No data decide it.",
    ),
    Claim(
        "vgg_best",
        "Of four architectures the VGG-like one is the best on all metrics.",
        "C.2, table C.4",
        _ranked("C.4", ("vgg",), ">", ("musical", "resnet", "inception")),
    ),
    Claim(
        "musicnn_architecture_close",
        "The musically motivated architecture is within the interval of the VGG-like one.",
        "C.2, table C.4",
        tuple(alike(names.metric(m), systems("C.4", m, "vgg", "musical")) for m in OF_SIMILARITY),
        "Alike is taken as: they differ by less than the wider of their two intervals.",
    ),
    Claim(
        "musicnn_architecture_smaller",
        "The musically motivated network has 15 times fewer parameters than the VGG-like one.",
        "C.2, table C.2",
        (Order("", (_ratio("vgg", "musical"),), ">", (constant(14.5, ""),)),),
        "15.04 times with d = 100, as the thesis counts; 14.9 times with the d = 128 of its text. "
        "No data decide it.",
    ),
    Claim(
        "residual_inception_no_help",
        "ResNet and Inception are behind the VGG-like and the musically motivated network on all "
        "metrics.",
        "C.2, table C.4",
        _ranked("C.4", ("resnet", "inception"), "<", ("vgg", "musical")),
    ),
    Claim(
        "similar_only_first",
        "The mean similarity falls below 50 % within the first ranks.",
        "4.2.2, figure 4.1",
        (
            Order(
                "",
                (number("4.1", "first_rank_below_50", "oracle", label="the first rank below"),),
                "≤",
                (constant(10, "ten"),),
            ),
        ),
        "The thesis has the figure alone. First is taken as ten. The exponent of our similarity "
        "was chosen to have it so on rendered songs.",
    ),
    Claim(
        "units_share_tags",
        "Some output units are most active on tracks that share tags.",
        "4.3.4, table 4.3",
        (
            Order(
                "units with p below 0.05",
                (number("4.3", "units_below_005", "tl_distance", label="found"),),
                ">",
                (number("4.3", "units_below_005_by_chance", "tl_distance", label="by chance"),),
            ),
        ),
        "The thesis looks at six units and tests none. The interval is that of independent units.",
    ),
    Claim(
        "first_hit_rank",
        "With Auto-pool, the first relevant track stands before rank 5.6 (harmonic mean).",
        "4.3.3",
        (
            Order(
                "",
                (
                    combined(
                        lambda rr: 100 / rr if rr else float("inf"),
                        "TL Auto-pool, rank",
                        number("4.2", "rr_at_20", "tl_autopool"),
                    ),
                ),
                "<",
                (constant(5.6, ""),),
            ),
        ),
        "The thesis prints 5.6 and calls it the inverse of its 24.68 %, which is 4.05; 5.6 is that "
        "of the recall. Among few tracks an untrained spectrum is before it, too (table 4.2).",
    ),
    Claim(
        "margin_growth_no_effect",
        "A margin that grows during training changes nothing.",
        "8.2.1",
        tuple(
            alike(names.metric(m), systems("margin", m, "tl_growing_margin", "tl_distance"))
            for m in OF_SIMILARITY
        ),
        "The thesis prints no numbers, nor how it grew: here from 0, in half of the updates. Alike "
        "is taken as: they differ by less than the wider of their two intervals.",
    ),
)  # fmt: skip
