#!/usr/bin/env python3
"""Stands in for the SSM agent, with its contract: `sh -c SCRIPT` in a process group of its own, the output through
pipes that must come to their end, SIGKILL to the group at a time-out.

    agent.py SECONDS COMMAND   runs it, prints its output and then `agent: CODE after SECONDS`; 137 for a time-out
    agent.py forever COMMAND   runs it, and then stays, as the agent does
"""
import os
import signal
import subprocess
import sys
import time

limit = None if sys.argv[1] == "forever" else float(sys.argv[1])
began = time.monotonic()
process = subprocess.Popen(
    ["sh", "-c", sys.argv[2]],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    process_group=0,
)
try:
    output, _ = process.communicate(timeout=limit)
    code = process.returncode
except subprocess.TimeoutExpired:
    os.killpg(process.pid, signal.SIGKILL)
    output, code = b"", 137
print(output.decode(), end="")
print(f"agent: {code} after {time.monotonic() - began:.1f} s", flush=True)
while limit is None:
    time.sleep(60)
