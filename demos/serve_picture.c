/*
 * SPDX-License-Identifier: ISC
 *
 * serve_picture.c: a picture of the Mandelbrot set.  It is nothing but work for
 * the processor, so it has no place in a loop that others wait for.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "demos/serve.h"

enum {
	VP_WIDTH = 608, /* dots */
	VP_HEIGHT = 512,
	VP_LIMIT = 800, /* steps, after which a dot belongs to the set */
	VP_ACROSS = 8,  /* dots for a character */
	VP_DOWN = 16,
	VP_COLUMNS = VP_WIDTH / VP_ACROSS,
	VP_ROWS = VP_HEIGHT / VP_DOWN
};

static const char vp_head[] = "P5\n608 512\n255\n";

size_t
serve_picture_size(int grey)
{
	return grey ? sizeof(vp_head) - 1 + (size_t)VP_WIDTH * VP_HEIGHT
		    : (size_t)(VP_COLUMNS + 1) * VP_ROWS;
}

/* From 0, far from the set, to 255, in it. */
static unsigned char
vp_dot(int column, int row)
{
	const double scale = 3.0 / VP_WIDTH;
	double x = (column - VP_WIDTH * 0.74) * scale;
	double y = (row - VP_HEIGHT * 0.5) * scale;
	double a = x, b = y, old;
	int n;

	for (n = 0; n < VP_LIMIT && a * a + b * b < 4; n++) {
		old = a;
		a = a * a - b * b + x;
		b = 2 * old * b + y;
	}
	return (unsigned char)(n == VP_LIMIT ? 255 : n < 25 ? n * 8 : 200);
}

/* A line of characters, each as dark as its dots on the average. */
static unsigned char *
vp_characters(unsigned char *bytes, const unsigned *sum)
{
	static const char ramp[] = " .:-=+*#%@";
	const unsigned dots = VP_ACROSS * VP_DOWN;
	int i;

	for (i = 0; i < VP_COLUMNS; i++)
		*bytes++ = (unsigned char)ramp[sum[i] * 10 / (dots * 256)];
	*bytes++ = '\n';
	return bytes;
}

int
serve_picture_draw(
    unsigned char *bytes, int grey, const struct reactor_job *job)
{
	unsigned sum[VP_COLUMNS] = { 0 };
	int column, row;

	if (grey) {
		memcpy(bytes, vp_head, sizeof(vp_head) - 1);
		bytes += sizeof(vp_head) - 1;
	}
	for (row = 0; row < VP_HEIGHT; row++) {
		if (job != NULL && reactor_job_cancelled(job)) {
			errno = ECANCELED;
			return -1;
		}
		for (column = 0; column < VP_WIDTH; column++)
			if (grey)
				*bytes++ = vp_dot(column, row);
			else
				sum[column / VP_ACROSS] += vp_dot(column, row);
		if (!grey && row % VP_DOWN == VP_DOWN - 1) {
			bytes = vp_characters(bytes, sum);
			memset(sum, 0, sizeof(sum));
		}
	}
	return 0;
}

int
serve_picture(struct reactor_job *job)
{
	const int *grey = job->argument;
	unsigned char *bytes =
	    reactor_job_result(job, serve_picture_size(*grey));

	return bytes != NULL ? serve_picture_draw(bytes, *grey, job) : -1;
}

int
serve_crash(struct reactor_job *job)
{
	(void)job;
	return raise(SIGKILL);
}
