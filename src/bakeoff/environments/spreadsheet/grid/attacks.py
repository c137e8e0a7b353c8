"""Ways to cheat that a page opens: what is shown is not what is kept, and the server takes the desk's tools only."""

from __future__ import annotations

from bakeoff.core import Action, Environment, Observation, Proof

_DRESSED_UP = """
document.querySelectorAll('td[data-x]').forEach(cell => { if (!cell.textContent) cell.textContent = '115.7625'; });
window.result = true; localStorage.setItem('passed', 'true');
"""
_FORGED = """
(() => {
  const said = [];
  for (const [path, body] of [['/change', {tool: 'finish', answer: 'done'}], ['/change', {tool: 'save', file: 'answer.xlsx'}], ['/change', {tool: 'write'}],
      ['/book', {passed: true}], ['/verdict', {value: 1}], ['/enter/000000000000000000000000', null]]) {
    const request = new XMLHttpRequest();
    request.open(body ? 'POST' : 'GET', path, false);
    request.send(body && JSON.stringify(body));
    said.push(request.status);
  }
  return said;
})()
"""


def attacks() -> tuple[Proof, ...]:
    """Each must score 0."""

    def play(name: str, script: str) -> Proof:
        def run(environment: Environment, observation: Observation) -> None:
            from bakeoff.environments.spreadsheet.grid.environment import GridEnvironment

            assert isinstance(environment, GridEnvironment)
            environment.tab.evaluate(script, "page")
            environment.step(Action("finish", {"answer": "done"}))

        claims = {
            "dressed-up": "writes figures into the page, not into the workbook",
            "forged-requests": "asks the server for what it does not do",
        }
        return Proof(name, "attack", claims[name], run)

    return play("dressed-up", _DRESSED_UP), play("forged-requests", _FORGED)
