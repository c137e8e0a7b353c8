"""The small policy: a transformer over the instruction, what was done, and the elements of the screen, whose actions point at what it sees.

Texts enter as bags of hashed n-grams, so there is no vocabulary; an element is the sum of its texts, role and features. After a few layers of
attention the tool is chosen from the whole, the element by a dot product with the whole given the tool, an option likewise, and a text piece by
piece by a recurrent decoder that points at the lexicon, the instruction and the names on the screen (pointer network: Vinyals et al. 2015,
arXiv 1506.03134; web pages as sets of elements: Liu et al. 2018, arXiv 1802.08802).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from bakeoff.agents.baked import choice
from bakeoff.agents.baked.actions import DISTANCES, KEYS, LONGEST_TEXT, Grammar, Slot
from bakeoff.agents.baked.screen import (
    FEATURES,
    IS_ON,
    MOST_ELEMENTS,
    MOST_PAST,
    PIECE_FEATURES,
    ROLES,
    SAID_WHOLE,
    Screen,
    option_features,
)
from bakeoff.agents.baked.words import BUCKETS, WAYS, grams

MINUS = -1e9
UNUSUAL = -20.0
"""Added to elements of roles that no demonstration used the tool on: never chosen beside others, and possible where there is nothing else."""
PLACES = 64
"""Places of words in an instruction are told apart up to here."""
STEPS = 24
"""Actions so far are told apart up to here."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes. `width` is a multiple of `heads`; the defaults make about 1.2 million parameters."""

    width: int = 96
    layers: int = 3
    heads: int = 4
    texts: int = 48

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class Texts(nn.Module):
    """Texts as vectors: the sum of their n-grams' embeddings over the root of their number beside that of their words, so that a long text weighs what a
    short one does; projected. Small at first, and not normalised: a name that is new must not be as loud as a word that is known. Every different text of a batch is looked up once."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(BUCKETS, shape.texts, mode="sum", padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        self.out = nn.Sequential(nn.Linear(2 * shape.texts, shape.width), nn.GELU(), nn.Linear(shape.width, shape.width))

    def forward(self, texts: Sequence[str]) -> Tensor:
        """(number of texts, width)."""
        both = [grams(text) for text in texts]
        parts, words = (self._bags([bags[at] for bags in both]) for at in (0, 1))
        found: Tensor = self.out(torch.cat([parts, words], dim=-1))
        return found

    def _bags(self, bags: Sequence[NDArray[np.int64]]) -> Tensor:
        sizes = np.array([len(bag) for bag in bags], dtype=np.int64)
        offsets = np.cumsum(sizes) - sizes
        found: Tensor = self.table(torch.from_numpy(np.concatenate(bags)), torch.from_numpy(offsets))
        return found / torch.from_numpy(np.sqrt(sizes).astype(np.float32)).unsqueeze(-1)


class _Names:
    """Collects the texts of a batch, each once."""

    def __init__(self) -> None:
        self.index: dict[str, int] = {"": 0}

    def __call__(self, texts: Sequence[str]) -> Tensor:
        index = self.index
        return torch.tensor([index.setdefault(text, len(index)) for text in texts], dtype=torch.long)


@dataclass(slots=True)
class Seen:
    """A batch of screens after attention: the whole (B, W); elements with their roles, and pieces, with their masks; the pieces' texts before it; and the screens."""

    whole: Tensor
    elements: Tensor
    elements_there: Tensor
    roles: Tensor
    pieces: Tensor
    pieces_there: Tensor
    spoken: Tensor
    screens: Sequence[Screen]


@dataclass(slots=True)
class Words:
    """What a text can be put together from: the decoder's first state (B, W), the keys of all choices (B, choices, W), which of them are there,
    which are written in the form of the field's value, and how far the lexicon's mean something that was said."""

    hidden: Tensor
    keys: Tensor
    there: Tensor
    alike: Tensor
    meant: Tensor


