"""Answer scales, read from the answer instruction that ends a stimulus.

SocSci210 has no scale column: the options of an outcome stand in a sentence such as "Only return an integer from 1
to 7, where 1 means Strongly oppose and 7 means Strongly support, nothing else." `parse_scale` finds the last such
sentence and reads it from its first number on. A number either begins a range ("1 to 7"), a list of options ("1, 2,
or 3"), or an option with its text ("1 for Yes"); or it bounds the answers on one side only ("0 or more"). What fits
none of these is an error that quotes the sentence: a wrong scale looks right in every later figure, an unread one is
counted.

The modules build on each other in this order: `answer_scale` (what comes out), `wording` (the words that instructions
share), `number` (integers, steps, bounds), `label` (the text of one option), `options` (options with their texts),
`pairing` (options paired with texts in other ways), `form` (ranges and lists, put together to a scale), `cue` (where
an instruction begins and ends), `instruction` (the reading of a whole stimulus).
"""
