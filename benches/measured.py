"""A program measured against an AWS account on a loopback port: what `figures` and `custodian` share."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
KIB = 1024


def noon_zone():
    """A zone in which it is about noon now, so that no measurement runs over midnight."""
    ahead = 12 - datetime.datetime.now(datetime.timezone.utc).hour
    # POSIX turned the sign around: Etc/GMT-3 is three hours ahead.
    return f"Etc/GMT-{ahead}" if ahead > 0 else f"Etc/GMT+{-ahead}"


# What the janitor and Cloud Custodian look at: ten thousand volumes of which every second is attached, and a thousand
# groups that have three thousand instances. Who is waste is what the docs' page of figures says.
VOLUMES = ({"loose": 5_000}, {"volumes": 5_000})
GROUPS = (
    {
        "bulk": [
            {"prefix": "busy", "count": 900, "instances_each": 3, "tags": {"owner": "ann"}},
            {"prefix": "empty", "count": 50, "instances_each": 0},
        ],
        "groups": [
            {"name": f"stuck-{n:02}", "count": 0, "max": 1, "desired": 1, "suspended": ["Launch"]} for n in range(50)
        ],
        "loose": 300,
    },
    None,
)


class Emulator:
    """An AWS account on a loopback port; it ends with this process."""

    def __init__(self, python):
        launcher = ROOT / "tests" / "moto" / "launcher.py"
        command = [python, "-B", str(launcher)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            sys.exit(f"the emulator did not start (it said `{line.strip()}`): run `tests/run venv`, then give --python")
        self.url = f"http://127.0.0.1:{line.split()[1]}"

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/simian/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def seed(self, seed, resources=None):
        """An account as good as new with that in it; its calls are counted from here."""
        self.control("POST", "reset", {})
        self.control("POST", "seed", seed)
        if resources:
            self.control("POST", "resources", resources)
        self.control("POST", "calls/reset", {})

    def calls(self):
        return self.control("GET", "calls")["counts"]

    def environment(self):
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url,
            "AWS_ACCESS_KEY_ID": "AKIA123456789012TEST",
            "AWS_SECRET_ACCESS_KEY": "not checked",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def clean_environment(more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for name in ("STATE_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUST_LOG", "SIMIAN_CONFIG"):
        kept.pop(name, None)
    return {**kept, **more}


def run(command, environment):
    """Runs to the end. Returns (seconds of CPU, peak MiB).

    A process inherits the peak of whoever starts it, and Python is large, so time(1) starts it and tells the peak. Its
    own one or two milliseconds are in the seconds.
    """
    with tempfile.TemporaryFile() as told, tempfile.NamedTemporaryFile(mode="r") as peak:
        timed = ["/usr/bin/time", "-q", "-f", "%M", "-o", peak.name, *command]
        child = subprocess.Popen(timed, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        _, status, used = os.wait4(child.pid, 0)
        code = child.returncode = os.waitstatus_to_exitcode(status)
        if code != 0:
            told.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {code}: {told.read().decode()}")
        return used.ru_utime + used.ru_stime, int(peak.read()) / KIB
