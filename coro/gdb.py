# SPDX-License-Identifier: ISC
#
# gdb.py: shows gdb(1) the tasks of a program: of one that runs or of a core
# file, optimised or not.
#
#   (gdb) source coro/gdb.py
#   (gdb) tasks          lists all tasks of all threads
#   (gdb) task 3         the backtrace of #3; up, down, frame and info locals
#                        are about it, until the program goes on
#   (gdb) task 2.3       the same of #3 in the second loop of the list
#   (gdb) task 3 1       what ran the generator that #3 is in
#   (gdb) task           back to what the thread itself does
#
# How: what a suspended task needs to go on lies on its stack, at flow.place, in
# the manner of its context.  The registers of a core file cannot be changed, so
# gdb is told of a frame inside of all others, whose caller has these registers.
# Nothing in the program is called or written.

import itertools
import time

import gdb
import gdb.unwinder

VIEW = None  # what is shown in place of a thread


class View:
    """The registers of a suspended flow, to be seen in the selected thread."""

    def __init__(self, registers):
        frame = gdb.newest_frame()
        self.ptid = gdb.selected_thread().ptid
        self.innermost = [int(frame.read_register(r)) for r in counters()]
        self.registers = registers


# ---- Reading -----------------------------------------------------------------


def text(pointer):
    if int(pointer) == 0:
        return ""
    return pointer.string("utf-8", "replace")


def pointer_to(address, name):
    return gdb.Value(int(address)).cast(gdb.lookup_type(name).pointer())


def words(address, count):
    """So many registers that lie there."""
    memory = gdb.selected_inferior().read_memory(int(address), 8 * count)
    data = bytes(memory)
    return [
        int.from_bytes(data[8 * i : 8 * i + 8], "little") for i in range(count)
    ]


def members(head, name, member):
    """What is in a circular list; a head of zeros is empty."""
    field = gdb.lookup_type(name)[member]
    end, link = int(head.address), int(head["next"])
    seen = set()
    while link not in (0, end):
        if link in seen:
            raise gdb.GdbError("the list of %s is broken" % name)
        seen.add(link)
        owner = pointer_to(link - field.bitpos // 8, name)
        yield owner
        link = int(owner[member]["next"])


def all_loops():
    symbol = gdb.lookup_global_symbol("task__loops")
    if symbol is None:
        raise gdb.GdbError(
            "no tasks are known: the library is not there, or without -g"
        )
    return list(members(symbol.value(), "struct task__loop", "loops"))


def all_tasks(loop):
    return members(loop["all"], "struct task", "all")


def is_on_stack_of(task):
    """Does the selected thread run on the stack of that task?"""
    if int(task) == 0 or int(task["flow"]["stack"]) == 0:
        return False
    stack = task["flow"]["stack"]
    depth = int(gdb.newest_frame().read_register("sp")) - int(stack["low"])
    return 0 <= depth < int(stack["pool"]["size"])


def thread_of(loop):
    """The thread whose loop that is, and the generator that runs in it."""
    selected, frame = gdb.selected_thread(), gdb.selected_frame()
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            try:
                here = gdb.parse_and_eval("coro__here")
                if int(here["tasks"]) == int(loop):
                    return thread, here["coro"]
            except gdb.error:  # as for musl: what a thread has is not known
                if is_on_stack_of(loop["running"]):
                    return thread, gdb.Value(0)
    finally:
        selected.switch()
        frame.select()
    return None, None


# ---- Words -------------------------------------------------------------------


def span(ns):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return "%.1f %s" % (ns / size, unit)
    return "%d ns" % ns


def quoted(task):
    return '#%d "%s"' % (int(task["number"]), text(task["name"]))


def now_of(loop):
    """The time, and what it is; a core file does not tell when it was made."""
    connection = getattr(gdb.selected_inferior(), "connection", None)
    if connection is not None and connection.type == "native":
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC), ""
    return int(loop["looked"]), " at the loop's last look"


def describe_end(wait):
    return quoted(pointer_to(wait["object"], "struct task"))


def describe_several(wait):
    several = pointer_to(wait, "struct sev_set")
    return "%d tasks (%d left)" % (int(several["all"]), int(several["left"]))


