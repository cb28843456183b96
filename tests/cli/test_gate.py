"""The gate cannot be passed by accident: what is not known is not passed, and nothing takes another one's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.commands import Sepcost

SMALL = """\
name: small
input: {C: 3, H: 16}
layers:
  - {name: stem, K: 3, O: 8}
"""
LARGE = SMALL.replace("name: small", "name: large").replace("O: 8", "O: 64")
PARAMS = {"small": 3 * 9 * 8, "large": 3 * 9 * 64}
TRANSFORM = """
import torch
class Net(torch.nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, width, 3, padding=1, bias=False)
    def forward(self, x):
        return torch.fft.rfft2(self.conv(x)).real
"""
MODEL = ("net.py:Net", "--input", "3x8x8")
MACS = 64 * 3 * 9 * 8


@pytest.fixture
def check(in_process: Sepcost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sepcost:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(TRANSFORM)
    return lambda *arguments: in_process("check", "--no-verify", *arguments)


def write(text: str, name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True, parents=True)
    Path(name).write_text(text, encoding="utf-8")


def judged(check: Sepcost, *arguments: str) -> tuple[int, Any]:
    done = check(*arguments, "--format", "json")
    return done.code, json.loads(done.out)


# What is counted exactly as far as it goes


def test_a_lower_bound_above_a_limit_is_broken_and_below_it_undecided(check: Sepcost) -> None:
    for bound, outcome, code in ((MACS - 1, "broken", 1), (MACS, "undecided", 2), (10**6, "undecided", 2)):
        found, document = judged(check, *MODEL, "--max-macs", str(bound))
        (limit,) = document["networks"][0]["budget"]
        assert (found, limit["outcome"], limit["holds"], document["holds"]) == (code, outcome, False, False)
    assert judged(check, *MODEL, "--max-macs", "1M", "--allow", "uncounted")[0] == 0
    assert judged(check, *MODEL, "--max-macs", str(MACS - 1), "--allow", "uncounted")[0] == 1


def test_a_baseline_remembers_that_inputs_were_zeros(in_process: Sepcost, tmp_path: Path) -> None:
    model = ("tests/cases/models.py:DataDependent", "--device", "cpu", "--input", "3x16x16", "--no-verify")
    costs = str(tmp_path / "costs.json")
    in_process("check", *model, "--update-baseline", costs)
    gate = ("check", costs, "--max-macs", "1G", "--no-verify", "--format", "json")
    done = in_process(*gate)
    assert (done.code, json.loads(done.out)["networks"][0]["read_zeros"]) == (2, True)
    assert in_process(*gate, "--allow", "zeros").code == 0


def test_what_is_undecided_is_said_wherever_it_is_read(check: Sepcost) -> None:
    limits = (*MODEL, "--max-macs", "1M", "--max-params", "1M")
    why = "undecided, not all of it can be counted (--allow uncounted accepts that)"
    sentence = f"MACs, standard: ≥ 13,824, must be at most 1,000,000: {why}"
    table = check(*limits)
    assert table.out.splitlines()[0] == "not passed: 2 checks undecided; 1 network: none of 2 checks fails"
    assert f"net.py:Net: {sentence}" in table.err.splitlines()
    assert sentence in check(*limits, "--format", "github").out
    assert "undecided" in check(*limits, "--format", "markdown").out
    cases = ElementTree.fromstring(check(*limits, "--format", "junit").out).iter("testcase")
    assert [case.find("error") is not None for case in cases if case.get("name", "").startswith("budget")] == [True] * 2


@pytest.mark.parametrize(("least", "code"), [("1", 2), ("4.2", 2), ("4.3", 1)])
def test_a_reduction_of_what_is_not_all_counted_may_be_nearer_to_one(check: Sepcost, least: str, code: int) -> None:
    """27·8 against 27 + 3·8 params: 4.24 without what is missing, which is as much on both sides."""
    assert check(*MODEL, "-r", "separable", "--min-reduction", f"params={least}").code == code


def test_growth_of_what_is_not_all_counted_is_undecided(check: Sepcost) -> None:
    check(*MODEL, "--update-baseline", "costs.json")
    code, document = judged(check, *MODEL, "--baseline", "costs.json")
    assert code == 2
    assert {grown["outcome"] for grown in document["networks"][0]["growth"]} == {"undecided"}
    assert judged(check, *MODEL, "--baseline", "costs.json", "--allow", "uncounted")[0] == 0


def test_a_peak_that_was_known_and_is_no_more_is_undecided(check: Sepcost) -> None:
    chain = "name: net\ninput: {C: 3, H: 8}\nlayers: [{K: 3, O: 8}, {K: 3, O: 8}]\n"
    write(chain, "net.yaml")
    check("net.yaml", "--update-baseline", "costs.json")
    alone = "[{H: 8, C: 3, K: 3, O: 8}, {H: 8, C: 8, K: 3, O: 8}]"
    write(f"name: net\nindependent: true\nlayers: {alone}\n", "net.yaml")
    done = check("net.yaml", "--baseline", "costs.json")
    assert done.code == 2
    assert "growth of peak activations, standard: not known, ≤ 4,096 B in costs.json: undecided" in done.err


DYNAMIC = TRANSFORM.replace(
    "return torch.fft.rfft2(self.conv(x)).real", "return self.conv(x) if x.sum() > 0 else x.sum()"
)
REAL = "import torch\ndef images(): return torch.ones(1, 3, 8, 8)\n"


def test_a_figure_of_zeros_is_undecided_where_values_are_read(check: Sepcost) -> None:
    """Other inputs may take another way, and this network has one that costs nothing."""
    write(DYNAMIC, "dynamic.py")
    write(REAL, "real.py")
    zeros = ("dynamic.py:Net", "--input", "3x8x8", "--device", "cpu", "--max-macs", str(MACS - 1))
    found, document = judged(check, *zeros)
    (limit,) = document["networks"][0]["budget"]
    assert (found, limit["outcome"], limit["value"]) == (2, "undecided", 0)
    assert "its inputs are zeros" in check(*zeros).err
    assert check(*zeros, "--allow", "uncounted").code == 2
    assert check(*zeros, "--allow", "zeros").code == 0
    real = ("dynamic.py:Net", "--input", "real.py:images", "--device", "cpu", "--max-macs")
    assert check(*real, str(MACS)).code == 0
    assert check(*real, str(MACS - 1)).code == 1


def test_growth_of_a_figure_of_zeros_is_undecided(check: Sepcost) -> None:
    write(DYNAMIC, "dynamic.py")
    zeros = ("dynamic.py:Net", "--input", "3x8x8", "--device", "cpu")
    assert check(*zeros, "--update-baseline", "costs.json").code == 0
    assert check(*zeros, "--baseline", "costs.json").code == 2
    assert check(*zeros, "--baseline", "costs.json", "--allow", "zeros").code == 0


# What is gone


def test_a_network_that_is_gone_from_what_was_checked_is_not_passed(check: Sepcost) -> None:
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/large.yaml")
    check("nets", "--update-baseline", "costs.json")
    Path("nets/large.yaml").unlink()
    done = check("nets", "--baseline", "costs.json")
    assert done.code == 2
    assert done.out.splitlines()[0] == "not passed: 1 network gone; 1 network: none of 10 checks fails"
    assert done.err.startswith("nets/large.yaml: large is gone, 1,728 params")
    assert check("nets/small.yaml", "--baseline", "costs.json").code == 0, "it was not among what was checked"
    assert check("nets", "--baseline", "costs.json", "--allow", "gone").code == 0
    github = check("nets", "--baseline", "costs.json", "--format", "github").out
    assert "::error title=sepcost::large is gone" in github
    check("nets", "--baseline", "costs.json", "--update-baseline", "costs.json")
    assert check("nets", "--baseline", "costs.json").code == 0


# Who is who


@pytest.mark.parametrize("format_", ["json", "github"])
@pytest.mark.parametrize("moved", ["nets/large.yaml", "nets/deep", "nets"])
def test_what_a_link_now_hides_is_gone(check: Sepcost, moved: str, format_: str) -> None:
    """A folder that is linked is skipped, and what was there before is missed all the same."""
    for name, path in (("small", "nets/small.yaml"), ("large", "nets/large.yaml"), ("deep", "nets/deep/net.yaml")):
        write(SMALL.replace("name: small", f"name: {name}"), path)
    assert check("nets", "--update-baseline", "costs.json").code == 0
    Path("away").mkdir()
    Path(moved).rename("away/was" if moved != "nets/large.yaml" else "away/large.yaml")
    Path(moved).symlink_to(Path("away/was" if moved == "nets/deep" else "away").resolve())
    if moved == "nets":
        write(SMALL, "away/small.yaml")
        Path("away/was").rename(".away")
    done = check("nets", "--baseline", "costs.json", "--format", format_)
    assert done.code == 2
    assert f"from {'nets/deep/net.yaml' if moved == 'nets/deep' else 'nets/large.yaml'}" in done.err + done.out


def test_an_update_leaves_other_networks_where_they_were(check: Sepcost) -> None:
    """Though a link is there now that leads elsewhere."""
    write(SMALL, "nets/small.yaml")
    write(LARGE, "more/large.yaml")
    assert check("nets", "more", "--update-baseline", "costs.json").code == 0
    Path("more").rename("away")
    Path("more").symlink_to("away")
    assert check("nets", "--update-baseline", "costs.json").code == 0
    assert '"source":"more/large.yaml"' in Path("costs.json").read_text()


def test_a_config_with_a_colon_in_its_name_can_be_gone(check: Sepcost) -> None:
    """It is no model, though nothing has its name any more."""
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/large:v2.yaml")
    assert check("nets", "--update-baseline", "costs.json").code == 0
    Path("nets/large:v2.yaml").unlink()
    assert check("nets", "--baseline", "costs.json").code == 2


def test_a_network_under_another_name_or_file_is_said(check: Sepcost) -> None:
    write(SMALL, "nets/small.yaml")
    check("nets", "--update-baseline", "costs.json")
    write(SMALL.replace("name: small", "name: tiny"), "nets/small.yaml")
    code, document = judged(check, "nets", "--baseline", "costs.json")
    assert (code, document["networks"][0]["was"]) == (0, {"name": "small", "source": "nets/small.yaml"})
    said = "tiny is small of nets/small.yaml in costs.json, where nothing is any more."
    assert said in check("nets", "--baseline", "costs.json").out
    Path("nets/small.yaml").rename("nets/moved.yaml")
    write(SMALL, "nets/moved.yaml")
    code, document = judged(check, "nets", "--baseline", "costs.json")
    assert (code, document["networks"][0]["was"]) == (0, {"name": "small", "source": "nets/small.yaml"})


@pytest.mark.parametrize("checked", ["nets", "nets/small.yaml"])
def test_a_grown_network_that_takes_a_larger_ones_name_is_held_by_its_file(check: Sepcost, checked: str) -> None:
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/large.yaml")
    check("nets", "--update-baseline", "costs.json")
    write(LARGE.replace("O: 64", "O: 60"), "nets/small.yaml")
    write(LARGE.replace("name: large", "name: large2"), "nets/large.yaml")
    code, document = judged(check, checked, "--baseline", "costs.json")
    (small,) = (network for network in document["networks"] if network["source"] == "nets/small.yaml")
    assert (code, small["was"]["name"], small["failures"] > 0) == (1, "small", True)


def test_a_new_network_that_takes_the_name_of_one_that_is_still_there_is_new(check: Sepcost) -> None:
    write(LARGE, "nets/large.yaml")
    check("nets", "--update-baseline", "costs.json")
    write(LARGE.replace("O: 64", "O: 60"), "nets/new.yaml")
    code, document = judged(check, "nets/new.yaml", "--baseline", "costs.json")
    assert (code, document["networks"][0]["new"]) == (1, True)
    Path("nets/large.yaml").unlink()
    assert judged(check, "nets/new.yaml", "--baseline", "costs.json")[0] == 0


def test_a_replacement_that_the_baseline_does_not_know_fails(check: Sepcost) -> None:
    write(SMALL, "small.yaml")
    check("small.yaml", "-r", "separable", "--update-baseline", "costs.json")
    done = check("small.yaml", "-r", "separable", "-r", "blueprint", "--baseline", "costs.json")
    assert (done.code, done.out.count("growth: new")) == (1, 1)


# Options of which one value counts


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (("--max-params", "1", "--max-params=1M"), "--max-params"),
        (("--baseline", "costs.json", "--baseline", "costs.json"), "--baseline"),
        (("--update-baseline", "one.json", "--update-baseline", "two.json"), "--update-baseline"),
        (("--alpha", "1", "--max-params", "1M", "--alpha", "1"), "--alpha"),
        (("--format", "table", "--format", "json"), "--format"),
        (("--verify",), "--verify/--no-verify"),
        (("--no-verify", "--verify"), "--verify/--no-verify"),
        (("--run-models", "--run-models"), "--run-models"),
    ],
)
def test_an_option_of_one_value_is_given_once(check: Sepcost, typed: tuple[str, ...], message: str) -> None:
    write(SMALL, "small.yaml")
    check("small.yaml", "--update-baseline", "costs.json")
    done = check("small.yaml", *typed)
    assert (done.code, done.out, done.err) == (2, "", f"sepcost: {message} is given twice: give it once\n")
    assert not Path("two.json").exists()


def test_options_of_many_values_are_given_as_often_as_needed(check: Sepcost) -> None:
    write(SMALL, "small.yaml")
    limits = ("--max", "params=1M", "--max", "macs=1M", "-r", "separable", "-r", "blueprint")
    allowed = ("--allow", "gone", "--allow", "zeros", "--include", "stem", "--include", "s*")
    assert check("small.yaml", "small.yaml", *limits, *allowed).code == 0


def test_help_is_shown_whatever_else_is_typed(check: Sepcost) -> None:
    assert check("--alpha", "1", "--alpha", "1", "--help", "--help").code == 0


def test_other_commands_take_the_last_value(in_process: Sepcost) -> None:
    one = ("compare", "-C", "8", "-K", "3", "-O", "8", "--format", "csv")
    assert in_process(*one, "--alpha", "2", "--alpha", "1") == in_process(*one, "--alpha", "1")


# Growth that a file allows


def test_a_file_may_say_by_how_much_its_network_may_grow(check: Sepcost) -> None:
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/large.yaml")
    check("nets", "--update-baseline", "costs.json")
    wider = SMALL.replace("O: 8", "O: 9")
    write(wider, "nets/small.yaml")
    assert check("nets", "--baseline", "costs.json").code == 1
    more = "{params: 12.5%, macs: 10k, activations: 13%, traffic_bytes: 20%, peak_activation_bytes: 2kB}"
    write(f"{wider}budget: {{growth: {more}}}\n", "nets/small.yaml")
    assert check("nets", "--baseline", "costs.json").code == 0
    assert check("nets", "--baseline", "costs.json", "--max-growth", "1%").code == 0, (
        "the file knows its network better"
    )
    assert check("nets", "--baseline", "costs.json", "--max-growth", "params=1%").code == 1, (
        "what was typed for it wins"
    )
    write(LARGE.replace("O: 64", "O: 65"), "nets/large.yaml")
    code, document = judged(check, "nets", "--baseline", "costs.json")
    assert (code, [network["failures"] > 0 for network in document["networks"]]) == (1, [True, False])


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        ("{flops: 2%}", "budget.growth.flops: unknown key"),
        ("{macs: 2}", "budget.growth.macs: must be per cent such as 2%, or an amount with a unit such as 10k, got 2"),
        ("{traffic_bytes: 2K}", "budget.growth.traffic_bytes: must be per cent such as 2%, or bytes such as"),
    ],
)
def test_growth_in_a_file_is_read_as_it_is_typed(check: Sepcost, growth: str, message: str) -> None:
    write(f"{SMALL}budget: {{growth: {growth}}}\n", "small.yaml")
    done = check("small.yaml")
    assert (done.code, message in done.err) == (2, True), done.err


def test_networks_of_one_name_are_distinguished_by_their_files(check: Sepcost) -> None:
    write(SMALL, "nets/one.yaml")
    write(SMALL, "nets/two.yaml")
    done = check("nets", "--max-params", "100")
    names = [line.split("  ")[0] for line in done.out.splitlines()[3:5]]
    assert names == ["small (nets/one.yaml)", "small (nets/two.yaml)"]


def test_growth_beyond_what_was_not_all_counted_is_undecided(check: Sepcost) -> None:
    check(*MODEL, "--update-baseline", "costs.json")
    Path("wider").mkdir()
    Path("net.py").write_text(
        TRANSFORM.replace("width=8", "width=9").replace("torch.fft.rfft2(self.conv(x)).real", "self.conv(x)")
    )
    Path("wider/net.py").write_text(Path("net.py").read_text())
    text = Path("costs.json").read_text().replace('"net.py:Net"', '"wider/net.py:Net"')
    Path("costs.json").write_text(text)
    code, document = judged(check, "wider/net.py:Net", *MODEL[1:], "--baseline", "costs.json")
    outcomes = {(grown["figure"], grown["outcome"]) for grown in document["networks"][0]["growth"]}
    assert (code, ("macs", "undecided") in outcomes) == (2, True)


# What an update leaves, and what is not compared any more


def sources_in(baseline: str) -> list[str]:
    lines = [
        json.loads(line.rstrip(",").removesuffix(',"layers":[') + "}")
        for line in Path(baseline).read_text().splitlines()
        if line.startswith('{"source"')
    ]
    return [line["source"] for line in lines]


@pytest.mark.parametrize("with_baseline", [True, False])
def test_an_update_forgets_where_a_network_was(check: Sepcost, with_baseline: bool) -> None:
    """Else the entry of the old place vouches for the next network of that name."""
    write(SMALL, "nets/a.yaml")
    check("nets/a.yaml", "--update-baseline", "costs.json")
    Path("nets/a.yaml").rename("nets/b.yaml")
    baseline = ("--baseline", "costs.json") if with_baseline else ()
    assert check("nets/b.yaml", *baseline, "--update-baseline", "costs.json").code == 0
    assert sources_in("costs.json") == ["nets/b.yaml"]
    write(SMALL, "nets/c.yaml")
    assert check("nets/c.yaml", "--baseline", "costs.json").code == 1, "it is new"


def test_a_network_is_gone_where_its_folder_is_now(check: Sepcost) -> None:
    """A folder that moved, or a baseline that did, hides nothing of what was deleted."""
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/large.yaml")
    check("nets", "--update-baseline", "costs.json")
    Path("elsewhere").mkdir()
    Path("elsewhere/costs.json").write_text(Path("costs.json").read_text())
    Path("nets/large.yaml").unlink()
    assert "large is gone" in check("nets", "--baseline", "elsewhere/costs.json").err
    Path("nets").rename("models")
    for baseline in ("costs.json", "elsewhere/costs.json"):
        done = check("models", "--baseline", baseline)
        assert (done.code, "large is gone" in done.err) == (2, True)
    assert check("models", "--update-baseline", "costs.json").code == 0
    assert sources_in("costs.json") == ["models/small.yaml"]


def test_an_update_of_a_folder_leaves_files_that_it_does_not_read(check: Sepcost) -> None:
    write(SMALL, "nets/small.yaml")
    write(LARGE, "nets/.hidden.yaml")
    write('{"input": {"C": 3, "H": 16}, "layers": [{"K": 3, "O": 8}]}', "nets/net.json")
    files = ["nets/.hidden.yaml", "nets/net.json", "nets/small.yaml"]
    check(*files, "--update-baseline", "costs.json")
    assert check("nets", "--baseline", "costs.json", "--update-baseline", "costs.json").code == 0
    assert sources_in("costs.json") == files


def test_a_replacement_that_a_config_compares_with_no_more_is_gone(check: Sepcost) -> None:
    two = SMALL + "replace: [separable, blueprint]\n"
    write(two, "net.yaml")
    check("net.yaml", "--update-baseline", "costs.json")
    write(two.replace("separable, ", ""), "net.yaml")
    found, document = judged(check, "net.yaml", "--baseline", "costs.json")
    assert (found, document["holds"], document["networks"][0]["gone"]) == (2, False, ["separable"])
    message = "separable is not counted any more: costs.json has it"
    for format_ in ("table", "markdown", "github", "junit"):
        done = check("net.yaml", "--baseline", "costs.json", "--format", format_)
        assert message in done.out + done.err
    assert check("net.yaml", "--baseline", "costs.json", "--allow", "gone").code == 0
    assert check("net.yaml", "--baseline", "costs.json", "-r", "blueprint").code == 0, "that was typed"
    assert check("net.yaml", "--baseline", "costs.json", "--update-baseline", "costs.json").code == 2
    assert check("net.yaml", "--baseline", "costs.json").code == 0


def test_a_baseline_knows_the_resolution_and_the_inputs_that_were_typed(check: Sepcost) -> None:
    """Smaller inputs hide growth."""
    write(SMALL, "net.yaml")
    check("net.yaml", "--resolution", "32", "--update-baseline", "costs.json")
    message = "'small' is there with resolution 32×32, and has none now: give --resolution 32x32"
    assert message in check("net.yaml", "--baseline", "costs.json").err
    assert check("net.yaml", "--baseline", "costs.json", "--resolution", "32x32").code == 0
    check("net.py:Net", "--input", "3x16x16", "--allow", "uncounted", "--update-baseline", "costs.json")
    done = check("net.py:Net", "--input", "3x8x8", "--allow", "uncounted", "--baseline", "costs.json")
    assert (done.code, "ran there on --input 3x16x16, and on 3x8x8 now" in done.err) == (2, True)


def test_weights_that_are_stored_in_more_bytes_have_grown(check: Sepcost) -> None:
    """Traffic and peak, which shrink with the maps, do not show it."""
    model = """
