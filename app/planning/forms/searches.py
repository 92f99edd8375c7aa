"""What a search is asked with."""

from typing import Any

from django import forms

from fmriplan.design.pieces import MOST, MOST_SEED, Effort
from planning.models import Search
from planning.services import searches

HELP = {
    "method": "Annealing finds the best designs soonest. The genetic algorithm is the one of the "
    "literature. A front shows what one criterion costs the others. A set has one design for each "
    "participant, as unlike as can be.",
    "seed": "The same seed finds the same designs. Leave it empty for a new one.",
    "restarts": "Independent beginnings; of a front, how often it is searched as a whole.",
    "moves": "Changes that are tried after each beginning; of random designs, how many are drawn.",
    "generations": "Of the genetic algorithm alone.",
    "designs": "Of a set alone: how many participants.",
    "islands": "Jobs that share the work. They find the same designs as one job does, sooner.",
    "patience": "Beginnings without a gain after which it ends by itself; 0 for no such end.",
    "seconds": "It then ends with its best so far.",
}


class SearchForm(forms.Form):
    """Defaults that suit most plans; nothing has to be changed."""

    method = forms.ChoiceField(choices=Search.Method.choices, initial=Search.Method.ANNEALING)
    restarts = forms.IntegerField(min_value=1, max_value=MOST["restarts"], initial=10)
    moves = forms.IntegerField(
        label="Moves of each", min_value=1, max_value=MOST["moves"], initial=100_000
    )
    generations = forms.IntegerField(min_value=1, max_value=MOST["generations"], initial=1000)
    designs = forms.IntegerField(
        label="Designs of a set", min_value=1, max_value=MOST["designs"], initial=10
    )
    patience = forms.IntegerField(min_value=0, max_value=MOST["patience"], initial=0)
    islands = forms.IntegerField(min_value=1, max_value=MOST["islands"], initial=1)
    seed = forms.IntegerField(min_value=0, max_value=MOST_SEED, required=False)
    seconds = forms.IntegerField(
        label="Longest time in s", min_value=1, max_value=searches.LONGEST_S, initial=600
    )
    tells_by_mail = forms.BooleanField(
        label="Send me mail when it begins and when it ends", required=False
    )
    is_habit = forms.BooleanField(label="Do so by default from now on", required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name, words in HELP.items():
            self.fields[name].help_text = words

    @property
    def wish(self) -> searches.Wish:
        told = self.cleaned_data
        names = ("method", "moves", "restarts", "generations", "islands", "patience", "designs")
        seed = searches.new_seed() if told["seed"] is None else told["seed"]
        return searches.Wish(
            effort=Effort(seed=seed, **{name: told[name] for name in names}),
            seconds=told["seconds"],
            tells_by_mail=told["tells_by_mail"],
        )
