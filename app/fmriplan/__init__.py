"""Planning an fMRI study: sample sizes from pilot maps, and optimised task designs. No Django here.

`fmriplan.power` answers how many participants, `fmriplan.design` what they see and when, and
`fmriplan.minutes` how long each of how many is scanned, and at what cost. Arrays are NumPy's; their
shapes are given in named dimensions, and every quantity has its unit in its name.
"""
