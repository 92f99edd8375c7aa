"""Planning an fMRI study: sample sizes from pilot maps, and optimised task designs. No Django here.

`fmriplan.power` answers how many participants, `fmriplan.design` what they see and when. Arrays are
NumPy's; their shapes are given in named dimensions, and every quantity has its unit in its name.
"""
