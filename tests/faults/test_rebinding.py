"""A name whose address changes between two questions: in a network of its own, where it can be seen who is dialled."""

from harness import PROGRAM, Workplace, cases, report
from own_network import PUBLIC, inside


# RS-019
def test_a_name_that_rebinds_leads_to_its_first_address_and_is_asked_for_once(tmp_path):
    """Without opting in, the second address would be refused only by those who look; opted in, by nobody."""
    place = Workplace(tmp_path, "", LC_ALL="C", PENSTOCK_SQL_ALLOW_PRIVATE="")
    half = cases(20, 100)
    for opted_in in (False, True):
        tag = "in" if opted_in else "out"
        dsns = [f"postgresql://u:p@pg{i}.{tag}.example/d?sslmode=disable" for i in range(half // 2)]
        dsns += [f"mysql://u:p@my{i}.{tag}.example/d?ssl_mode=DISABLED" for i in range(half // 2)]
        found = inside("rebinds", program=PROGRAM, cwd=str(place.folder), env=place.env, dsns=dsns, second="10.1.2.3",
                       opted_in=opted_in)
        assert sum(found["codes"].values()) == half
        assert set(found["codes"]) == {"connect_failed"}, found["codes"]
        assert len(found["asked"]) == half
        assert set(found["asked"].values()) == {1}, found["asked"]
        assert found["dialled"] == {PUBLIC: half}
    report("rebinding", f"{2 * half} names, half of them opted in: {2 * half} questions, {2 * half} connections to the "
                        "first address, 0 to the second")
