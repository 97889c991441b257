"""One contender in a process of its own: ``python -m benchmarks.worker CASE CONTENDER``.

The idle threads of one library (BLAS, OpenMP) slow down another's in the same process, so
each works alone. It sets its work up, and then runs it once for every line that it reads,
answering with the seconds.
"""

import sys
import time
import warnings

from benchmarks.cases import CASES


def main() -> None:
    case, contender = sys.argv[1:]
    warnings.simplefilter("ignore")
    work = CASES[case].contenders[contender]()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        work()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