def describe_descriptor(wait):
    descriptor = pointer_to(wait["object"], "struct task__descriptor")
    wanted = int(pointer_to(wait, "struct rdy_wait")["wanted"])
    directions = ((1, "read"), (4, "written"), (2, "urgent"))
    return "%d%s" % (
        int(descriptor["io"]["fd"]),
        "".join(" to be " + what for bit, what in directions if wanted & bit),
    )


def describe_mutex(wait):
    owner = pointer_to(wait["object"], "struct task_mutex")["owner"]
    return "%s, held by %s" % (hex(int(wait["object"])), quoted(owner))


def describe_channel(wait):
    choice = pointer_to(wait["object"], "struct task_choice")
    return hex(int(choice["channel"]))


def describe_signal(wait):
    signal = pointer_to(wait["object"], "struct task_signal")
    return str(int(signal["handler"]["number"]))


def describe_child(wait):
    return str(int(pointer_to(wait, "struct tch_wait")["child"]["pid"]))


DESCRIBE = {
    "task__wait_end": describe_end,
    "ga_firm": describe_end,
    "sev_kind": describe_several,
    "rdy_kind": describe_descriptor,
    "mx_locking": describe_mutex,
    "mx_relocking": describe_mutex,
    "chn_kind": describe_channel,
    "tsg_kind": describe_signal,
    "tch_kind": describe_child,
}


def describe_kinds():
    """Where these are now, as the program may be loaded anywhere."""
    found = {}
    for name, function in DESCRIBE.items():
        symbol = gdb.lookup_global_symbol(name)
        symbol = symbol or gdb.lookup_static_symbol(name)
        if symbol is not None:
            found[int(symbol.value().address)] = function
    return found


def describe_wait(loop, task, kinds):
    wait, (now, when) = task["wait"], now_of(loop)
    what = text(wait["kind"]["what"]).replace(", in", "")
    if int(wait["kind"]) in kinds:
        what += " " + kinds[int(wait["kind"])](wait)
    elif int(wait["object"]) != 0:
        what += " " + hex(int(wait["object"]))
    age = max(now - int(task["since"]), 0)
    return "waits for %s, for %s%s" % (what, span(age), when)


def describe_state(loop, task, kinds):
    runs = int(loop["running"]) == int(task)
    if runs:
        state = "runs"
    elif int(task["wait"]) != 0:
        state = describe_wait(loop, task, kinds)
    elif has_begun(task):
        state = "is ready"
    else:
        state = "is ready, and has not begun"
    if int(task["coro"]) != 0 and not runs:
        state += ", in a generator"
    if int(task["cancelled"]):
        state += ", is cancelled"
    if int(task["flags"]) & int(gdb.parse_and_eval("TASK_BACKGROUND")):
        state += ", background"
    return state


def describe(loop, task, kinds):
    return "%s  (%s)  %s" % (
        quoted(task),
        text(task["place"]),
        describe_state(loop, task, kinds),
    )


# ---- Registers ---------------------------------------------------------------


def x86_native(place, swap):
    names = ("r15", "r14", "r13", "r12", "rbx", "rbp", "rip")
    registers = dict(zip(names, words(place, 7)))
    registers["rsp"] = place + 7 * 8
    return registers


def x86_setjmp(place, swap):
    names = ("rbx", "rbp", "r12", "r13", "r14", "r15", "rsp", "rip")
    registers = dict(zip(names, words(place, 8)))

    def unrotated(word):
        return (word >> 17 | word << 47) & 0xFFFFFFFFFFFFFFFF

    return unscrambled(
        registers, ("rip", "rsp", "rbp"), place, swap, unrotated
    )


def x86_ucontext(place, swap):
    names = ("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi")
    names += ("rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip")
    general = pointer_to(place, "ucontext_t")["uc_mcontext"]["gregs"]
    return dict(zip(names, words(general.address, len(names))))


def arm_named(saved, sp):
    """From x19 to x30, where it goes on."""
    registers = {"x%d" % (19 + i): saved[i] for i in range(12)}
    registers.update(pc=saved[11], sp=sp)
    return registers


def arm_native(place, swap):
    return arm_named(words(place, 12), place + 20 * 8)


