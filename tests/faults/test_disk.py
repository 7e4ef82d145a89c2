"""What brings a file to disk fails: a non-zero exit always, and the old file is kept."""

import errno
import resource
import signal

import pytest

from harness import FAILING_CALLS, FORMATS, Workplace, all_at_once, cases, report

SQL = "SELECT n, noise FROM numbers"
OLD = b"what was there before"


def counted(place, number, form, call, at, what):
    """A run in which that call fails (`what`: an errno, or before and after: it is killed); None: it never came."""
    one = Workplace(place.folder / f"run{number}", place.env["PENSTOCK_SHOP_DSN"])
    target = one.folder / f"out.{form}"
    target.write_bytes(OLD)
    seen = place.folder / f"seen{number}"
    result = one.query(SQL, target.name, env={"LD_PRELOAD": str(FAILING_CALLS), "FAULT_AT": f"{call}:{at}:{what}",
                                              "FAULT_PATH": one.folder.name if call == "fsync" else "out.",
                                              "FAULT_SEEN": str(seen)})
    came = seen.exists() and len(seen.read_bytes()) > at
    return one, target, result if came else None


@pytest.fixture
def whole(numbers):
    """What each format's file must be."""
    files = {}
    for form in FORMATS:
        assert numbers.query(SQL, f"whole.{form}").code == 0
        files[form] = (numbers.folder / f"whole.{form}").read_bytes()
    return files


def every_call(place, forms, outcomes, check):
    """check(...) for each write, fsync, rename and close of each format with each outcome; how many of them it counts."""
    chains = [(form, call, outcome) for form in forms for call, kinds in outcomes.items() for outcome in kinds]

    def chain(numbered):
        number, (form, call, what) = numbered
        at = counts = 0
        while True:
            one, target, result = counted(place, f"{number}-{at}", form, call, at, what)
            if result is None:
                break
            counts += check(one, form, call, at, what, target, result)
            at += 1
        assert counts > 0, f"{form} makes no {call}"
        return counts

    return sum(all_at_once(chain, enumerate(chains), workers=2))


# RS-024
def test_a_call_that_fails_is_exit_5_and_the_old_file_stays(numbers, whole):
    full, broken, quota = errno.ENOSPC, errno.EIO, errno.EDQUOT
    outcomes = {"write": [full, broken], "fsync": [broken], "rename": [broken], "close": [broken, quota]}

    def check(one, form, call, at, what, target, result):
        where = f"{form} {call} {at} {what}: {result}"
        # The folder's own fsync is the last step: the new file stands there then, whole.
        # The second close lets go of the temporary's lock; what was written is on disk since the first.
        if call == "close" and at == 1:
            assert result.code == 0 and target.read_bytes() == whole[form], where
            return False
        if call == "fsync" and target.read_bytes() == whole[form]:
            assert at == 1, where
        else:
            assert target.read_bytes() == OLD, where
        assert result.code == 5 and '"event":"error"' in result.err, where
        assert one.names() == [target.name, f"{target.name}.lock"], where
        return True

    count = every_call(numbers, cases(FORMATS[:2], FORMATS), outcomes, check)
    report("failing calls", f"{count} calls failed (ENOSPC, EIO, EDQUOT; only at close too): {count} exits of 5, "
                            "the old file kept")


# RS-024
def test_a_limit_on_file_sizes_is_exit_5_and_the_old_file_stays(numbers, whole):
    runs = 0
    for form in FORMATS:
        for size in [0, 1, *(len(whole[form]) * part // 10 for part in cases((5,), range(1, 10))),
                     len(whole[form]) - 1]:
            target = numbers.folder / f"out.{form}"
            target.write_bytes(OLD)

            def limited(size=size):
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

            result = numbers.query(SQL, target.name, preexec_fn=limited)
            assert result.code == 5, (form, size, result)
            assert target.read_bytes() == OLD
            assert [name for name in numbers.names() if name.endswith(".tmp")] == []
            runs += 1
    report("file size limit", f"{runs} limits: {runs} exits of 5, the old file kept")


# RS-024
def test_a_full_device_is_exit_5(numbers):
    for form in FORMATS:
        assert numbers.query(SQL, "/dev/full", "--format", form).code == 5
        with open("/dev/full", "wb") as full:
            assert numbers.query(SQL, "-", "--format", form, stdout=full).code == 5
    report("full device", f"{2 * len(FORMATS)} runs on /dev/full: {2 * len(FORMATS)} exits of 5")


# RS-024
def test_killed_at_a_write_an_fsync_or_a_rename_nothing_is_torn_and_the_next_run_sweeps(numbers, whole):
    def check(one, form, call, at, what, target, result):
        where = f"{form} {call} {at} {what}: {result}"
        assert result.code == -signal.SIGKILL, where
        assert target.read_bytes() in (OLD, whole[form]), where
        assert one.query(SQL, target.name).code == 0, where
        assert target.read_bytes() == whole[form], where
        assert one.names() == [target.name, f"{target.name}.lock"], where
        return True

    outcomes = dict.fromkeys(("write", "fsync", "rename", "close"), ("before", "after"))
    count = every_call(numbers, cases(["parquet"], FORMATS), outcomes, check)
    report("killed at a call", f"{count} kills before and after each write, fsync, rename and close: 0 torn, all swept")
