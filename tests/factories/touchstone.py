"""Designs for tests: one written by hand with everything in it, and any number by chance."""

from hypothesis import strategies as some

from touchstone.design import Block, Design, Factor, Instruction, Measure, Run, Trial, Value

POINTING = """<?xml version="1.0" encoding="UTF-8"?>
<experiment id="pointing" name="Pointing" author="Zoë" description="Naïve users">
  <factor id="TECH" name="Technique" kind="key" type="String" tag="Within Subject">
    <value id="mouse" name="Mouse"/>
    <value id="Sigma Pen" name="Pen"/>
  </factor>
  <factor id="SIZE" name="Target size" kind="secondary" type="Float" tag="Within Subject">
    <value id=".5" name=""/>
    <value id="32" name="large" default="true"/>
  </factor>
  <measure id="time.movement" name="Movement time" type="Integer" log="ok"/>
  <measure id="pointer.x" name="" type="Float" cine=" OK "/>
  <measure id="state" name="State" type="String" cine_log="ok"/>
  <run id="S0">
    <setup class="Begin" criterion="Press(Space)"/>
    <intertrial class="Message({Ready?})" criterion="TimeOut(500)">
      <interblock class="Message({Warm up})">
        <practice class="Pointing" values="TECH=mouse" criterionTrial="Hit =&gt; {Good}">
          <trial values="SIZE=.5"/>
        </practice>
      </interblock>
      <block class="Pointing" values="TECH=mouse" number="1" total="2">
        <trial number="0" total="2" values="SIZE=.5"/>
        <trial number="1" total="2"/>
      </block>
      <block class="Pointing" values="TECH=Sigma Pen" number="2" total="2">
        <trial number="0" total="1" values="SIZE=32"/>
      </block>
    </intertrial>
    <unsetup class="Thanks"/>
  </run>
</experiment>
"""
LETTERS = some.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="￾￿")
TEXTS = some.text(LETTERS | some.sampled_from("\t\n\r&<>\"'é"), max_size=12)
IDS = some.text(LETTERS.filter(lambda c: c not in ",="), min_size=1, max_size=6)
NUMBERS = some.none() | some.integers(0, 2**31 - 1)


def instructions(*places):
    return some.builds(Instruction, some.sampled_from(places), TEXTS, TEXTS)


@some.composite
def factors(draw):
    codes = draw(some.lists(IDS, min_size=1, max_size=4, unique=True))
    values = tuple(Value(code, draw(TEXTS)) for code in codes)
    words = {name: draw(TEXTS) for name in ("name", "kind", "type", "tag")}
    return Factor(draw(IDS), values, **words, default=draw(some.sampled_from(["", *codes])))


def measures():
    levels = some.sampled_from([(True, False), (False, True), (True, True)])
    return some.builds(
        lambda code, name, kind, at: Measure(code, name, kind, *at), IDS, TEXTS, TEXTS, levels
    )


def pairs(all_factors):
    """Return values for some of the factors."""
    optional = {
        one.id: some.sampled_from([value.id for value in one.values]) for one in all_factors
    }
    return some.fixed_dictionaries({}, optional=optional)


def blocks(all_factors):
    return some.builds(
        Block,
        some.lists(some.builds(Trial, pairs(all_factors)), max_size=4).map(tuple),
        pairs(all_factors),
        is_practice=some.booleans(),
        number=NUMBERS,
        total=NUMBERS,
        name=TEXTS,
        criterion_trial=TEXTS,
        before=some.lists(instructions("intertrial", "interblock"), max_size=3).map(tuple),
    )


def unique(things, most):
    return some.lists(things, max_size=most, unique_by=lambda one: one.id).map(tuple)


@some.composite
def designs(draw):
    """Draw any design that can be written down."""
    all_factors = draw(unique(factors(), 3))
    settings = some.lists(instructions("setup", "unsetup"), max_size=3).map(tuple)
    plans = some.lists(blocks(all_factors), max_size=4).map(tuple)
    runs = draw(unique(some.builds(Run, IDS, plans, settings), 3))
    words = {name: draw(TEXTS) for name in ("name", "author", "description")}
    return Design(draw(IDS), all_factors, draw(unique(measures(), 3)), runs, **words)
