# Runs a program and tells, as JSON, what it and everything it left behind took: run-measured.py OUT LIMIT_S PROGRAM...
# Daemons that detach themselves, such as the master connection of ssh, are counted: they become children of this process.
import ctypes, json, os, resource, signal, subprocess, sys, time

SUBREAPER = 36
ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
out, limit, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
started = time.monotonic()
child = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
signal.alarm(limit)
status = child.wait()
wall = time.monotonic() - started
signal.alarm(10)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(out, 'w') as file:
    json.dump({'status': status, 'wallS': wall, 'cpuS': used.ru_utime + used.ru_stime, 'peakMiB': used.ru_maxrss / 1024}, file)