def arm_setjmp(place, swap):
    saved = words(place, 14)
    registers = arm_named(saved, saved[13])
    return unscrambled(
        registers, ("pc", "sp"), place, swap, lambda word: word
    )


def arm_ucontext(place, swap):
    machine = pointer_to(place, "ucontext_t")["uc_mcontext"]
    saved = words(machine["regs"].address, 31)
    registers = arm_named(saved[19:], int(machine["sp"]))
    # glibc goes on inside of swapcontext, with the way back in x1.
    inside = block_of(swap)
    counter = int(machine["pc"])
    registers["pc"] = (
        counter if inside.start <= counter < inside.end else saved[1]
    )
    return registers


def unscrambled(registers, scrambled, place, swap, unrotated):
    """
    libc may have exchanged some of them by a secret word.  But the jmp_buf is
    in the frame of the function that called setjmp, just above its stack
    pointer, and the program counter is behind one of its calls: a word for
    which both are true is the one.
    """
    pc, sp = scrambled[:2]
    if 0 <= place - registers[sp] < 4096:
        return registers
    plain = {name: unrotated(registers[name]) for name in scrambled}
    for address in after_calls(swap):
        secret = plain[pc] ^ address
        if 0 <= place - (plain[sp] ^ secret) < 4096:
            for name in scrambled:
                registers[name] = plain[name] ^ secret
            return registers
    raise gdb.GdbError("its jmp_buf cannot be read")


def block_of(function):
    block = gdb.block_for_pc(int(function))
    while block is not None and block.function is None:
        block = block.superblock
    if block is None:
        raise gdb.GdbError("the function that switches is not known")
    return block


def after_calls(function):
    block = block_of(function)
    code = gdb.selected_inferior().architecture().disassemble(
        block.start, block.end - 1
    )
    for instruction in code:
        if instruction["asm"].split()[0] in ("call", "callq", "bl", "blr"):
            yield instruction["addr"] + instruction["length"]


LAYOUTS = {
    "i386:x86-64": {
        "native": x86_native,
        "setjmp": x86_setjmp,
        "ucontext": x86_ucontext,
    },
    "aarch64": {
        "native": arm_native,
        "setjmp": arm_setjmp,
        "ucontext": arm_ucontext,
    },
}
COUNTERS = {"i386:x86-64": ("rip", "rsp"), "aarch64": ("pc", "sp")}


def of_machine(table):
    name = gdb.selected_inferior().architecture().name()
    if name not in table:
        raise gdb.GdbError("not known for the processor %s" % name)
    return table[name]


def counters():
    """The names of program counter and stack pointer."""
    return of_machine(COUNTERS)


def registers_of(flow, context):
    layout = of_machine(LAYOUTS)[text(context["name"])]
    return layout(int(flow["place"]), context["swap"])


# ---- What gdb asks -----------------------------------------------------------


def is_viewed():
    thread = gdb.selected_thread()
    return VIEW is not None and thread is not None and thread.ptid == VIEW.ptid


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class TaskUnwinder(gdb.unwinder.Unwinder):
    """Claims the innermost frame: its caller is where the task is."""

    def __init__(self):
        super().__init__("reactor-tasks")

    def __call__(self, pending):
        if not is_viewed():
            return None
        # Not by its level: functions that are inlined there count as well.
        here = [int(pending.read_register(r)) for r in counters()]
        if here != VIEW.innermost:
            return None
        word = gdb.selected_inferior().architecture().integer_type(64, False)
        pc, sp = (VIEW.registers[r] for r in counters())
        # Inside of what it calls, for one who looks at stack pointers.
        identity = FrameId(*(gdb.Value(v).cast(word) for v in (sp - 8, pc)))
        info = pending.create_unwind_info(identity)
        for name, value in VIEW.registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(word))
        return info


def foreign_frames():
    """How many frames are the thread's, and not the task's."""
    if not is_viewed():
        return 0
    frame, count = gdb.newest_frame(), 1
    while frame.type() == gdb.INLINE_FRAME:
        frame, count = frame.older(), count + 1
    return count


class WithoutForeign:
    """Leaves them out of backtraces."""

    name = "reactor-tasks"
    priority = 100
    enabled = True

    def filter(self, frames):
        return itertools.islice(frames, foreign_frames(), None)


