/*
 * SPDX-License-Identifier: ISC
 *
 * task_channel.c: channels, select, queues.
 *
 * TEST_SEED sets the random numbers of the last case, TEST_STEPS its length.
 */
#include "coro/channel.h"
#include "test/sync.h"

static struct task_channel *tc_channel, *tc_other;
static struct task_queue tc_queue;
static int tc_next, tc_got; /* the last that was sent, and received */

static void
tc_fails(int result, int error)
{
	CHECK_INT(result, -1);
	CHECK_INT(errno, error);
}

static struct task_choice
tc_choice(struct task_channel *channel, int what, void *item)
{
	struct task_choice choice = { .channel = channel,
		.what = what,
		.item = item,
		.result = -2,
		.error = -2 };

	return choice;
}

/* Items come in the order of their going; some never went. */
static void
tc_came(int item)
{
	CHECK(item > tc_got);
	tc_got = item;
}

/* ---- What holds for each of them: sending -------------------------------- */

static void
tc_open_both(size_t capacity)
{
	CHECK(task_channel_free(tc_channel) == 0);
	CHECK(task_channel_free(tc_other) == 0);
	tc_channel = task_channel_open(sizeof(int), capacity);
	tc_other = task_channel_open(sizeof(int), 0);
	CHECK(tc_channel != NULL && tc_other != NULL);
	tc_next = 0;
	tc_got = -1;
}

static void
tc_shut_unbuffered(void)
{
	tc_open_both(0);
}

static void
tc_shut_empty(void)
{
	tc_open_both(2);
}

static void
tc_shut_full(void)
{
	tc_open_both(2);
	for (; tc_next < 2; tc_next++)
		CHECK(task_channel_try_send(tc_channel, &tc_next) == 0);
	tc_fails(task_channel_try_send(tc_channel, &tc_next), EAGAIN);
}

/* Each sends the next number, if it sends at all. */
static int
tc_send(void)
{
	int item = tc_next++;

	return task_channel_send(tc_channel, &item);
}

static int
tc_select_send(void)
{
	int item = tc_next++, n;
	struct task_choice choices[] = {
		tc_choice(NULL, TASK_SEND, NULL),
		tc_choice(tc_other, TASK_RECEIVE, NULL),
		tc_choice(tc_channel, TASK_SEND, &item),
		tc_choice(tc_other, TASK_RECEIVE, NULL),
	};

	n = task_select(choices, 4, -1);
	if (n == -1)
		return -1;
	CHECK_INT(n, 2);
	CHECK_INT(choices[2].result, 0);
	CHECK_INT(choices[2].error, 0);
	CHECK_INT(choices[1].result, -2);
	return 0;
}

static void
tc_take(int n)
{
	int item;

	while (n-- > 0) {
		CHECK_INT(task_channel_try_receive(tc_channel, &item), 1);
		tc_came(item);
	}
}

static void
tc_drain(void)
{
	int item;

	while (task_channel_try_receive(tc_channel, &item) == 1)
		continue;
	CHECK_INT(errno, EAGAIN);
}

static void
tc_nobody(void)
{
	int what;

	for (what = 0; what < 2 && tc_channel != NULL; what++) {
		CHECK(sy_empty(&tc_channel->waiting[what]));
		CHECK(sy_empty(&tc_other->waiting[what]));
	}
}

static const struct sy_thing tc_sending = {
	.words = "(0 of 0 items), to send, ",
	.shut = tc_shut_unbuffered,
	.wait = tc_send,
	.give = tc_take,
	.nobody = tc_nobody,
};

static const struct sy_thing tc_sending_full = {
	.words = "(2 of 2 items), to send, ",
	.shut = tc_shut_full,
	.wait = tc_send,
	.give = tc_take,
	.open = tc_drain,
	.nobody = tc_nobody,
};

static const struct sy_thing tc_selecting_send = {
	.words = "waits for one of several channels (receive from 0x",
	.shut = tc_shut_full,
	.wait = tc_select_send,
	.give = tc_take,
	.open = tc_drain,
	.nobody = tc_nobody,
};

/* ---- Receiving ----------------------------------------------------------- */

static int
tc_receive(void)
{
	int item, result = task_channel_receive(tc_channel, &item);

	if (result == -1)
		return -1;
	CHECK_INT(result, 1);
	tc_came(item);
	return 0;
}

static int
tc_select_receive(void)
{
	int item = -1, n;
	struct task_choice choices[10];

	for (n = 0; n < 10; n++)
		choices[n] = tc_choice(tc_other, TASK_RECEIVE, &item);
	choices[3].channel = tc_channel;
	n = task_select(choices, 8, -1);
	if (n == -1)
		return -1;
	CHECK_INT(n, 3);
	CHECK_INT(choices[n].result, 1);
	CHECK_INT(choices[n].error, 0);
	CHECK_INT(choices[2].result, -2);
	tc_came(item);
	return 0;
}

static void
tc_give(int n)
{
	for (; n > 0; n--, tc_next++)
		CHECK(task_channel_try_send(tc_channel, &tc_next) == 0);
}

static void
tc_fill(void)
{
	if (task_channel_try_send(tc_channel, &tc_next) == 0)
		tc_next++;
	else
		CHECK_INT(errno, EAGAIN);
}

static const struct sy_thing tc_receiving = {
	.words = "(0 of 0 items), to receive, ",
	.shut = tc_shut_unbuffered,
	.wait = tc_receive,
	.give = tc_give,
	.nobody = tc_nobody,
};

