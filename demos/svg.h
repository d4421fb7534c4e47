/*
 * SPDX-License-Identifier: ISC
 *
 * svg.h: what the pictures have in common: one file without scripts or fonts,
 * readable on white and on black.
 */
#ifndef DEMOS_SVG_H
#define DEMOS_SVG_H

#include <stdio.h>

/* Classes s0 to s7 colour a stroke, f0 to f7 what is filled. */
enum { SVG_COLOURS = 8 };

struct svg {
	int width, height;
	const char *title, *subtitle;
	const char *style; /* more of it, or NULL */
};

/*
 * Begins a picture with its title and subtitle.  Further classes: paper fills,
 * edge strokes with the colour of the paper; grid and fine stroke in two greys;
 * texts may be title, small, strong, end or middle.  Errors are left in the
 * stream: see ferror(3).
 */
void svg_begin(FILE *, const struct svg *);
void svg_end(FILE *);
/* Text, with what XML needs said otherwise. */
void svg_string(FILE *, const char *text);
void svg_text(
    FILE *, double x, double y, const char *classes, const char *text);

#endif
