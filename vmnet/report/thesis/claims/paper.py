"""What the paper and chapters 7 and 8 say beside their tables."""

from vmnet.report.claims import Claim, Order
from vmnet.report.thesis.claims.parts import constant, systems

CONTROL = (
    "No numbers are printed. The batches of both have several segments of a clip, which such "
    "negatives take."
)

PAPER = (
    Claim(
        "same_clip_negatives_no_help",
        "Negatives from other segments of the same clip do not help.",
        "paper IV-C; thesis 7.1.3",
        (
            Order(
                "mean rank",
                systems("negatives", "mean_rank", "other_clips_runs", direction="V2M"),
                "≤",
                systems("negatives", "mean_rank", "same_clip", direction="V2M"),
            ),
        ),
        CONTROL,
    ),
    Claim(
        "adjacent_negatives_no_help",
        "Negatives from the segments next to the anchor do not help.",
        "8.2.2",
        (
            Order(
                "mean rank",
                systems("negatives", "mean_rank", "other_clips_runs", direction="V2M"),
                "≤",
                systems("negatives", "mean_rank", "adjacent", direction="V2M"),
            ),
        ),
        CONTROL,
    ),
    Claim(
        "own_index_most_similar",
        "A segment of the video is more similar to the music of its own place than to the rest of "
        "the track.",
        "paper VI-D",
        (
            Order(
                "similarity, over the clips",
                systems("VI-D", "similarity", "own_minus_others"),
                ">",
                (constant(0, ""),),
            ),
        ),
        "The paper shows one matrix (figure 11).",
    ),
    Claim(
        "ends_strongest",
        "The first and the last segments are more strongly tied to their music than those between.",
        "paper VI-D",
        (
            Order(
                "similarity, over the clips",
                systems("VI-D", "similarity", "ends_minus_middle"),
                ">",
                (constant(0, ""),),
            ),
        ),
        "The paper shows one matrix (figure 11).",
    ),
    Claim(
        "misses_share_genre",
        "Where the right track is missed, the best three are of the query's genre.",
        "paper VI-D",
        (
            Order(
                "percent of the query's genre",
                systems("VI-D genre", "percent_of_genre", "top_3_minus_catalog", direction="V2M"),
                ">",
                (constant(0, ""),),
            ),
        ),
        "The paper shows two examples. Taken as: more of the best three than of the whole catalog.",
    ),
    Claim(
        "shots_shorter",
        "Shots are shorter than segments of the music.",
        "paper VII",
        (
            Order(
                "mean length (s)",
                systems("lengths", "seconds", "transnet"),
                "<",
                systems("lengths", "seconds", "foote", "sf", "olda"),
            ),
        ),
        "The paper has 6.6 s against 18.6 to 20 s. Rendered and simulated clips were made so.",
    ),
    Claim(
        "answer_in_a_tenth",
        "One query among 1,000 tracks, with OLDA and trace, takes a tenth of a second at most.",
        "paper VI-B",
        (
            Order(
                "seconds a query",
                systems("time", "seconds", "olda_trace"),
                "≤",
                (constant(0.1, "a tenth,"),),
            ),
        ),
        "The paper has 53 s for 1,000 queries.",
    ),
)  # fmt: skip