def show(view):
    global VIEW
    if view is not VIEW:
        VIEW = view
        gdb.invalidate_cached_frames()


def has_begun(task):
    return int(task["bits"]) & int(gdb.parse_and_eval("TASK__BEGUN")) != 0


# ---- Commands ----------------------------------------------------------------


def generators(coro):
    """From the innermost outwards."""
    while int(coro) != 0:
        yield coro
        coro = coro["outer"]


def stretches(loop, task):
    """
    The thread, and from the innermost outwards: the registers (None: those of
    the thread), and the generator that runs there or None.
    """
    thread, innermost = thread_of(loop)
    if int(loop["running"]) == int(task):
        if thread is None:
            raise gdb.GdbError("it runs, in a thread that is not known")
        registers = None
    else:
        registers = registers_of(task["flow"], loop["context"])
        innermost = task["coro"]
    found = []
    for coro in generators(innermost):
        found.append((registers, coro))
        registers = registers_of(coro["caller"], coro["context"])
    found.append((registers, None))
    return thread or gdb.selected_thread(), found


def select(thread, registers):
    show(None)
    thread.switch()
    if registers is None:
        return
    show(View(registers))
    frame = gdb.newest_frame()
    for _ in range(foreign_frames()):
        frame = frame.older()
        if frame is None:
            raise gdb.GdbError("gdb cannot find its frames")
    frame.select()


def find(word):
    """N: in the loop of this thread, or the first that has it; or L.N."""
    loops = all_loops()
    try:
        if "." in word:
            loops = [loops[int(word.split(".")[0]) - 1]]
        number = int(word.split(".")[-1].lstrip("#"))
    except (ValueError, IndexError):
        raise gdb.GdbError("no such task: " + word) from None
    thread = gdb.selected_thread()
    if len(loops) > 1 and thread is not None:
        loops.sort(key=lambda loop: thread_of(loop)[0] != thread)
    for loop in loops:
        for task in all_tasks(loop):
            if int(task["number"]) == number:
                return loop, task
    raise gdb.GdbError("no such task: " + word)


class Tasks(gdb.Command):
    """List all tasks: number, name, where it was spawned, and what it does."""

    def __init__(self):
        super().__init__("tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        loops, kinds = all_loops(), describe_kinds()
        if not loops:
            print("tasks: none")
        for number, loop in enumerate(loops, 1):
            thread = thread_of(loop)[0]
            print(
                "loop %d: thread %s, %d tasks, context %s"
                % (
                    number,
                    "?" if thread is None else thread.num,
                    int(loop["tasks"]),
                    text(loop["context"]["name"]),
                )
            )
            for task in all_tasks(loop):
                print("  " + describe(loop, task, kinds))


class Task(gdb.Command):
    """Show the backtrace of a task, and look at its frames from now on.

    Usage: task [LOOP.]NUMBER [STRETCH]
    Numbers are those of the command "tasks".  A task that is in a generator has
    several stretches, from 0, the innermost, to that of the task itself.
    Without an argument: back to what the thread itself does."""

    def __init__(self):
        super().__init__("task", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        argv = gdb.string_to_argv(argument)
        show(None)
        if not argv:
            gdb.execute("frame")
            return
        loop, task = find(argv[0])
        print(describe(loop, task, describe_kinds()))
        if int(loop["running"]) != int(task) and not has_begun(task):
            print("it will begin with %s" % task["function"])
            return
        self.backtrace(*stretches(loop, task), argv[1:])

    def backtrace(self, thread, found, wanted):
        chosen = int(wanted[0]) if wanted else 0
        if not 0 <= chosen < len(found):
            raise gdb.GdbError("no such stretch")
        for i, (registers, coro) in enumerate(found):
            if wanted and i != chosen:
                continue
            select(thread, registers)
            gdb.execute("backtrace")
            if coro is not None:
                name = text(coro["name"]) or "without a name"
                print("that was in a generator, %s; it is run by" % name)
        select(thread, found[chosen][0])


gdb.unwinder.register_unwinder(None, TaskUnwinder(), replace=True)
gdb.frame_filters[WithoutForeign.name] = WithoutForeign()
gdb.events.cont.connect(lambda event: show(None))
gdb.events.exited.connect(lambda event: show(None))
Tasks()
Task()
