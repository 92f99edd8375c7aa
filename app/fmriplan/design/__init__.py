"""What participants see and when: scoring an order of trials, and searching for a good one.

The criteria are those of Kao, Mandal, Lazar & Stufken (2009), NeuroImage 44:849, as collected by
Durnez, Blair & Poldrack (2018), "Neurodesign: optimal experimental designs for task fMRI".
"""
