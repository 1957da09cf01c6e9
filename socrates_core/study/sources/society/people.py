"""The people of the synthetic society: demographics with realistic margins and correlations, and their traits.

Attributes and values are those of SocSci210. A latent left-right position determines party and ideology; education and
work influence income; age influences work and marital status.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, ndtr

from socrates_core.study.study_set import Persona

Floats = npt.NDArray[np.float64]

TRAITS: Final = ("left", "age", "female", "education", "income")
"""F = 5 dimensions in which people differ, in the order of every coefficient vector."""

EDUCATION: Final = {
    "Less than high school": 0.04,
    "Some high school (no diploma)": 0.06,
    "High school graduate or equivalent": 0.27,
    "Vocational/tech school/some college/associates": 0.30,
    "Bachelor's degree": 0.20,
    "Post grad study/professional degree": 0.13,
}
INCOME: Final = {
    "<5K": 0.04,
    "5-9K": 0.04,
    "10-14K": 0.06,
    "15-19K": 0.06,
    "20-29K": 0.12,
    "30-39K": 0.11,
    "40-49K": 0.09,
    "50-74K": 0.18,
    "75-99K": 0.12,
    "100-124K": 0.07,
    "125-149K": 0.04,
    "150-175K+": 0.03,
    "175-200K+": 0.02,
    "200K+": 0.02,
}
PARTY: Final = {
    "Strong Democrat": 0.18,
    "Moderate Democrat": 0.15,
    "Lean Democrat": 0.11,
    "Don't Lean/Independent/None": 0.16,
    "Lean Republican": 0.10,
    "Moderate Republican": 0.14,
    "Strong Republican": 0.16,
}
IDEOLOGY: Final = {
    "Very Liberal": 0.12,
    "Somewhat Liberal": 0.17,
    "Moderate": 0.37,
    "Somewhat Conservative": 0.19,
    "Very Conservative": 0.15,
}
"""Value → share of people, in rising order (party and ideology: from left to right)."""

GENDER: Final = ("Female", "Male")
WORKING_AGE: Final = {
    "Employed as paid employee": 0.66,
    "Self-employed": 0.12,
    "Not working for other reasons": 0.09,
    "Looking for work": 0.06,
    "Disabled": 0.05,
    "Temporarily laid off": 0.02,
}
MARRIAGE: Final = ("Never married", "Living with partner", "Married", "Divorced", "Widowed")

ATTRIBUTES: Final = ("age", "gender", "education", "income", "employment", "marital_status", "party_id", "ideology")
AGES: Final = (18, 90)

Scores = dict[str, float]


def draw_people(count: int, rng: np.random.Generator) -> pl.DataFrame:
    """`count` people, one row each, with all `ATTRIBUTES` (age Int64, the others String)."""
    age = (AGES[0] + (AGES[1] - AGES[0]) * rng.beta(1.6, 2.1, count)).astype(np.int64)
    female = rng.random(count) < 0.515
    years = (age - 48) / 17
    schooling = rng.standard_normal(count) - 0.1 * years
    right = 0.18 * years - 0.2 * female - 0.15 * schooling + rng.standard_normal(count)
    retired = rng.random(count) < expit((age - 65) / 2.5)
    work = np.where(retired, "Retired", _choose(WORKING_AGE, rng.random(count)))
    marriage = _marriage(age, rng)
    paid = np.isin(work, ["Employed as paid employee", "Self-employed"])
    earnings = 0.5 * schooling + 0.5 * paid + 0.4 * (marriage == "Married") + 0.8 * rng.standard_normal(count)
    lean = 0.8 * _standard(right) + 0.6 * rng.standard_normal(count)
    return pl.DataFrame(
        {
            "age": age,
            "gender": np.where(female, "Female", "Male"),
            "education": _by_rank(schooling, EDUCATION),
            "income": _by_rank(earnings, INCOME),
            "employment": work,
            "marital_status": marriage,
            "party_id": _by_rank(right, PARTY),
            "ideology": _by_rank(lean, IDEOLOGY),
        }
    )


def traits_of(people: pl.DataFrame | Sequence[Persona]) -> Floats:
    """(N, F) the traits of people, in the order of `TRAITS`; 0, the centre, if an attribute is unknown.

    left is the mean of party and ideology, each from −1 (right) to 1 (left); age is (years − 48) / 17, with values
    outside 18..90 clipped; female is ±0.5; education and income are standardised ranks.

    Raises:
        ValueError: If an attribute has a value that does not exist in the society.
    """
    table = people if isinstance(people, pl.DataFrame) else _table(people)
    left = np.stack([_scored(table, name, scores) for name, scores in (("party_id", _PARTY), ("ideology", _IDEOLOGY))])
    known = ~np.isnan(left)
    columns = [
        np.where(known, left, 0).sum(axis=0) / known.sum(axis=0).clip(min=1),
        (_ages(table).clip(*AGES) - 48) / 17,
        _scored(table, "gender", _GENDER),
        _scored(table, "education", _EDUCATION),
        _scored(table, "income", _INCOME),
    ]
    traits: Floats = np.nan_to_num(np.stack(columns, axis=1), nan=0.0)
    return traits


def _table(personas: Sequence[Persona]) -> pl.DataFrame:
    """The attributes that the truth depends on, one row per persona."""
    names = ("gender", "education", "income", "party_id", "ideology")
    strangers = [p["age"] for p in personas if p.get("age") is not None and not isinstance(p["age"], int)]
    if strangers:
        raise ValueError(f"age must be a whole number, got {strangers[0]!r}")
    columns = {name: pl.Series([p.get(name) for p in personas], dtype=pl.String, strict=False) for name in names}
    return pl.DataFrame({"age": pl.Series([p.get("age") for p in personas], dtype=pl.Int64), **columns})


def _ages(table: pl.DataFrame) -> Floats:
    if "age" not in table.columns:
        return np.full(len(table), np.nan)
    return table["age"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _scored(table: pl.DataFrame, attribute: str, scores: Scores) -> Floats:
    """(N,) the score of each value; NaN if the attribute is unknown."""
    if attribute not in table.columns:
        return np.full(len(table), np.nan)
    column = table[attribute]
    strangers = sorted(set(column.drop_nulls().unique()) - set(scores))
    if strangers:
        raise ValueError(f"the society has no {attribute} {strangers[0]!r}; it has {', '.join(scores)}")
    scored = column.replace_strict(scores, default=None, return_dtype=pl.Float64)
    return scored.fill_null(float("nan")).to_numpy()


def _marriage(age: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Marital status: almost no one is married at 20, more than half are at 45, and many are widowed at 80."""
    wed = expit((age - 29) / 5)
    widowed = wed * expit((age - 80) / 6)
    divorced = 0.2 * (wed - widowed)
    married = 0.72 * (wed - widowed)
    together = 0.3 * (1 - wed) + 0.08 * (wed - widowed)
    never = 1 - wed - 0.3 * (1 - wed)
    cdf = np.cumsum(np.stack([never, together, married, divorced, widowed], axis=1), axis=1)
    pick = (rng.random((len(age), 1)) > cdf).sum(axis=1).clip(max=len(MARRIAGE) - 1)
    marriage: npt.NDArray[np.str_] = np.asarray(MARRIAGE)[pick]
    return marriage