import torch
class Net(torch.nn.Module):
    def __init__(self, dtype, width):
        super().__init__()
        self.table = torch.nn.Embedding(1000, 16, dtype=dtype)
        self.conv = torch.nn.Conv2d(3, width, 3).half()
    def forward(self, image, words):
        return self.conv(image), self.table(words)
def build(): return Net(torch.float16, 64)
"""
    inputs = ("--input", "3x32x32:float16", "--input", "4:int64")
    write(model, "words.py")
    check("words.py:build", *inputs, "--update-baseline", "costs.json")
    write(model.replace("float16, 64", "float32, 40"), "more/words.py")
    Path("costs.json").write_text(Path("costs.json").read_text().replace("words.py", "more/words.py"))
    found, document = judged(check, "more/words.py:build", *inputs, "--baseline", "costs.json")
    failed = {grown["figure"] for grown in document["networks"][0]["growth"] if not grown["holds"]}
    assert (found, failed) == (1, {"weight_bytes"})
    allowed = ("--baseline", "costs.json", "--max-growth", "weight_bytes=100%")
    assert check("more/words.py:build", *inputs, *allowed).code == 0


@pytest.mark.parametrize("format_", ["json", "github", "junit", "markdown"])
def test_a_report_knows_that_the_baseline_could_not_be_written(check: Sepcost, format_: str) -> None:
    write(SMALL, "net.yaml")
    Path("costs.json").write_text("hello")
    done = check("net.yaml", "--max-params", "1M", "--update-baseline", "costs.json", "--format", format_)
    assert (done.code, "is no baseline to be renewed" in done.out) == (2, True)


# What the code of one model does to the others


def test_what_a_model_sets_holds_for_its_own_code_alone(check: Sepcost) -> None:
    """Whatever the order: the default dtype (each time that code of its file runs), and the current folder."""
    plain = TRANSFORM.replace("torch.fft.rfft2(self.conv(x)).real", "self.conv(x)")
    setting = 'import os, torch\ntorch.set_default_dtype(torch.float64)\nos.makedirs("away")\nos.chdir("away")\n'
    write(plain, "plain.py")
    write(setting + plain.replace("self.conv(x)", "self.conv(x.double())") + "class Again(Net): pass\n", "setting.py")
    models = ["setting.py:Net", "plain.py:Net", "setting.py:Again"]
    written = {}
    for order in (models, models[::-1]):
        assert check(*order, "--input", "3x8x8", "--update-baseline", "costs.json").code == 0
        written[order[0]] = Path("costs.json").read_text()
        Path("costs.json").unlink()
    first, last = written.values()
    assert first == last
    assert first.count('"own_dtype":"float64"') == 2
