"""What chapter 6 concludes: whether music-video clips have a language."""

from vmnet.report.claims import Claim, Order, Quantity
from vmnet.report.thesis import names
from vmnet.report.thesis.claims.parts import ALL, combined, constant, number

MUSIC = (
    "Alternative", "Country", "Dance/Electro", "Hip-Hop", "Pop", "R&B", "Reggaeton", "Rock",
)  # fmt: skip
VIDEO = ("Concept", "Dance", "Narration", "Performance", "Other")


def _genres(part: str, metric: str, *genres: str, system: str = "observed") -> tuple:
    """Return one number for each genre, of music or of video."""
    found = []
    for genre in genres:
        what = "music" if genre in MUSIC else "video"
        found.append(number(part, metric, system, f"{what}:{genre}"))
    return tuple(found)


def _extreme(
    part: str, metric: str, chosen: tuple[str, ...], sign: str, among: tuple[str, ...]
) -> Order:
    """Return genres that are above or below all others."""
    others = tuple(genre for genre in among if genre not in chosen)
    about = names.metric(metric)
    return Order(about, _genres(part, metric, *chosen), sign, _genres(part, metric, *others))


def _all(metric: str, system: str = "observed", label: str = "", part: str = "6.2") -> Quantity:
    return number(part, metric, system, ALL, label=label or names.metric(metric))


def _beyond_null(*metrics: str, part: str = "6.2") -> tuple[Order, ...]:
    """Return numbers beyond their nulls: a set of films has one, by how well cuts are known."""
    return tuple(
        Order(
            names.metric(metric),
            (_all(metric, label="observed", part=part),),
            ">",
            (_all(metric, "null_high", "97.5 % of the null", part),),
        )
        for metric in metrics
    )


_MEAN_OF_OTHERS = combined(
    lambda *values: sum(values) / len(values),
    "mean of the other genres",
    *_genres("6.3", "S_downbeats", *(genre for genre in MUSIC if genre != "Dance/Electro")),
)

