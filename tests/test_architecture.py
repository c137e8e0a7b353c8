"""Who may know whom. Read from the sources, so that a late import counts as well."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "bakeoff"

MAY_NOT = {
    "core": ("environments", "agents", "contest", "audit", "training", "experts", "cli", "testing"),
    "environments": ("agents", "contest", "audit", "training", "experts", "cli", "testing"),
    "agents": ("environments", "contest", "audit", "training", "experts", "cli", "testing"),
    "contest": ("environments", "agents", "audit", "training", "experts", "cli"),
    "audit": ("environments", "contest", "training", "experts", "cli"),
    "experts": ("environments", "agents", "audit", "training", "cli", "testing"),
    "training": ("environments", "audit", "cli", "testing"),
    "bridges": ("environments", "audit", "training", "cli", "testing"),
    "proofs": ("environments", "agents", "contest", "audit", "training", "cli", "testing"),
}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at any depth, dynamic imports by literal name included."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("bakeoff."):
            found.add(node.value.partition(":")[0])
    return found


@pytest.mark.parametrize("room", MAY_NOT)
def test_data_flows_one_way(room: str) -> None:
    files = sorted((SOURCE / room).rglob("*.py"))
    assert files, f"room {room} is gone; mend this test"
    for path in files:
        for module in imports(path):
            for other in MAY_NOT[room]:
                crossing = module == f"bakeoff.{other}" or module.startswith(f"bakeoff.{other}.")
                assert not crossing, f"{path.relative_to(SOURCE)} imports {module}: {room} may not know {other}"


def word_lists(path: Path) -> set[str]:
    """The words a file brings along: every word of a string in its module-level constants. `PRIOR` holds names of features, not words."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if any(re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) and name != "PRIOR" for name in names):
            for item in ast.walk(node):
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    found.update(word.lower() for word in re.findall(r"[A-Za-z]{3,}", item.value))
    return found


def literals(path: Path) -> set[str]:
    """Every string a file writes out, in lower case, docstrings and f-string parts included."""
    return {
        item.value.strip().lower()
        for item in ast.walk(ast.parse(path.read_text()))
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }


# Words that the agents know and some product shows as well; each group for a reason that lies in neither. Anything else fails the tests.
CAPTIONS = set(
    "ok yes save submit apply confirm done cancel close back reset next previous search find send go delete remove filter log sign".split()
)
FUNCTION_WORDS = set(
    "the and for with from into out not any all our this that was who what how here does could first second more earlier newer older there off same much nobody".split()
)
FORMAT = set(  # roles, states, tools and element kinds of the observation format, and the shapes of elementary geometry
    """
    text type key select field number date day code email phone name line letter list group status alert switch form option options answer address
    selected start down full copy word large big enter check required disabled checked hidden
    """.split()
)
ARITHMETIC = set("sum total together add many count minus difference product".split())  # what reckoning is called, whatever is reckoned
KNOWN_TO_ALL = CAPTIONS | FUNCTION_WORDS | FORMAT | ARITHMETIC


def test_the_agents_bring_no_words_from_the_products() -> None:
    """The learners' lexicons and the generator's word pools come from different sources."""
    from bakeoff.environments.browser.vocabulary import all_words

    pool = {word for phrase in all_words() for word in re.findall(r"[a-z]{3,}", phrase)}
    assert len(pool) > 300, "the word pools moved; point this test at them"
    shared = {
        word: path.name for path in sorted((SOURCE / "agents").rglob("*.py")) for word in word_lists(path) if word in pool - KNOWN_TO_ALL
    }
    assert not shared, f"agents name words from the products' vocabulary: {shared}"


def test_the_agents_write_out_no_phrase_of_a_product() -> None:
    """No string anywhere in an agent is a caption of several words that a product shows."""
    from bakeoff.environments.browser.vocabulary import all_words

    phrases = {phrase for phrase in all_words() if " " in phrase}
    assert len(phrases) > 100, "the word pools moved; point this test at them"
    shared = {text: path.name for path in sorted((SOURCE / "agents").rglob("*.py")) for text in literals(path) if text in phrases}
    assert not shared, f"agents write out phrases from the products' vocabulary: {shared}"


# What a learner of spreadsheets may say although some house says it too: a function of the formula language, and how papers write percentages.
SHEETS_KNOWN = KNOWN_TO_ALL | {"average", "per", "percentage", "points"}


def test_the_spreadsheet_learner_brings_no_words_of_finance() -> None:
    """No word of a house's labels in a constant of the learner's, and no label of several words anywhere in an agent."""
    from bakeoff.environments.spreadsheet.vocabulary import all_words

    words = {word for phrase in all_words() for word in re.findall(r"[a-z]{3,}", phrase)}
    phrases = {phrase for phrase in all_words() if " " in phrase}
    assert len(words) > 500 and len(phrases) > 1000, "the word pools moved; point this test at them"
    files = sorted((SOURCE / "agents" / "apprentice" / "sheets").rglob("*.py"))
    assert files, "the spreadsheet learner moved; point this test at it"
    shared = {word: path.name for path in files for word in word_lists(path) if word in words - SHEETS_KNOWN}
    assert not shared, f"the learner names words of the houses: {shared}"
    said = {text: path.name for path in sorted((SOURCE / "agents").rglob("*.py")) for text in literals(path) if text in phrases}
    assert not said, f"agents write out labels of the houses: {said}"


def test_no_file_outgrows_one_idea() -> None:
    long = {path.name: lines for path in SOURCE.rglob("*.py") if (lines := len(path.read_text().splitlines())) > 700}
    assert not long, f"split these: {long}"


def test_nothing_of_this_machine_is_written_down() -> None:
    root = SOURCE.parent.parent
    for path in [
        *SOURCE.rglob("*.py"),
        *root.glob("*.md"),
        *root.glob("design/*.md"),
        *root.glob("benchmarks/*"),
        *root.glob("plans/*.toml"),
    ]:
        if path.is_file():
            assert not re.search(r"(^|[^A-Za-z0-9_.])/(work|farm)/", path.read_text()), f"{path.name} names a path of one machine"