static const struct sy_thing tc_receiving_empty = {
	.words = "(0 of 2 items), to receive, ",
	.shut = tc_shut_empty,
	.wait = tc_receive,
	.give = tc_give,
	.open = tc_fill,
	.nobody = tc_nobody,
};

static const struct sy_thing tc_selecting_receive = {
	.words = ", ...), ",
	.shut = tc_shut_empty,
	.wait = tc_select_receive,
	.give = tc_give,
	.open = tc_fill,
	.nobody = tc_nobody,
};

/* ---- Queues -------------------------------------------------------------- */

static void
tc_queue_shut(void)
{
	tc_queue.limit = 2;
	CHECK(task_queue_clear(&tc_queue) == 0);
	tc_next = 0;
	tc_got = -1;
}

static void
tc_queue_shut_full(void)
{
	tc_queue_shut();
	for (; tc_next < 2; tc_next++)
		CHECK(task_queue_try_put(
			  &tc_queue, (void *)(intptr_t)tc_next) == 0);
	tc_fails(task_queue_try_put(&tc_queue, NULL), EAGAIN);
}

static int
tc_put(void)
{
	return task_queue_put(&tc_queue, (void *)(intptr_t)tc_next++);
}

static int
tc_get(void)
{
	void *item;

	if (task_queue_get(&tc_queue, &item) == -1)
		return -1;
	tc_came((int)(intptr_t)item);
	return 0;
}

static void
tc_queue_give(int n)
{
	for (; n > 0; n--, tc_next++)
		CHECK(task_queue_try_put(
			  &tc_queue, (void *)(intptr_t)tc_next) == 0);
}

static void
tc_queue_take(int n)
{
	void *item;

	while (n-- > 0) {
		CHECK(task_queue_try_get(&tc_queue, &item) == 0);
		tc_came((int)(intptr_t)item);
		CHECK(task_queue_done(&tc_queue) == 0);
	}
}

static void
tc_queue_fill(void)
{
	if (task_queue_try_put(&tc_queue, (void *)(intptr_t)tc_next) == 0)
		tc_next++;
	else
		CHECK_INT(errno, EAGAIN);
}

static void
tc_queue_drain(void)
{
	void *item;

	while (task_queue_try_get(&tc_queue, &item) == 0)
		CHECK(task_queue_done(&tc_queue) == 0);
	CHECK_INT(errno, EAGAIN);
}

static void
tc_queue_nobody(void)
{
	CHECK(sy_empty(&tc_queue.putting));
	CHECK(sy_empty(&tc_queue.getting));
	CHECK(sy_empty(&tc_queue.joining));
}

static const struct sy_thing tc_getting = {
	.words = "waits for an item of the queue 0x",
	.shut = tc_queue_shut,
	.wait = tc_get,
	.give = tc_queue_give,
	.open = tc_queue_fill,
	.nobody = tc_queue_nobody,
};

static const struct sy_thing tc_putting = {
	.words = ", which holds 2, ",
	.shut = tc_queue_shut_full,
	.wait = tc_put,
	.give = tc_queue_take,
	.open = tc_queue_drain,
	.nobody = tc_queue_nobody,
};

static int
tc_join(void)
{
	return task_queue_join(&tc_queue);
}

static void
tc_queue_finish(int n)
{
	(void)n;
	tc_queue_drain();
}

static const struct sy_thing tc_joining = {
	.words = ", of which 2 are not done, ",
	.shut = tc_queue_shut_full,
	.wait = tc_join,
	.give = tc_queue_finish,
	.open = tc_queue_drain,
	.nobody = tc_queue_nobody,
};

/* ---- Channels ------------------------------------------------------------ */

static void
opens(void)
{
	struct task_channel *c;

	CHECK(task_channel_free(NULL) == 0);
	errno = 0;
	CHECK(task_channel_open(2, SIZE_MAX / 2) == NULL);
	CHECK_INT(errno, ENOMEM);
	CHECK(task_channel_open(SIZE_MAX, 1) == NULL);
	CHECK(task_channel_open(1, SIZE_MAX - 8) == NULL);
	CHECK((c = task_channel_open(SIZE_MAX, 0)) != NULL);
	CHECK(task_channel_free(c) == 0);
	CHECK((c = task_channel_open(0, SIZE_MAX)) != NULL);
	CHECK(task_channel_free(c) == 0);
	tc_fails(task_channel_send(c, NULL), EPERM);
	tc_fails(task_channel_receive(c, NULL), EPERM);
	tc_fails(task_select(NULL, 0, 0), EPERM);
}

struct tc_item {
	char text[24];
	int number;
};

/* Without any loop or task; round the ring more than once. */
static void
rings(void)
{
	struct task_channel *c = task_channel_open(sizeof(struct tc_item), 3);
	struct tc_item item;
	int put = 0, got = 0, round;

	CHECK(c != NULL);
	for (round = 0; round < 20; round++) {
		while (snprintf(item.text, sizeof(item.text), "%d", put),
		    item.number = put, task_channel_try_send(c, &item) == 0) {
			put++;
			CHECK_INT(task_channel_length(c), put - got);
		}
		CHECK_INT(errno, EAGAIN);
		CHECK_INT(put - got, 3);
		for (; got < put - round % 3; got++) {
			CHECK_INT(task_channel_try_receive(c, &item), 1);
			CHECK_INT(item.number, got);
			CHECK_INT(atoi(item.text), got);
		}
	}
	while (task_channel_try_receive(c, &item) == 1)
		CHECK_INT(item.number, got++);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(got, put);
	CHECK(task_channel_free(c) == 0);
}