def _by_rank(latent: Floats, shares: Mapping[str, float]) -> npt.NDArray[np.str_]:
    """Discretise a latent variable so that the values have their expected shares."""
    return _choose(shares, ndtr(_standard(latent)))


def _choose(shares: Mapping[str, float], uniform: Floats) -> npt.NDArray[np.str_]:
    """The value in whose interval of [0, 1] each number falls."""
    edges = np.cumsum(list(shares.values()))
    pick = np.searchsorted(edges, uniform, side="right").clip(max=len(edges) - 1)
    chosen: npt.NDArray[np.str_] = np.asarray(list(shares))[pick]
    return chosen


def _standard(values: Floats) -> Floats:
    """Centred and scaled to unit variance; a single value becomes 0."""
    spread = values.std() if len(values) > 1 else 0.0
    centred: Floats = values - values.mean()
    return centred / spread if spread else centred


def _steps(names: Sequence[str], first: float, last: float) -> Scores:
    return dict(zip(names, np.linspace(first, last, len(names)).tolist(), strict=True))


def _ranks(shares: Mapping[str, float]) -> Scores:
    """Value → its mid-rank among people, scaled to about unit variance: √12 · (share below + half its own − ½)."""
    share = np.asarray(list(shares.values()))
    middle = np.cumsum(share) - share / 2
    return dict(zip(shares, (np.sqrt(12) * (middle - 0.5)).tolist(), strict=True))


_PARTY = _steps(tuple(PARTY), 1, -1)
_IDEOLOGY = _steps(tuple(IDEOLOGY), 1, -1)
_GENDER: Scores = {"Female": 0.5, "Male": -0.5}
_EDUCATION = _ranks(EDUCATION)
_INCOME = _ranks(INCOME)
