/*
 * SPDX-License-Identifier: ISC
 *
 * svg.c: how every picture begins: its size, its words, its colours.
 */
#include "demos/svg.h"

/* Blue, orange, green, purple...: told apart by colour-blind people too. */
static const char *const sv_light[SVG_COLOURS] = { "#0072b2", "#c8500a",
	"#00805c", "#a8447f", "#5b5b5b", "#8a6d00", "#2f9ec4", "#7a3b10" };
static const char *const sv_dark[SVG_COLOURS] = { "#5cb8f0", "#ff9a4d",
	"#3fd1a4", "#e79ac6", "#b9b9b9", "#e6cf52", "#a4e0f7", "#d9a27e" };

void
svg_string(FILE *f, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '&')
			(void)fputs("&amp;", f);
		else if (*text == '<')
			(void)fputs("&lt;", f);
		else if (*text == '>')
			(void)fputs("&gt;", f);
		else
			(void)fputc(*text, f);
}

void
svg_text(FILE *f, double x, double y, const char *classes, const char *text)
{
	(void)fprintf(
	    f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, classes);
	svg_string(f, text);
	(void)fputs("</text>\n", f);
}

static void
sv_colours(FILE *f, const char *const *colour, const char *paper,
    const char *ink, const char *grid, const char *fine)
{
	int i;

	(void)fprintf(f,
	    "text{fill:%s}.paper{fill:%s}.edge{stroke:%s}.grid{stroke:%s}"
	    ".fine{stroke:%s}\n",
	    ink, paper, paper, grid, fine);
	for (i = 0; i < SVG_COLOURS; i++)
		(void)fprintf(f, ".s%d{stroke:%s}.f%d{fill:%s}\n", i, colour[i],
		    i, colour[i]);
}

static void
sv_style(FILE *f, const char *more)
{
	(void)fputs("<style>\n"
		    "text{font:14px system-ui,-apple-system,'Segoe UI',"
		    "'DejaVu Sans',sans-serif}\n"
		    ".title{font-size:20px;font-weight:600}\n"
		    ".small{font-size:12px}.strong{font-weight:600}\n"
		    ".end{text-anchor:end}.middle{text-anchor:middle}\n",
	    f);
	(void)fputs(more != NULL ? more : "", f);
	sv_colours(f, sv_light, "#ffffff", "#24292f", "#c4cad1", "#eceef1");
	(void)fputs("@media (prefers-color-scheme:dark){\n", f);
	sv_colours(f, sv_dark, "#10141a", "#e6e9ec", "#414a55", "#20262e");
	(void)fputs("}\n</style>\n", f);
}

void
svg_begin(FILE *f, const struct svg *svg)
{
	(void)fprintf(f,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>",
	    svg->width, svg->height, svg->width, svg->height);
	svg_string(f, svg->title);
	(void)fputs("</title>\n<desc>", f);
	svg_string(f, svg->subtitle);
	(void)fputs("</desc>\n", f);
	sv_style(f, svg->style);
	(void)fprintf(f,
	    "<rect class=\"paper\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
	    svg->width, svg->height);
	svg_text(f, 24, 36, "title", svg->title);
	svg_text(f, 24, 60, "", svg->subtitle);
}

void
svg_end(FILE *f)
{
	(void)fputs("</svg>\n", f);
}
