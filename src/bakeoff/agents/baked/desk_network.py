"""The small policy for workbooks: which line, which period, and a formula, piece by piece, that points at lines.

Two parts. The first looks at papers, tabs and lines and decides what to do and where, as the policy for pages does. The second makes the formula of one
line: it reads the line's label, the sentence about it, how its past is reckoned and how a line like it is, and writes pieces, each from the
lexicon or a line, with a share copied from what it reads (pointer-generator: See et al. 2017, arXiv 1704.04368). The second never sees the formula that stands in the
line's open periods. So how unlikely that one is to it tells where something is wrong: the first part is shown this surprise where nothing is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.agents.baked import choice
from bakeoff.agents.baked.deskwork import END, LONGEST_FORMULA, MORE, MOST_FORMULAS, DeskGrammar, writes
from bakeoff.agents.baked.network import MINUS, STEPS, Shape, Texts
from bakeoff.agents.baked.workbook import (
    DOCUMENT,
    FEATURES,
    GENERAL,
    LINE,
    MOST_PAST,
    PERIOD_FEATURES,
    RULE,
    SINGLE,
    TAB,
    TURNED,
    Cloze,
    Desk,
)

WORDS = 4096
ITEMS = 160
SOURCE = 128
TOLD = 3
"""What is told of a line's surprise: how great it is, whether a formula there cannot be said, whether the line was looked at."""


@lru_cache(maxsize=50_000)
def _word(word: str) -> int:
    return zlib.crc32(word.encode()) % (WORDS - 1) + 1


@dataclass(slots=True)
class _Room:
    """A batch of different desks: keys of their lines (desk, line, W), and vectors of texts and bags of words."""

    desks: list[Desk]
    at: dict[int, int]
    keys: Tensor
    texts: dict[str, int]
    vectors: Tensor


@dataclass(slots=True)
class _Asked:
    """Formulas to be made: source after attention (B, S, W) with its mask, what may be copied (B, S, choices), keys of the choices (B, choices, W)."""

    source: Tensor
    there: Tensor
    copied: Tensor
    keys: Tensor
    usable: Tensor
    begin: Tensor


