"""What is planned: power analyses of pilot maps, designs of tasks, links to share them."""

from planning.models.designs import Plan, Search, TaskDesign
from planning.models.islands import Habit, Island, SearchLetter
from planning.models.power import PilotMap, PowerAnalysis
from planning.models.sharing import SharedLink

__all__ = [
    "Habit",
    "Island",
    "PilotMap",
    "Plan",
    "PowerAnalysis",
    "Search",
    "SearchLetter",
    "SharedLink",
    "TaskDesign",
]