class PointerPolicy(nn.Module):
    """The network. Not thread-safe while it trains; on the CPU."""

    unusual: Tensor

    def __init__(self, grammar: Grammar, shape: Shape | None = None) -> None:
        super().__init__()
        self.grammar, self.shape = grammar, shape or Shape()
        width = self.shape.width
        self.texts = Texts(self.shape)
        self.role = nn.Embedding(ROLES, width)
        self.value_way = nn.Embedding(WAYS, width)
        self.features = nn.Linear(FEATURES, width)
        self.ask_wanted = nn.Linear(width, width)
        self.key_wanted = nn.Linear(width, width)
        self.said_whole = nn.Parameter(
            torch.tensor([2.0, -3.0])
        )  # what a name counts that was said as it stands, and what must be exceeded
        self.differs = nn.Embedding(ROLES, width)
        self.wanted_value = nn.Linear(2, width)
        self.mix = nn.Linear(4 * width, width)
        self.order = nn.Embedding(MOST_ELEMENTS, width)
        self.place = nn.Embedding(PLACES, width)
        self.way = nn.Embedding(WAYS, width)
        self.piece_features = nn.Linear(PIECE_FEATURES, width)
        self.piece_context = nn.Conv1d(width, width, 3, padding=1)
        self.tool = nn.Embedding(len(grammar.tools), width)
        self.age = nn.Embedding(MOST_PAST, width)
        self.past = nn.Linear(2 * width, width)
        self.general = nn.Linear(3 * width, width)
        self.moment = nn.Embedding(STEPS, width)
        self.kind = nn.Embedding(4, width)
        layer = nn.TransformerEncoderLayer(width, self.shape.heads, 2 * width, 0.0, F.gelu, batch_first=True, norm_first=True)
        self.trunk = nn.TransformerEncoder(layer, self.shape.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.to_tool = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, len(grammar.tools)))
        self.ask_element = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
        self.key_element = nn.Linear(width, width)
        self.ask_target = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
        self.key_target = nn.Linear(width, width)
        self.ask_option = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
        self.key_option = nn.Linear(width + 2, width)
        self.said_option = nn.Linear(3, 1)
        self.to_key = nn.Linear(2 * width, len(KEYS))
        self.to_distance = nn.Linear(2 * width, len(DISTANCES))
        self.begin = nn.Linear(3 * width, width)
        self.next = nn.GRUCell(2 * width, width)
        self.attend = nn.Linear(width, width)
        self.say = nn.Linear(2 * width, width)
        self.follow = nn.Linear(width, 1)
        self.conform = nn.Linear(width, 1)
        self.mention = nn.Linear(width, 1)
        self.end = nn.Parameter(torch.zeros(width))
        self.lexicon = nn.Embedding(max(len(grammar.lexicon), 1), width)
        self.key_piece = nn.Linear(width, width)
        self.key_name = nn.Linear(width, width)
        unusual = torch.zeros(len(grammar.tools), ROLES)
        for tool, roles in enumerate(grammar.roles):
            if roles:
                unusual[tool] = UNUSUAL
                unusual[tool, list(roles)] = 0.0
        self.register_buffer("unusual", unusual, persistent=False)
        for part in self.modules():  # beside these, texts must not be drowned
            if isinstance(part, nn.Embedding):
                nn.init.normal_(part.weight, std=0.2)

    # --- seeing ------------------------------------------------------------------------------------------------------------------

    def forward(self, screens: Sequence[Screen]) -> Seen:
        """Attention over each screen, padded to the longest."""
        names = _Names()
        size = len(screens)
        rows = []
        for s in screens:
            done = ([d.name for d in s.past], [d.text for d in s.past])
            rows.append([names(texts) for texts in (s.names, s.values, s.parents, s.before, s.pieces, *done, s.general)])
        vectors = self.texts(list(names.index))
        most_elements = max(max(len(s.refs) for s in screens), 1)
        most_pieces = max(max(len(s.pieces) for s in screens), 1)
        width = self.shape.width

        def padded(index: int, most: int) -> Tensor:
            out = torch.zeros(size, most, dtype=torch.long)
            for row, found in enumerate(rows):
                out[row, : len(found[index])] = found[index]
            return vectors[out]

        def stacked(arrays: Sequence[Any], most: int, depth: int | None = None) -> Tensor:
            out = np.zeros((size, most) if depth is None else (size, most, depth), dtype=np.int64 if depth is None else np.float32)
            for row, array in enumerate(arrays):
                out[row, : len(array)] = array
            return torch.from_numpy(out)

        elements = self.mix(torch.cat([padded(at, most_elements) for at in range(4)], dim=-1))
        roles = stacked([s.roles for s in screens], most_elements)
        elements = elements + self.role(roles)
        elements = elements + self.value_way(stacked([s.value_ways for s in screens], most_elements))
        features = stacked([s.features for s in screens], most_elements, FEATURES)
        elements = elements + self.features(features) + self.kind.weight[0]
        elements = elements + self.order.weight[:most_elements]
        spoken = padded(4, most_pieces)
        said_whole = self.said_whole[0] * features[..., SAID_WHOLE] + self.said_whole[1]
        meant = self.meant(padded(0, most_elements), spoken, _there([len(s.pieces) for s in screens], most_pieces))
        wanted = (meant.unsqueeze(-1) + said_whole).sigmoid()
        on = features[..., IS_ON].amax(-1, keepdim=True)
        differs = wanted * (1 - on) + (1 - wanted) * on
        elements = elements + differs * self.differs(roles) + self.wanted_value(torch.cat([wanted, differs], dim=-1))
        pieces = spoken + self.way(stacked([s.piece_ways for s in screens], most_pieces)) + self.kind.weight[1]
        pieces = pieces + self.place(stacked([np.minimum(s.piece_places, PLACES - 1) for s in screens], most_pieces))
        pieces = pieces + self.piece_features(stacked([s.piece_features for s in screens], most_pieces, PIECE_FEATURES))
        pieces = pieces * _there([len(s.pieces) for s in screens], most_pieces).unsqueeze(
            -1
        )  # what only fills up must not reach its neighbours
        pieces = pieces + self.piece_context(pieces.transpose(1, 2)).transpose(1, 2)
        tools = stacked([[self._tool_number(d.tool) for d in s.past] for s in screens], MOST_PAST)
        ages = stacked([[len(s.past) - 1 - at for at in range(len(s.past))] for s in screens], MOST_PAST)
        past = self.past(torch.cat([padded(5, MOST_PAST), padded(6, MOST_PAST)], dim=-1)) + self.tool(tools) + self.age(ages)
        past = past + self.kind.weight[2]
        moments = torch.tensor([min(s.step, STEPS - 1) for s in screens])
        whole = self.general(padded(7, 3).reshape(size, 3 * width)) + self.moment(moments) + self.kind.weight[3]
        there = [
            torch.ones(size, 1, dtype=torch.bool),
            _there([len(s.refs) for s in screens], most_elements),
            _there([len(s.pieces) for s in screens], most_pieces),
            _there([len(s.past) for s in screens], MOST_PAST),
        ]
        out = self.trunk(torch.cat([whole.unsqueeze(1), elements, pieces, past], dim=1), src_key_padding_mask=~torch.cat(there, dim=1))
        first, second = 1 + most_elements, 1 + most_elements + most_pieces
        return Seen(out[:, 0], out[:, 1:first], there[1], roles, out[:, first:second], there[2], spoken, screens)

    def meant(self, texts: Tensor, spoken: Tensor, there: Tensor) -> Tensor:
        """How far each text (B, texts, W) means something that was said (B, pieces, W), as a logit: (B, texts). Of the texts alone, so that a product's word
        for a thing is learned as such, wherever it stands."""
        both = torch.einsum("btw,bpw->btp", self.ask_wanted(texts), self.key_wanted(spoken)) / self.shape.width**0.5
        return both.masked_fill(~there.unsqueeze(1), -20.0).logsumexp(-1)

    def _tool_number(self, name: str) -> int:
        return self.grammar.tools.index(name) if name in self.grammar.tools else 0

    # --- choosing ------------------------------------------------------------------------------------------------------------------

    def tool_logits(self, seen: Seen) -> Tensor:
        out: Tensor = self.to_tool(seen.whole)
        usable = torch.zeros_like(out)
        for row, screen in enumerate(seen.screens):
            for tool in range(len(self.grammar.tools)):
                slots = self.grammar.slots(tool)
                if ("element" in slots and not screen.refs) or ("option" in slots and not any(screen.options)):
                    usable[row, tool] = MINUS
        return out + usable

    def element_logits(self, seen: Seen, tools: Tensor, target: Tensor | None = None) -> Tensor:
        """(B, elements). With `target`, the states of the first elements (B, W): which element it is to go to."""
        ask, key = (self.ask_element, self.key_element) if target is None else (self.ask_target, self.key_target)
        context = self.tool(tools) if target is None else target
        query = ask(torch.cat([seen.whole, context], dim=-1))
        logits = torch.einsum("bw,bew->be", query, key(seen.elements)) / self.shape.width**0.5
        logits = logits.masked_fill(~seen.elements_there, MINUS)
        if target is None:
            logits = logits + self.unusual[tools].gather(1, seen.roles)
            for row, screen in enumerate(seen.screens):
                if "option" in self.grammar.slots(int(tools[row])):
                    without = [at for at, options in enumerate(screen.options) if not options]
                    logits = logits.index_put((torch.tensor([row]), torch.tensor(without)), torch.tensor(MINUS)) if without else logits
        return logits

    def option_logits(self, seen: Seen, chosen: Sequence[int]) -> Tensor:
        """(B, options) of the chosen elements."""
        offered = [screen.options[at] for screen, at in zip(seen.screens, chosen, strict=True)]
        names = _Names()
        indices = [names(options) for options in offered]
        vectors = self.texts(list(names.index))
        most = max(len(options) for options in offered)
        index, said = torch.zeros(len(offered), most, dtype=torch.long), torch.zeros(len(offered), most, 2)
        for row, (options, screen) in enumerate(zip(offered, seen.screens, strict=True)):
            index[row, : len(options)] = indices[row]
            said[row, : len(options)] = torch.tensor([option_features(option, screen) for option in options])
        state = seen.elements[torch.arange(len(offered)), torch.tensor(chosen)]
        query = self.ask_option(torch.cat([seen.whole, state], dim=-1))
        logits = torch.einsum("bw,bow->bo", query, self.key_option(torch.cat([vectors[index], said], dim=-1))) / self.shape.width**0.5
        meant = self.meant(vectors[index], seen.spoken, seen.pieces_there).unsqueeze(-1)
        return (logits + self.said_option(torch.cat([said, meant], dim=-1)).squeeze(-1)).masked_fill(
            ~_there([len(o) for o in offered], most), MINUS
        )

    def text_start(self, seen: Seen, tools: Tensor, chosen: Sequence[int] | None) -> Words:
        """What a text is put together from, for these elements."""
        size = len(seen.screens)
        state = seen.whole if chosen is None else seen.elements[torch.arange(size), torch.tensor(chosen)]
        hidden = torch.tanh(self.begin(torch.cat([seen.whole, self.tool(tools), state], dim=-1)))
        words = len(self.grammar.lexicon)
        told = self.texts(self.grammar.lexicon) if words else self.lexicon.weight[:0]
        known = self.lexicon.weight[:words] + told
        fixed = torch.cat([self.end.unsqueeze(0), known]).unsqueeze(0).expand(size, -1, -1)
        most = max(len(s.pieces) + len(s.names) for s in seen.screens)
        copied = torch.zeros(size, most, self.shape.width)
        pieces, elements = self.key_piece(seen.pieces), self.key_name(seen.elements)
        rows = []
        for row, screen in enumerate(seen.screens):
            both = torch.cat([pieces[row, : len(screen.pieces)], elements[row, : len(screen.names)]])
            rows.append(F.pad(both, (0, 0, 0, most - len(both))))
        copied = torch.stack(rows)
        there = torch.cat(
            [torch.ones(size, 1 + words, dtype=torch.bool), _there([len(s.pieces) + len(s.names) for s in seen.screens], most)], dim=1
        )
        alike = torch.zeros(size, 1 + words + most)
        for row, screen in enumerate(seen.screens if chosen is not None else ()):
            form = 0 if chosen is None else int(screen.value_ways[chosen[row]])
            if form:
                alike[row, 1 + words : 1 + words + len(screen.pieces)] = torch.from_numpy((screen.piece_forms == form).astype(np.float32))
        meant = self.meant(told.unsqueeze(0).expand(size, -1, -1), seen.spoken, seen.pieces_there)
        meant = torch.cat([meant.new_zeros(size, 1), meant, meant.new_zeros(size, most)], dim=1)
        return Words(hidden, torch.cat([fixed, copied], dim=1), there, alike, meant)

    def text_step(self, seen: Seen, hidden: Tensor, said: Tensor, words: Words, place: int) -> tuple[Tensor, Tensor]:
        """Logits of the next piece (B, choices) and the next state. `said` (B): the choice before, 0 for none; `place`: how many there were. What
        comes after the choice before in the instruction is likelier by as much as the state says, so that a name is copied in one go; and so is
        what is written as the field's value is."""
        keys, there = words.keys, words.there
        if place == LONGEST_TEXT - 1:  # a text ends here at the latest
            there = there & (torch.arange(there.shape[1]) == 0)
        attention = torch.einsum("bw,bpw->bp", self.attend(hidden), seen.pieces) / self.shape.width**0.5
        weights = attention.masked_fill(~seen.pieces_there, MINUS).softmax(-1)
        context = torch.einsum("bp,bpw->bw", weights, seen.pieces)
        latest = keys[torch.arange(len(said)), said] * (said > 0).unsqueeze(-1)
        hidden = self.next(torch.cat([latest, context], dim=-1), hidden)
        logits = torch.einsum("bw,bcw->bc", self.say(torch.cat([hidden, context], dim=-1)), keys) / self.shape.width**0.5
        after, last = said + 1, logits.shape[1] - 1
        copied = ((said > len(self.grammar.lexicon)) & (after <= last)).unsqueeze(-1)
        logits = logits.scatter_add(1, after.clamp(max=last).unsqueeze(-1), self.follow(hidden) * copied)
        logits = logits + self.conform(hidden) * words.alike + self.mention(hidden) * words.meant
        return logits.masked_fill(~there, MINUS), hidden

    # --- the two things an engine asks of a network ----------------------------------------------------------------------------------

    def log_probabilities(self, screens: Sequence[Screen], targets: Sequence[Sequence[int]]) -> Tensor:
        """Log-probability of each token of each action given the tokens before it: (B, longest), 0 beyond an action's end."""
        seen = self(screens)
        size, longest = len(screens), max(len(ids) for ids in targets)
        tools = torch.tensor([ids[0] for ids in targets])
        columns: list[list[Tensor]] = [[] for _ in range(size)]

        def put(rows: Sequence[int], logits: Tensor, ids: Sequence[int]) -> None:
            found = logits.log_softmax(-1)[torch.arange(len(rows)), torch.tensor(ids)]
            for row, value in zip(rows, found, strict=True):
                columns[row].append(value)

        put(range(size), self.tool_logits(seen), [ids[0] for ids in targets])
        slots = [self.grammar.slots(ids[0]) for ids in targets]
        pointing = [row for row in range(size) if slots[row][:1] == ("element",)]
        if pointing:
            part = _part(seen, pointing)
            put(pointing, self.element_logits(part, tools[pointing]), [targets[row][1] for row in pointing])
        for kind in ("option", "text", "element", "key", "distance"):
            rows = [row for row in range(size) if slots[row] and slots[row][-1] == kind and (kind != "element" or len(slots[row]) == 2)]
            if rows:
                self._teach(kind, _part(seen, rows), tools[rows], [targets[row] for row in rows], rows, columns, put)
        return torch.stack([F.pad(torch.stack(found), (0, longest - len(found))) for found in columns])

    def _teach(
        self, kind: Slot, seen: Seen, tools: Tensor, targets: list[Sequence[int]], rows: list[int], columns: list[list[Tensor]], put: Any
    ) -> None:
        pointed = len(self.grammar.slots(int(tools[0]))) == 2
        if kind == "text":  # tools that point first and tools that do not are decoded apart
            for first in (True, False):
                some = [at for at in range(len(rows)) if (len(self.grammar.slots(int(tools[at]))) == 2) == first]
                if some:
                    chosen = [targets[at][1] for at in some] if first else None
                    texts = [list(targets[at][2 if first else 1 :]) for at in some]
                    self._teach_text(_part(seen, some), tools[some], chosen, texts, [columns[rows[at]] for at in some])
            return
        chosen = [ids[1] for ids in targets]
        last = [ids[-1] for ids in targets]
        state = seen.elements[torch.arange(len(rows)), torch.tensor(chosen)] if pointed else torch.zeros_like(seen.whole)
        if kind == "option":
            put(rows, self.option_logits(seen, chosen), last)
        elif kind == "element":
            put(rows, self.element_logits(seen, tools, state), last)
        elif kind == "key":
            put(rows, self.to_key(torch.cat([seen.whole, state], dim=-1)), last)
        else:
            put(rows, self.to_distance(torch.cat([seen.whole, state], dim=-1)), last)

    def _teach_text(
        self, seen: Seen, tools: Tensor, chosen: Sequence[int] | None, texts: list[list[int]], into: list[list[Tensor]]
    ) -> None:
        words = self.text_start(seen, tools, chosen)
        hidden = words.hidden
        every = torch.arange(len(texts))
        said = torch.zeros(len(texts), dtype=torch.long)
        for at in range(max(len(text) for text in texts)):
            logits, hidden = self.text_step(seen, hidden, said, words, at)
            ids = torch.tensor([text[at] if at < len(text) else 0 for text in texts])
            found = logits.log_softmax(-1)[every, ids]
            for row, text in enumerate(texts):
                if at < len(text):
                    into[row].append(found[row])
            said = ids

    @torch.no_grad()
    def draw(
        self, screen: Screen, n: int, temperature: float, generator: torch.Generator, top_k: int = 0
    ) -> list[tuple[list[int], list[float]]]:
        """`n` actions for one screen, each with the log-probabilities (at temperature 1) of its tokens. At temperature 0 the likeliest tokens; see `choice`."""
        once = self([screen])
        return [self._draw(once, temperature, top_k, generator) for _ in range(n)]

    def _draw(self, seen: Seen, temperature: float, top_k: int, generator: torch.Generator) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        values: list[float] = []

        def choose(logits: Tensor) -> int:
            row = logits[0]
            at = choice.choose(row, temperature, top_k, generator)
            ids.append(at)
            values.append(float(row.log_softmax(-1)[at]))
            return at

        tool = choose(self.tool_logits(seen))
        tools = torch.tensor([tool])
        at, state = None, torch.zeros_like(seen.whole)
        for number, slot in enumerate(self.grammar.slots(tool)):
            if slot == "element":
                at = choose(self.element_logits(seen, tools, state if number else None))
                state = seen.elements[:, at]
            elif slot == "option":
                assert at is not None
                choose(self.option_logits(seen, [at]))
            elif slot == "key":
                choose(self.to_key(torch.cat([seen.whole, state], dim=-1)))
            elif slot == "distance":
                choose(self.to_distance(torch.cat([seen.whole, state], dim=-1)))
            else:
                words = self.text_start(seen, tools, None if at is None else [at])
                hidden = words.hidden
                said = torch.zeros(1, dtype=torch.long)
                for place in range(LONGEST_TEXT):
                    logits, hidden = self.text_step(seen, hidden, said, words, place)
                    said = torch.tensor([choose(logits)])
                    if said == 0:
                        break
        return ids, values

    # --- what it is ----------------------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What is needed to build it again, beside its weights."""
        return {"network": "pointer", "shape": self.shape.to_dict(), "grammar": self.grammar.to_dict()}

    @classmethod
    def build(cls, description: Mapping[str, Any]) -> PointerPolicy:
        """The inverse of `describe`, with fresh weights."""
        return cls(Grammar.from_dict(description["grammar"]), Shape(**description["shape"]))

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(parameter.numel() for parameter in self.parameters())


def _there(lengths: Sequence[int], most: int) -> Tensor:
    return torch.arange(most).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)


def _part(seen: Seen, rows: Sequence[int]) -> Seen:
    at = torch.tensor(list(rows))
    return Seen(
        seen.whole[at],
        seen.elements[at],
        seen.elements_there[at],
        seen.roles[at],
        seen.pieces[at],
        seen.pieces_there[at],
        seen.spoken[at],
        [seen.screens[row] for row in rows],
    )