class WorkbookPolicy(nn.Module):
    """The network. Not thread-safe while it trains; on the CPU."""

    def __init__(self, grammar: DeskGrammar, shape: Shape | None = None) -> None:
        super().__init__()
        self.grammar, self.shape = grammar, shape or Shape()
        width, heads = self.shape.width, self.shape.heads
        self.texts = Texts(self.shape)
        self.words = nn.EmbeddingBag(WORDS, width, mode="mean", padding_idx=0)
        nn.init.normal_(self.words.weight, std=0.3)
        self.label, self.heading, self.home = (nn.Linear(width, width) for _ in range(3))
        self.static = nn.Linear(2, width)
        self.key_norm = nn.LayerNorm(width)

        def block(layers: int) -> nn.TransformerEncoder:
            layer = nn.TransformerEncoderLayer(width, heads, 3 * width, 0.0, F.gelu, batch_first=True, norm_first=True)
            return nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

        # what to do and where
        self.kind = nn.Embedding(5, width)
        self.features = nn.Linear(FEATURES, width)
        self.told = nn.Linear(TOLD, width)
        self.order = nn.Embedding(ITEMS, width)
        self.tool = nn.Embedding(len(grammar.tools), width)
        self.age = nn.Embedding(MOST_PAST, width)
        self.moment = nn.Embedding(STEPS, width)
        self.general = nn.Linear(GENERAL, width)
        self.trunk = block(self.shape.layers)
        self.to_tool = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, len(grammar.tools)))
        self.ask = nn.Sequential(nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, width))
        self.key_item = nn.Linear(width, width)
        self.end = nn.Parameter(torch.zeros(width))
        self.period = nn.Sequential(nn.Linear(2 * width + PERIOD_FEATURES, width), nn.GELU(), nn.Linear(width, 1))
        self.more = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 2))
        # formulas
        self.segment = nn.Embedding(RULE + 1, width)
        self.place = nn.Embedding(SOURCE, width)
        self.lexicon = nn.Embedding(max(len(grammar.lexicon), 1), width)
        self.reader = block(1)
        decoder = nn.TransformerDecoderLayer(width, heads, 3 * width, 0.0, F.gelu, batch_first=True, norm_first=True)
        self.writer = nn.TransformerDecoder(decoder, 2, norm=nn.LayerNorm(width))
        self.written = nn.Embedding(LONGEST_FORMULA + 1, width)
        self.say = nn.Linear(width, width)
        self.copy_ask = nn.Linear(width, width)
        self.copy_key = nn.Linear(width, width)
        self.copy_gain = nn.Parameter(torch.tensor(1.0))
        self._places = torch.tensor(grammar.places(), dtype=torch.bool)

    # --- desks -----------------------------------------------------------------------------------------------------------------------

    def _room(self, desks: Sequence[Desk], lines: Sequence[tuple[Desk, int]]) -> _Room:
        different = list({id(desk): desk for desk in desks}.values())
        at = {id(desk): number for number, desk in enumerate(different)}
        texts: dict[str, int] = {"": 0}
        for desk in different:
            for text in (*desk.names, *desk.headings, *desk.homes, *(deed.name for deed in desk.past)):
                texts.setdefault(desk.shown(text), len(texts))
        for desk, line in lines:
            for token in desk.source(line):
                if token.piece is None and (token.lines or token.segment == 0):
                    texts.setdefault(token.words[0], len(texts))
        vectors = self.texts(list(texts))
        most = max(max(len(desk.lines.rows) for desk in different), 1)
        names, headings, homes = (torch.zeros(len(different), most, dtype=torch.long) for _ in range(3))
        static = torch.zeros(len(different), most, 2)
        for number, desk in enumerate(different):
            count, first = len(desk.lines.rows), desk.first
            for out, found in ((names, desk.names), (headings, desk.headings), (homes, desk.homes)):
                out[number, :count] = torch.tensor([texts[desk.shown(text)] for text in found[first:]], dtype=torch.long)
            static[number, :count] = torch.from_numpy(desk.features[first:, [SINGLE, TURNED]])
        keys = self.key_norm(self.label(vectors)[names] + self.heading(vectors)[headings] + self.home(vectors)[homes] + self.static(static))
        return _Room(different, at, keys, texts, vectors)

    def _bags(self, bags: Sequence[tuple[str, ...]]) -> Tensor:
        """(bags, W): the mean of their words."""
        flat = torch.tensor([_word(word) for bag in bags for word in bag] or [0], dtype=torch.long)
        offsets = torch.tensor(np.cumsum([0, *(len(bag) for bag in bags)])[:-1], dtype=torch.long)
        found: Tensor = self.words(flat, offsets)
        return found

    # --- formulas --------------------------------------------------------------------------------------------------------------------

    def _asked(self, room: _Room, wanted: Sequence[tuple[Desk, int]]) -> _Asked:
        width, lexicon = self.shape.width, len(self.grammar.lexicon)
        size = len(wanted)
        sources = [desk.source(line) for desk, line in wanted]
        longest = max(len(source) + len(desk.rules) for source, (desk, _) in zip(sources, wanted, strict=True))
        longest = min(longest, SOURCE)
        most = room.keys.shape[1]
        where = torch.tensor([room.at[id(desk)] for desk, _ in wanted])
        # every token is one row of a table: texts, bags of words, lexicon, lines of this desk
        bags: dict[tuple[str, ...], int] = {}
        for (desk, _), source in zip(wanted, sources, strict=True):
            for bag in (*desk.rules, *(token.words for token in source if token.piece is None and not token.lines and token.segment)):
                bags.setdefault(bag, len(bags))
        table = torch.cat([self.label(room.vectors), self._bags(list(bags) or [()]), self.lexicon.weight, room.keys.reshape(-1, width)])
        first_bag = len(room.vectors)
        first_word = first_bag + max(len(bags), 1)
        first_line = first_word + len(self.lexicon.weight)
        index = np.zeros((size, longest), dtype=np.int64)
        segment = np.zeros((size, longest), dtype=np.int64)
        copied = np.zeros((size, longest, lexicon + most), dtype=np.float32)
        lengths = []
        for row, ((desk, _), source) in enumerate(zip(wanted, sources, strict=True)):
            own = first_line + int(where[row]) * most
            at = 0
            for at, token in enumerate(source[:longest]):
                segment[row, at] = token.segment
                if token.piece is not None:
                    number = self.grammar.number(token.piece)
                    if number is None:
                        continue
                    copied[row, at, number] = 1.0
                    index[row, at] = own + number - lexicon if number >= lexicon else first_word + number
                elif token.lines or token.segment == 0:
                    index[row, at] = room.texts[token.words[0]]
                    copied[row, at, [lexicon + line for line in token.lines]] = 1.0
                else:
                    index[row, at] = first_bag + bags[token.words]
            for at, bag in enumerate(desk.rules, start=len(source)):
                if at >= longest:
                    break
                segment[row, at], index[row, at] = RULE, first_bag + bags[bag]
            lengths.append(min(len(source) + len(desk.rules), longest))
        there = torch.arange(longest).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
        source_in = table[torch.from_numpy(index)] + self.segment(torch.from_numpy(segment)) + self.place.weight[:longest]
        read = self.reader(source_in, src_key_padding_mask=~there)
        keys = torch.cat([self.lexicon.weight[:lexicon].unsqueeze(0).expand(size, -1, -1), room.keys[where]], dim=1)
        usable = torch.zeros(size, lexicon + most, dtype=torch.bool)
        for row, (desk, _) in enumerate(wanted):
            usable[row, : lexicon + len(desk.lines.rows)] = True
        begin = room.keys[where, torch.tensor([line for _, line in wanted])]
        return _Asked(read, there, torch.from_numpy(copied), keys, usable, begin)

    def _said(self, asked: _Asked, ids: Tensor) -> Tensor:
        """Logits of the piece after each of the pieces so far: (B, T + 1, choices) for `ids` (B, T)."""
        rows = torch.arange(len(ids)).unsqueeze(1)
        given = torch.cat([asked.begin.unsqueeze(1), asked.keys[rows, ids]], dim=1)
        size = given.shape[1]
        given = given + self.written.weight[:size]
        ahead = torch.ones(size, size, dtype=torch.bool).triu(1)
        state = self.writer(given, asked.source, tgt_mask=ahead, memory_key_padding_mask=~asked.there)
        width = self.shape.width**0.5
        attention = torch.einsum("btw,bsw->bts", self.copy_ask(state), self.copy_key(asked.source)) / width
        attention = attention.masked_fill(~asked.there.unsqueeze(1), MINUS).softmax(-1)
        mass = torch.einsum("bts,bsc->btc", attention, asked.copied)
        logits = torch.einsum("btw,bcw->btc", self.say(state), asked.keys) / width
        logits = logits + F.softplus(self.copy_gain) * (mass + 1e-4).log()
        lexicon = len(self.grammar.lexicon)
        pointer = F.pad(ids >= lexicon, (1, 0))  # after a line comes its place, and nowhere else
        place = F.pad(self._places, (0, logits.shape[-1] - lexicon))
        allowed = torch.where(pointer.unsqueeze(-1), place, ~place) & asked.usable.unsqueeze(1)
        found: Tensor = logits.masked_fill(~allowed, MINUS)
        return found

    def formula_log_probabilities(self, room: _Room, wanted: Sequence[tuple[Desk, int]], targets: Sequence[Sequence[int]]) -> Tensor:
        """(B, longest): of each piece, given those before it; 0 beyond the end."""
        asked = self._asked(room, wanted)
        longest = max(len(target) for target in targets)
        ids = torch.tensor([[*target, *[0] * (longest - len(target))] for target in targets])
        there = torch.arange(longest).unsqueeze(0) < torch.tensor([len(target) for target in targets]).unsqueeze(1)
        logits = self._said(asked, ids[:, :-1])
        found: Tensor = logits.log_softmax(-1).gather(-1, ids.unsqueeze(-1)).squeeze(-1)
        return found * there

    @torch.no_grad()
    def _surprise(self, room: _Room, desks: Sequence[Desk]) -> dict[int, Tensor]:
        """Of each suspected desk, how unlikely the formulas are that stand in its lines: (lines, TOLD)."""
        found = {id(desk): torch.zeros(len(desk.lines.rows), TOLD) for desk in desks if desk.suspect}
        wanted, targets = [], []
        for desk in desks:
            if not desk.suspect:
                continue
            out = found[id(desk)]
            for line in range(len(desk.lines.rows)):
                there = desk.present(line)
                if not any(there):
                    continue
                out[line, 2] = 1.0
                for pieces in there:
                    ids = self.grammar.formula(pieces) if pieces else None
                    if ids is None:
                        out[line, 1] = 1.0
                    else:
                        wanted.append((desk, line))
                        targets.append(ids)
        if wanted:
            more = self._room([desk for desk, _ in wanted], wanted)
            sums = self.formula_log_probabilities(more, wanted, targets).sum(-1)
            for (desk, line), value in zip(wanted, sums, strict=True):
                out = found[id(desk)]
                out[line, 0] = max(float(out[line, 0]), min(float(-value), 20.0) / 5)
        return found

    # --- what to do and where -----------------------------------------------------------------------------------------------------------

    def _look(self, room: _Room, desks: Sequence[Desk]) -> tuple[Tensor, Tensor, Tensor]:
        """The whole (B, W), the items (B, items, W), and which of them are there."""
        size = len(desks)
        most = min(max(len(desk.refs) for desk in desks), ITEMS)
        surprise = self._surprise(room, desks)
        features, told = torch.zeros(size, most, FEATURES), torch.zeros(size, most, TOLD)
        names, kinds = torch.zeros(size, most, dtype=torch.long), torch.zeros(size, most, dtype=torch.long)
        for row, desk in enumerate(desks):
            count = min(len(desk.refs), most)
            features[row, :count] = torch.from_numpy(desk.features[:count])
            names[row, :count] = torch.tensor([room.texts[desk.shown(name)] for name in desk.names[:count]])
            kinds[row, :count] = torch.tensor(desk.kinds[:count])
            if id(desk) in surprise:
                told[row, desk.first : count] = surprise[id(desk)][: count - desk.first]
        items = self.label(room.vectors)[names] + self.features(features) + self.kind(kinds) + self.told(told) + self.order.weight[:most]
        goals = max(len(desk.goal) for desk in desks)
        bags = [bag for desk in desks for bag in (*desk.goal, *[()] * (goals - len(desk.goal)))]
        said = self._bags(bags).reshape(size, goals, -1) + self.kind.weight[3]
        past = torch.zeros(size, MOST_PAST, self.shape.width)
        for row, desk in enumerate(desks):
            for at, deed in enumerate(desk.past):
                tool = self.grammar.tools.index(deed.tool) if deed.tool in self.grammar.tools else 0
                past[row, at] = (
                    self.label(room.vectors[room.texts[desk.shown(deed.name)]])
                    + self.tool.weight[tool]
                    + self.age.weight[len(desk.past) - 1 - at]
                )
        past = past + self.kind.weight[4]
        whole = self.moment(torch.tensor([min(desk.step, STEPS - 1) for desk in desks]))
        whole = (whole + self.general(torch.tensor([desk.general for desk in desks]))).unsqueeze(1)
        counts = (
            torch.ones(size, dtype=torch.long),
            torch.tensor([min(len(desk.refs), most) for desk in desks]),
            torch.tensor([len(desk.goal) for desk in desks]),
            torch.tensor([len(desk.past) for desk in desks]),
        )
        there = [torch.arange(n).unsqueeze(0) < count.unsqueeze(1) for n, count in zip((1, most, goals, MOST_PAST), counts, strict=True)]
        out = self.trunk(torch.cat([whole, items, said, past], dim=1), src_key_padding_mask=~torch.cat(there, dim=1))
        return out[:, 0], out[:, 1 : 1 + most], there[1]

    def _tool_logits(self, desks: Sequence[Desk], whole: Tensor, items: Tensor) -> Tensor:
        """(B, tools). A tool for which nothing is there, such as a line to write into in an empty workbook, cannot be taken."""
        logits: Tensor = self.to_tool(whole)
        useless = torch.zeros_like(logits, dtype=torch.bool)
        for row, desk in enumerate(desks):
            for tool, name in enumerate(self.grammar.tools):
                useless[row, tool] = name != "finish" and not any(
                    _fits(desk, at, name) for at in range(min(len(desk.refs), items.shape[1]))
                )
        return logits.masked_fill(useless, MINUS)

    def _item_logits(self, desks: Sequence[Desk], whole: Tensor, items: Tensor, tools: Tensor, before: Tensor) -> Tensor:
        """(B, items). `before` (B, W): the first item where this is the second, else zeros."""
        query = self.ask(torch.cat([whole, self.tool(tools), before], dim=-1))
        logits = torch.einsum("bw,biw->bi", query, self.key_item(items)) / self.shape.width**0.5
        allowed = torch.zeros_like(logits, dtype=torch.bool)
        for row, desk in enumerate(desks):
            name = self.grammar.tools[int(tools[row])]
            for at in range(min(len(desk.kinds), items.shape[1])):
                allowed[row, at] = _fits(desk, at, name)
        return logits.masked_fill(~allowed, MINUS)

    def _period_logits(self, desks: Sequence[Desk], items: Tensor, tools: Tensor, chosen: Sequence[int], end: bool = False) -> Tensor:
        """(B, periods) of the chosen lines. `end`: it is the end of what is filled that is asked for."""
        features = [desk.period_features(at - desk.first) for desk, at in zip(desks, chosen, strict=True)]
        most = max(len(found) for found in features)
        padded = torch.zeros(len(desks), most, PERIOD_FEATURES)
        there = torch.zeros(len(desks), most, dtype=torch.bool)
        for row, found in enumerate(features):
            padded[row, : len(found)] = torch.from_numpy(found)
            there[row, : len(found)] = True
        state = items[torch.arange(len(desks)), torch.tensor(list(chosen))]
        slot = self.tool(tools) + self.end if end else self.tool(tools)
        context = torch.cat([state, slot], dim=-1).unsqueeze(1).expand(-1, most, -1)
        logits: Tensor = self.period(torch.cat([context, padded], dim=-1)).squeeze(-1)
        return logits.masked_fill(~there, MINUS)

    def _more_logits(self, desks: Sequence[Desk], items: Tensor, rows: Sequence[int], lines: Sequence[int]) -> Tensor:
        """(B, 2): after a line's formula, whether the block ends or goes on with the next line."""
        here = torch.stack([items[row, at] for row, at in zip(rows, lines, strict=True)])
        after = torch.stack(
            [
                items[row, at + 1] if at + 1 < min(len(desks[row].refs), items.shape[1]) else torch.zeros_like(items[row, at])
                for row, at in zip(rows, lines, strict=True)
            ]
        )
        found: Tensor = self.more(torch.cat([here, after], dim=-1))
        return found

    # --- the two things an engine asks of a network ----------------------------------------------------------------------------------

    def log_probabilities(self, prompts: Sequence[Desk | Cloze], targets: Sequence[Sequence[int]]) -> Tensor:
        """Log-probability of each token of each action (or formula) given the tokens before it: (B, longest), 0 beyond an end."""
        names = self.grammar.tools
        rows = [row for row, prompt in enumerate(prompts) if isinstance(prompt, Desk)]
        columns: list[list[Tensor]] = [[] for _ in prompts]
        wanted: list[tuple[Desk, int]] = []
        pieces: list[Sequence[int]] = []
        owners: list[int] = []
        blocks: dict[int, list[int]] = {}
        for row, (prompt, ids) in enumerate(zip(prompts, targets, strict=True)):
            if isinstance(prompt, Cloze):
                wanted.append((prompt.desk, prompt.line))
                pieces.append(ids)
                owners.append(row)
            elif writes(names[ids[0]]):
                rest, line, marks = list(ids[3:]), ids[1] - prompt.first, []
                while rest:
                    length = self.grammar.length(rest)
                    wanted.append((prompt, line))
                    pieces.append(rest[:length])
                    owners.append(row)
                    rest = rest[length:]
                    line += 1
                    if names[ids[0]] == "write_block":
                        marks.append(rest.pop(0))
                if marks:
                    blocks[row] = marks
        desks = [prompts[row] for row in rows]
        room = self._room([*desks, *(desk for desk, _ in wanted)], wanted)  # type: ignore[list-item]
        if rows:
            self._score_choices(room, desks, [targets[row] for row in rows], [columns[row] for row in rows])  # type: ignore[arg-type]
        marked: dict[int, list[Tensor]] = {}
        if blocks and rows:
            flat = [(rows.index(row), targets[row][1] + at, mark) for row, marks in blocks.items() for at, mark in enumerate(marks)]
            logits = self._more_logits(desks, self._items, [r for r, _, _ in flat], [at for _, at, _ in flat]).log_softmax(-1)  # type: ignore[arg-type]
            for number, (r, _, mark) in enumerate(flat):
                marked.setdefault(rows[r], []).append(logits[number, mark])
        if wanted:
            scored = self.formula_log_probabilities(room, wanted, pieces)
            for number, row in enumerate(owners):
                columns[row] += list(scored[number, : len(pieces[number])])
                if row in marked:
                    columns[row].append(marked[row].pop(0))
        longest = max(len(found) for found in columns)
        return torch.stack([F.pad(torch.stack(found), (0, longest - len(found))) for found in columns])

    def _score_choices(self, room: _Room, desks: Sequence[Desk], targets: Sequence[Sequence[int]], into: list[list[Tensor]]) -> None:
        """Tools, items and periods."""
        whole, items, _ = self._look(room, desks)
        self._items = items
        tools = torch.tensor([ids[0] for ids in targets])

        def put(some: Sequence[int], logits: Tensor, at: int) -> None:
            found = logits.log_softmax(-1)[torch.arange(len(some)), torch.tensor([targets[row][at] for row in some])]
            for row, value in zip(some, found, strict=True):
                into[row].append(value)

        every = range(len(desks))
        put(every, self._tool_logits(desks, whole, items), 0)
        pointing = [row for row in every if len(targets[row]) > 1]
        if not pointing:
            return
        part = [desks[row] for row in pointing]
        put(pointing, self._item_logits(part, whole[pointing], items[pointing], tools[pointing], torch.zeros_like(whole[pointing])), 1)
        timed = [row for row in pointing if desks[row].kinds[targets[row][1]] == LINE]
        if timed:
            put(
                timed, self._period_logits([desks[row] for row in timed], items[timed], tools[timed], [targets[row][1] for row in timed]), 2
            )
        filled = [row for row in timed if self.grammar.tools[targets[row][0]] == "fill"]
        if filled:
            some = [desks[row] for row in filled]
            first = items[torch.tensor(filled), torch.tensor([targets[row][1] for row in filled])]
            put(filled, self._item_logits(some, whole[filled], items[filled], tools[filled], first), 3)
            put(filled, self._period_logits(some, items[filled], tools[filled], [targets[row][3] for row in filled], end=True), 4)

    @torch.no_grad()
    def draw(
        self, desk: Desk, n: int, temperature: float, generator: torch.Generator, top_k: int = 0
    ) -> list[tuple[list[int], list[float]]]:
        """`n` actions for one screen, each with the log-probabilities (at temperature 1) of its tokens. At temperature 0 the likeliest tokens; see `choice`."""
        room = self._room([desk], [])
        whole, items, _ = self._look(room, [desk])
        return [self._draw(desk, whole, items, temperature, top_k, generator) for _ in range(n)]

    def _draw(
        self, desk: Desk, whole: Tensor, items: Tensor, temperature: float, top_k: int, generator: torch.Generator
    ) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        values: list[float] = []

        def choose(logits: Tensor) -> int:
            row = logits.reshape(-1)
            at = choice.choose(row, temperature, top_k, generator)
            ids.append(at)
            values.append(float(row.log_softmax(-1)[at]))
            return at

        tool = choose(self._tool_logits([desk], whole, items))
        name, tools = self.grammar.tools[tool], torch.tensor([tool])
        if name == "finish":
            return ids, values
        item = choose(self._item_logits([desk], whole, items, tools, torch.zeros_like(whole)))
        if desk.kinds[item] != LINE:
            return ids, values
        choose(self._period_logits([desk], items, tools, [item]))
        if name == "fill":
            other = choose(self._item_logits([desk], whole, items, tools, items[:, item]))
            choose(self._period_logits([desk], items, tools, [other], end=True))
        elif writes(name):
            for number in range(MOST_FORMULAS):
                self._draw_formula(desk, item - desk.first + number, choose)
                last = number + 1 == MOST_FORMULAS or item + number + 1 >= len(desk.refs)
                if name == "write":
                    break
                if last:
                    ids.append(END)
                    values.append(0.0)
                    break
                if choose(self._more_logits([desk], items, [0], [item + number])) != MORE:
                    break
        return ids, values

    def _draw_formula(self, desk: Desk, line: int, choose: Any) -> None:
        asked = self._asked(self._room([desk], [(desk, line)]), [(desk, line)])
        said: list[int] = []
        while len(said) < LONGEST_FORMULA:
            said.append(choose(self._said(asked, torch.tensor([said], dtype=torch.long))[0, -1]))
            if self.grammar.length([*said, 0]) <= len(said):  # complete: what follows would belong to another formula
                break

    # --- what it is ------------------------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What is needed to build it again, beside its weights."""
        return {"network": "workbook", "shape": self.shape.to_dict(), "grammar": self.grammar.to_dict()}

    @classmethod
    def build(cls, description: Mapping[str, Any]) -> WorkbookPolicy:
        """The inverse of `describe`, with fresh weights."""
        return cls(DeskGrammar.from_dict(description["grammar"]), Shape(**description["shape"]))


def _fits(desk: Desk, at: int, tool: str) -> bool:
    """Whether this item of a desk can be the first that a tool takes."""
    kind = desk.kinds[at]
    if kind == DOCUMENT:
        return tool == "open"
    if kind == TAB:
        return tool == "read" and desk.windows[at - desk.kinds.index(TAB)] != ""
    return tool != "open"
