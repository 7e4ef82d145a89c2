"""How exact a bound on time is: a promise is measured where the machine has time, a hang is found everywhere."""

import os

# In `./dev faults --full`, on a machine that does little else.
STRICT = "PENSTOCK_FAULTS_FULL" in os.environ and os.getloadavg()[0] < 2 * len(os.sched_getaffinity(0))
# Past its deadline a run has a second to end in; this is for starting the program, and for a busy machine.
SLACK = 0.5 if STRICT else 4
