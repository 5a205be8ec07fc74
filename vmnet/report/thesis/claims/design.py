"""What chapter 5 concludes: loss, features and aggregation of systems at clip level."""

import operator

from vmnet.report.claims import Claim, Order, Quantity
from vmnet.report.thesis import names
from vmnet.report.thesis.claims.parts import (
    DIRECTIONS,
    alike,
    combined,
    constant,
    half_width,
    number,
    systems,
)

RECALLS = ("R@1", "R@10", "R@25")
HOURS, UPDATE = TIMES = ("hours", "seconds_per_update")
FEATURES = ("handcrafted", "musimnet", "musicnn", "audioset", "openl3")
DIMENSIONS = (1140, 384, 600, 128, 18_432)  # of these, section 5.2.2
ALL_THERE_IS = (
    "Simulated seconds of a section all say the same, so that the mean is all there is to know."
)


def _ahead(
    part: str,
    first: tuple[str, ...],
    others: tuple[str, ...],
    metrics: tuple[str, ...] = (*RECALLS, "mean_rank"),
    directions: tuple[str, ...] = DIRECTIONS,
) -> tuple[Order, ...]:
    """Return systems that are better than others: a higher recall, a lower rank."""
    return tuple(
        Order(
            f"{direction}, {names.metric(m)}",
            systems(part, m, *first, direction=direction),
            "<" if m == "mean_rank" else ">",
            systems(part, m, *others, direction=direction),
        )
        for direction in directions
        for m in metrics
    )


def _rank_correlation(*ranks: float) -> float:
    """Return the absolute Spearman correlation of mean ranks with the features' dimensions."""
    from scipy.stats import spearmanr

    return abs(float(spearmanr(DIMENSIONS, ranks).statistic))


def _dispersion(group: str) -> Quantity:
    return number("dispersion", "dispersion", "triplet", group)


def _intra(group: str) -> Order:
    with_terms, without = (
        number("intra", "mean_rank", key, group, "V2M", names.system(key))
        for key in ("with_intra", "without_intra")
    )
    lost = combined(operator.sub, "leaving them out costs", without, with_terms)
    wider = combined(max, "the wider interval", half_width(with_terms), half_width(without))
    return Order(names.system(group), (lost,), "<", (wider,))


