"""From a pilot's statistical map to a sample size, with the uncertainty of it.

The model is that of Durnez, Degryse, Moerkerke, Seurinck, Sochat, Poldrack & Nichols (2016), "Power
and sample size calculations for fMRI studies based on the prevalence of active peaks", bioRxiv
049429. What differs from its published tool is named in `fmriplan.power.neuropower`.
"""
