//! A throw-away guest: namespaces of its own on this kernel, with a network of its own and another machine in it. And
//! the agent that does in it what the account's Run Command says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::moto::{Moto, python, text};

/// A machine beside the guest, by its network.
pub(super) const NEAR: &str = "192.0.2.7";
/// One that is reached by the default route.
pub(super) const FAR: &str = "198.51.100.1";
/// The network of that one.
pub(super) const FAR_NETWORK: &str = "198.51.100.0/24";

/// What the guest and the faults in it need of this machine.
const TOOLS: [&str; 5] = ["unshare", "nsenter", "setsid", "ip", "nft"];

/// What this machine must let us do.
const PROBE: &str = "mount -t sysfs sys /sys && mount -t tmpfs run /run && ip link add v0 type veth peer name v1";

/// The guest's first process: makes its network, and lives for as long as its input is open. Not the machine's control
/// groups: what a fault does with those stays outside. The names of the arguments: a Python, a server.
const INIT: &str = r#"
set -e
exec 3<&0
mount -t sysfs sys /sys
mount -t tmpfs run /run
ip link set lo up
ip netns add beside
ip link add v0 type veth peer name v1 netns beside
ip link set v0 addrgenmode none
ip -n beside link set v1 addrgenmode none
ip address add 192.0.2.1/24 dev v0
ip link set v0 up
ip -n beside link set lo up
for address in 192.0.2.2/24 192.0.2.7/24 198.51.100.1/24; do ip -n beside address add $address dev v1; done
ip -n beside link set v1 up
ip route add default via 192.0.2.2
ip netns exec beside "$1" -c "$2" </dev/null >/dev/null 2>&1 &
echo ready
cat <&3 >/dev/null &
wait $!
"#;

const SERVER: &str = r#"
import socket
server = socket.create_server(("", 7))
while True:
    server.accept()[0].close()
"#;

const CLIENT: &str = r#"
import socket, sys
try:
    socket.create_connection((sys.argv[1], 7), 1).close()
    print("there")
except OSError as error:
    print(error)
"#;

/// All that a fault could leave behind, as text. Its first line is how it is told from what is looked at.
const SNAPSHOT: &str = r#": a look at the guest
for family in -4 -6; do
    ip $family rule
    ip $family route show table all
done
ip -details link
ip address
nft --stateless list ruleset
find /run -printf '%M %p\n' | sort
cut -d' ' -f4- /proc/self/mountinfo
for each in /proc/[0-9]*; do
    echo "process $(tr '\0\n' '  ' <$each/cmdline)"
done 2>/dev/null | sort
"#;

/// A guest; it ends with this value, and with this process.
pub(super) struct Guest {
    child: Child,
    _input: ChildStdin,
}

impl Guest {
    /// Boots one. `None` where this machine cannot, which is said loudly.
    pub(super) fn boot() -> Option<Arc<Self>> {
        if let Some(why) = missing() {
            left_out(&why);
            return None;
        }
        let mut child = namespaces()
            .args(["sh", "-c", INIT, "init"])
            .arg(python())
            .arg(SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("the guest did not boot: {said}");
        }
        Some(Arc::new(Self { child, _input: input }))
    }

    /// A program, about to run in it as root.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        for (option, namespace) in [("net", "net"), ("mount", "mnt"), ("pid", "pid_for_children")] {
            command.arg(format!("--{option}=/proc/{}/ns/{namespace}", self.child.id()));
        }
        command.arg("--").arg(program).stdin(Stdio::null());
        command
    }

    /// What becomes of a connection to that machine: `there`, or what is wrong.
    pub(super) fn connection(&self, to: &str) -> String {
        let output = self.command(python()).args(["-c", CLIENT, to]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Whether that machine is reached.
    pub(super) fn reaches(&self, to: &str) -> bool {
        self.connection(to) == "there"
    }

    /// What can be seen in it.
    pub(super) fn state(&self) -> String {
        let output = self.command("sh").args(["-c", SNAPSHOT]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let all = String::from_utf8(output.stdout).unwrap();
        // Those that look are no part of it.
        let looks = ["process tr ", "process sort ", "process sh -c : a look at the guest"];
        let lines = all.lines().filter(|line| !looks.iter().any(|look| line.starts_with(look)));
        lines.filter(|line| *line != "process ").collect::<Vec<_>>().join("\n")
    }

    /// Runs a script as the agent of Systems Manager does: from a file, in a process group of its own, to the end of its
    /// output.
    fn script(&self, name: &str, script: &str) -> Output {
        const RUN: &str = r#"mkdir -p "$1" && cat >"$1/_script.sh" && sh "$1/_script.sh" </dev/null
            code=$? && rm -r "$1" && exit $code"#;
        let mut child = self
            .command("sh")
            .args(["-c", RUN, "agent", &format!("/run/agent-{name}")])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Its first process goes with it, and with that all of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn namespaces() -> Command {
    let mut command = Command::new("unshare");
    command.args(["-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--"]);
    command
}

/// Why there can be no guest on this machine, if there can be none.
fn missing() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("it takes root".into());
    }
    let there = |tool: &&str| Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    if let Some(tool) = TOOLS.iter().find(|tool| !there(tool).unwrap().status.success()) {
        return Some(format!("there is no {tool}"));
    }
    let probe = namespaces().args(["sh", "-c", PROBE]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&probe.stderr).trim().replace('\n', "; ");
    (!probe.status.success()).then(|| format!("there are no namespaces here: {said}"))
}

/// Says that a test was not run: here, and at the end of tests/run.
fn left_out(why: &str) {
    let thread = std::thread::current();
    let said = format!("{} was skipped: {why}\n", thread.name().unwrap_or("a test"));
    eprint!("!!! {said}");
    if let Some(file) = std::env::var_os("SIMIAN_LEFT_OUT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        file.write_all(said.as_bytes()).unwrap();
    }
}

/// How long the agent waits before it asks for work again.
const ASKS: Duration = Duration::from_millis(200);

/// What the agent of Systems Manager is in an instance. Ends with this value.
pub(super) struct Agent {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Makes a guest the inside of that instance of a launcher's.
    pub(super) fn start(port: u16, instance: &str, guest: Arc<Guest>) -> Self {
        let (stop, instance) = (Arc::new(AtomicBool::new(false)), instance.to_owned());
        let told = stop.clone();
        let work = move || {
            let aws = Moto::at(port);
            while !told.load(Ordering::Relaxed) {
                let taken = aws.control("POST", "commands/take", &json!({ "instance": instance }));
                if taken["command"].is_null() {
                    std::thread::sleep(ASKS);
                } else {
                    let answer = answer(&guest, &instance, &taken["command"]);
                    aws.control("POST", "commands/answer", &answer);
                }
            }
        };
        Self { stop, thread: Some(std::thread::spawn(work)) }
    }
}

/// Does a command, and says what came of it.
fn answer(guest: &Guest, instance: &str, command: &Value) -> Value {
    let output = guest.script(&text(&command["id"]), &text(&command["script"]));
    let status = if output.status.success() { "Success" } else { "Failed" };
    json!({
        "instance": instance, "command": command["id"], "status": status, "code": output.status.code(),
        "stdout": String::from_utf8_lossy(&output.stdout), "stderr": String::from_utf8_lossy(&output.stderr),
    })
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        // What went wrong in it is what went wrong in the test; of two panics at once nobody would hear.
        assert!(std::thread::panicking() || !matches!(ended, Some(Err(_))), "the agent failed");
    }
}