DESIGN = (
    Claim(
        "triplet_ahead_of_bce_recall",
        "The triplet loss is ahead of binary cross-entropy in all recalls.",
        "5.3.1, table 5.1",
        _ahead("5.1", ("triplet",), ("bce",), RECALLS),
    ),
    Claim(
        "bce_ahead_in_rank",
        "Binary cross-entropy has the better mean rank.",
        "5.3.1, table 5.1",
        _ahead("5.1", ("bce",), ("triplet",), ("mean_rank",)),
    ),
    Claim(
        "bce_narrower",
        "Binary cross-entropy has an interval less than half as wide: it misses less far.",
        "table 5.1",
        tuple(
            Order(
                direction,
                (
                    combined(
                        lambda width: 2 * width,
                        "twice that of binary cross-entropy",
                        half_width(number("5.1", "mean_rank", "bce", direction=direction)),
                    ),
                ),
                "<",
                (half_width(number("5.1", "mean_rank", "triplet", direction=direction)),),
            )
            for direction in DIRECTIONS
        ),
        "The table has it; the text does not remark it.",
    ),
    Claim(
        "video_more_dispersed",
        "The embeddings of videos are more dispersed than those of music.",
        "5.3.2",
        (Order("", (_dispersion("video"),), ">", (_dispersion("music"),)),),
        "The thesis gives no formula; ours is the mean distance from the mean.",
    ),
    Claim(
        "dispersion_explains_direction",
        "The direction whose targets are more dispersed has the better mean rank.",
        "5.3.2",
        (
            Order(
                "",
                (
                    combined(
                        lambda video, music, m2v, v2m: (video - music) * (v2m - m2v),
                        "dispersion of videos less music, times rank V2M less M2V:",
                        _dispersion("video"),
                        _dispersion("music"),
                        number("5.1", "mean_rank", "triplet", direction="M2V"),
                        number("5.1", "mean_rank", "triplet", direction="V2M"),
                    ),
                ),
                ">",
                (constant(0, ""),),
            ),
        ),
        "M2V ranks videos, V2M music: above 0, both point the same way. The thesis has videos more "
        "dispersed and M2V ahead; its own MusiCNN has 149 and 148.",
    ),
    Claim(
        "learned_features_ahead",
        "AudioSet and OpenL3 are ahead of handcrafted features in R@10, R@25 and mean rank.",
        "5.3.2, table 5.2",
        _ahead(
            "5.2", ("audioset", "openl3"), ("handcrafted",), ("R@10", "R@25", "mean_rank")
        ),
    ),
    Claim(
        "musimnet_like_handcrafted",
        "MuSimNet and handcrafted features are comparable in mean rank.",
        "5.3.2, table 5.2",
        tuple(
            alike(d, systems("5.2", "mean_rank", "musimnet", "handcrafted", direction=d), times=2)
            for d in DIRECTIONS
        ),
        "Comparable is taken as: they differ by less than twice the wider interval, which is wide "
        "where queries are few.",
    ),
    Claim(
        "musicnn_ahead_of_musimnet",
        "MusiCNN is ahead of MuSimNet on all metrics.",
        "5.3.2, table 5.2",
        _ahead("5.2", ("musicnn",), ("musimnet",)),
    ),
    Claim(
        "audioset_openl3_best",
        "AudioSet and OpenL3 are the two best in R@10, R@25 and mean rank.",
        "5.3.2, table 5.2",
        _ahead("5.2", FEATURES[3:], FEATURES[:3], ("R@10", "R@25", "mean_rank")),
    ),
    Claim(
        "openl3_best_m2v",
        "OpenL3 is the best on all metrics for videos to a piece of music.",
        "5.3.2, table 5.2",
        _ahead("5.2", ("openl3",), FEATURES[:4], directions=("M2V",)),
    ),
    Claim(
        "audioset_best_v2m",
        "AudioSet is the best in R@10, R@25 and mean rank for music to a video.",
        "5.3.2, 7.1.1, table 5.2",
        _ahead(
            "5.2",
            ("audioset",),
            ("handcrafted", "musimnet", "musicnn", "openl3"),
            ("R@10", "R@25", "mean_rank"),
            ("V2M",),
        ),
        "In R@1 its 3.00 is behind OpenL3's 3.20.",
    ),
    Claim(
        "dimension_no_matter",
        "The dimension of music features does not order the systems.",
        "5.3.2, table 5.2",
        tuple(
            Order(
                direction,
                (
                    combined(
                        _rank_correlation,
                        "correlation of dimension and mean rank",
                        *systems("5.2", "mean_rank", *FEATURES, direction=direction),
                    ),
                ),
                "<",
                (constant(0.5, ""),),
            )
            for direction in DIRECTIONS
        ),
        "Does not order is taken as: Spearman's correlation over the five is below 0.5 either way.",
    ),
    Claim(
        "dimension_costs_time",
        "The dimension of music features orders the time of training.",
        "5.3.2",
        tuple(
            order
            for time in TIMES
            for order in (
                Order(
                    names.metric(time),
                    systems("5.2", time, "audioset"),
                    "<",
                    systems("5.2", time, "musimnet", "musicnn", "handcrafted", "openl3"),
                ),
                Order(
                    names.metric(time),
                    systems("5.2", time, "openl3"),
                    ">",
                    systems("5.2", time, "musimnet", "musicnn", "handcrafted"),
                ),
            )
        ),
        "Hours in the thesis; of ours, seconds an update.",
    ),
    Claim(
        "aggregation_helps_recall",
        "Auto-pool and attention are ahead of the mean in R@10 and R@25.",
        "5.3.3, table 5.3",
        _ahead("5.3", ("autopool", "attention"), ("mean",), ("R@10", "R@25")),
        ALL_THERE_IS,
    ),
    Claim(
        "attention_best",
        "Attention is ahead of Auto-pool and of the mean on all metrics.",
        "5.3.3, table 5.3",
        _ahead("5.3", ("attention",), ("autopool", "mean")),
        ALL_THERE_IS,
    ),
    Claim(
        "autopool_rank_m2v",
        "For videos to a piece of music, Auto-pool does not improve the mean rank.",
        "table 5.3",
        (
            Order(
                "",
                systems("5.3", "mean_rank", "mean", direction="M2V"),
                "≤",
                systems("5.3", "mean_rank", "autopool", direction="M2V"),
            ),
        ),
        "The table has it (108 and 109); the text does not say it.",
    ),
    Claim(
        "aggregation_slow",
        "Learned aggregation takes many times as long to train.",
        "5.3.3",
        tuple(
            Order(
                names.metric(time),
                systems("5.3", time, "autopool", "attention"),
                ">",
                (combined(lambda mean: 2 * mean, "twice the mean's", number(*mean)),),
            )
            for time, mean in (
                (HOURS, ("5.2", HOURS, "audioset")),
                (UPDATE, ("5.3", UPDATE, "mean")),
            )
        ),
        "Many times is taken as: twice at least. Hours in the thesis, which compares its 10 days "
        "with 18 hours, while the same system without it took 6; of ours, seconds an update.",
    ),
    Claim(
        "early_stopping_hurts_bce",
        "Binary cross-entropy is better trained to the end than stopped early.",
        "5.2.4",
        tuple(
            Order(
                d,
                systems("5.1", "mean_rank", "bce", direction=d),
                "<",
                systems("5.1", "mean_rank", "bce_early_stopping", direction=d),
            )
            for d in DIRECTIONS
        ),
        "The thesis prints no numbers.",
    ),
    Claim(
        "intra_modal_terms_no_gain",
        "Leaving out the intra-modal terms costs no more than an interval of the mean rank.",
        "7.1.3; tables 5.1, 5.2 and 7.1",
        (_intra("handcrafted"), _intra("audioset")),
        "Chapter 5 has them and chapter 7 has not; the weights of the other terms differ, too. "
        "AudioSet stands for the run's own music features.",
    ),
)  # fmt: skip