/* Signals without any content: they are counted. */
static void
signals(void)
{
	struct task_channel *c = task_channel_open(0, 2);

	CHECK(task_channel_try_send(c, NULL) == 0);
	CHECK(task_channel_try_send(c, NULL) == 0);
	tc_fails(task_channel_try_send(c, NULL), EAGAIN);
	CHECK_INT(task_channel_try_receive(c, NULL), 1);
	task_channel_close(c);
	CHECK_INT(task_channel_try_receive(c, NULL), 1);
	CHECK_INT(task_channel_try_receive(c, NULL), 0);
	CHECK(task_channel_free(c) == 0);
}

static intptr_t
tc_sends_to_nobody(void *argument)
{
	(void)argument;
	tc_fails(task_channel_try_send(tc_channel, &tc_next), EAGAIN);
	tc_fails(task_channel_try_receive(tc_channel, &tc_next), EAGAIN);
	return 0;
}

/* An item lies nowhere: the sender goes on when somebody has it. */
static intptr_t
tc_passes(void *argument)
{
	struct sy_worker w[2];

	tc_shut_unbuffered();
	(void)tc_sends_to_nobody(argument);
	sy_start(w, "ab", -1);
	CHECK_INT(task_channel_length(tc_channel), 0);
	tc_fails(task_channel_free(tc_channel), EBUSY);
	tc_fails(task_channel_try_send(tc_channel, &tc_next), EAGAIN);
	CHECK(tc_receive() == 0);
	CHECK_INT(tc_got, 0);
	sy_rest();
	CHECK_STR(loop_said(), "a");
	CHECK(tc_receive() == 0);
	sy_end(w, 2);
	CHECK_STR(loop_said(), "b");
	return tc_sends_to_nobody(argument);
}

static void
passes(void)
{
	sy_run(tc_passes);
}

/* A place in the ring is taken by who waits, not by who comes. */
static intptr_t
tc_keeps_order(void *argument)
{
	struct sy_worker w[2];
	int item = 99;

	(void)argument;
	tc_shut_full();
	sy_start(w, "ab", -1);
	tc_take(1);
	CHECK_INT(task_channel_length(tc_channel), 2);
	tc_fails(task_channel_try_send(tc_channel, &item), EAGAIN);
	tc_take(2);
	CHECK_INT(tc_got, 2); /* that of a */
	CHECK(task_channel_try_send(tc_channel, &item) == 0);
	tc_take(1);
	CHECK_INT(tc_got, 3);
	tc_take(1);
	CHECK_INT(tc_got, 99);
	tc_fails(task_channel_try_receive(tc_channel, &item), EAGAIN);
	sy_end(w, 2);
	return 0;
}

static void
keeps_order(void)
{
	sy_run(tc_keeps_order);
}

static intptr_t
tc_closes_on_senders(void *argument)
{
	struct sy_worker w[2];
	int item;

	(void)argument;
	tc_shut_full();
	sy_start(w, "ab", -1);
	task_channel_close(tc_channel);
	task_channel_close(tc_channel);
	CHECK(task_cancel(w[1].task) == 0); /* too late */
	sy_end(w, 2);
	CHECK_STR(loop_said(), "AB");
	CHECK_INT(w[0].error, EPIPE);
	CHECK_INT(w[1].error, EPIPE);
	tc_fails(task_channel_send(tc_channel, &item), EPIPE);
	tc_fails(task_channel_try_send(tc_channel, &item), EPIPE);
	CHECK_INT(task_channel_length(tc_channel), 2);
	CHECK_INT(task_channel_receive(tc_channel, &item), 1);
	CHECK_INT(task_channel_try_receive(tc_channel, &item), 1);
	CHECK_INT(item, 1);
	item = 77;
	CHECK_INT(task_channel_receive(tc_channel, &item), 0);
	CHECK_INT(task_channel_try_receive(tc_channel, &item), 0);
	CHECK_INT(item, 77);
	return 0;
}

static intptr_t
tc_receives_none(void *argument)
{
	int item;

	CHECK_INT(task_channel_receive(tc_channel, &item), 0);
	loop_log(*(const char *)argument);
	return 0;
}

static intptr_t
tc_closes_on_receivers(void *argument)
{
	struct task *t;

	(void)argument;
	tc_shut_unbuffered();
	task_detach(task_spawn(tc_receives_none, "a"));
	t = task_spawn(tc_receives_none, "b");
	sy_rest();
	task_channel_close(tc_channel);
	CHECK(task_cancel(t) == 0); /* too late */
	CHECK(task_channel_free(tc_channel) == 0);
	tc_channel = NULL;
	CHECK(task_await(t, NULL) == 0);
	task_detach(t);
	CHECK_STR(loop_said(), "ab");
	return 0;
}

static void
closes(void)
{
	sy_run(tc_closes_on_senders);
	sy_run(tc_closes_on_receivers);
}

/* The item of who was cancelled is never seen. */
static intptr_t
tc_loses_nothing(void *argument)
{
	struct sy_worker w[3];
	int i, which;

	(void)argument;
	for (which = 0; which < 3; which++) {
		tc_shut_full();
		sy_start(w, "abc", -1);
		CHECK(task_cancel(w[which].task) == 0);
		tc_take(2);
		for (i = 0; i < 3; i++)
			if (i != which) {
				tc_take(1);
				CHECK_INT(tc_got, 2 + i);
			}
		tc_fails(task_channel_try_receive(tc_channel, &i), EAGAIN);
		sy_end(w, 3);
		loop_said();
	}
	return 0;
}

