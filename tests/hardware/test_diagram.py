"""The diagram of a chip, and what else shows names that anyone may have given."""

import csv
import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import neurosim as ns
from neurosim.study.hardware import diagram
from neurosim.study.hardware import map as word_map
from tests.hardware.small_chip import HOSTILE, small


@pytest.mark.parametrize("lanes", [1, 6])
def test_hostile_names_are_escaped_wherever_they_are_shown(lanes):
    assembled, chip = small(lanes, (*HOSTILE, "x"))
    plan = assembled.learning
    image = diagram.drawn(replace(chip, name="<&\"'\x00>"), plan)
    texts = [e.text for e in ElementTree.fromstring(image).iter() if e.tag.endswith("text")]
    assert any("<&\"'?>" in text for text in texts)
    assert any("</text><script>"[:10] in text for text in texts)
    rows = list(csv.DictReader(io.StringIO(word_map.table(plan, ns.Fixed()))))
    assert {row["neuron"] for row in rows} == set(HOSTILE)
    widths = dict.fromkeys((*word_map._CONTROL, *word_map._STREAM, *word_map._HOST), 1)
    saved = word_map.save_file(plan, ns.Fixed(), "waveform.vcd", widths)
    line = re.compile(r'@\w+|-[\w.:+*/(), -]+|\[\w+\] [\w". ]+|(\+\{[\w.:+*/() -]+\} )?TOP\.[\w.]+'
                      r"(\[\d+\])*(\[\d+:0\])?|\*[-\d. ]+", re.ASCII)  # fmt: skip
    assert [text for text in saved.splitlines() if not line.fullmatch(text)] == []


@pytest.mark.parametrize(("units", "lanes"), [(3, 1), (8, 8), (32, 32)])
def test_the_diagram_shows_every_lane_and_stays_on_the_sheet(units, lanes):
    names = [*(f"a-unit-with-a-name-{n}" for n in range(units)), "x"]
    assembled, chip = small(lanes, names)
    root = ElementTree.fromstring(diagram.drawn(chip, assembled.learning))
    width, height = (float(root.get(side)) for side in ("width", "height"))
    texts = [e for e in root.iter() if e.tag.endswith("text")]
    assert sum(e.text.startswith("lane ") for e in texts) == lanes
    said = f"{units} neurons on {'1 lane' if lanes == 1 else f'{lanes} lanes'}"
    assert texts[0].text.endswith(said)
    for e in texts:
        # letters are at most 0.62 of their size wide, on average
        assert float(e.get("x")) + 0.62 * float(e.get("font-size")) * len(e.text) <= width
        assert float(e.get("y")) < height


def test_names_that_do_not_fit_are_counted():
    assert diagram.wrapped(["ab", "a-long-name"], 16, 1) == ["ab, a-lo..."]
    assert diagram.wrapped(["abcde"] * 6, 16, 2) == ["abcde, abcde,", "abcde +3 more"]
