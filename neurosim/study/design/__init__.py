"""From a series, a sample rate and a part to a chip: what is searched, tried, confirmed and said.

`demand` is what is asked, `space` what could be built, `judge` what of that fits and keeps up
before anything is trained, `search` what is trained in which order, `confirm` whether the clocked
engine agrees, and `answer` what came out.
"""