static void
loses_nothing(void)
{
	sy_run(tc_loses_nothing);
}

/* ---- Select -------------------------------------------------------------- */

static intptr_t
tc_selects(void *argument)
{
	struct task_choice choices[3] = { tc_choice(NULL, TASK_SEND, NULL),
		tc_choice(NULL, TASK_RECEIVE, NULL),
		tc_choice(NULL, TASK_RECEIVE, NULL) };
	int out = 5, in = 0, i;
	int64_t start;

	(void)argument;
	tc_fails(task_select(choices, 0, -1), EINVAL);
	choices[1].what = 2;
	tc_fails(task_select(choices, 3, -1), EINVAL);
	choices[1].what = -1;
	tc_fails(task_select(choices, 3, -1), EINVAL);
	choices[1].what = TASK_RECEIVE;
	for (i = 0; i < 3; i++) {
		tc_fails(task_select(choices, 3, 0), ETIMEDOUT);
		start = task_now();
		tc_fails(task_select(choices, 3, LOOP_MS), ETIMEDOUT);
		CHECK(task_now() - start >= LOOP_MS);
		CHECK_INT(choices[i].result, -2);
		tc_shut_empty();
		choices[1].channel = tc_channel;
		choices[2].channel = tc_other;
	}
	choices[0] = tc_choice(tc_channel, TASK_SEND, &out);
	choices[1].item = &in;
	CHECK_INT(task_select(choices, 3, 0), 0);
	CHECK_INT(choices[0].result, 0);
	CHECK_INT(choices[0].error, 0);
	choices[0].channel = tc_other;
	CHECK_INT(task_select(choices, 3, -1), 1);
	CHECK_INT(choices[1].result, 1);
	CHECK_INT(in, 5);
	tc_nobody();
	return 0;
}

static void
selects(void)
{
	sy_run(tc_selects);
}

/* What is closed can go on, without waiting. */
static intptr_t
tc_selects_closed(void *argument)
{
	struct task_choice choice[2];
	int item = 3;

	(void)argument;
	tc_shut_full();
	task_channel_close(tc_channel);
	task_channel_close(tc_other);
	choice[0] = tc_choice(tc_channel, TASK_SEND, &item);
	CHECK_INT(task_select(choice, 1, -1), 0);
	CHECK_INT(choice[0].result, -1);
	CHECK_INT(choice[0].error, EPIPE);
	choice[0].what = TASK_RECEIVE;
	CHECK_INT(task_select(choice, 1, 0), 0);
	CHECK_INT(choice[0].result, 1);
	CHECK_INT(choice[0].error, 0);
	CHECK_INT(item, 0);
	choice[1] = tc_choice(tc_other, TASK_RECEIVE, &item);
	choice[0].channel = NULL;
	CHECK_INT(task_select(choice, 2, 0), 1);
	CHECK_INT(choice[1].result, 0);
	CHECK_INT(choice[1].error, 0);
	return 0;
}

static intptr_t
tc_waits_for_close(void *argument)
{
	int item = 0;
	struct task_choice choice[3] = {
		tc_choice(tc_other, TASK_RECEIVE, &item),
		tc_choice(tc_channel, TASK_SEND, &item),
		tc_choice(tc_channel, TASK_RECEIVE, &item),
	};
	int n = task_select(choice, 3, -1);

	CHECK_INT(n, (int)(intptr_t)argument);
	CHECK_INT(choice[n].result, n == 1 ? -1 : 0);
	CHECK_INT(choice[n].error, n == 1 ? EPIPE : 0);
	return 0;
}

/* Who waits is woken once, though it is there more than once. */
static intptr_t
tc_closes_on_select(void *argument)
{
	struct task *t, *u;

	(void)argument;
	tc_shut_unbuffered();
	t = task_spawn(tc_waits_for_close, (void *)2);
	sy_rest();
	task_channel_close(tc_channel);
	tc_nobody();
	CHECK(task_await(t, NULL) == 0);
	task_detach(t);
	tc_shut_unbuffered();
	t = task_spawn(tc_waits_for_close, NULL);
	sy_rest();
	task_channel_close(tc_other);
	u = task_spawn(tc_waits_for_close, NULL);
	CHECK(task_await(t, NULL) == 0);
	CHECK(task_await(u, NULL) == 0);
	task_detach(t);
	task_detach(u);
	return 0;
}

static void
selects_closed(void)
{
	sy_run(tc_selects_closed);
	sy_run(tc_closes_on_select);
}

/* Three that are always ready: one after the other. */
static intptr_t
tc_takes_turns(void *argument)
{
	struct task_channel *c[3];
	struct task_choice choices[3];
	int i, n, last = -1;

	(void)argument;
	for (i = 0; i < 3; i++) {
		CHECK((c[i] = task_channel_open(0, 0)) != NULL);
		task_channel_close(c[i]);
		choices[i] = tc_choice(c[i], TASK_RECEIVE, NULL);
	}
	for (i = 0; i < 30; i++) {
		n = task_select(choices, 3, -1);
		if (last != -1)
			CHECK_INT(n, (last + 1) % 3);
		last = n;
	}
	for (i = 0; i < 3; i++)
		choices[i].channel = c[0]; /* the same thrice */
	for (i = 0; i < 30; i++) {
		n = task_select(choices, 3, -1);
		if (i > 0)
			CHECK_INT(n, (last + 1) % 3);
		last = n;
	}
	for (i = 0; i < 3; i++)
		CHECK(task_channel_free(c[i]) == 0);
	return 0;
}

