"""What surrounds a run in its picture: its recording, the tree, a run to compare with."""

from collections.abc import Sequence
from copy import copy

from genart_edu.lab.stages import Panel
from genart_edu.lab.tree import Tree
from genart_edu.views.canvas import Around
from genart_edu.views.curves import Curves
from genart_edu.views.tree import Tree as Runs


def panels(tree: Tree) -> list[Panel]:
    """What to show: the stage; or of two runs their losses, the tree, and the scene of each."""
    if tree.beside is None:
        return tree.stage.shown()
    scenes = [_scene(tree, place) for place in (tree.here, tree.beside)]
    return [tree.stage.panels[0], Panel(Runs(), lambda _: tree.arrays()), *scenes]


def _scene(tree: Tree, place: int) -> Panel:
    run, stage = tree.runs[place], tree.stage_of(place)
    scene = stage.panels[stage.scene]
    view = copy(scene.view)
    view.title, view.alt = (f"Run {place + 1}: {said}" for said in (view.title, view.alt))
    return Panel(view, lambda _: scene.arrays(run.history))


def surroundings(tree: Tree, shown: Sequence[Panel]) -> list[Around]:
    """What the curves of the losses are told: what lies ahead, or the run beside it; the events."""
    run, losses = tree.run, tree.stage.panels[0]
    other = tree.rival or run
    marks = [(event.step, event.words) for event in run.tape]
    marks += [(each.forked_at, "fork") for each in {run, other} if each.parent]
    several = other is not run or run.step < run.end
    found: list[Around] = [None] * len(shown)
    for i, panel in enumerate(shown):
        if panel is losses and isinstance(panel.view, Curves):
            found[i] = losses.arrays(other.log.arrays(whole=True)) if several else (), marks
    return found


def said(tree: Tree) -> str:
    """Where in the tree, and where in its recording, the run stands; what was changed last."""
    run, words = tree.run, ""
    if len(tree.runs) > 1:
        words += f"  This is {tree.names[tree.here]}."
    if run.step < run.end:
        words += f"  Its recording goes on to step {run.end:,}."
    if tree.rival:
        words += f"  Dotted: run {(tree.beside or 0) + 1}.  {run.compare(tree.rival)}"
    last = {event.name: event for event in run.events if event.name not in run.trainer.half_steps}
    return words + "".join(f"  Since step {e.step:,}: {e.words}." for e in last.values())
