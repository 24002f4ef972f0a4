"""Captions of figures: what is taken out, what stays, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import Record, Skipped
from clipseek.sources.figure_captions import ORIGINAL, Cleaning, cleaned_caption


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Figure 2. Axial CT of the chest.", "Axial CT of the chest."),
        ("Fig. 3a: A mass in the left lobe", "A mass in the left lobe"),
        ("FIGURE 1A-C: Chest radiograph", "Chest radiograph"),
        ("Supplementary Figure S4 – Axial view", "Axial view"),
        ("Fig 2 Axial view", "Axial view"),
        ("(Fig. 5) Sagittal MRI", "Sagittal MRI"),
        ("(A) Axial and (B) coronal view; (c, d) after treatment.", "Axial and coronal view; after treatment."),
        ("a) Axial view", "Axial view"),
        ("Tumour at diagnosis [12], as described [3, 5-7].", "Tumour at diagnosis, as described."),
        ("Lesions (Smith et al., 2010) of the liver", "Lesions of the liver"),
        ("Lesions (Smith and Jones 2010; Lee, 2011b).", "Lesions."),
        ("Size &lt; 3 cm &amp; smooth", "Size < 3 cm & smooth"),
        ("H<sub>2</sub>O in <italic>E. coli</italic>", "H2O in E. coli"),
        (r"A \textbf{large} mass~\cite{smith} of 5\%", "A large mass of 5%"),
        (r"Width of 5 $\mu$m", r"Width of 5 \mum"),
    ],
)
def test_what_says_nothing_of_the_picture_is_taken_out(text: str, expected: str) -> None:
    clean, kinds = cleaned_caption(text)
    assert clean == expected
    assert kinds


@pytest.mark.parametrize(
    "text",
    [
        "Figure 2.",  # nothing would be left
        "Figures of dancers on a stage",
        "Figure skating in winter",
        "Chest radiograph (arrow) in 2010",
        "A dog and a cat (2010)",
        "Function f(x) over time",
        "Gene FIG4 is expressed",
        "A. fumigatus culture",
        "a red square: left, drawing",
    ],
)
def test_other_captions_stay_as_they_are(text: str) -> None:
    assert cleaned_caption(text) == (text, [])


def test_the_original_stays_beside_and_the_pass_is_counted() -> None:
    plain = Record("1", Path("a.png"), ("a cat",))
    figure = Record("2", Path("b.png"), ("Figure 1. A dog [3]",), metadata={"split": "train"})
    both = Record("3", Path("c.png"), ("Fig. 2: A bird", "a bird outside"))
    skipped = Skipped(Path("d"), "unreadable", "x")
    cleaning = Cleaning()
    found = list(cleaning.through(iter([plain, figure, both, skipped])))
    assert found[0] is plain
    assert found[3] is skipped
    one, other = found[1:3]
    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert (one.captions, one.metadata) == (("A dog",), {"split": "train", ORIGINAL: "Figure 1. A dog [3]"})
    assert other.metadata[ORIGINAL] == both.captions
    assert (cleaning.captions, cleaning.of) == (2, 4)
    assert cleaning.lines() == [
        "2 of 4 captions cleaned, 2 with figure numbers, 1 with references",
        "  'Figure 1. A dog [3]' -> 'A dog'",
        "  'Fig. 2: A bird' -> 'A bird'",
    ]