/* Two in step, each with two of its own: nobody gets the same for ever. */
static intptr_t
tc_in_step(void *argument)
{
	struct task_channel *c[2];
	struct task_choice choices[2];
	int i, n, last = -1;

	(void)argument;
	for (i = 0; i < 2; i++) {
		CHECK((c[i] = task_channel_open(0, 0)) != NULL);
		task_channel_close(c[i]);
		choices[i] = tc_choice(c[i], TASK_RECEIVE, NULL);
	}
	for (i = 0; i < 100; i++) {
		n = task_select(choices, 2, -1);
		CHECK(n != last);
		last = n;
		CHECK(task_yield() == 0);
	}
	for (i = 0; i < 2; i++)
		CHECK(task_channel_free(c[i]) == 0);
	return 0;
}

static intptr_t
tc_all_in_step(void *argument)
{
	struct task_group group;
	int i;

	(void)argument;
	CHECK(task_group_enter(&group, TASK_FAIL_FAST) == 0);
	for (i = 0; i < 4; i++)
		task_detach(task_group_spawn(&group, tc_in_step, NULL));
	return task_group_leave(&group, NULL, 0);
}

static void
takes_turns(void)
{
	sy_run(tc_takes_turns);
	sy_run(tc_all_in_step);
}

/* It offers both, and waits; not until another comes is there a pair. */
static intptr_t
tc_offers_both(void *argument)
{
	int out = 1, in = 0, n;
	struct task_choice choices[] = {
		tc_choice(tc_channel, TASK_SEND, &out),
		tc_choice(tc_channel, TASK_RECEIVE, &in),
	};

	n = task_select(choices, 2, -1);
	loop_log(n == 0 ? 's' : n == 1 ? 'r' : '!');
	CHECK_INT(n == 1 ? in : 7, 7);
	(void)argument;
	return 0;
}

static intptr_t
tc_not_itself(void *argument)
{
	int item = 7;

	(void)argument;
	tc_shut_unbuffered();
	task_detach(task_spawn(tc_offers_both, NULL));
	sy_rest();
	CHECK_STR(loop_said(), "");
	CHECK(task_channel_try_send(tc_channel, &item) == 0);
	tc_nobody();
	sy_rest();
	CHECK_STR(loop_said(), "r");
	task_detach(task_spawn(tc_offers_both, NULL));
	sy_rest();
	CHECK_INT(task_channel_try_receive(tc_channel, &item), 1);
	CHECK_INT(item, 1);
	tc_nobody();
	sy_rest();
	CHECK_STR(loop_said(), "s");
	return 0;
}

static intptr_t
tc_offers_seven(void *argument)
{
	int out = 7, in = 0, n;
	struct task_choice choices[] = {
		tc_choice(tc_channel, TASK_RECEIVE, &in),
		tc_choice(tc_channel, TASK_SEND, &out),
	};

	(void)argument;
	n = task_select(choices, 2, -1);
	CHECK_INT(choices[n].result, n == 0);
	CHECK_INT(n == 0 ? in : 7, 7);
	loop_log(n == 0 ? 'r' : 's');
	return 0;
}

/* Two of that kind are a pair. */
static intptr_t
tc_each_other(void *argument)
{
	const char *said;
	int i;

	(void)argument;
	tc_shut_unbuffered();
	for (i = 0; i < 10; i++) {
		task_detach(task_spawn(tc_offers_seven, NULL));
		task_detach(task_spawn(tc_offers_seven, NULL));
		sy_rest();
		said = loop_said();
		CHECK(strcmp(said, "rs") == 0 || strcmp(said, "sr") == 0);
		tc_nobody();
	}
	return 0;
}

static void
not_itself(void)
{
	sy_run(tc_not_itself);
	sy_run(tc_each_other);
}

/* More than fit on the stack; each can be the one. */
static intptr_t
tc_selects_many(void *argument)
{
	enum { MANY = 100 };
	struct task_channel *c[MANY];
	struct task_choice choices[MANY];
	const int *at = argument;
	int i, item = -1;

	for (i = 0; i < MANY; i++) {
		CHECK((c[i] = task_channel_open(sizeof(int), 0)) != NULL);
		choices[i] = tc_choice(c[i], TASK_RECEIVE, &item);
	}
	tc_channel = c[*at];
	CHECK_INT(task_select(choices, MANY, 1000 * REACTOR_SECOND), *at);
	CHECK_INT(item, *at);
	for (i = 0; i < MANY; i++)
		CHECK(task_channel_free(c[i]) == 0);
	tc_channel = NULL;
	return 0;
}

static intptr_t
tc_many(void *argument)
{
	struct task *t;
	int i;

	(void)argument;
	for (i = 0; i < 100; i += 33) {
		t = task_spawn(tc_selects_many, &i);
		sy_rest();
		CHECK(task_channel_try_send(tc_channel, &i) == 0);
		CHECK(task_await(t, NULL) == 0);
		task_detach(t);
	}
	return 0;
}

static void
many(void)
{
	sy_run(tc_many);
}

static int tc_sent;

static void
tc_sends_late(struct reactor *r, struct reactor_timer *timer)
{
	int item = 3;

	(void)r;
	(void)timer;
	tc_sent = task_channel_try_send(tc_channel, &item);
}

static intptr_t
tc_hogs(void *argument)
{
	(void)argument;
	loop_sleep(6 * LOOP_MS);
	return 0;
}