LANGUAGE = (
    Claim(
        "beat_agreement_common",
        "In most films the dominant shot agrees with the beat.",
        "6.2.3, table 6.2",
        (Order("", (_all("beat"),), ">", (constant(50, "half of the films"),)),),
        "Shots drawn without any music reach 10 to 58 %, by the shape of their lengths, so that "
        "the share alone shows no link.",
    ),
    Claim(
        "beat_agreement_beyond_null",
        "The dominant shot agrees with the beat more often than with the tempi of other films.",
        "ours: the thesis has no null",
        _beyond_null("beat"),
    ),
    Claim(
        "bar_agreement",
        "The dominant shot agrees with the bar in fewer films than with the beat.",
        "6.2.3, table 6.2",
        (Order("", (_all("bar"),), "<", (_all("beat"),)),),
        "The thesis has 17.3 %; random shots reach 1 to 52 %.",
    ),
    Claim(
        "bar_agreement_beyond_null",
        "The dominant shot agrees with the bar more often than with the tempi of other films.",
        "ours: the thesis has no null",
        _beyond_null("bar", "bar_1s"),
    ),
    Claim(
        "pattern_never",
        "The dominant shot agrees with four bars in hardly any film.",
        "6.2.3",
        tuple(
            Order("", (_all(m, label="four bars"),), "<", (constant(5, "one in twenty"),))
            for m in ("four_bars", "four_bars_1s")
        ),
        "Hardly any is taken as: fewer than 5 %. Random shots do so in 0 to 3 %.",
    ),
    Claim(
        "bar_country_electro_rock",
        "Bar: Country, Dance/Electro and Rock agree most often, R&B least.",
        "6.2.3, table 6.2",
        (
            _extreme("6.2", "bar", ("Country", "Dance/Electro", "Rock"), ">", MUSIC),
            _extreme("6.2", "bar", ("R&B",), "<", MUSIC),
        ),
        "Of 17 to 49 films a genre.",
    ),
    Claim(
        "beat_alternative_reggaeton",
        "Beat: Alternative and Reggaeton agree most often, Country least.",
        "6.2.3, table 6.2",
        (
            _extreme("6.2", "beat", ("Alternative", "Reggaeton"), ">", MUSIC),
            _extreme("6.2", "beat", ("Country",), "<", MUSIC),
        ),
        "Of 12 to 34 films a genre.",
    ),
    Claim(
        "bar_performance",
        "Bar: Performance agrees most often, Concept least.",
        "6.2.3, table 6.2",
        (
            _extreme("6.2", "bar", ("Performance",), ">", VIDEO),
            _extreme("6.2", "bar", ("Concept",), "<", VIDEO),
        ),
    ),
    Claim(
        "beat_other_lowest",
        "Beat: Concept agrees most often, Other least.",
        "6.2.3, table 6.2",
        (
            _extreme("6.2", "beat", ("Concept",), ">", VIDEO),
            _extreme("6.2", "beat", ("Other",), "<", VIDEO),
        ),
    ),
    Claim(
        "cooccurrence_above_chance",
        "Cuts fall on downbeats more than by chance, over all films and in every genre.",
        "6.2.3, table 6.3; the null is ours",
        tuple(
            Order(
                names.group(group),
                (number("6.3", "S_downbeats", "observed", group, label="observed"),),
                ">",
                (number("6.3", "S_downbeats", "null_high", group, label="97.5 % of the null"),),
            )
            for group in (ALL, *(f"music:{g}" for g in MUSIC), *(f"video:{g}" for g in VIDEO))
        ),
        "The thesis shows no null; cuts without any order, one in 4.76 s, would give 0.042, where "
        "it has 0.11 to 0.31.",
    ),
    Claim(
        "cuts_at_sections",
        "Cuts fall on section boundaries more than by chance.",
        "6.1; the null is ours",
        _beyond_null("S_segments", part="6.3"),
        "The hypothesis of the interviews that a section has its own scenes. MSAF "
        "dates boundaries a beat late (docs/measurements.md), where S looks within 0.25 s; here "
        "they lie where their beats begin. The thesis says nothing of it.",
    ),
    Claim(
        "cuts_near_sections",
        "Cuts known to the second fall within a second or so of section boundaries more than by "
        "chance.",
        "6.1; ours, for real cuts",
        _beyond_null("S_segments_1s", part="6.3"),
        "Sections are people's. Half of all seconds have a cut, so that much is by chance.",
    ),
    Claim(
        "cuts_at_chords",
        "Cuts fall in the second in which the chord changes more than by chance, and more than "
        "2 to 5 s before and after.",
        "ours, for real cuts",
        (
            *_beyond_null("S_chords_1s", part="6.3"),
            Order(
                "times the mean of the lags of 2 to 5 s",
                (number("lags", "S_chords_1s", "peak", ALL, label="at lag 0"),),
                ">",
                (constant(1, ""),),
            ),
        ),
        "Most of what is beyond the null is that neither is in the silence at both ends, which the "
        "lags tell: see docs/thesis.md.",
    ),
    Claim(
        "segment_pop",
        "Pop has the largest S at section boundaries.",
        "6.2.3, table 6.3",
        (_extreme("6.3", "S_segments", ("Pop",), ">", MUSIC),),
        "The printed 0.36 contradicts the other half of the table, which allows 0.195 at most; "
        "0.16 agrees with it, and would be the lowest.",
    ),
    Claim(
        "downbeat_rnb_reggaeton",
        "R&B and Reggaeton have the largest S at downbeats, Rock the smallest.",
        "6.2.3, table 6.3",
        (
            _extreme("6.3", "S_downbeats", ("R&B", "Reggaeton"), ">", MUSIC),
            _extreme("6.3", "S_downbeats", ("Rock",), "<", MUSIC),
        ),
    ),
    Claim(
        "low_electro_hiphop_rock",
        "Dance/Electro, Hip-Hop and Rock have a lower S at downbeats than the other genres.",
        "6.2.3",
        (_extreme("6.3", "S_downbeats", ("Dance/Electro", "Hip-Hop", "Rock"), "<", MUSIC),),
        "The thesis' own Hip-Hop, 0.25, is the third highest.",
    ),
    Claim(
        "duration_is_not_position",
        "Durations may agree where positions do not: Dance/Electro agrees with the bar more often "
        "than all films, and has a lower S at downbeats than the other genres on average.",
        "6.2.3",
        (
            Order(
                "bar (% of films)",
                _genres("6.2", "bar", "Dance/Electro"),
                ">",
                (_all("bar", label="all films"),),
            ),
            Order(
                "S(downbeats)",
                _genres("6.3", "S_downbeats", "Dance/Electro"),
                "<",
                (_MEAN_OF_OTHERS,),
            ),
        ),
    ),
    Claim(
        "dance_downbeat",
        "Of the video genres, Dance has the largest S at downbeats.",
        "6.2.3, table 6.3",
        (_extreme("6.3", "S_downbeats", ("Dance",), ">", VIDEO),),
    ),
    Claim(
        "performance_other_low",
        "Performance and Other have the smallest S at downbeats.",
        "6.2.3, table 6.3",
        (_extreme("6.3", "S_downbeats", ("Performance", "Other"), "<", VIDEO),),
    ),
    Claim(
        "other_lowest",
        "Other has the smallest S at section boundaries and at downbeats.",
        "6.2.3, table 6.3",
        tuple(
            _extreme("6.3", metric, ("Other",), "<", VIDEO)
            for metric in ("S_segments", "S_downbeats")
        ),
    ),
    Claim(
        "genre_follows_genre",
        "The genre of the video depends on that of the music.",
        "6.2.2, figure 6.4",
        (
            Order(
                "",
                (number("6.4", "cramers_v", "p", ALL, label="p"),),
                "<",
                (constant(0.05, ""),),
            ),
        ),
        "The thesis has the figure alone. Depends is taken as: a chi-square test has p below 0.05.",
    ),
    Claim(
        "more_cuts_than_boundaries",
        "Shots are shorter than sections of the music.",
        "6.2.2",
        (
            Order(
                "mean length",
                (_all("shot_seconds", part="means"),),
                "<",
                (_all("segment_seconds", part="means"),),
            ),
        ),
    ),
    Claim(
        "cuts_on_beats",
        "More cuts are on a beat than by chance.",
        "6.1: what editors say",
        (
            Order(
                "percent of cuts",
                (number("H2", "percent_of_cuts", "observed", "on_beat", label="observed"),),
                ">",
                (number("H2", "percent_of_cuts", "null", "on_beat", label="by chance"),),
            ),
        ),
        "No numbers in the thesis.",
    ),
    Claim(
        "choruses_cut_faster",
        "Choruses are cut faster than bridges.",
        "6.1: what editors say",
        (
            Order(
                "relative cutting rate",
                (number("H3", "relative_cutting_rate", "observed", "section:chorus"),),
                ">",
                (number("H3", "relative_cutting_rate", "observed", "section:bridge"),),
            ),
        ),
        "No numbers in the thesis. Nothing of it was put into rendered films.",
    ),
    Claim(
        "cuts_before_downbeats",
        "Cuts come a little before the downbeat.",
        "6.1, figure 6.2",
        (
            Order(
                "",
                (number("H4", "highest_lag", "observed", ALL, label="the lag of the largest S"),),
                "<",
                (constant(0, "no lag,"),),
            ),
        ),
        "The thesis shows it in one film.",
    ),
)  # fmt: skip
