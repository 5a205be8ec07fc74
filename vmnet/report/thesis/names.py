"""What systems, groups and metrics of chapters 4 to 6 are called in tables and claims."""

from vmnet.report.names import SEGMENTERS

SYSTEMS = {
    # chapter 4
    "at": "Auto-tagging (AT)",
    "tl_neighbors": "TL Neighbors",
    "tl_random": "TL Random",
    "tl_distance": "TL Distance-based",
    "tl_autopool": "TL Auto-pool",
    "tl_growing_margin": "TL, growing margin",
    "vgg": "VGG-like",
    "autopool": "Auto-pool",
    "musical": "Musically motivated",
    "resnet": "ResNet",
    "inception": "Inception V3",
    "untrained_spectrum": "Untrained: mean spectrum",
    "second_annotator": "A second annotator",
    # chapter 5
    "triplet": "Triplet loss",
    "bce": "Binary cross-entropy",
    "bce_early_stopping": "Binary cross-entropy, stopped early",
    "handcrafted": "Handcrafted",
    "musimnet": "MuSimNet",
    "musicnn": "MusiCNN",
    "audioset": "AudioSet",
    "openl3": "OpenL3",
    "mean": "Statistics (mean)",
    "attention": "Attention",
    "cca": "Linear (CCA)",
    "with_intra": "With intra-modal terms",
    "with_intra_triplets": "With the thesis' intra-modal triplets",
    "without_intra": "Without intra-modal terms",
    # chapter 6
    "observed": "Observed",
    "null": "By chance (null)",
    "null_low": "By chance, 2.5 % of draws are lower",
    "null_high": "By chance, 2.5 % of draws are higher",
    "p": "p of the null",
    "lognormal": "Log-normal shots",
    "lognormal_low": "Log-normal shots, 2.5 % of draws are lower",
    "lognormal_high": "Log-normal shots, 2.5 % of draws are higher",
    # the paper
    **SEGMENTERS,
    "olda_trace": "OLDA with trace",
    "other_clips": "Other clips, one segment of a clip in a batch",
    "other_clips_runs": "Other clips",
    "same_clip": "The same clip, too",
    "adjacent": "The segments beside the anchor's, too",
    "own_minus_others": "own place minus the rest of the track",
    "ends_minus_middle": "first and last minus those between",
    "top_3": "The best three",
    "catalog": "The whole catalog",
    "top_3_minus_catalog": "the best three minus the whole catalog",
    # controls
    "chance": "Chance",
}

METRICS = {
    "map_at_20": "MAP@20 (%)",
    "recall_at_20": "Recall@20 (%)",
    "rr_at_20": "RR@20 (%)",
    "ndcg_at_20": "nDCG@20 (%)",
    "first_hit_rank": "rank of the first hit",
    "R@1": "R@1 (%)",
    "R@10": "R@10 (%)",
    "R@25": "R@25 (%)",
    "mean_rank": "mean rank",
    "hours": "time of training (h)",
    "seconds_per_update": "time of an update (s)",
    "beat": "beat (% of films)",
    "bar": "bar (% of films)",
    "four_bars": "four bars (% of films)",
    "bar_1s": "bar (% of films; cuts to the second)",
    "four_bars_1s": "four bars (% of films; cuts to the second)",
    "films_beat": "films, beat",
    "films_bar": "films, bar",
    "films_four_bars": "films, four bars",
    "S_segments": "S(segments)",
    "S_segments_1s": "S(segments), sigma 1 s",
    "S_chords_1s": "S(chords), same second",
    "S_downbeats": "S(downbeats)",
    "S_beats": "S(beats)",
    "S_chords": "S(chords)",
    "segment_seconds": "segment (s)",
    "bar_seconds": "bar (s)",
    "shot_seconds": "shot (s)",
}


def system(key: str) -> str:
    """Return what a system is called.

    >>> system("tl_random"), system("my_network")
    ('TL Random', 'my network')
    """
    return SYSTEMS.get(key, key.replace("_", " "))


def metric(key: str) -> str:
    """Return what a metric is called.

    >>> metric("map_at_20"), metric("units_below_005")
    ('MAP@20 (%)', 'units below 005')
    """
    return METRICS.get(key, key.replace("_", " "))


def group(key: str) -> str:
    """Return what a group is called.

    >>> group("music:Hip-Hop"), group("other_artists"), group("all")
    ('Hip-Hop', 'other artists', 'all')
    """
    bare = key.removeprefix("music:").removeprefix("video:")
    return SYSTEMS.get(bare, bare.replace("_", " "))