/* Time-out and item come in one turn: the first counts, and nothing is lost. */
static intptr_t
tc_races(void *argument)
{
	struct reactor_timer timer = { .callback = tc_sends_late };
	int64_t after;
	int item = 0;
	struct task_choice choice;

	(void)argument;
	for (after = 1; after <= 4; after += 3) {
		tc_shut_unbuffered();
		tc_sent = -2;
		choice = tc_choice(tc_channel, TASK_RECEIVE, &item);
		task_detach(task_spawn(tc_hogs, NULL));
		CHECK(reactor_timer_start(
			  task_reactor(), &timer, after * LOOP_MS) == 0);
		if (after == 1) {
			CHECK_INT(task_select(&choice, 1, 2 * LOOP_MS), 0);
			CHECK_INT(item, 3);
			CHECK_INT(tc_sent, 0);
		} else {
			tc_fails(
			    task_select(&choice, 1, 2 * LOOP_MS), ETIMEDOUT);
			CHECK_INT(choice.result, -2);
			CHECK(tc_sent != 0);
		}
		tc_nobody();
		reactor_timer_stop(task_reactor(), &timer);
	}
	return 0;
}

static void
races(void)
{
	sy_run(tc_races);
}

/* ---- Queues -------------------------------------------------------------- */

static void *
tc_pointer(int n)
{
	return (void *)(intptr_t)n;
}

/* Grows wherever it begins; needs no task. */
static void
queue_grows(void)
{
	struct task_queue q = { .limit = 0 };
	int put = 0, got = 0, round, i;
	void *item;

	for (round = 1; round < 60; round++) {
		for (i = 0; i < 2 * round; i++)
			CHECK(task_queue_try_put(&q, tc_pointer(put++)) == 0);
		for (i = 0; i < round; i++) {
			CHECK(task_queue_try_get(&q, &item) == 0);
			CHECK_INT((intptr_t)item, got++);
		}
		CHECK_INT(q.length, put - got);
	}
	while (task_queue_try_get(&q, &item) == 0)
		CHECK_INT((intptr_t)item, got++);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(got, put);
	CHECK_INT(q.unfinished, put);
	CHECK(task_queue_clear(&q) == 0);
	CHECK(q.items == NULL && q.capacity == 0 && q.unfinished == 0);
	CHECK(task_queue_try_put(&q, NULL) == 0);
	CHECK(task_queue_clear(&q) == 0);
}

static void
queue_done(void)
{
	struct task_queue q = { .limit = 2 };
	void *item;

	tc_fails(task_queue_done(&q), EINVAL);
	CHECK(task_queue_try_put(&q, NULL) == 0);
	CHECK(task_queue_try_put(&q, NULL) == 0);
	tc_fails(task_queue_try_put(&q, NULL), EAGAIN);
	tc_fails(task_queue_done(&q), EINVAL); /* none was got */
	CHECK(task_queue_try_get(&q, &item) == 0);
	CHECK(task_queue_done(&q) == 0);
	tc_fails(task_queue_done(&q), EINVAL);
	CHECK_INT(q.unfinished, 1);
	CHECK(task_queue_clear(&q) == 0);
	tc_fails(task_queue_put(&q, NULL), EPERM);
	tc_fails(task_queue_get(&q, &item), EPERM);
	tc_fails(task_queue_join(&q), EPERM);
}

static intptr_t
tc_deals(void *argument)
{
	void *item;

	(void)argument;
	while (task_queue_get(&tc_queue, &item) == 0) {
		CHECK(task_yield() == 0);
		loop_log((int)(intptr_t)item);
		CHECK(task_queue_done(&tc_queue) == 0);
	}
	CHECK_INT(errno, ECANCELED);
	return -1;
}

/* The end of the work, not of the queue. */
static intptr_t
tc_joins(void *argument)
{
	struct task_group group;
	const char *letter;
	int i;

	(void)argument;
	tc_queue.limit = 2;
	CHECK(task_queue_join(&tc_queue) == 0);
	CHECK(task_group_enter(&group, TASK_FAIL_FAST) == 0);
	for (i = 0; i < 3; i++)
		task_detach(task_group_spawn(&group, tc_deals, NULL));
	sy_rest();
	tc_fails(task_queue_clear(&tc_queue), EBUSY);
	for (letter = "abcdefghij"; *letter != '\0'; letter++)
		CHECK(task_queue_put(&tc_queue, tc_pointer(*letter)) == 0);
	CHECK(task_queue_join(&tc_queue) == 0);
	CHECK_STR(loop_said(), "abcdefghij");
	task_group_cancel(&group);
	CHECK(task_group_leave(&group, NULL, 0) == -1);
	CHECK(task_queue_clear(&tc_queue) == 0);
	return 0;
}

/* Also of that which has not been got yet. */
static intptr_t
tc_joins_two(void *argument)
{
	struct sy_worker w;
	void *item;
	int i;

	(void)argument;
	tc_queue_shut_full();
	sy_start(&w, "a", -1);
	for (i = 0; i < 2; i++) {
		CHECK(task_queue_get(&tc_queue, &item) == 0);
		sy_rest();
		CHECK_STR(loop_said(), "");
		CHECK(task_queue_done(&tc_queue) == 0);
		sy_rest();
		CHECK_STR(loop_said(), i == 0 ? "" : "a");
	}
	sy_end(&w, 1);
	return 0;
}

static void
queue_joins(void)
{
	sy_run(tc_joins);
	sy_run(tc_joins_two);
}

