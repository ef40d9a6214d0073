"""Texts: what is read can be written again, and mistakes are told."""

import pytest

from neurosim.errors import UserError
from neurosim.study import catalog, tasks
from neurosim.study.tasks import text as texts

ALICE = catalog.find("data", "alice").read_text(encoding="utf-8")


def written(rows, symbols):
    return "".join(symbols[code] for code in rows.argmax(axis=1))


@pytest.fixture
def save(tmp_path):
    def saved(content):
        path = tmp_path / "mine.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return saved


def test_the_shelf_has_a_whole_book():
    assert len(ALICE) == 148_425
    assert "Alice was beginning to get very tired of sitting by her sister" in ALICE
    assert ALICE.rstrip().endswith("THE END")
    assert ALICE.isascii()


def test_a_text_can_be_read_back_from_its_series():
    series = tasks.make("text", steps=2_000)
    symbols = sorted(set(ALICE))
    assert series.inputs.shape == series.targets.shape == (2_000, len(symbols))
    assert written(series.inputs, symbols) == ALICE[:2_000]
    assert written(series.targets, symbols) == ALICE[1:2_001]
    assert (series.targets.sum(axis=1) == 1).all()
    assert series.kind == "classes"
    assert (series.input_names[0], series.input_names[1]) == ("line_feed", "blank")
    assert "e" in series.input_names
    assert "exclamation_mark" in series.input_names


def test_letters_leave_nothing_but_words():
    series = tasks.make("text", passes=1, alphabet="letters")
    symbols = " " + texts.LETTERS
    words = "".join(c if c.isalpha() else " " for c in ALICE.lower()).split()
    assert written(series.inputs, symbols) == " ".join(words)
    assert series.inputs.shape[1] == 27


def test_a_short_text_is_gone_through_again(save):
    path = save("abc")
    series = tasks.make("text", data=path, steps=7)
    assert written(series.inputs, "abc") == "abcabca"
    assert written(series.targets, "abc") == "bcabcab"
    assert (series.distinct, series.steps) == (3, 7)
    assert tasks.make("text", data=path).steps == 3
    assert tasks.make("text", data=path, passes=4).steps == 12
    assert tasks.series_for("text", data=str(path)).steps == 3


@pytest.mark.parametrize("content", ["a\nb\n", "a\r\nb\r\n", "\ufeffa\nb\n"], ids=ascii)
def test_every_usual_form_of_a_text_reads_the_same(save, content):
    series = tasks.make("text", data=save(content))
    assert written(series.inputs, "\nab") == "a\nb\n"


def test_other_scripts_are_read_too(save):
    series = tasks.make("text", data=save("žluťoučký kůň"))
    assert series.steps == 13
    assert "latin_small_letter_z_with_caron" in series.input_names


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    [
        ("", {}, ["is empty", "Name a longer text"]),
        ("aaaa", {}, ["one character over and over"]),
        ("123 456", {"alphabet": "letters"}, ["is empty"]),
        (b"\x89PNG\r\n\x1a\n\xff\x00", {}, ["is not UTF-8 text"]),
        (b"\x7fELF\x00\x01\x02", {}, ["zero bytes", "no text file"]),
        ("".join(map(chr, range(0x4E00, 0x4F10))), {}, ["272 different characters", "letters"]),
        ("ab", {"steps": 2, "passes": 1}, ["steps and passes"]),
        ("ab", {"passes": 10**7}, ["10,000,000"]),
        ("ab", {"passes": 0}, ["passes", "at least 1"]),
        ("ab", {"alphabet": "small"}, ["alphabet", "all or letters", "'small'"]),
        ("abcdefghijk", {"steps": 10_000_000}, ["11 symbols", "Use fewer steps"]),
    ],
    ids=lambda value: ascii(value)[:30] if isinstance(value, str | bytes) else "",
)
def test_a_mistake_in_a_text_is_told(save, content, options, parts):
    path = save(content)
    with pytest.raises(UserError) as caught:
        tasks.make("text", data=path, **options)
    message = str(caught.value)
    assert message.startswith((str(path), "task text"))
    for part in parts:
        assert part in message


def test_a_text_that_is_missing_or_huge_is_told(tmp_path, save, monkeypatch):
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        tasks.make("text", data=tmp_path / "none.txt")
    with pytest.raises(UserError, match="no data of that name"):
        tasks.make("text", data="nothing")
    monkeypatch.setattr(texts, "MOST_BYTES", 2)
    with pytest.raises(UserError, match="the limit"):
        tasks.make("text", data=save("abc"))
