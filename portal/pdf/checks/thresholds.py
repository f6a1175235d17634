"""When something is worth saying. Each number has its source: the guide's words, or a measurement.

"Measured" is ``bin/bench quality`` (docs/scan-quality.md): generated scans, in which the measures
of clean pages and of planted faults lie on two sides of the threshold.
"""

INVERTED_GROUND = 110
"""Median grey of a page that may be a negative. Clean: 140 and more; negatives: 5 to 60."""
INVERTED_NOISE = 12
"""Grey levels by which a stroke at least differs from its ground."""
INVERTED_STROKES = 0.5
"""Mean lightness of strokes on a dark ground, so that a plain dark page is none."""

DESK = 0.72
"""What is darker than this share of the paper, along an edge, may be the desk."""
DESK_MARGIN = 0.12
"""What is darker along an edge within this share of the picture is the desk: forms have margins."""
DESK_WRITTEN = 0.3
"""A desk has at most this share of the paper's ink density; what lies in a shadow has all of it."""

DARK_PAPER = 115
"""Grey of the paper, 0 to 255. Measured: clean 140 and more, planted 105 and less."""

PALE_SHARE = 0.002
"""A page with less ink than this is not judged by it."""
PALE_INK = 0.36
"""Share of the paper's light that ink takes away. Measured."""

WASHED_PAPER = 246
"""On paper that is as white as that a reflection does not show."""
WASHED_WHITE = 251
WASHED_POINTS = 60
WASHED_INK = 0.85
"""Contrast of the ink in and around the patch, as a share of the page's. Measured."""
WASHED_SHARE = 0.02
"""Of the page: a patch of about 3 by 4 cm on A4."""

SHADOW_DEPTH = 0.125
"""Of the light, as a natural logarithm: an eighth is missing. Measured: a finger on grey scans of
recycled paper 0.14; clean pages have no patch of 0.09."""
SKIN_COLOUR = 0.09
"""How much redder than the paper a finger is: (red - blue) / red. Measured: fingers 0.1 to 0.35;
clean pages have no patch of 0.07."""
SKIN_LIGHTER = 0.4
"""A finger may be lighter than paper in a dim room, by so much of the natural logarithm."""
SHADOW_SHARE = 0.0055
"""Of the paper: 3.4 square centimetres on A4, a fingertip. A thumbprint in red ink stays below."""
SHADOW_RIM = 2
"""Cells of 16 pixels along the picture's edges, 9 mm of A4, where a sliver of the desk may be."""
LIT = 0.12
"""The brighter part of the paper, with which fitting the light begins."""

TILT_DEGREES = 5
"""Issue 6: over 5 degrees."""
TILT_INK = 250
TILT_SHARPNESS = 1.03
"""The best angle's score over the median one's, where there are lines at all."""

STRAIGHT = 0.3
"""Degrees up to which a page counts as straight: over half a page that is a pixel or two."""

ORIENTATION_INK = 0.002
ORIENTATION_TILT = 2.5
ORIENTATION_LEAD = 0.006
"""Of the mean log-likelihoods, over being upright. Measured: turned pages 0.011 and more."""
ORIENTATION_CLEAR = 0.003
"""Over the second likeliest. Measured: turned pages 0.007 and more; tables that were taken for
turned ones 0.0004."""

LOW_DPI = 145
"""Issue 6 and SPEC: under 150 dpi; a scanner's 150 may be 146 by its rounding of the paper."""
PAPER_INCHES = ((5.83, 8.27), (8.27, 11.69))
"""The shorter and the longer side, of A5 and of A4, between which forms are."""
SPREAD_SHAPE = 1.25
MUCH = 0.3
"""Share of the page that a picture covers to be the page's."""
FORM_DEPTH = 6
MANY_IMAGES = 500

EDGE_CONTRAST = 0.6
"""Of the page's own contrast, so that a pale page is not called blurred."""
EDGE_TILES = 20
SOFT_EDGE = 0.45
"""Of the way from paper to ink in one pixel of 0.3 mm. Measured."""

BLANK_INK = 0.0012
"""Share of the page. Measured: clean pages 0.008 and more; dust and a showing back under 0.0005."""
SCANNER_EDGE = 0.015
EDGE = 0.04
"""The outermost part of a page, where scanners leave lines and shadows."""

CUT_SKIP = 2
CUT_DEPTH = 14
CUT_INWARDS = 0.3
CUT_RUNS = 2
CUT_SHARE = (0.002, 0.5)

FOLD_INK = 0.004
FOLD_LINE = 0.5
"""Share of the height that is dark where the fold is."""
FOLD_FLANK = 0.01
FOLD_WIDTH = 0.03
"""Shares of the picture's width: 4 and 13 mm of two A4 pages."""

COLOUR = 3
"""Levels between the largest and the smallest of red, green and blue; of grey it is 0."""
COLOUR_SHARE = 0.01
RED = 0.16
RED_IN_CELL = 0.12
SEAL_CELLS = 20
SEAL_ACROSS = 7
SEAL_SIDE_CELLS = 12
"""A seal of 38 to 45 mm is about 130 to 150 pixels wide: 9 cells of 16 pixels."""

SAME_INK = 0.004
SAME_LIKENESS = 0.6
"""Correlation of two pages' ink. Measured: other pages of a form up to 0.56; the same sheet 0.64
and more, but for 2 photographs of 41."""

FOOT = 0.13
FOOT_LONG_SIDE = 1750
"""Pixels of the page's longer side at 150 dpi of A4: a printed digit is 15 to 25 high."""
DIGIT_INK = 0.18
"""Darkness of print in the foot; small print is pale when it is scanned."""
DIGIT_HEIGHT = (10, 40)
DIGIT_FITS = 0.7
DIGIT_AHEAD = 0.06