static intptr_t
tc_queue_cancels(void *argument)
{
	struct sy_worker w[3];
	int which, i;
	void *item;

	(void)argument;
	for (which = 0; which < 3; which++) {
		tc_queue_shut_full();
		sy_start(w, "abc", -1);
		CHECK_INT(tc_queue.unfinished, 2);
		CHECK(task_cancel(w[which].task) == 0);
		tc_queue_take(2);
		CHECK_INT(tc_queue.length, 2);
		CHECK_INT(tc_queue.unfinished, 2);
		for (i = 0; i < 3; i++)
			if (i != which) {
				tc_queue_take(1);
				CHECK_INT(tc_got, 2 + i);
			}
		tc_fails(task_queue_try_get(&tc_queue, &item), EAGAIN);
		CHECK_INT(tc_queue.unfinished, 0);
		sy_end(w, 3);
		loop_said();
	}
	return 0;
}

static void
queue_cancels(void)
{
	sy_run(tc_queue_cancels);
}

/* ---- Memory -------------------------------------------------------------- */

static intptr_t
tc_starves(void *argument)
{
	struct task_choice choices[9];
	struct task_queue q = { .limit = 0 };
	int i, failed = 0;
	void *item;

	(void)argument;
	loop_left = 0;
	CHECK(task_channel_open(1, 1) == NULL);
	CHECK_INT(errno, ENOMEM);
	for (i = 0; i < 200; i++) {
		if (task_queue_put(&q, tc_pointer(i)) == -1) {
			CHECK_INT(errno, ENOMEM);
			CHECK_INT(q.length, i);
			CHECK_INT(q.unfinished, i);
			loop_left = 1;
			CHECK(task_queue_try_put(&q, tc_pointer(i)) == 0);
			failed++;
		}
		if (i == 7)
			CHECK(task_queue_get(&q, &item) == 0 &&
			    task_queue_done(&q) == 0 &&
			    task_queue_try_put(&q, item) == 0);
	}
	CHECK(failed > 2);
	CHECK(task_queue_clear(&q) == 0);
	loop_left = 10;
	tc_shut_unbuffered();
	for (i = 0; i < 9; i++)
		choices[i] = tc_choice(tc_channel, i % 2, &failed);
	loop_left = 0;
	tc_fails(task_select(choices, 9, -1), ENOMEM);
	tc_nobody();
	tc_fails(task_select(choices, 9, 0), ETIMEDOUT);
	/* The timer may need memory of its own. */
	for (i = 0; task_select(choices, 9, 1) == -1 && errno == ENOMEM; i++) {
		tc_nobody();
		loop_left = i;
	}
	CHECK_INT(errno, ETIMEDOUT);
	tc_nobody();
	loop_left = INT_MAX;
	return 0;
}

static void
starves(void)
{
	loop_left = INT_MAX;
	reactor_set_allocator(loop_stingy);
	sy_run(tc_starves);
}

/* ---- At random ----------------------------------------------------------- */

enum { TC_TASKS = 12, TC_CHANNELS = 4, TC_CHOICES = 10, TC_ITEMS = 1 << 20 };
enum { TC_UNKNOWN, TC_SENT, TC_NOT };

static struct tc_model {
	struct task_scope scope[TC_TASKS];
	struct task_channel *channel[TC_CHANNELS];
	struct task_queue queue;
	unsigned char fate[TC_ITEMS], seen[TC_ITEMS];
	int items, steps, running;
	long count[8][2]; /* of each operation, failed and done */
} tc;

static int
tc_new_item(void)
{
	SY(tc.items < TC_ITEMS);
	return tc.items++;
}

static void
tc_seen(int item)
{
	SY(item >= 0 && item < tc.items);
	SY(tc.fate[item] != TC_NOT);
	SY(tc.seen[item]++ == 0);
}

static void
tc_ended(int item, int sent)
{
	SY(tc.fate[item] == TC_UNKNOWN);
	tc.fate[item] = sent ? TC_SENT : TC_NOT;
	SY(sent || !tc.seen[item]);
}

static struct task_channel *
tc_any(void)
{
	return tc.channel[sy_draw(TC_CHANNELS)];
}

static int
tc_random_send(int tries)
{
	int item = tc_new_item(), sent = item, result;

	result = tries ? task_channel_try_send(tc_any(), &sent)
		       : task_channel_send(tc_any(), &sent);
	tc_ended(item, result == 0);
	return result;
}

static int
tc_random_receive(int tries)
{
	int item = -1, result;

	result = tries ? task_channel_try_receive(tc_any(), &item)
		       : task_channel_receive(tc_any(), &item);
	SY(result != 0);
	if (result == 1)
		tc_seen(item);
	return result;
}

static int64_t
tc_random_timeout(void)
{
	switch (sy_draw(4)) {
	case 0:
		return 0;
	case 1:
		return sy_draw(20000);
	default:
		return -1;
	}
}

static int
tc_random_select(int tries)
{
	struct task_choice choices[TC_CHOICES];
	int items[TC_CHOICES], given[TC_CHOICES], i, chosen;
	int n = 1 + (int)sy_draw(TC_CHOICES);

	for (i = 0; i < n; i++) {
		choices[i] = tc_choice(
		    sy_draw(10) ? tc_any() : NULL, (int)sy_draw(2), &given[i]);
		items[i] = choices[i].what == TASK_SEND ? tc_new_item() : -1;
		given[i] = items[i];
	}
	chosen =
	    task_select(choices, (size_t)n, tries ? 0 : tc_random_timeout());
	SY(chosen < n);
	for (i = 0; i < n; i++)
		if (choices[i].what == TASK_SEND)
			tc_ended(items[i], i == chosen);
		else
			SY(i == chosen || given[i] == -1);
	if (chosen == -1)
		return -1;
	SY(choices[chosen].result == choices[chosen].what);
	SY(choices[chosen].error == 0);
	if (choices[chosen].what == TASK_RECEIVE)
		tc_seen(given[chosen]);
	return 0;
}

