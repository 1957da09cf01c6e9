"""Answer scales, parsed from the answer instruction at the end of a stimulus.

SocSci210 has no scale column: the options of an outcome are stated in a sentence such as "Only return an integer from 1
to 7, where 1 means Strongly oppose and 7 means Strongly support, nothing else." `parse_scale` finds the last such
sentence and parses it from its first number on. A number begins a range ("1 to 7"), a list of options ("1, 2, or 3") or
an option with its text ("1 for Yes"), or it bounds the answers on one side only ("0 or more"). Anything else is an
error that quotes the sentence: a wrong scale would look right in every later figure, while an unparsed one is counted.

The modules build on each other in this order: `answer_scale` (the result), `distribution` (answers on a scale),
`wording` (vocabulary of instructions), `number` (integers, steps, bounds), `label` (the text of one option), `options`
(options followed by their texts), `pairing` (other pairings of options and texts), `form` (ranges and lists, combined
into a scale), `cue` (where an instruction begins and ends), `instruction` (parsing a whole stimulus).
"""
