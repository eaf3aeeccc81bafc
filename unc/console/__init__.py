"""`unc console`: pages in the browser that show what the commands show, and do what they do.

A page is a function that returns a model; a template shows the model, and its JSON twin is the
model itself. Numbers are masked in the model, so neither can show what was not revealed.
"""