static int
tc_random_queue(int tries)
{
	int item, result;
	void *got;

	if (sy_draw(2)) {
		item = tc_new_item();
		result = tries ? task_queue_try_put(&tc.queue, tc_pointer(item))
			       : task_queue_put(&tc.queue, tc_pointer(item));
		tc_ended(item, result == 0);
		return result;
	}
	result = tries ? task_queue_try_get(&tc.queue, &got)
		       : task_queue_get(&tc.queue, &got);
	if (result == 0) {
		tc_seen((int)(intptr_t)got);
		SY(task_queue_done(&tc.queue) == 0);
	}
	return result;
}

static int (*const tc_operations[])(int) = { tc_random_send, tc_random_receive,
	tc_random_select, tc_random_queue };

static intptr_t
tc_random_task(void *argument)
{
	struct task_scope *scope = argument;
	unsigned which, tries;
	int result;

	while (tc.steps-- > 0) {
		which = sy_draw(4);
		tries = sy_draw(8) == 0;
		SY(task_scope_enter(scope, sy_draw(20) ? -1 : 5000) == 0);
		errno = 0;
		result = tc_operations[which]((int)tries);
		SY(result != -1 || errno == ECANCELED ||
		    (tries && errno == EAGAIN) ||
		    (which == 2 && errno == ETIMEDOUT));
		tc.count[2 * which + tries][result != -1]++;
		(void)task_scope_leave(scope);
		if (tries)
			(void)task_yield();
	}
	tc.running--;
	return 0;
}

static void
tc_random_cancel(void)
{
	while (tc.running > 0) {
		if (sy_draw(4) == 0)
			task_scope_cancel(&tc.scope[sy_draw(TC_TASKS)]);
		SY(task_yield() == 0);
	}
}

/* What is left in the ring was sent; then all that was sent has been seen. */
static void
tc_settle(void)
{
	int i, item;
	void *got;

	for (i = 0; i < TC_CHANNELS; i++) {
		task_channel_close(tc.channel[i]);
		while (task_channel_try_receive(tc.channel[i], &item) == 1)
			tc_seen(item);
		SY(task_channel_free(tc.channel[i]) == 0);
	}
	while (task_queue_try_get(&tc.queue, &got) == 0) {
		tc_seen((int)(intptr_t)got);
		SY(task_queue_done(&tc.queue) == 0);
	}
	SY(tc.queue.unfinished == 0);
	SY(task_queue_clear(&tc.queue) == 0);
	for (i = 0; i < tc.items; i++)
		SY(tc.fate[i] == (tc.seen[i] ? TC_SENT : TC_NOT));
	for (i = 0; i < 8 && sy_steps(60000) >= 60000; i++)
		SY(tc.count[i][0] > 20 && tc.count[i][1] > 20);
}

static intptr_t
tc_random(void *argument)
{
	static const size_t capacity[TC_CHANNELS] = { 0, 0, 1, 5 };
	struct task_group group;
	int i;

	(void)argument;
	tc.steps = sy_steps(60000);
	tc.running = TC_TASKS;
	tc.queue.limit = 3;
	for (i = 0; i < TC_CHANNELS; i++) {
		tc.channel[i] = task_channel_open(sizeof(int), capacity[i]);
		SY(tc.channel[i] != NULL);
	}
	SY(task_group_enter(&group, TASK_FAIL_FAST) == 0);
	for (i = 0; i < TC_TASKS; i++)
		task_detach(
		    task_group_spawn(&group, tc_random_task, &tc.scope[i]));
	tc_random_cancel();
	SY(task_group_leave(&group, NULL, 0) == 0);
	tc_settle();
	return 0;
}

static void
at_random(void)
{
	sy_sow();
	sy_run(tc_random);
}

static const struct test tests[] = {
	SY_THING("send, from hand to hand", &tc_sending),
	SY_THING("send, when full", &tc_sending_full),
	SY_THING("select, to send", &tc_selecting_send),
	SY_THING("receive, from hand to hand", &tc_receiving),
	SY_THING("receive, when empty", &tc_receiving_empty),
	SY_THING("select, to receive", &tc_selecting_receive),
	SY_THING("queue, get", &tc_getting),
	SY_THING("queue, put", &tc_putting),
	SY_THING("queue, join", &tc_joining),
	TEST("channel: opened and freed", opens),
	TEST("channel: a ring", rings),
	TEST("channel: items of no size", signals),
	{ "channel: from hand to hand", passes, 0, &tc_sending },
	{ "channel: who waits is in order", keeps_order, 0, &tc_sending_full },
	{ "channel: closed", closes, 0, &tc_sending_full },
	{ "channel: nothing is lost by a cancel", loses_nothing, 0,
	    &tc_sending_full },
	TEST("select: what is ready, and time-outs", selects),
	TEST("select: closed channels", selects_closed),
	TEST("select: each has its turn", takes_turns),
	TEST("select: not with itself", not_itself),
	TEST("select: many", many),
	TEST("select: an item and the time-out at once", races),
	TEST("queue: grows", queue_grows),
	TEST("queue: done", queue_done),
	{ "queue: joined", queue_joins, 0, &tc_joining },
	{ "queue: nothing is lost by a cancel", queue_cancels, 0, &tc_putting },
	TEST("no memory", starves),
	TEST("random calls, cancelled at random", at_random),
};

TEST_MAIN(tests)
